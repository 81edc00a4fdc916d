# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine as a client: Schannel's client side, CredSSP, policies, and what profiles remember."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.client import MOST_SERVERS, MOST_USERS, gather
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult
from tests.unit.facts.hosts import DENIED, DWORD, host_of, row
from tests.unit.windows.fake import FakeSession

BINARY = 3
CURRENT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
SCHANNEL = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\Client"
ORACLE = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
SERVERS = r"Software\Microsoft\Terminal Server Client\Servers"
ALICE, BOB = "S-1-5-21-1-2-3-1001", "S-1-12-1-1-2-3-4"
HASH = bytes(range(20))


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the remote shell writes, which is nothing at first: then it is as if the host gave none."""
    written: list[str] = []

    def output(_tools: Tools, line: str, _deadline: Deadline) -> CommandResult | None:
        mark = re.search(r"echo (#\w+ 0\.)", line)
        return CommandResult(f"{written[0]}\n{mark[1]}\n", "", 0) if written and mark else None

    monkeypatch.setattr(Tools, "output", output)
    return written


def read(
    keys: dict[str, Any] | None = None, rows: dict[str, Any] | None = None, *, build: int = 26100
) -> tuple[Client, FakeSession]:
    version = {CURRENT: {"UBR": (DWORD, 3476)}}
    defaults: dict[str, Any] = {"CIM_DataFile": [row(Version="10.0.26100.3323")], "Win32_NTLogEvent": []}
    # Keys of HKU stand beside those of HKLM: the fake knows no hives.
    found, session = host_of({**version, **(keys or {})}, {**defaults, **(rows or {})}, build=build, product_type=1)
    return gather(found), session


def remembered(sid: str, server: str, data: bytes = HASH) -> dict[str, Any]:
    return {rf"{sid}\{SERVERS}\{server}": {"CertHash": (BINARY, data)}}


def test_a_machine_as_it_is_shipped() -> None:
    found, _session = read()
    assert found["status"] == "ok"
    assert (found["hostname"], found["release"], found["full_build"]) == ("WIN01", "11-24h2", "26100.3476")
    assert found["tls_versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert found["usable_suites"] == list(DEFAULTS["11-24h2"])
    assert (found["credssp_fixed"], found["encryption_oracle"], found["fips"]) == (True, None, False)
    assert (found["udp_disabled"], found["redirection_warning"], found["license_store"]) == (False, None, False)
    assert (found["mstsc_version"], found["servers"], found["profile"]) == ("10.0.26100.3323", [], "")


def test_the_side_of_the_client_counts() -> None:
    off = {"Enabled": (DWORD, 0)}
    found, _session = read({rf"{SCHANNEL}\Protocols\TLS 1.2\Client": off, rf"{SCHANNEL}\Protocols\TLS 1.1\Server": off})
    assert found["tls_versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.3"]


def test_settings() -> None:
    keys = {
        POLICY: {"fClientDisableUDP": (DWORD, 1), "RedirectionWarningDialogVersion": (DWORD, 1)},
        ORACLE: {"AllowEncryptionOracle": (DWORD, 2)},
        r"SYSTEM\CurrentControlSet\Control\Lsa": {"LmCompatibilityLevel": (DWORD, 5)},
        r"SOFTWARE\Microsoft\MSLicensing\Store\LICENSE000": {},
        rf"{SCHANNEL}\Ciphers\AES 256/256": {"Enabled": (DWORD, 0)},
    }
    found, _session = read(keys)
    assert (found["udp_disabled"], found["redirection_warning"]) == (True, 1)
    assert (found["encryption_oracle"], found["lm_compatibility_level"]) == ("vulnerable", 5)
    assert found["license_store"] is True
    assert not [name for name in found["usable_suites"] or [] if "AES_256" in name]


def test_what_profiles_remember() -> None:
    """StdRegProv's EnumKey of HKU names hives; those of services and class registrations are nobody's."""
    keys = {
        **remembered(ALICE, "rds01"),
        **remembered(BOB, "192.0.2.7", b"\1\2"),
        **remembered("S-1-5-18", "rds01"),
        **remembered(f"{ALICE}_Classes", "rds01"),
    }
    found, _session = read(_of_users(keys))
    assert found["servers"] == [
        {"sid": BOB, "server": "192.0.2.7", "cert_hash": ""},
        {"sid": ALICE, "server": "rds01", "cert_hash": HASH.hex().upper()},
    ]


def _of_users(keys: dict[str, Any]) -> dict[str, Any]:
    """EnumKey of a hive's root has an empty path, below which the fake finds keys that begin with a backslash."""
    return {**keys, **{f"\\{path}": value for path, value in keys.items()}}


def test_many_profiles_and_servers_are_bounded() -> None:
    keys: dict[str, Any] = {}
    for user in range(20):
        for server in range(20):
            keys |= remembered(f"S-1-5-21-1-2-3-{2000 + user}", f"srv{server}")
    found, session = read(_of_users(keys))
    assert len(found["servers"]) == MOST_SERVERS
    assert len({memory["sid"] for memory in found["servers"]}) <= MOST_USERS
    assert sum(method == "GetBinaryValue" for _class, method, _parameters, _keys in session.calls) == MOST_SERVERS


@pytest.mark.parametrize(("version", "fixed"), [("10.0.14393.2248", True), ("10.0.14393.2214", False), (None, None)])
def test_an_older_release_is_asked_for_its_credssp(version: str | None, fixed: bool | None) -> None:
    def files(wql: str) -> list[Instance]:
        assert "D:\\\\Windows\\\\System32" in wql
        return [row(Version=version if "TSpkg" in wql else "10.0.14393.0")]

    found, _session = read(rows={"CIM_DataFile": files}, build=14393)
    assert (found["credssp_version"], found["credssp_fixed"]) == (version, fixed)


def test_what_only_adds_may_be_missing() -> None:
    found, _session = read(rows={"CIM_DataFile": DENIED, "Win32_NTLogEvent": DENIED})
    assert (found["status"], found["mstsc_version"], found["disconnects"]) == ("ok", None, [])


EVENT = """<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>
<Provider Name='Microsoft-Windows-TerminalServices-ClientActiveXCore'/><EventID>1026</EventID>
<TimeCreated SystemTime='2026-11-22T15:31:40.000Z'/>
<Channel>Microsoft-Windows-TerminalServices-RDPClient/Operational</Channel></System>
<EventData><Data Name='Name'>Disconnect Reason</Data><Data Name='Value'>2308</Data></EventData></Event>"""


def test_why_it_was_disconnected(shell: list[str]) -> None:
    shell.append(EVENT * 2)
    found, _session = read()
    assert [(each["id"], each["count"], each["by_value"]) for each in found["disconnects"]] == [(1026, 2, {"2308": 2})]


def test_a_host_that_says_nothing() -> None:
    found, _session = read(rows={"Win32_OperatingSystem": DENIED})
    assert found["status"] == "denied"
    assert found["reason"]
