# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy Windows Server 2022: its facts and its wire report, and builders for hosts that differ from it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.module_utils._wire import blank
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

AREAS = (
    "system",
    "listener",
    "tls",
    "certificate",
    "machine_keys",
    "updates",
    "services",
    "firewall",
    "sessions",
    "port",
    "endpoint_security",
    "policies",
    "logon",
    "licensing",
    "events",
)

TS = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
RDP_TCP = f"{TS}\\WinStations\\RDP-Tcp"
POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
MACHINE_KEYS = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
GUID = "6c2f7f3a-96f4-4a2e-9d0b-6e2f0b7f4a11"
KEY_FILE = f"{MACHINE_KEYS}\\f686aace6942fb7f7ceb231212eef4a4_{GUID}"
CUSTOM_KEY_FILE = f"{MACHINE_KEYS}\\0b5a7d4f1c8e2a9637d1e0c4b8f2a6d5_{GUID}"
SELF_SIGNED = "3F2A9C0D5E7B1846A0C3D9E2F4B6A8C1D3E5F708"
CUSTOM = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"

_SETTINGS: dict[str, tuple[Any, str, str, str]] = {
    # name: value, source, path, registry value
    "enabled": (True, "local", TS, "fDenyTSConnections"),
    "station_enabled": (True, "local", RDP_TCP, "fEnableWinStation"),
    "security_layer": ("tls", "local", RDP_TCP, "SecurityLayer"),
    "nla": (True, "local", RDP_TCP, "UserAuthentication"),
    "negotiation": (True, "local", RDP_TCP, "fAllowSecProtocolNegotiation"),
    "min_encryption_level": ("high", "local", RDP_TCP, "MinEncryptionLevel"),
    "port": (3389, "local", RDP_TCP, "PortNumber"),
    "max_outstanding_connections": (None, "default", TS, "MaxOutstandingConnections"),
    "drain_mode": ("off", "local", TS, "TSServerDrainMode"),
    "logons_allowed": (True, "local", RDP_TCP, "fLogonDisabled"),
    "user_logons_allowed": (True, "local", TS, "TSUserEnabled"),
    "max_instances": (4294967295, "local", RDP_TCP, "MaxInstanceCount"),
    "prompt_for_password": (False, "local", RDP_TCP, "fPromptForPassword"),
}


def effective(name: str, value: Any, source: str = "local") -> dict[str, Any]:
    """A listener setting with this value, decided by this source."""
    path, registry_value = _SETTINGS[name][2:]
    return {
        "value": value,
        "source": source,
        "policy": value if source == "policy" else None,
        "local": value if source == "local" else None,
        "default": value if source == "default" else None,
        "where": f"{POLICY if source == 'policy' else path}\\{registry_value}",
    }


def settings(**changes: Any) -> dict[str, Any]:
    """The change of facts_of(listener=...) for settings: a value, or a pair of value and source."""
    pairs = {name: change if isinstance(change, tuple) else (change, "local") for name, change in changes.items()}
    return {"settings": {name: effective(name, *pair) for name, pair in pairs.items()}}


def ace(sid: str, mask: int, kind: str = "allow", flags: int = 0) -> dict[str, Any]:
    return {"sid": sid, "type": kind, "mask": mask, "flags": flags}


def security(*aces: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ok", "reason": "", "owner": "S-1-5-18", "protected": True, "dacl": list(aces)}


KEY_ACL = security(ace("S-1-5-18", 0x1F01FF), ace("S-1-5-20", 0x120089))
FOLDER_ACL = security(ace("S-1-1-0", 0x12019F), ace("S-1-5-32-544", 0x1F01FF))


def key_file(**changes: Any) -> dict[str, Any]:
    """A key file in facts.machine_keys.keys: the self-signed certificate's, sound."""
    key = {
        "path": KEY_FILE,
        "exists": True,
        "container": "TSSecKeySet1",
        "thumbprint": SELF_SIGNED,
        "security": deepcopy(KEY_ACL),
    }
    return {**key, **changes}


def certificate(**changes: Any) -> dict[str, Any]:
    """The self-signed certificate of the host, good for four more months."""
    one = {
        "thumbprint": SELF_SIGNED,
        "store": "Remote Desktop",
        "subject": "CN=SRV22.corp.example",
        "issuer": "CN=SRV22.corp.example",
        "not_before": "2026-09-20T03:12:44Z",
        "not_after": "2027-03-22T03:12:44Z",
        "days_left": 120.5,
        "self_signed": True,
        "key_algorithm": "RSA",
        "key_bits": 2048,
        "signature_algorithm": "sha256WithRSAEncryption",
        "eku": ["1.3.6.1.5.5.7.3.1"],
        "private_key": {
            "container": "TSSecKeySet1",
            "provider": "Microsoft Enhanced Cryptographic Provider v1.0",
            "cng": False,
            "file": KEY_FILE,
        },
    }
    return {**one, **changes}


def custom_certificate(**changes: Any) -> dict[str, Any]:
    """A certificate of a company CA in MY."""
    key = {
        "container": "le-1f0c",
        "provider": "Microsoft RSA SChannel Cryptographic Provider",
        "cng": False,
        "file": CUSTOM_KEY_FILE,
    }
    base = {"thumbprint": CUSTOM, "store": "MY", "issuer": "CN=Corp Issuing CA", "self_signed": False}
    return certificate(**{**base, "private_key": key, **changes})


def bound(**changes: Any) -> dict[str, Any]:
    """The change of facts_of(certificate=...) for a listener with the custom certificate, itself changed."""
    one = custom_certificate(**changes)
    return {"bound_thumbprint": CUSTOM, "bound": one, "active": one}


def self_signed(**changes: Any) -> dict[str, Any]:
    """The change of facts_of(certificate=...) for another state of the self-signed certificate."""
    one = certificate(**changes)
    return {"remote_desktop": [one], "active": one}


def _service(state: str, start_mode: str, account: str = "LocalSystem") -> dict[str, Any]:
    pid = 1044 if state == "running" else 0
    return {
        "present": True,
        "state": state,
        "start_mode": start_mode,
        "account": account,
        "pid": pid,
        "exit_code": 0,
    }


def services(**changes: dict[str, Any]) -> dict[str, Any]:
    """The change of facts_of(services=...) for single services."""
    return {"services": changes}


def _protocol(state: str) -> dict[str, Any]:
    return {
        "state": state,
        "source": "default",
        "enabled": None,
        "disabled_by_default": None,
        "where": "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols",
    }


def switched_off(version: str) -> dict[str, Any]:
    """The change of tls.protocols that takes one version from servers."""
    where = f"HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\{version}\\Server"
    off = {"state": "disabled", "source": "local", "enabled": 0, "disabled_by_default": 1, "where": where}
    return {version: {"server": off}}


def _rule(name: str, protocol: str) -> dict[str, Any]:
    return {
        "id": name,
        "enabled": True,
        "action": "allow",
        "protocol": protocol,
        "ports": ["3389"],
        "profiles": ["domain", "private", "public"],
        "source": "local",
        "group": "@FirewallAPI.dll,-28752",
    }


RDP_RULE = _rule("RemoteDesktop-UserMode-In-TCP", "tcp")

_PROFILE = {"enabled": True, "default_inbound": "block", "local_rules_apply": True, "source": "default"}

_CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
# The log of a provider that does not write to System.
_LOGS = {_CORE: f"{_CORE}/Operational"}


def logged(provider: str, event: int, **changes: Any) -> dict[str, Any]:
    """An event of the last hour in facts.events.seen."""
    seen = {
        "log": _LOGS.get(provider, "System"),
        "provider": provider,
        "id": event,
        "count": 3,
        "more": False,
        "first": "2026-11-22T14:20:00Z",
        "last": "2026-11-22T14:55:00Z",
        "fields": {},
        "by_address": {},
        "by_value": {},
    }
    return {**seen, **changes}


# A connection that came in some hours ago.
ARRIVED = logged(_CORE, 131, last="2026-11-22T09:12:00Z")

HEALTHY: dict[str, Any] = {
    "schema": 1,
    "system": {
        "status": "ok",
        "reason": "",
        "hostname": "SRV22",
        "domain": "corp.example",
        "part_of_domain": True,
        "domain_role": "member_server",
        "caption": "Microsoft Windows Server 2022 Standard",
        "edition": "ServerStandard",
        "installation_type": "Server",
        "product_type": "server",
        "version": "10.0.20348",
        "build": 20348,
        "ubr": 2113,
        "full_build": "20348.2113",
        "display_version": "21H2",
        "release": "2022",
        "architecture": "64-bit",
        "language": 1033,
        "boot_time": "2026-11-01T04:00:00Z",
        "local_time": "2026-11-22T15:00:00Z",
        "clock_skew": 0.4,
        "setup_in_progress": False,
        "pending_reboot": [],
        "rds_roles": [],
        "part_of_cluster": False,
    },
    "listener": {
        "status": "ok",
        "reason": "",
        "settings": {name: effective(name, *row[:2]) for name, row in _SETTINGS.items()},
        "winstations": [
            {
                "name": "RDP-Tcp",
                "port": 3389,
                "enabled": True,
                "wd_name": "Microsoft RDP 8.0",
                "loadable_protocol": "{5828227c-20cf-4408-b73f-73ab70b8849f}",
            }
        ],
        "present": True,
        "citrix": [],
    },
    "tls": {
        "status": "ok",
        "reason": "",
        "protocols": {
            name: {"server": _protocol(state), "client": _protocol(state)}
            for name, state in (
                ("SSL 2.0", "unsupported"),
                ("SSL 3.0", "disabled"),
                ("TLS 1.0", "enabled"),
                ("TLS 1.1", "enabled"),
                ("TLS 1.2", "enabled"),
                ("TLS 1.3", "enabled"),
            )
        },
        "rdp_versions": ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"],
        "ciphers": {},
        "hashes": {},
        "key_exchange": {},
        "cipher_suites": {"value": None, "source": "default", "where": ""},
        "usable_suites": None,
        "fips": {
            "value": False,
            "source": "default",
            "policy": None,
            "local": None,
            "default": False,
            "where": "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\FIPSAlgorithmPolicy\\Enabled",
        },
    },
    "certificate": {
        "status": "ok",
        "reason": "",
        "self_signed_store": "Remote Desktop",
        "self_signed_thumbprint": SELF_SIGNED,
        "bound_thumbprint": None,
        "remote_desktop": [certificate()],
        "unreadable": [],
        "bound": None,
        "active": certificate(),
    },
    "machine_keys": {
        "status": "ok",
        "reason": "",
        "path": MACHINE_KEYS,
        "machine_guid": GUID,
        "folder": FOLDER_ACL,
        "keys": [key_file()],
        "entries": 14,
    },
    "updates": {
        "status": "ok",
        "reason": "",
        "installed": [{"kb": "KB5032198", "description": "Security Update", "installed_on": "11/14/2023"}],
        "packages": [],
        "credssp_version": "10.0.20348.1",
        "credssp_fixed": True,
    },
    "services": {
        "status": "ok",
        "reason": "",
        "services": {
            "TermService": _service("running", "manual", "NT Authority\\NetworkService"),
            "UmRdpService": _service("running", "manual"),
            # Windows starts it on demand: stopped is its usual state.
            "SessionEnv": _service("stopped", "manual"),
            "KeyIso": _service("running", "manual"),
            "CryptSvc": _service("running", "auto", "NT Authority\\NetworkService"),
            "CertPropSvc": _service("running", "manual"),
        },
        "service_dll": "%SystemRoot%\\System32\\termsrv.dll",
        "restart_pending": [],
    },
    "firewall": {
        "status": "ok",
        "reason": "",
        "port": 3389,
        "active_profiles": ["domain"],
        "profiles": {name: dict(_PROFILE) for name in ("domain", "private", "public")},
        "rules": [RDP_RULE],
        "allowed": True,
    },
    "sessions": {
        "status": "ok",
        "reason": "",
        "connected": 0,
        "active": 0,
        "disconnected": 0,
        "method": "Win32_LogonSession",
    },
    "port": {
        "status": "ok",
        "reason": "",
        "number": 3389,
        "listening": True,
        "owners": [{"pid": 1044, "process": "svchost.exe", "services": ["TermService"]}],
        "term_service_pid": 1044,
        "term_service_listens": True,
        "term_service_ports": [3389],
        "method": "MSFT_NetTCPConnection",
    },
    "endpoint_security": {"status": "ok", "reason": "", "products": [], "third_party": []},
    "policies": {"status": "ok", "reason": "", "rsop": "ok", "rsop_reason": "", "values": [], "sources": {}},
    "logon": {
        "status": "ok",
        "reason": "",
        "rights": {},
        "rights_status": "ok",
        "rights_reason": "",
        "lm_compatibility_level": None,
        "disable_domain_creds": False,
        "force_guest": False,
        "security_packages": ["kerberos", "msv1_0", "schannel", "wdigest", "tspkg", "pku2u"],
        "encryption_oracle": None,
        "endpoint_servers_ok": None,
        "network_service_is_admin": False,
    },
    "licensing": {
        "status": "ok",
        "reason": "",
        "terminal_server": False,
        "mode": "administration",
        "mode_source": "default",
        "servers": [],
        "grace_days": None,
    },
    "events": {"status": "ok", "reason": "", "hours": 24, "method": "wevtutil", "seen": [ARRIVED], "unread": []},
}


def events(*seen: dict[str, Any]) -> dict[str, Any]:
    """The change of facts_of(events=...) for a log with these events."""
    return {"seen": list(seen)}


def _merged(base: Any, change: Any) -> Any:
    """Dictionaries are merged, anything else is replaced."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return deepcopy(change)
    return {key: _merged(base.get(key), change[key]) if key in change else deepcopy(base[key]) for key in base} | {
        key: deepcopy(change[key]) for key in change if key not in base
    }


READY: dict[str, Any] = _merged(
    blank.report("srv22.corp.example", 3389, "quick"),
    {
        "stage": "ready",
        "ready": True,
        "reason": "A client can log on.",
        "tcp": {"result": "open", "address": "127.0.0.22", "addresses": ["127.0.0.22"]},
        "x224": {
            "result": "response",
            "requested": ["tls", "credssp", "credssp_early_auth"],
            "selected": "credssp_early_auth",
            "nla": "required",
        },
        "tls": {
            "result": "completed",
            "offer": "modern",
            "version": "TLS 1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "key_proved": True,
            "certificate": {
                "sha1": SELF_SIGNED,
                "sha256": "00" * 32,
                "subject": "CN=SRV22.corp.example",
                "issuer": "CN=SRV22.corp.example",
                "names": [],
                "serial": "1a2b",
                "not_before": "2026-09-20T03:12:44Z",
                "not_after": "2027-03-22T03:12:44Z",
                "days_left": 120.5,
                "self_signed": True,
                "key_algorithm": "RSA",
                "key_bits": 2048,
                "signature_algorithm": "sha256WithRSAEncryption",
                "eku": ["1.3.6.1.5.5.7.3.1"],
            },
        },
        "credssp": {
            "result": "challenge",
            "version": 6,
            "netbios_computer": "SRV22",
            "netbios_domain": "CORP",
            "dns_computer": "SRV22.corp.example",
            "dns_domain": "corp.example",
            "dns_forest": "corp.example",
            "os_version": "10.0.20348",
        },
        "connections": 2,
    },
)


def unread(status: str = "denied") -> dict[str, Any]:
    """The change of facts_of for an area that could not be read."""
    return {"status": status, "reason": "Access is denied."}


def facts_of(**changes: dict[str, Any] | None) -> Facts:
    """The healthy facts with areas changed. None: the area was not gathered; unread(): it could not be read."""
    facts = deepcopy(HEALTHY)
    for area, change in changes.items():
        if change is None:
            del facts[area]
        elif change.get("status", "ok") != "ok":
            facts[area] = deepcopy(change)
        else:
            facts[area] = _merged(facts[area], change)
    return cast(Facts, facts)


def wire_of(**changes: Any) -> Report:
    """The healthy wire report with keys changed."""
    return cast(Report, _merged(READY, changes))


_NO_TLS = blank.tls()
_NO_X224 = blank.x224()


def ready(**changes: Any) -> Report:
    return wire_of(**changes)


def _failed(x224: Any = None, **changes: Any) -> Report:
    return wire_of(ready=False, credssp=blank.credssp(), x224={"nla": None, **(x224 or {})}, **changes)


def dropped(how: str = "closed") -> Report:
    """TLS was chosen, and the host closed after the ClientHello."""
    return _failed(stage="tls", reason="The host closed after the ClientHello.", tls={**_NO_TLS, "result": how})


def alert(name: str) -> Report:
    return _failed(stage="tls", reason=f"Alert {name}.", tls={**_NO_TLS, "result": "alert", "alert": name})


def no_certificate() -> Report:
    """SSL_CERT_NOT_ON_SERVER."""
    x224 = {"result": "failure", "selected": None, "failure_code": 3, "failure": "SSL_CERT_NOT_ON_SERVER"}
    return _failed(stage="x224", reason="No certificate.", x224=x224, tls=_NO_TLS)


def refused_negotiation(code: int = 2, name: str = "SSL_NOT_ALLOWED_BY_SERVER") -> Report:
    x224 = {"result": "failure", "selected": None, "failure_code": code, "failure": name}
    return _failed(stage="x224", reason=f"{name}.", x224=x224, tls=_NO_TLS)


def no_tcp(result: str = "filtered") -> Report:
    return _failed(stage="tcp", reason=f"TCP: {result}.", tcp={"result": result}, x224=_NO_X224, tls=_NO_TLS)


def no_name() -> Report:
    tcp: dict[str, Any] = {"result": "not_tried", "address": None, "addresses": []}
    return _failed(stage="dns", reason="Name not known.", tcp=tcp, x224=_NO_X224, tls=_NO_TLS)


def attempts(*ends: tuple[str, str]) -> dict[str, Any]:
    shown = [{"offer": "modern", "stage": stage, "result": result, "milliseconds": 5.0} for stage, result in ends]
    pattern = None if len(ends) < 2 else "steady" if len(set(ends)) == 1 else "intermittent"
    return {"attempts": shown, "pattern": pattern}


def comes_and_goes(*, reached: bool = True) -> Report:
    """Two connections cut before TLS, and one that got through, or another that was not."""
    seen = attempts(("x224", "closed"), ("ready", "ready") if reached else ("x224", "timeout"), ("x224", "closed"))
    end = {} if reached else {"ready": False, "stage": "x224", "x224": {"result": "closed"}}
    return wire_of(**seen, **end)


def cut_at_x224() -> Report:
    return wire_of(
        ready=False, stage="x224", x224={"result": "closed"}, **attempts(("x224", "closed"), ("x224", "closed"))
    )
