# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logons that a host refuses although its listener is well: settings, rights, CredSSP's own conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.model.host import Host
from tests.lab.rdp import Account, ListenerState
from tests.lab.rdp.credssp import CredSspServer, Rejected, TsRequest
from tests.lab.rdp.ntlm import Status

MakeHost = Callable[..., Host]
TERMINAL_SERVER = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
RDP_TCP = f"{TERMINAL_SERVER}\\WinStations\\RDP-Tcp"
LSA = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa"
WINLOGON = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
ORACLE = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\CredSSP\\Parameters"
TWO_SESSIONS = [{"user": "LAB\\a"}, {"user": "LAB\\b", "state": "Disc"}]
LOCAL_ACCOUNT = "S-1-5-113"


def state_of(host: Host) -> ListenerState:
    state = host.remote_desktop.listener()
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("registry", "denied"),
    [
        ({}, False),
        ({TERMINAL_SERVER: {"TSUserEnabled": 1}}, True),
        ({TERMINAL_SERVER: {"TSServerDrainMode": 1}}, True),
        ({TERMINAL_SERVER: {"TSServerDrainMode": 2}}, True),
        ({RDP_TCP: {"fLogonDisabled": 1}}, True),
        ({WINLOGON: {"WinStationsDisabled": "1"}}, True),
        ({WINLOGON: {"WinStationsDisabled": "0"}}, False),
        ({RDP_TCP: {"MaxInstanceCount": 2}}, True),
        ({RDP_TCP: {"MaxInstanceCount": 3}}, False),
        ({RDP_TCP: {"MaxInstanceCount": 2}, POLICY: {"MaxInstanceCount": 999999}}, False),
        ({RDP_TCP: {"MaxInstanceCount": 0xFFFFFFFF}, POLICY: {"MaxInstanceCount": 1}}, True),
    ],
)
def test_settings_that_refuse_everybody(make_host: MakeHost, registry: Any, denied: bool) -> None:
    assert state_of(make_host(registry=registry, sessions=TWO_SESSIONS)).logons_denied is denied


@pytest.mark.parametrize(
    ("right", "sid", "domain", "session", "network"),
    [
        ("SeDenyRemoteInteractiveLogonRight", LOCAL_ACCOUNT, None, False, True),
        ("SeDenyNetworkLogonRight", LOCAL_ACCOUNT, None, True, False),
        ("SeDenyNetworkLogonRight", "S-1-5-114", None, True, False),
        ("SeDenyRemoteInteractiveLogonRight", LOCAL_ACCOUNT, "corp.example", True, True),
        ("SeDenyRemoteInteractiveLogonRight", "S-1-5-32-546", None, True, True),
        ("SeRemoteInteractiveLogonRight", "S-1-5-32-555", None, False, True),
        ("SeNetworkLogonRight", "S-1-5-32-544", None, True, True),
    ],
)
def test_rights(make_host: MakeHost, right: str, sid: str, domain: str | None, session: bool, network: bool) -> None:
    more = {"domain": domain} if domain else {}
    host = make_host(policies=[{"name": "Hardening", "rights": {right: [sid]}}], **more)
    (account,) = state_of(host).accounts
    assert (account.remote_desktop, account.network_logon) == (session, network)


def test_membership_gives_the_right(make_host: MakeHost) -> None:
    users: list[dict[str, Any]] = [{"name": "boss", "password": "a", "admin": True}, {"name": "anna", "password": "b"}]
    assert [account.remote_desktop for account in state_of(make_host(users=users)).accounts] == [True, False]
    anna = make_host(users=users).users["anna"].sid
    member = make_host(users=users, groups={"S-1-5-32-555": [anna]})
    assert [account.remote_desktop for account in state_of(member).accounts] == [True, True]
    nobody = make_host(users=[{**users[1], "remote_desktop": True}, users[0]], groups={"S-1-5-32-555": []})
    assert [account.remote_desktop for account in state_of(nobody).accounts] == [False, True]


def test_disabledomaincreds_is_about_domains(make_host: MakeHost) -> None:
    registry = {LSA: {"disabledomaincreds": 1}}
    assert not state_of(make_host(registry=registry)).delegation_denied
    member = make_host(registry=registry, domain="corp.example")
    assert state_of(member).delegation_denied
    member.registry.set(LSA.replace("HKLM", "HKEY_LOCAL_MACHINE"), "disabledomaincreds", 4, 0)
    assert not state_of(member).delegation_denied, "it counts at once"


def test_security_package_that_is_gone(make_host: MakeHost) -> None:
    assert state_of(make_host()).credssp_offered
    without: dict[str, Any] = {
        LSA: {"Security Packages": ['""']},
        f"{LSA}\\OSConfig": {"Security Packages": ["msv1_0"]},
    }
    assert not state_of(make_host(registry=without)).credssp_offered


@pytest.mark.parametrize(
    ("windows", "oracle", "lowest"),
    [("2019", None, 2), ("2019", 0, 5), ("2019", 1, 2), ("2019", 2, 2), ("2012r2", 0, 5), ("2012r2", 1, 2)],
)
def test_encryption_oracle(make_host: MakeHost, windows: str, oracle: int | None, lowest: int) -> None:
    registry: dict[str, Any] = {ORACLE: {"AllowEncryptionOracle": oracle}}
    assert state_of(make_host(windows=windows, registry=registry)).credssp_lowest_version == lowest


def test_encryption_oracle_without_the_update(make_host: MakeHost) -> None:
    registry: dict[str, Any] = {ORACLE: {"AllowEncryptionOracle": 0}}
    assert state_of(make_host(windows="2016", ubr=1944, registry=registry)).credssp_lowest_version == 2


@pytest.mark.parametrize(
    ("registry", "version", "refused"),
    [
        ({ORACLE: {"AllowEncryptionOracle": 0}}, 2, True),
        ({ORACLE: {"AllowEncryptionOracle": 0}}, 6, False),
        ({}, 2, False),
    ],
)
def test_client_without_the_update(make_host: MakeHost, registry: Any, version: int, refused: bool) -> None:
    server = CredSspServer(state_of(make_host(registry=registry)))
    negotiate = b"NTLMSSP\0" + bytes([1, 0, 0, 0]) + (0x60088235).to_bytes(4, "little") + bytes(16)
    request = TsRequest(version, negotiate).encode()
    if refused:
        with pytest.raises(Rejected, match="CredSSP version 2") as found:
            server.receive(request)
        assert (found.value.answer, found.value.status) == (b"", 0)
    else:
        assert server.receive(request)


def test_status_values_are_signed_as_credssp_sends_them() -> None:
    assert Status.LOGON_TYPE_NOT_GRANTED & 0xFFFFFFFF == 0xC000015B
    assert Status.NO_SUCH_LOGON_SESSION & 0xFFFFFFFF == 0xC000005F
    assert Account("a", "b").network_logon
