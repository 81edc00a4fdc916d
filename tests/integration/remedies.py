# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every remedy of the collection, each with a host that needs it: what the crash test interrupts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from tests.integration.fleet import DEMO, RDP_TCP, WINSTATIONS
from tests.lab.model.registry import HKLM

TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
TERM_SERVICE = rf"{HKLM}\SYSTEM\CurrentControlSet\Services\TermService"
SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
PROTOCOLS = rf"{SCHANNEL}\Protocols"
SUITES = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
CREDSSP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
LICENSES = r"HKLM\SOFTWARE\Microsoft\MSLicensing\Store"
USER = "S-1-5-21-1-2-3-1001"
FOREIGN = r"C:\Windows\Temp\termsrv.dll"

Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Remedy:
    """A broken host and the tasks that mend it; without tasks, those that the fix of the whole host takes."""

    name: str
    host: dict[str, Any]
    steps: tuple[Step, ...] = ()
    always: bool = False  # its tasks do something each time, and leave the host as it was
    lost: str = ""  # how the reason begins for which something can not come back
    stays: tuple[str, ...] = ()  # the keys, with what is below them, files and services that then stay different


def server(**more: Any) -> dict[str, Any]:
    return {"windows": "2022", **more}


def services(**settings: Any) -> dict[str, Any]:
    return server(services=settings)


# The demo hosts whose plans have more than one remedy; those of the others are here by themselves.
FIXES = ("expired-certificate", "no-tls", "two-causes")
_DISABLED = {"Enabled": 0, "DisabledByDefault": 1}
_OFF = {
    **{rf"{PROTOCOLS}\{name}\Server": _DISABLED for name in ("SSL 2.0", "SSL 3.0", "TLS 1.0")},
    **{
        rf"{SCHANNEL}\Ciphers\{name}": {"Enabled": 0}
        for name in (
            "DES 56/56",
            "NULL",
            "RC2 40/128",
            "RC2 56/128",
            "RC2 128/128",
            "RC4 40/128",
            "RC4 56/128",
            "RC4 64/128",
            "Triple DES 168",
        )
    },
}

REMEDIES = (
    Remedy(
        "listener",
        server(registry={RDP_TCP: {"SecurityLayer": 0}}),
        (("rdp_listener", {"security_layer": "tls", "max_instances": 5}),),
    ),
    Remedy(
        "log-on switches",
        server(
            registry={
                TERMINAL_SERVER: {"TSServerDrainMode": 2, "TSUserEnabled": 1, "fDenyTSConnections": 1},
                RDP_TCP: {"fLogonDisabled": 1},
            }
        ),
        (
            (
                "rdp_listener",
                {"enabled": True, "drain_mode": "off", "user_logons_allowed": True, "logons_allowed": True},
            ),
        ),
    ),
    Remedy(
        "tls",
        server(registry={rf"{PROTOCOLS}\TLS 1.2\Server": _DISABLED}),
        (
            (
                "rdp_tls",
                {"protocols": [{"name": "TLS 1.2", "side": "both"}, {"name": "TLS 1.0", "state": "disabled"}]},
            ),
        ),
    ),
    Remedy(
        "tls switches",
        server(registry={rf"{SCHANNEL}\Ciphers\AES 256/256": {"Enabled": 1}}),
        (
            (
                "rdp_tls",
                {
                    "repair_misused_values": True,
                    "ciphers": [{"name": "RC4 128/128", "state": "disabled"}],
                    "hashes": [{"name": "MD5", "state": "disabled"}],
                    "cipher_suites": [
                        "TLS_AES_256_GCM_SHA384",
                        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    ],
                },
            ),
        ),
    ),
    Remedy(
        "tls list of policy",
        server(
            domain="corp.example",
            policies=[{"name": "Others", "registry": {POLICY: {"MinEncryptionLevel": 3}}}],
            registry={SUITES: {"Functions": "TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_NULL_SHA"}},
        ),
        (("rdp_tls", {"cipher_suites_policy": "absent"}),),
    ),
    Remedy(
        "tls profile",
        server(registry=_OFF),
        (("rdp_tls", {"profile": "modern", "clients": ["11-24h2", "10-22h2"]}),),
    ),
    Remedy(
        "key access",
        server(certificate={"key": "unreadable"}),
        (("rdp_certificate", {"machine_keys_acl": True}),),
    ),
    Remedy("binding", server(certificate={"bound": "stale"}), (("rdp_certificate", {"binding": "self_signed"}),)),
    Remedy(
        "renewal",
        server(certificate={"self_signed": "expired"}),
        (("rdp_certificate", {"self_signed_valid": True}),),
    ),
    Remedy(
        "certificate store",
        server(registry={WINSTATIONS: {"SelfSignedCertStore": "My"}}),
        (("rdp_certificate", {"self_signed_store": True}),),
    ),
    Remedy("firewall rules", server(firewall={"groups": {"@FirewallAPI.dll,-28752": False}}), (("rdp_firewall", {}),)),
    Remedy(
        "firewall rules by netsh",
        server(windows="7sp1", firewall={"groups": {"@FirewallAPI.dll,-28752": False}}),
        (("rdp_firewall", {}),),
    ),
    Remedy("firewall port", server(registry={RDP_TCP: {"PortNumber": 3390}}), (("rdp_firewall", {}),)),
    Remedy(
        "service",
        services(SessionEnv={"start": "disabled", "state": "stopped"}),
        (("rdp_service", {"name": "SessionEnv", "start_mode": "manual", "state": "started"}),),
    ),
    Remedy(
        "service tampered with",
        {
            **services(
                TermService={"start": "disabled", "state": "stopped", "account": "LocalSystem", "dll": FOREIGN},
                UmRdpService={"state": "stopped"},
            ),
            "files": {FOREIGN: {}},
        },
        (
            (
                "rdp_service",
                {
                    "name": "TermService",
                    "start_mode": "default",
                    "account": "default",
                    "program": "default",
                    "state": "started",
                },
            ),
        ),
    ),
    Remedy(
        "service of a person",
        services(TermService={"account": r".\bob", "state": "stopped"}, UmRdpService={"state": "stopped"}),
        (("rdp_service", {"name": "TermService", "account": "default", "state": "started"}),),
        lost="the password of .\\bob",
        stays=(TERM_SERVICE, "TermService"),
    ),
    Remedy(
        "service that hangs",
        services(TermService={"wedged": "silent"}),
        (("rdp_service", {"name": "TermService", "state": "restarted", "end_hung": True, "wait_timeout": 5}),),
        always=True,
    ),
    Remedy(
        "restart",
        server(),
        (("rdp_service", {"name": "TermService", "state": "restarted"}),),
        always=True,
    ),
    Remedy(
        "client",
        {
            "windows": "10-22h2",
            "registry": {
                CREDSSP: {"AllowEncryptionOracle": 2},
                rf"{LICENSES}\LICENSE000": {"ClientLicense": "hex:01,02,03", "ProductID": "A02"},
            },
            "user_hives": [
                {
                    "sid": USER,
                    "user": "anna",
                    "servers": {"srv9.example": {"cert_hash": "AB" * 20, "username": "anna"}},
                }
            ],
        },
        (
            (
                "rdp_client",
                {
                    "encryption_oracle": "default",
                    "udp": "disabled",
                    "forget_certificates_of": ["srv9.example"],
                    "forget_licenses": True,
                },
            ),
        ),
    ),
    Remedy(
        "licensing",
        server(
            domain="corp.example",
            licensing={
                "session_host": True,
                "mode": "not_configured",
                "servers": [{"name": "lic1.corp.example", "status": "valid", "specified": False}],
            },
        ),
        (("rdp_licensing", {"mode": "per_user", "servers": ["lic1.corp.example"]}),),
    ),
    Remedy(
        "update",
        server(
            ubr=405,
            updates=[{"id": "KB5008223", "ubr": 405}, {"id": "KB5007254", "ubr": 380, "state": "superseded"}],
        ),
        (("rdp_update", {"kb": "KB5008223", "allow_weaker": True, "reboot": True}),),
        lost="a removed update can not be put back",
        stays=(
            rf"{HKLM}\SOFTWARE\Microsoft\Windows NT\CurrentVersion",
            rf"{HKLM}\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing",
            r"C:\Windows",
        ),
    ),
    *(
        Remedy(f"fix {path.stem[3:]}", yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(DEMO.glob("*.yml"))
        if path.stem[3:] in FIXES
    ),
)
