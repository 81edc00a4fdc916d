# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which events a host knows: logs, providers, and the shape of each event.

Sources: recorded events (36870, 36887, 36888, 1056, 258, 261, 1149, 7036; 131 and 139 in the tests of IPBan; TermDD 56
in the atc-data project; 4625 in IPBan), the manifests in repnz/etw-providers-docs (RdpCoreTS, RemoteConnectionManager,
LocalSessionManager), and the message texts of Microsoft's event pages. From memory and unverified (MEM): levels and
qualifiers of RCM 1050 to 1059 other than 1056, the data of 1050 to 1053 beyond their numbered inserts, TermDD 50, SCM
7000 to 7034, the fields of ClientActiveXCore 1026, and every text without a page of Microsoft's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

SYSTEM, APPLICATION, SECURITY = "System", "Application", "Security"
_TS = "Microsoft-Windows-TerminalServices-"
RCM_ADMIN = _TS + "RemoteConnectionManager/Admin"
RCM_OPERATIONAL = _TS + "RemoteConnectionManager/Operational"
CORE_TS_OPERATIONAL = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational"
LSM_OPERATIONAL = _TS + "LocalSessionManager/Operational"
CLIENT_OPERATIONAL = _TS + "RDPClient/Operational"
CLASSIC_LOGS = (APPLICATION, SECURITY, SYSTEM)
LOGS = (*CLASSIC_LOGS, RCM_ADMIN, RCM_OPERATIONAL, CORE_TS_OPERATIONAL, LSM_OPERATIONAL, CLIENT_OPERATIONAL)
_WITH_CORE_TS = (6, 2, 0)


def logs_of(version: tuple[int, int, int]) -> tuple[str, ...]:
    """The logs that a version of Windows has."""
    return tuple(log for log in LOGS if log != CORE_TS_OPERATIONAL or version >= _WITH_CORE_TS)


SCHANNEL = "Schannel"
RCM = _TS + "RemoteConnectionManager"
CORE_TS = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
LSM = _TS + "LocalSessionManager"
CLIENT = _TS + "ClientActiveXCore"
TERMDD = "TermDD"
SCM = "Service Control Manager"
AUDITING = "Microsoft-Windows-Security-Auditing"

CRITICAL, ERROR, WARNING, INFORMATION = 1, 2, 3, 4
_LOCAL_SYSTEM, _NETWORK_SERVICE = "S-1-5-18", "S-1-5-20"
_CLASSIC = 0x80000000000000


@dataclass(frozen=True)
class Provider:
    """A provider. `source` is its classic name, `process` the service whose process writes ("" for none), `user` its
    SID, `keywords` those of its channel."""

    name: str
    guid: str = ""
    source: str = ""
    process: str = ""
    user: str = ""
    keywords: int = _CLASSIC


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(SCHANNEL, "{1f678132-5938-4686-9fdc-c8ff68f15c85}", "", "lsass", _LOCAL_SYSTEM, 0x8000000000000000),
        Provider(RCM, "{c76baa63-ae81-421c-b425-340b4b24157f}", "", "TermService", _NETWORK_SERVICE, 1 << 60),
        Provider(CORE_TS, "{1139c61b-b549-4251-8ed3-27250a1edec8}", "", "TermService", _NETWORK_SERVICE, 1 << 62),
        Provider(LSM, "{5d896912-022d-40aa-a3a8-4fa5515c76d7}", "", "LSM", _LOCAL_SYSTEM, 1 << 60),
        Provider(CLIENT, "{28aa95bb-d444-4719-a36f-40462168127e}", "", "", "", 1 << 62),
        Provider(TERMDD),
        Provider(SCM, "{555908d1-a6d7-4695-8e1e-26931d2012f4}", SCM, "services", "", 0x8080000000000000),
        Provider(AUDITING, "{54849625-5478-4994-a5ba-3e3b0328c30d}", "", "lsass", "", 0x8010000000000000),
    )
}
_RCM_CLASSIC = Provider(RCM, "{c76baa63-ae81-421c-b425-340b4b24157f}", "TermService")


@dataclass(frozen=True)
class EventType:
    """The shape of an event: `fields` are (name, default) in order; without `named` their names are not written, as in
    classic events; `user_data` puts them in EventXML. Texts are in the language files and name fields in braces."""

    log: str
    provider: Provider
    id: int
    level: int
    fields: tuple[tuple[str, str], ...] = ()
    named: bool = True
    user_data: bool = False
    task: int = 0
    opcode: int = 0
    qualifiers: int | None = None


def _fields(text: str, defaults: Iterable[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
    known = dict(defaults)
    return tuple((name, known.get(name, "")) for name in text.split())


def _schannel(number: int, fields: str) -> EventType:
    return EventType(SYSTEM, PROVIDERS[SCHANNEL], number, ERROR, _fields(fields, [("Type", "server")]))


def _certificate(number: int, level: int, fields: str = "") -> EventType:
    return EventType(SYSTEM, _RCM_CLASSIC, number, level, _fields(fields), named=False, qualifiers=49152)


def _rcm(number: int, fields: str = "") -> EventType:
    shape = _fields(fields, [("listenerName", "RDP-Tcp")])
    return EventType(RCM_OPERATIONAL, PROVIDERS[RCM], number, INFORMATION, shape, user_data=bool(shape))


def _core(number: int, level: int, opcode: int, fields: str = "") -> EventType:
    shape = _fields(fields, [("ConnType", "TCP")])
    return EventType(CORE_TS_OPERATIONAL, PROVIDERS[CORE_TS], number, level, shape, task=4, opcode=opcode)


def _session(number: int, fields: str) -> EventType:
    return EventType(LSM_OPERATIONAL, PROVIDERS[LSM], number, INFORMATION, _fields(fields), user_data=True)


def _termdd(number: int, fields: str) -> EventType:
    shape = _fields(fields, [("Device", "\\Device\\Termdd")])
    return EventType(SYSTEM, PROVIDERS[TERMDD], number, ERROR, shape, named=False, qualifiers=49162)


def _service(number: int, fields: str, level: int = ERROR, defaults: Iterable[tuple[str, str]] = ()) -> EventType:
    qualifiers = 16384 if level == INFORMATION else 49152
    return EventType(SYSTEM, PROVIDERS[SCM], number, level, _fields(fields, defaults), qualifiers=qualifiers)


_LOGON = (
    "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetUserName TargetDomainName "
    "Status FailureReason SubStatus LogonType LogonProcessName AuthenticationPackageName WorkstationName "
    "TransmittedServices LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort"
)
_LOGON_DEFAULTS = [
    *((name, "-") for name in _LOGON.split()),
    ("SubjectUserSid", "S-1-0-0"),
    ("SubjectLogonId", "0x0"),
    ("TargetUserSid", "S-1-0-0"),
    ("TargetUserName", ""),
    ("Status", "0xc000006d"),
    ("FailureReason", "%%2313"),
    ("SubStatus", "0xc000006a"),
    ("LogonType", "3"),
    ("LogonProcessName", "NtLmSsp "),
    ("AuthenticationPackageName", "NTLM"),
    ("KeyLength", "0"),
    ("ProcessId", "0x0"),
]
_RESTARTED = [("param2", "1"), ("param3", "60000"), ("param4", "1"), ("param5", "Restart the service")]
_TYPES = (
    _schannel(36870, "Type ErrorCode ErrorStatus"),
    _schannel(36871, "Type ErrorState"),
    _schannel(36872, "Type ErrorCode CertFlags"),
    _schannel(36874, "Protocol"),
    _schannel(36887, "AlertDesc"),
    _schannel(36888, "AlertDesc ErrorState"),
    _certificate(1050, WARNING, "Listener EncryptionLevel SecurityLayer"),
    _certificate(1051, ERROR),
    _certificate(1052, WARNING, "Name Days"),
    _certificate(1053, WARNING, "Name"),
    _certificate(1054, ERROR, "Name"),
    _certificate(1055, ERROR, "Name"),
    _certificate(1056, INFORMATION, "Name"),
    _certificate(1057, ERROR, "Status"),
    _certificate(1058, ERROR, "Status"),
    _certificate(1059, WARNING),
    EventType(RCM_ADMIN, PROVIDERS[RCM], 1006, ERROR),
    _rcm(258, "listenerName"),
    _rcm(259, "listenerName"),
    _rcm(261, "listenerName"),
    _rcm(1136),
    _rcm(1149, "Param1 Param2 Param3"),
    _core(65, INFORMATION, 13, "ConnectionName"),
    _core(98, INFORMATION, 15),
    _core(131, INFORMATION, 15, "ConnType ClientIP"),
    _core(139, WARNING, 14, "ResultCode IPString"),
    _core(140, WARNING, 14, "IPString"),
    _session(21, "User SessionID Address"),
    _session(24, "User SessionID Address"),
    _session(40, "Session Reason"),
    _termdd(50, "Device Component"),
    _termdd(56, "Device"),
    _service(7000, "param1 param2"),
    _service(7001, "param1 param2 param3"),
    _service(7022, "param1"),
    _service(7023, "param1 param2"),
    _service(7024, "param1 param2"),
    _service(7031, "param1 param2 param3 param4 param5", ERROR, _RESTARTED),
    _service(7034, "param1 param2"),
    _service(7036, "param1 param2", INFORMATION),
    EventType(SECURITY, PROVIDERS[AUDITING], 4625, 0, _fields(_LOGON, _LOGON_DEFAULTS), task=12544),
    EventType(
        CLIENT_OPERATIONAL,
        PROVIDERS[CLIENT],
        1026,
        INFORMATION,
        _fields("Name Value CustomLevel", [("Name", "Disconnect Reason"), ("CustomLevel", "Info")]),
        task=101,
        opcode=10,
    ),
)
_BY_KEY = {(known.log, known.provider.name, known.id): known for known in _TYPES}


@lru_cache(maxsize=256)
def event_type(log: str, provider: str, number: int, names: tuple[str, ...] = ()) -> EventType:
    """The shape of an event. One that is not listed gets named data (`names`) and level Information; ValueError for a
    log or provider that a host does not have."""
    found = _BY_KEY.get((log, provider, number))
    if found is not None:
        return found
    if log not in LOGS:
        raise ValueError(f"there is no event log {log!r}; known are {', '.join(LOGS)}")
    if provider not in PROVIDERS:
        raise ValueError(f"there is no event provider {provider!r}; known are {', '.join(PROVIDERS)}")
    return EventType(log, PROVIDERS[provider], number, INFORMATION, tuple((name, "") for name in names))


def listed(number: int) -> list[EventType]:
    """The listed events of one number."""
    return [known for known in _TYPES if known.id == number]
