# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The events that decide something about Remote Desktop, as questions to the event logs.

What is frequent (connections, alerts) is asked for apart from what is rare and decisive, so that it can not push the
latter out of the limit. A question stays far below 20 conditions: Microsoft, "EvtQuery", wants structured XML for more.
Nothing is filtered by level: Schannel 36887 and 36888 are errors on Windows 7, and information on Windows 10.

Sources: "manifest" is the provider's manifest of Windows 7 to 10, as repnz/etw-providers-docs keeps it. "technet" are
Microsoft's pages on the events of Remote Desktop Services of Server 2008 (R2): ee890993 (1050 to 1059), cc775174
(1065), cc775255 (1059), ee891040 (1006). "azure" is Microsoft's "Troubleshoot an Azure VM RDP connection by event ID".
"wiki" is detection-wiki, which lists events with recorded samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SCHEMA_VERSION: Final = 1

Strength = Literal["A", "B", "C", "MEM"]
# What the binary data of an event is. status: its last four bytes are an HRESULT or NTSTATUS (Microsoft's staff on
# TermDD 56, techcommunity 374553). service: the service's name in UTF-16, up to a NUL or a slash (recorded for 7000,
# 7001 and 7036; MEM for the others). thumbprint: SHA-1 of a certificate (recorded for 1056).
Binary = Literal["", "status", "service", "thumbprint"]


@dataclass(frozen=True)
class Kind:
    """One event id of a provider."""

    id: int
    meaning: str  # a clause
    source: str
    strength: Strength
    names: tuple[str, ...] = ()  # of data that Windows does not name, by position
    value: str = ""  # the field that tells events of this id apart
    address: str = ""  # the field with the client's address
    binary: Binary = ""


@dataclass(frozen=True)
class Question:
    """What one look into a log asks for: the newest events of some kinds of one provider."""

    log: str
    provider: str
    kinds: tuple[Kind, ...]
    limit: int
    # SourceName in Win32_NTLogEvent; empty for the logs that this class does not reach. RemoteConnectionManager is
    # named TermService by the old interface (recorded with psloglist), in WMI by either name (MEM).
    sources: tuple[str, ...] = ()

    def kind(self, number: int) -> Kind | None:
        return next((kind for kind in self.kinds if kind.id == number), None)


_RARE, _FREQUENT = 50, 200

_SYSTEM = "System"
_RCM = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
_CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
_LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager"
_SCM = "Service Control Manager"
_SCHANNEL = "Schannel"

_CREDENTIALS = (
    Kind(36870, "the private key of a certificate could not be used", "azure, manifest", "A",
         ("Type", "ErrorCode", "ErrorStatus"), "ErrorCode"),
    Kind(36871, "no TLS credential could be made; state 10013 is no protocol left", "azure, manifest", "A",
         ("Type", "ErrorState"), "ErrorState"),
    Kind(36872, "the chain of a certificate could not be found", "manifest", "C",
         ("Type", "ErrorCode", "CertFlags"), "ErrorCode"),
    Kind(36874, "client and server have no cipher suite in common", "manifest, wiki", "C", ("Protocol",), "Protocol"),
    Kind(36886, "there is no default certificate to serve", "manifest", "C"),
)  # fmt: skip
_ALERTS = (
    Kind(36887, "the other side ended TLS with an alert", "manifest, recorded", "C", ("AlertDesc",), "AlertDesc"),
    Kind(36888, "this host ended TLS with an alert", "manifest, recorded", "C",
         ("AlertDesc", "ErrorState", "TargetName"), "AlertDesc"),
)  # fmt: skip
_CERTIFICATE = (
    Kind(1050, "security layer and encryption level do not fit and were corrected", "technet", "A",
         ("Listener", "EncryptionLevel", "SecurityLayer"), "SecurityLayer"),
    Kind(1051, "the bound certificate can not be used, the default one is served", "technet", "A"),
    Kind(1052, "the bound certificate ends soon", "technet", "A", ("Name", "Days"), "Thumbprint", binary="thumbprint"),
    Kind(1053, "the bound certificate has expired", "technet", "A", ("Name",), "Thumbprint", binary="thumbprint"),
    Kind(1054, "the bound certificate is not for server authentication", "technet", "A",
         ("Name",), "Thumbprint", binary="thumbprint"),
    Kind(1055, "the private key of the bound certificate can not be read", "technet; text MEM", "MEM",
         ("Name",), "Thumbprint", binary="thumbprint"),
    Kind(1056, "a new self-signed certificate was made", "recorded", "C",
         ("Name",), "Thumbprint", binary="thumbprint"),
    # The text is Windows' own message for the status, in its language.
    Kind(1057, "no new self-signed certificate could be made", "azure", "A", ("StatusText",)),
    Kind(1058, "the expired self-signed certificate could not be replaced", "azure", "A", ("StatusText",)),
    Kind(1059, "the thumbprint of the bound certificate was not valid and was reset", "technet", "A"),
    Kind(1062, "trouble with a certificate from a template", "manifest; text MEM", "MEM"),
    Kind(1063, "a certificate from a template was installed", "manifest; text MEM", "MEM"),
    Kind(1064, "no certificate could be had from the template", "manifest; text MEM", "MEM"),
    Kind(1065, "the expired certificate from a template could not be replaced", "technet", "A"),
    Kind(1066, "the certificate from a template was replaced", "manifest; text MEM", "MEM"),
    Kind(1067, "the service principal name TERMSRV could not be registered", "manifest; text MEM", "MEM"),
)  # fmt: skip
_TERMDD = (
    Kind(50, "a protocol component met an error in what a client sent", "recorded", "C",
         ("Device", "Component"), "Component"),
    Kind(56, "the security layer met an error and cut a client off", "techcommunity 374553, recorded", "B",
         ("Device", "ClientIP"), "Status", "ClientIP", "status"),
)  # fmt: skip
_SERVICES = (
    Kind(7000, "a service did not start", "recorded", "C", value="Service", binary="service"),
    Kind(7009, "a service did not connect in time", "manifest", "C", value="Service", binary="service"),
    Kind(7011, "a service did not answer in time", "manifest", "C", value="Service", binary="service"),
    Kind(7022, "a service hung while it started", "Microsoft, remote desktop services issues", "A",
         value="Service", binary="service"),
    Kind(7023, "a service ended with an error", "manifest", "C", value="Service", binary="service"),
    Kind(7024, "a service ended with an error of its own", "manifest", "C", value="Service", binary="service"),
    Kind(7031, "a service ended unexpectedly and is restarted", "manifest", "C", value="Service", binary="service"),
    Kind(7034, "a service ended unexpectedly", "manifest", "C", value="Service", binary="service"),
)  # fmt: skip
_ADMIN = (
    Kind(1006, "too many incomplete connections: the host may be under attack", "technet, manifest", "A"),
    Kind(1068, "the licensing mode is not configured", "wiki, manifest", "C"),
    Kind(1069, "the licensing grace period is over and no mode is configured", "wiki, manifest", "C"),
    Kind(1128, "the licensing grace period is about to end", "MEM", "MEM"),
    Kind(1129, "the licensing grace period is over", "MEM", "MEM"),
    Kind(1130, "no license server is specified", "MEM", "MEM"),
)
_LISTENER = (
    Kind(258, "the listener has started", "recorded", "C", value="listenerName"),
    Kind(259, "the listener has stopped", "manifest", "C", value="listenerName"),
    Kind(260, "the listener failed", "manifest", "C", value="listenerName"),
    Kind(262, "the listener was asked to stop", "manifest", "C", value="listenerName"),
)
_RECEIVED = (Kind(261, "the listener received a connection", "recorded", "C", value="listenerName"),)
_ACCEPTED = (Kind(131, "a connection was accepted", "manifest, recorded", "C", value="ConnType", address="ClientIP"),)
_REFUSED = (
    Kind(140, "a user name or password was not correct", "manifest, recorded", "C", address="IPString"),
)  # fmt: skip
_CORE_ERRORS = (
    Kind(97, "a protocol component met an error", "manifest", "C", value="ErrorCode"),
    Kind(99, "a TCP connection failed", "manifest", "C", value="ResultCode"),
    Kind(139, "the security layer failed: TLS or CredSSP did not complete", "manifest, recorded", "C",
         value="ResultCode", address="IPString"),
    Kind(142, "a TCP socket met an error while reading", "manifest; text MEM", "MEM", value="error"),
    Kind(143, "a TCP socket met an error while writing", "manifest; text MEM", "MEM", value="error"),
    Kind(226, "a step of the protocol failed", "manifest", "C", value="ErrorCode"),
)  # fmt: skip
_ENDED = (Kind(103, "a connection ended", "manifest, wiki", "C", value="ReasonCode"),)
_DISCONNECTED = (Kind(40, "a session was disconnected", "technet wiki 37874", "C", value="Reason"),)
_CLIENT = (
    Kind(1026, "this machine's own client was disconnected", "recorded", "C", value="Value"),
)  # fmt: skip

_CORE_LOG = f"{_CORE}/Operational"

# Of a host that people connect to.
HOST_QUESTIONS: Final[tuple[Question, ...]] = (
    Question(_SYSTEM, _SCHANNEL, _CREDENTIALS, _RARE, (_SCHANNEL,)),
    Question(_SYSTEM, _SCHANNEL, _ALERTS, _FREQUENT, (_SCHANNEL,)),
    Question(_SYSTEM, _RCM, _CERTIFICATE, _RARE, (_RCM, "TermService")),
    Question(_SYSTEM, "TermDD", _TERMDD, _RARE, ("TermDD",)),
    Question(_SYSTEM, _SCM, _SERVICES, _RARE, (_SCM,)),
    Question(f"{_RCM}/Admin", _RCM, _ADMIN, _RARE),
    Question(f"{_RCM}/Operational", _RCM, _LISTENER, _RARE),
    Question(f"{_RCM}/Operational", _RCM, _RECEIVED, _RARE),
    Question(_CORE_LOG, _CORE, _ACCEPTED, _FREQUENT),
    Question(_CORE_LOG, _CORE, _REFUSED, _FREQUENT),
    Question(_CORE_LOG, _CORE, _CORE_ERRORS, _RARE),
    Question(_CORE_LOG, _CORE, _ENDED, _RARE),
    Question(f"{_LSM}/Operational", _LSM, _DISCONNECTED, _RARE),
)

# Of a machine that people connect from.
CLIENT_QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        "Microsoft-Windows-TerminalServices-RDPClient/Operational",
        "Microsoft-Windows-TerminalServices-ClientActiveXCore",
        _CLIENT,
        _FREQUENT,
    ),
)
