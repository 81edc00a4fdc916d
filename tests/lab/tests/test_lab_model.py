# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host model: registry, services, files, certificates, firewall, and what TermService makes of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.model import certificates, regfile, tls
from tests.lab.model.firewall import parse_rule
from tests.lab.model.host import Host
from tests.lab.model.profile import load_profile, profile_ids
from tests.lab.model.registry import HKLM, REG_DWORD, REG_SZ, KeyHasSubkeys, KeyNotFound, Registry
from tests.lab.model.remote_desktop import POLICY, RDP_TCP, TERMINAL_SERVER, WINSTATIONS
from tests.lab.model.security import (
    EVERYONE,
    FILE_READ_DATA,
    FULL,
    NETWORK_SERVICE,
    NETWORK_SERVICE_TOKEN,
    READ,
    SYSTEM,
    SYSTEM_TOKEN,
    Ace,
    SecurityDescriptor,
    access_check,
)
from tests.lab.native.runner import run_command_line, run_steps

MakeHost = Callable[..., Host]


def restart_term_service(host: Host) -> None:
    for name in ("UmRdpService", "TermService"):
        if host.services.running(name):
            assert host.services.stop(name) == 0
    assert host.services.start("TermService") == 0


def test_registry_is_case_insensitive_and_shared_until_written() -> None:
    base = Registry()
    base.set("HKLM\\SOFTWARE\\A", "Value", REG_SZ, "x")
    base.set("HKLM\\SYSTEM\\B", "Value", REG_SZ, "b")
    first, second = Registry(base), Registry(base)
    assert first.find("HKLM\\SYSTEM") is second.find("HKLM\\SYSTEM")
    first.set("hklm\\software\\a", "VALUE", REG_SZ, "y")
    assert first.string("HKEY_LOCAL_MACHINE\\Software\\A", "value") == "y"
    assert second.string("HKLM\\SOFTWARE\\A", "Value") == "x"
    assert base.string("HKLM\\SOFTWARE\\A", "Value") == "x"
    assert first.find("HKLM\\SYSTEM") is second.find("HKLM\\SYSTEM")
    assert first.key("HKLM\\SOFTWARE\\A").values["value"].name == "Value"


def test_a_key_with_subkeys_is_not_deleted() -> None:
    registry = Registry()
    registry.create_key("HKLM\\A\\B")
    with pytest.raises(KeyHasSubkeys):
        registry.delete_key("HKLM\\A")
    registry.delete_key("HKLM\\A\\B")
    registry.delete_key("HKLM\\A")
    with pytest.raises(KeyNotFound):
        registry.key("HKLM\\A")


@pytest.mark.parametrize(
    ("name", "layer", "rules", "thumbprint"),
    [
        ("SYSTEM", 1, "v2.10", "3349efe1b964207ca08f1dbb2a091650f6790155"),
        ("SYSTEM_2", 1, "v2.22", ""),
        ("SYSTEM_B", 2, "v2.27", ""),
        ("SYSTEM_WIN_10_1709", 2, "v2.30", "c278b56ef4b08feadba17f82545ae06de65d2e55"),
    ],
)
def test_recorded_exports_load(captures: Path, name: str, layer: int, rules: str, thumbprint: str) -> None:
    registry = Registry()
    assert regfile.load(registry, captures / "registry-exports" / f"{name}.reg") > 500
    assert registry.dword(RDP_TCP, "SecurityLayer") == layer
    assert registry.dword(RDP_TCP, "PortNumber") == 3389
    path = HKLM + "\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"
    text = registry.string(path, "RemoteDesktop-UserMode-In-TCP")
    assert text is not None and text.startswith(rules)
    assert parse_rule("x", text).text() == text
    value = registry.get(TERMINAL_SERVER, "RCDependentServices")
    assert value is not None and value.data == ("CertPropSvc", "SessionEnv")
    assert (registry.binary(WINSTATIONS, "SelfSignedCertificate") or b"").hex() == thumbprint


def test_reg_text_forms() -> None:
    registry = Registry()
    text = (
        'Windows Registry Editor Version 5.00\r\n\r\n; a comment\r\n[HKEY_LOCAL_MACHINE\\K]\r\n@="default"\r\n'
        '"q\\"uote"="C:\\\\x"\r\n"d"=dword:0000000a\r\n"b"=hex:01,02,\\\r\n  03\r\n'
        '"e"=hex(2):25,00,41,00,25,00,00,00\r\n"q"=hex(b):01,00,00,00,00,00,00,00\r\n[-HKEY_LOCAL_MACHINE\\Gone]\r\n'
    )
    assert regfile.apply(registry, text) == 6
    key = registry.key("HKLM\\K")
    assert {value.name: value.data for value in key.values.values()} == {
        "": "default",
        'q"uote': "C:\\x",
        "d": 10,
        "b": b"\1\2\3",
        "e": "%A%",
        "q": 1,
    }
    with pytest.raises(regfile.RegFileError):
        regfile.apply(Registry(), "REGEDIT4\r\n")


def test_key_file_name_is_the_published_one() -> None:
    guid = "c5d2b969-b61a-4159-8f78-6391a1c805db"
    assert certificates.key_file_name("TSSecKeySet1", guid) == f"f686aace6942fb7f7ceb231212eef4a4_{guid}"
    assert certificates.key_file_name("iisConfigurationKey", guid).startswith("6de9cb26d2b98c01ec4e9e8b34824aa2_")


def test_blob_round_trip_and_recorded_blob(captures: Path) -> None:
    der = certificates.self_signed("X", certificates.KEYS.take(), dt.datetime.now(dt.timezone.utc))
    properties = certificates.decode_blob(certificates.encode_blob(der, "TSSecKeySet1"))
    assert properties[certificates.PROP_CERTIFICATE] == der
    assert certificates.container_of(properties[certificates.PROP_KEY_PROV_INFO]) == "TSSecKeySet1"
    assert certificates.decode_blob(certificates.encode_blob(der, None)).keys() == {3, 4, 32}
    recorded = next((captures / "certstore-blobs").glob("*Root_Certificates_28CA*.bin"))
    properties = certificates.decode_blob(recorded.read_bytes())
    assert certificates.thumbprint(properties[32]) == recorded.stem.rpartition("_")[2]
    assert (certificates.container_of(properties[2]) or "").endswith("94f748d5-d585-4309-9e7a-4be163cfc6d4")


@pytest.mark.parametrize(
    ("dacl", "allowed"),
    [
        ((Ace(NETWORK_SERVICE, READ),), True),
        ((Ace(EVERYONE, READ),), True),
        ((Ace(SYSTEM, FULL),), False),
        ((Ace(EVERYONE, READ, 1), Ace(NETWORK_SERVICE, READ)), False),
        ((), False),
        (None, True),
    ],
)
def test_access_check(dacl: tuple[Ace, ...] | None, allowed: bool) -> None:
    assert access_check(SecurityDescriptor(SYSTEM, dacl), NETWORK_SERVICE_TOKEN, FILE_READ_DATA) is allowed


def test_every_profile_gives_a_healthy_listener(make_host: MakeHost) -> None:
    for profile_id in profile_ids():
        host = make_host(windows=profile_id)
        state = host.remote_desktop.listener()
        assert state is not None and state.key_pem is not None and state.port == 3389, profile_id
        assert state.tls_versions == load_profile(profile_id).rdp_tls
        assert not host.rdp_filtered() and host.winrm_reachable()


def test_services_follow_windows_rules(make_host: MakeHost) -> None:
    services = make_host().services
    assert services.stop("TermService") == 3
    assert services.stop("UmRdpService") == 0
    assert services.stop("TermService") == 0
    assert services.stop("TermService") == 5
    assert services.start("UmRdpService") == 0, "starting a dependent starts what it needs"
    assert services.running("TermService")
    assert services.start("TermService") == 10
    assert services.change_start_mode("SessionEnv", "Disabled") == 0
    assert services.stop("SessionEnv") == 0
    assert services.start("SessionEnv") == 14
    assert services.change_start_mode("SessionEnv", "Sometimes") == 21
    assert services.change_start_mode("RpcSs", "Disabled") == 0
    assert services.stop("RpcSs") == 4


def test_what_needs_a_restart_and_what_does_not(make_host: MakeHost) -> None:
    host = make_host()
    host.registry.set(RDP_TCP, "SecurityLayer", REG_DWORD, 0)
    host.registry.set(RDP_TCP, "PortNumber", REG_DWORD, 3390)
    host.registry.set(f"{tls.PROTOCOLS}\\TLS 1.3\\Server", "Enabled", REG_DWORD, 0)
    state = host.remote_desktop.listener()
    assert state is not None and (state.security_layer, state.port) == (0, 3389) and "TLS 1.3" in state.tls_versions
    restart_term_service(host)
    state = host.remote_desktop.listener()
    assert state is not None and state.port == 3390 and "TLS 1.3" not in state.tls_versions
    assert host.rdp_filtered(), "the built-in rules speak of 3389 only"
    host.registry.set(TERMINAL_SERVER, "fDenyTSConnections", REG_DWORD, 1)
    assert host.remote_desktop.listener() is None


def test_policy_wins_over_local(make_host: MakeHost) -> None:
    host = make_host()
    assert host.remote_desktop.effective("SecurityLayer") == (2, 0)
    host.registry.set(POLICY, "SecurityLayer", REG_DWORD, 1)
    assert host.remote_desktop.effective("SecurityLayer") == (1, 1)
    host.registry.delete_value(POLICY, "SecurityLayer")
    host.registry.delete_value(RDP_TCP, "SecurityLayer")
    assert host.remote_desktop.effective("SecurityLayer") == (2, 2)


def test_windows_7_gets_tls_1_2_from_its_update(make_host: MakeHost) -> None:
    values = {f"{tls.PROTOCOLS}\\TLS 1.2\\Server": {"Enabled": 1, "DisabledByDefault": 0}}
    without = make_host(windows="7sp1", registry=values).remote_desktop.listener()
    with_update = make_host(windows="7sp1", registry=values, updates=["KB3080079"]).remote_desktop.listener()
    assert without is not None and without.tls_versions == ("TLS 1.0",)
    assert with_update is not None and with_update.tls_versions == ("TLS 1.0", "TLS 1.2")


def test_key_acl_heals_after_a_restart_only(make_host: MakeHost) -> None:
    host = make_host(certificate={"key": "unreadable"})
    path = host.remote_desktop.key_file(certificates.RDP_CONTAINER)
    entry = host.files.find(path)
    assert entry is not None
    dacl = (*(entry.security.dacl or ()), Ace(NETWORK_SERVICE, READ))
    host.files.set_security(path, replace(entry.security, dacl=dacl))
    state = host.remote_desktop.listener()
    assert state is not None and state.key_pem is None
    restart_term_service(host)
    state = host.remote_desktop.listener()
    assert state is not None and state.key_pem is not None


def test_the_sid_of_the_service_itself_opens_the_key(make_host: MakeHost) -> None:
    term_service = "S-1-5-80-446051430-1559341753-4161941529-1950928533-810483104"
    acl = ["S-1-5-18:F", f"{term_service}:R"]
    state = make_host(files={"RdpKey": {"owner": "S-1-5-18", "acl": acl}}).remote_desktop.listener()
    assert state is not None and state.key_pem is not None


def test_what_is_written_since_the_boot_counts_with_the_next_start(make_host: MakeHost) -> None:
    off = {f"{tls.PROTOCOLS}\\TLS 1.0\\Server": {"Enabled": 0}}
    host = make_host(windows="2019", since_boot=off)
    state = host.remote_desktop.listener()
    assert state is not None and "TLS 1.0" in state.tls_versions
    restart_term_service(host)
    state = host.remote_desktop.listener()
    assert state is not None and "TLS 1.0" not in state.tls_versions


def test_session_env_replaces_an_expired_certificate(make_host: MakeHost) -> None:
    host = make_host(
        certificate={"self_signed": "expired"}, services={"SessionEnv": {"start": "disabled", "state": "stopped"}}
    )
    old = host.remote_desktop.self_signed()
    restart_term_service(host)
    assert host.remote_desktop.self_signed() == old, "nobody renews it"
    host.services.change_start_mode("SessionEnv", "Manual")
    assert host.services.start("SessionEnv") == 0
    new = host.remote_desktop.self_signed()
    state = host.remote_desktop.listener()
    assert new is not None and new != old and new.parsed.not_valid_after_utc > host.now()
    assert state is not None and state.certificate_pem == new.pem and state.key_pem is not None
    assert 1056 in host.events.ids()


@pytest.mark.parametrize(
    "blocker",
    [
        {"files": {"RdpKey": {"locked": True}}},
        {"files": {"RdpKey": {"acl": []}, "MachineKeys": {"acl": ["S-1-1-0:0x12019f"]}}},
        {"files": {"MachineKeys": {"acl": []}}},
        {"services": {"CryptSvc": {"start": "disabled", "state": "stopped"}}},
    ],
)
def test_renewal_is_blocked(make_host: MakeHost, blocker: dict[str, object]) -> None:
    host = make_host(certificate={"self_signed": "expired"}, **blocker)
    old = host.remote_desktop.self_signed()
    assert host.services.stop("SessionEnv") == 0
    assert host.services.start("SessionEnv") == 0
    assert host.remote_desktop.self_signed() == old
    assert 1058 in host.events.ids()


def test_missing_key_needs_a_new_certificate(make_host: MakeHost) -> None:
    host = make_host(certificate={"key": "missing"})
    restart_term_service(host)
    state = host.remote_desktop.listener()
    assert state is not None and state.key_pem is None, "the certificate is there and valid, so nothing is made"
    thumb = host.remote_desktop.self_signed()
    assert thumb is not None
    host.registry.delete_key(certificates.store_path("Remote Desktop", thumb.thumbprint))
    assert (host.services.stop("SessionEnv"), host.services.start("SessionEnv")) == (0, 0)
    state = host.remote_desktop.listener()
    assert state is not None and state.key_pem is not None


@pytest.mark.parametrize(
    ("bound", "certificate", "key"),
    [("valid", True, True), ("stale", False, False), ("key_missing", True, False), ("key_unreadable", True, False)],
)
def test_bound_certificate(make_host: MakeHost, bound: str, certificate: bool, key: bool) -> None:
    state = make_host(certificate={"bound": bound}).remote_desktop.listener()
    assert state is not None
    assert (state.certificate_pem is not None, state.key_pem is not None) == (certificate, key)


def test_firewall_decides(make_host: MakeHost) -> None:
    off = {"groups": {"@FirewallAPI.dll,-28752": False}}
    assert make_host(firewall=off).rdp_filtered()
    assert not make_host(firewall=off, services={"MpsSvc": {"state": "stopped"}}).rdp_filtered()
    path = "HKLM\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\StandardProfile"
    assert make_host(registry={path: {"AllowLocalPolicyMerge": 0}}).rdp_filtered()
    assert not make_host(firewall=off, registry={path: {"EnableFirewall": 0}}).rdp_filtered()
    rules = HKLM + "\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"
    block = "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=3389|Name=No|"
    assert make_host(registry={rules: {"block": block}}).rdp_filtered()


def test_digest_sees_every_change(make_host: MakeHost) -> None:
    host = make_host()
    before = host.digest()
    assert host.digest() == before
    host.registry.set(RDP_TCP, "SecurityLayer", REG_DWORD, 1)
    after = host.digest()
    assert after["parts"]["registry"] != before["parts"]["registry"]
    assert after["parts"]["files"] == before["parts"]["files"]
    write = host.audit.writes[-1]
    assert (write.kind, write.before["data"], write.after["data"]) == ("registry.value.set", 2, 1)


@pytest.mark.parametrize("port", [0, 70000])
def test_nothing_listens_on_a_number_that_is_no_port(make_host: MakeHost, port: int) -> None:
    host = make_host()
    assert host.remote_desktop.listener() is not None
    host.registry.set(RDP_TCP, "PortNumber", REG_DWORD, port)
    host.remote_desktop.take()
    assert (host.remote_desktop.listener(), host.remote_desktop.port) == (None, None)


def test_a_command_line_runs_a_command_at_a_time(make_host: MakeHost) -> None:
    host = make_host()
    steps = run_steps(host, SYSTEM_TOKEN, 'cmd /c "echo a& ping -n 31 127.0.0.1 >nul && echo b 1>&2& exit 4"')
    found = [(step.code, step.stdout, step.stderr, step.seconds) for step in steps]
    assert found == [(0, "a\r\n", "", 0), (0, "", "", 30), (0, "", "b \r\n", 0), (4, "", "", 0)]


def test_qwinsta_has_the_recorded_columns(make_host: MakeHost, captures: Path) -> None:
    recorded = (captures / "text-samples" / "qwinsta_samples.txt").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(recorded) if line.startswith("# (c)"))
    wanted = [line.rstrip() for line in recorded[start + 1 : start + 5]]
    found = run_command_line(make_host(), SYSTEM_TOKEN, "qwinsta").stdout.splitlines()
    assert [line.rstrip() for line in found] == wanted
