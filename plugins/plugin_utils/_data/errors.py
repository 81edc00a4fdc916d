# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the codes mean that a Remote Desktop client shows: error code and extended error code, in hexadecimal.

The error code is the reason of IMsTscAxEvents::OnDisconnected, the extended one is ExtendedDisconnectReasonCode (both
documented by Microsoft; errinfo.py has the second). They say where a connection ended, not why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# Where a connection ends with a code. closed: the socket closed, after TCP and before a session. protocol: the bytes
# or keys of one side did not suit the other. client: the client itself. unknown: the code does not tell.
Where = Literal[
    "name",
    "connect",
    "timeout",
    "closed",
    "protocol",
    "certificate",
    "account",
    "license",
    "session",
    "client",
    "gateway",
    "unknown",
]
# A Microsoft, C reported by others with confirmation, D pages that give no source, L worked out from the lists.
Strength = Literal["A", "C", "D", "L"]

# Pairs that causes name as what they explain.
SOCKET_CLOSED: Final = "0x904/0x7"
CONNECT_FAILED: Final = "0x204/0x0"
CONNECT_TIMEOUT: Final = "0x108/0x0"
DNS_FAILED: Final = "0x104/0x0"
HOST_NOT_FOUND: Final = "0x208/0x0"
CERTIFICATE_EXPIRED: Final = "0x1B07/0x0"
GATEWAY_ENDED: Final = "0x3000019/0x0"
LOGON_TYPE_DENIED: Final = "0x1307/0x0"
NO_AUTHORITY: Final = "0x1807/0x0"
# The host ends the connection (0x3) and says why in the extended code. L: worked out from the two lists.
NO_PRIVILEGE: Final = "0x3/0x9"
NO_LICENSE_SERVER: Final = "0x3/0x101"

ON_DISCONNECTED: Final = "Microsoft, IMsTscAxEvents::OnDisconnected"


@dataclass(frozen=True)
class Code:
    """One number of one list."""

    name: str  # Microsoft's constant; empty when Microsoft does not document the number
    meaning: str  # one sentence
    where: Where
    source: str
    strength: Strength


def _code(name: str, meaning: str, where: Where) -> Code:
    return Code(name, meaning, where, ON_DISCONNECTED, "A")


# Microsoft's list. The low byte of the SSL_ERR codes is 07.
CODES: Final[dict[int, Code]] = {
    0x0: _code("disconnectReasonNoInfo", "Nothing is known about the reason.", "unknown"),
    0x1: _code("disconnectReasonLocalNotError", "The client ended the session; that is no error.", "session"),
    0x2: _code("disconnectReasonRemoteByUser", "A user ended the session on the host; that is no error.", "session"),
    0x3: _code("disconnectReasonByServer", "The host ended the session; that is no error.", "session"),
    0x104: _code("disconnectReasonDNSLookupFailed", "The name could not be looked up.", "name"),
    0x106: _code("disconnectReasonOutOfMemory", "The client ran out of memory.", "client"),
    0x108: _code("disconnectReasonConnectionTimedOut", "The connection timed out.", "timeout"),
    0x204: _code("disconnectReasonSocketConnectFailed", "The TCP connection could not be made.", "connect"),
    0x206: _code("disconnectReasonOutOfMemory2", "The client ran out of memory.", "client"),
    0x208: _code("disconnectReasonHostNotFound", "The host was not found.", "name"),
    0x304: _code("disconnectReasonWinsockSendFailed", "The client could not send on its socket.", "closed"),
    0x306: _code("disconnectReasonOutOfMemory3", "The client ran out of memory.", "client"),
    0x308: _code("disconnectReasonInvalidIPAddr", "The address that was given is no IP address.", "client"),
    0x404: _code("disconnectReasonSocketRecvFailed", "The client could not receive on its socket.", "closed"),
    0x406: _code("disconnectReasonInvalidSecurityData", "The security data was not valid.", "protocol"),
    0x408: _code("disconnectReasonInternalError", "The client failed internally.", "client"),
    0x506: _code("disconnectReasonInvalidEncryption", "The encryption method was not valid.", "protocol"),
    0x508: _code("disconnectReasonDNSLookupFailed2", "The name could not be looked up in DNS.", "name"),
    0x604: _code("disconnectReasonGetHostByNameFailed", "Windows could not turn the name into an address.", "name"),
    0x606: _code("disconnectReasonInvalidServerSecurityInfo", "The host's security data was not valid.", "protocol"),
    0x608: _code("disconnectReasonTimerError", "A timer of the client failed.", "client"),
    0x704: _code("disconnectReasonTimeoutOccurred", "Something took too long.", "timeout"),
    0x706: _code(
        "disconnectReasonServerCertificateUnpackErr", "The client could not read the host's certificate.", "protocol"
    ),
    0x804: _code("disconnectReasonInvalidIP", "The address that was given is bad.", "client"),
    0x808: _code("disconnectReasonLicensingFailed", "Client and host did not agree on a license.", "license"),
    0x904: _code(
        "disconnectReasonAtClientWinsockFDCLOSE",
        "The socket was closed after the TCP connection was made.",
        "closed",
    ),
    0x906: _code("disconnectReasonInternalSecurityError", "The security layer failed internally.", "protocol"),
    0x908: _code("disconnectReasonLicensingTimeout", "The exchange of licenses took too long.", "license"),
    0xA06: _code("disconnectReasonInternalSecurityError2", "The security layer failed internally.", "protocol"),
    0xB06: _code("disconnectReasonEncryptionError", "Data could not be encrypted.", "protocol"),
    0xC06: _code("disconnectReasonDecryptionError", "Data could not be decrypted.", "protocol"),
    0xC08: _code("disconnectReasonClientDecompressionError", "Data could not be decompressed.", "protocol"),
    0x807: _code("SSL_ERR_LOGON_FAILURE", "The logon failed.", "account"),
    0xA07: _code("SSL_ERR_NO_SUCH_USER", "There is no such user.", "account"),
    0xB07: _code("SSL_ERR_ACCOUNT_DISABLED", "The account is disabled.", "account"),
    0xC07: _code("SSL_ERR_ACCOUNT_RESTRICTION", "A restriction of the account forbids the logon.", "account"),
    0xD07: _code("SSL_ERR_ACCOUNT_LOCKED_OUT", "The account is locked out.", "account"),
    0xE07: _code("SSL_ERR_ACCOUNT_EXPIRED", "The account has expired.", "account"),
    0xF07: _code("SSL_ERR_PASSWORD_EXPIRED", "The password has expired.", "account"),
    0x1207: _code("SSL_ERR_PASSWORD_MUST_CHANGE", "The password has to be changed before the first logon.", "account"),
    0x1607: _code("SSL_ERR_DELEGATION_POLICY", "A policy forbids to hand credentials to this host.", "account"),
    0x1707: _code(
        "SSL_ERR_POLICY_NTLM_ONLY",
        "A policy hands credentials only to a host that has proved who it is, and NTLM does not prove that.",
        "account",
    ),
    0x1807: _code(
        "SSL_ERR_NO_AUTHENTICATING_AUTHORITY",
        "No domain controller could be asked: wrong domain name, domain out of reach, or a broken trust.",
        "account",
    ),
    0x1B07: _code("SSL_ERR_CERT_EXPIRED", "The certificate of the host has expired.", "certificate"),
    0x1C07: _code("SSL_ERR_SMARTCARD_WRONG_PIN", "The PIN of the smart card was wrong.", "account"),
    0x2107: _code(
        "SSL_ERR_FRESH_CRED_REQUIRED_BY_SERVER",
        "The host takes no saved credentials: they have to be typed.",
        "account",
    ),
    0x2207: _code("SSL_ERR_SMARTCARD_CARD_BLOCKED", "The smart card is blocked.", "account"),
}

# Numbers that people meet and that are in none of Microsoft's lists: what is reported of them.
REPORTED: Final[dict[int, Code]] = {
    0x516: Code(
        "",
        "It is told of connections that fail in general, and nobody gives a source for more.",
        "unknown",
        "Pages without a source",
        "D",
    ),
    0x609: Code(
        "",
        "It lies next to the timer and timeout codes 0x608 and 0x704.",
        "unknown",
        "Its place among Microsoft's codes",
        "L",
    ),
    0x708: Code(
        "",
        "The client has reached its own machine: a port that is forwarded to itself, or a name that leads there.",
        "unknown",
        "stascorp/rdpwrap#4289, dockur/windows#1256, scottyhardy/docker-remote-desktop#30",
        "C",
    ),
    0x907: Code(
        "",
        "Like all codes that end in 07 it belongs to authentication and certificates.",
        "unknown",
        "Its place among Microsoft's codes",
        "L",
    ),
    0xD06: Code(
        "",
        "It lies next to the encryption and decryption codes 0xB06 and 0xC06: damage in the stream of the protocol.",
        "unknown",
        "Its place among Microsoft's codes",
        "L",
    ),
    0x1104: Code(
        "",
        "The client saw an error in the protocol; packets that are too large and two network cards are told of.",
        "unknown",
        "stascorp/rdpwrap#363",
        "C",
    ),
    0x1107: Code(
        "",
        "Like all codes that end in 07 it belongs to authentication and certificates.",
        "unknown",
        "Its place among Microsoft's codes",
        "L",
    ),
    0x1307: Code(
        "",
        "A restriction on this kind of logon refused the account: with NLA, the user right to log on over the network.",
        "account",
        "MicrosoftDocs/windowsserverdocs#2466 and #6811, where it stands in decimal as 4871",
        "C",
    ),
    0x1608: Code(
        "",
        "A certificate in the connection information of Azure Virtual Desktop has expired.",
        "unknown",
        "Reports on Azure Virtual Desktop",
        "C",
    ),
    # Seen by users of RD Gateway when the certificate of the host behind it had expired (Rackspace documentation).
    0x3000019: Code(
        "",
        "The Remote Desktop Gateway ended the connection; so it does when the host's certificate has expired.",
        "gateway",
        "docs.rackspace.com, RDS client disconnected codes and reasons",
        "C",
    ),
}

# What reports add on pairs of documented numbers.
PAIRS: Final[dict[tuple[int, int], str]] = {
    (0x904, 0x7): (
        "The client shows this pair whenever the socket closes before a session exists, also when no Windows server "
        "has said so: a device in the way may have closed it (dockur/windows#345, natfrp/wiki discussion 683)."
    ),
    (0x904, 0x0): "Without a word of the host, often right after the credentials were sent (rustdesk/rustdesk#10125).",
}

# MEM: unverified. Codes of Remote Desktop Gateway are 0x3000000 and a small number.
GATEWAY: Final = range(0x3000000, 0x3001000)
