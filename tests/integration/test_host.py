# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows host through the collection's own eyes: every operation of the facade against the lab, over NTLM with
encrypted messages by both connection plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import NETWORK_SERVICE, SYSTEM
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import key_file_name
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType, RegistryValue
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import fresh_session, open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.lab.runtime import LabHost

KEY = r"HKLM\SOFTWARE\winops.rdp\Test\Below"
WITHOUT_SHELLS = {"max_shells_per_user": 0}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("hosts")
    scenarios: list[dict[str, Any]] = [
        {"hostname": "PLAIN", "windows": "2022", "certificate": {"key": "unreadable"}},
        {"hostname": "NOSHELL", "windows": "2022", "winrm": WITHOUT_SHELLS, "certificate": {"key": "unreadable"}},
        {"hostname": "OLD", "windows": "7sp1"},
    ]
    with running(write_scenarios(work / "scenarios", scenarios), work, "127.53.0.0", ruled=False) as fleet:
        yield fleet


def connection_to(fleet: Fleet, name: str, plugin: str) -> Any:
    return connect(fleet.lab.hosts[name], plugin)


def connect(host: LabHost, plugin: str) -> Any:
    """The connection of Ansible to a host of the lab, with its own administrator."""
    user = host.scenario.admin
    options = {
        "ansible_host": host.address,
        "ansible_user": user.name,
        "ansible_password": user.password,
        "ansible_port": 5985,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": ["ntlm"],
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "ntlm",
    }
    connection = connection_loader.get(plugin, PlayContext(), "/dev/null")
    connection.set_options(var_options={**options, "_extras": {}})
    return connection


Opener = Callable[..., Host]


@pytest.fixture
def open_host(hosts: Fleet) -> Iterator[Opener]:
    sessions = []

    def opener(name: str = "PLAIN", plugin: str = "winrm") -> Host:
        deadline = Deadline(60)
        session = open_session(connection_to(hosts, name, plugin), deadline)
        sessions.append(session)
        return Host(session, deadline)

    yield opener
    for session in sessions:
        session.close()


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
@pytest.mark.parametrize(
    "value",
    [
        RegistryValue(RegistryType.REG_SZ, 'Grüße & <Schlüssel> "quoted"'),
        RegistryValue(RegistryType.REG_SZ, ""),
        RegistryValue(RegistryType.REG_DWORD, 4294967295),
        RegistryValue(RegistryType.REG_QWORD, 18446744073709551615),
        RegistryValue(RegistryType.REG_MULTI_SZ, ("one", "two")),
        RegistryValue(RegistryType.REG_BINARY, bytes(range(256))),
    ],
    ids=lambda value: value.type.name,
)
def test_registry_values_of_every_type(open_host: Opener, plugin: str, value: RegistryValue) -> None:
    registry = open_host(plugin=plugin).registry
    registry.create_key(KEY)
    registry.set_value(KEY, "Value", value)
    assert registry.values(KEY) == {"Value": value}
    key = registry.key(r"HKLM\SOFTWARE\winops.rdp\Test")
    assert key is not None
    assert key.subkeys == ("Below",)
    registry.delete_value(KEY, "Value")
    assert registry.values(KEY) == {}
    registry.delete_key(KEY)
    assert not registry.exists(KEY)


def test_a_text_with_variables_is_written_as_such_and_expanded_by_the_host(open_host: Opener) -> None:
    """Whether GetStringValue gives the text as it is stored is not known of Windows; the lab says that it does not."""
    registry = open_host().registry
    registry.create_key(KEY)
    registry.set_value(KEY, "Value", RegistryValue(RegistryType.REG_EXPAND_SZ, "%SystemRoot%\\System32"))
    assert registry.expanded(KEY, "Value") == "C:\\Windows\\System32"
    assert registry.values(KEY)["Value"].type is RegistryType.REG_EXPAND_SZ
    registry.delete_key(KEY)


def test_identify_get_and_query(open_host: Opener) -> None:
    session = open_host().session
    assert "Microsoft" in (session.identify().product_vendor or "")
    service = session.get("root/cimv2", "Win32_Service", {"Name": "TermService"})
    assert service.text("StartName") == "NT Authority\\NetworkService"
    names = [row.text("Name") for row in session.query("root/cimv2", "SELECT Name FROM Win32_Service")]
    assert "TermService" in names
    assert len(names) == len(set(names)) > 10
    with pytest.raises(WSManFault) as caught:
        session.get("root/cimv2", "Win32_Service", {"Name": "Nothing"})
    assert caught.value.is_not_found
    with pytest.raises(WSManFault, match="127.53.0."):
        session.query("root/cimv2", "SELECT Name FROM Win32_Nothing")


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_services_stop_and_start_with_their_dependents(open_host: Opener, plugin: str) -> None:
    host = open_host(plugin=plugin)
    before = host.services.get("TermService").pid
    assert host.services.restart("TermService", host.deadline) == ["TermService", "UmRdpService"]
    states = host.services.read(["TermService", "UmRdpService"])
    assert {status.state for status in states.values()} == {"running"}
    assert states["TermService"].pid != before
    host.services.set_start_mode("CertPropSvc", "disabled")
    host.services.stop("CertPropSvc", host.deadline)
    with pytest.raises(WindowsError, match="disabled"):
        host.services.start("CertPropSvc", host.deadline)
    host.services.set_start_mode("CertPropSvc", "manual")
    host.services.start("CertPropSvc", host.deadline)


def rdp_key(host: Host) -> str:
    return rf"{host.key_folder}\{key_file_name('TSSecKeySet1', str(host.machine_guid))}"


@pytest.mark.parametrize("name", ["PLAIN", "NOSHELL"])
def test_an_access_list_is_repaired_and_put_back_exactly(hosts: Fleet, open_host: Opener, name: str) -> None:
    """Through the remote shell, and through Win32_Process.Create where remote shells are forbidden."""
    host = open_host(name)
    path = rdp_key(host)
    before = host.files.security(path)
    assert [ace["sid"] for ace in before["dacl"]] == [SYSTEM]
    after = {**before, "dacl": [*before["dacl"], acl.allow(NETWORK_SERVICE, 0x120089)]}
    host.files.set_security(path, before, after, host.deadline)  # type: ignore[arg-type]
    found = host.files.security(path)
    assert acl.same(found, after)  # type: ignore[arg-type]
    assert found["owner"] == SYSTEM
    host.files.set_security(path, found, before, host.deadline)
    assert acl.same(host.files.security(path), before)
    assert (hosts.shells(name) == 0) is (name == "NOSHELL")


def test_files_are_found_and_renamed(open_host: Opener) -> None:
    host = open_host()
    path = rdp_key(host)
    assert host.files.exists(path)
    assert not host.files.exists(path + "x")
    host.files.rename(path, path + ".old")
    assert not host.files.exists(path)
    host.files.rename(path + ".old", path)
    assert host.files.security(path + "x")["status"] == "absent"


@pytest.mark.parametrize("name", ["PLAIN", "OLD"])
def test_firewall_rules_are_switched(open_host: Opener, name: str) -> None:
    """By the classes of root/StandardCimv2, and by netsh before Windows 8."""
    host = open_host(name)
    classes = host.has_firewall_classes
    assert classes is (name == "PLAIN")
    for enabled in (False, True):
        (rule,) = [rule for rule in host.firewall.rules(3389, classes=classes) if rule["group"]][:1]
        host.firewall.set_enabled(rule, enabled, classes=classes, deadline=host.deadline)
        (again,) = [each for each in host.firewall.rules(3389, classes=classes) if each["id"] == rule["id"]]
        assert again["enabled"] is enabled


def test_a_fresh_session_is_a_connection_of_its_own(hosts: Fleet, open_host: Opener) -> None:
    host = open_host()
    assert host.build == 20348
    before = hosts.lab.hosts["PLAIN"].model.counters.connections
    with fresh_session(connection_to(hosts, "PLAIN", "winrm"), Deadline(20)) as fresh:
        assert fresh.query("root/cimv2", "SELECT BuildNumber FROM Win32_OperatingSystem")
    assert hosts.lab.hosts["PLAIN"].model.counters.connections > before
    assert host.registry.text(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    assert Path(host.key_folder.replace("\\", "/")).name == "MachineKeys"
