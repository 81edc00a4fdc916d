# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of change goes through the journal and comes back as it was, to the byte, also when a rollback died."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import ADMINISTRATORS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import (
    LOCAL_MODE,
    LOCAL_MODE_KEY,
    LOCAL_SERVERS,
    LOCAL_SERVERS_KEY,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import apply
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restore import Item
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.service import PARAMETERS, SERVICE_DLL
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.licensing import Licensing
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.remedies.test_restore import TEST, host_of, take_back
from tests.unit.windows.fake import output

NETWORK = "NT Authority\\NetworkService"
SYSTEM, EVERYONE = "S-1-5-18", "S-1-1-0"


def forth_and_back(host: Any, change: Change) -> Item:
    apply(host, [change], Journal(host.registry, "m", "run"))
    (item,) = take_back(host)
    return item


# -- the registry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        ((1, ""), {"type": "REG_SZ", "data": ""}),
        ((1, 'Grüße "<&>"\n'), {"type": "REG_SZ", "data": 'Grüße "<&>"\n'}),
        ((2, "%SystemRoot%\\x"), {"type": "REG_EXPAND_SZ", "data": "%SystemRoot%\\x"}),
        ((3, [0, 255, 10, 13]), {"type": "REG_BINARY", "data": "00ff0a0d"}),
        ((3, []), {"type": "REG_BINARY", "data": ""}),
        ((4, 4294967295), {"type": "REG_DWORD", "data": 4294967295}),
        ((7, ["a", "b c"]), {"type": "REG_MULTI_SZ", "data": ["a", "b c"]}),
        ((11, 1 << 63), {"type": "REG_QWORD", "data": 1 << 63}),
    ],
    ids=str,
)
@pytest.mark.parametrize("after", [None, dword(1)], ids=["deleted", "changed"])
def test_a_value_of_any_type(stored: tuple[int, Any], known: dict[str, Any], after: Any) -> None:
    host, fake = host_of({TEST: {"V": stored, "Other": (1, "x")}})
    change = Change(kind="registry_value", target=f"HKLM\\{TEST}", name="V", before=known, after=after)
    item = forth_and_back(host, change)
    assert item.back is not None
    kind, data = fake.keys[TEST]["V"]
    assert (kind, list(data) if isinstance(data, (list, tuple, bytes)) else data) == stored
    assert set(fake.keys[TEST]) == {"V", "Other"}


LICENSE = {"ClientLicense": {"type": "REG_BINARY", "data": "010203"}, "ProductID": {"type": "REG_SZ", "data": "A02"}}


@pytest.mark.parametrize(
    ("left", "comes_back"),
    [
        ({}, True),
        ({"ClientLicense": (3, [1, 2, 3])}, True),
        ({"ClientLicense": (3, [1, 2, 4])}, False),
        ({"Mine": (1, "x")}, False),
    ],
    ids=str,
)
def test_a_key_of_which_a_dead_rollback_has_made_a_part(left: dict[str, Any], comes_back: bool) -> None:
    key = f"{TEST}\\LICENSE000"
    whole = {"ClientLicense": (3, [1, 2, 3]), "ProductID": (1, "A02")}
    host, fake = host_of({TEST: {}, key: copy.deepcopy(whole)})
    change = Change(kind="registry_key", target=f"HKLM\\{key}", name="", before=LICENSE, after=None)
    apply(host, [change], Journal(host.registry, "rdp_client", "run"))
    fake.keys[key] = left
    (item,) = take_back(host)
    assert (item.back is not None, item.final) == (comes_back, comes_back)
    found = {name: (kind, list(data) if kind == 3 else data) for name, (kind, data) in fake.keys[key].items()}
    assert found == (whole if comes_back else left)


# -- services --------------------------------------------------------------------------------------------------------


class FakeServices:
    """One service, and what was done to it in order."""

    def __init__(self, state: str, start_mode: str, account: str) -> None:
        self.status = ServiceStatus("TermService", state, start_mode, account, 4, 0)
        self.done: list[tuple[str, str]] = []

    def get(self, _name: str) -> ServiceStatus:
        return self.status

    def steady(self, _name: str, _deadline: object) -> ServiceStatus:
        return self.status

    def set_start_mode(self, _name: str, mode: str) -> None:
        self._become("start_mode", mode)

    def set_account(self, _name: str, account: str) -> None:
        self._become("account", account)

    def start(self, _name: str, _deadline: object) -> None:
        self._become("state", "running")

    def stop(self, _name: str, _deadline: object) -> None:
        self._become("state", "stopped")

    def _become(self, what: str, value: str) -> None:
        self.status = replace(self.status, **{what: value})  # type: ignore[arg-type]
        self.done.append((what, value))


def service_host(services: FakeServices, keys: dict[str, Any] | None = None) -> tuple[Any, Any]:
    host, fake = host_of(keys or {})
    host.services, host.deadline = services, None
    return host, fake


def service_change(kind: str, before: str, after: str) -> Change:
    return Change(kind=kind, target="TermService", name="", before=before, after=after)


def test_a_service_that_was_tampered_with_is_so_again() -> None:
    """Account, program and start mode; it is stopped first, for what was made last is taken back first."""
    services = FakeServices("stopped", "disabled", "LocalSystem")
    key = PARAMETERS.removeprefix("HKLM\\")
    host, fake = service_host(services, {key: {SERVICE_DLL: (2, "C:\\x.dll"), "ServiceMain": (1, "m")}})
    before, registry = services.status, copy.deepcopy(fake.keys)
    own = {"type": "REG_EXPAND_SZ", "data": "%SystemRoot%\\System32\\termsrv.dll"}
    foreign = {"type": "REG_EXPAND_SZ", "data": "C:\\x.dll"}
    changes = [
        service_change("start_mode", "disabled", "manual"),
        service_change("service_account", "LocalSystem", NETWORK),
        Change(kind="registry_value", target=PARAMETERS, name=SERVICE_DLL, before=foreign, after=own),
        service_change("service_state", "stopped", "running"),
    ]
    apply(host, changes, Journal(host.registry, "rdp_service", "run"))
    assert (services.status.state, fake.keys[key][SERVICE_DLL]) == ("running", (2, own["data"]))
    services.done.clear()
    items = take_back(host)
    assert [item.kept for item in items] == [""] * 4
    assert services.status == before
    assert fake.keys == registry
    assert services.done == [("state", "stopped"), ("account", "LocalSystem"), ("start_mode", "disabled")]


def test_an_account_that_somebody_has_changed_since_is_left_alone() -> None:
    services = FakeServices("running", "manual", "LocalSystem")
    host, _fake = service_host(services)
    change = service_change("service_account", "LocalSystem", NETWORK)
    apply(host, [change], Journal(host.registry, "rdp_service", "run"))
    services.set_account("TermService", "NT Authority\\LocalService")
    (item,) = take_back(host)
    assert "somebody has changed it since" in item.kept
    assert services.status.account == "NT Authority\\LocalService"


# -- licensing -------------------------------------------------------------------------------------------------------


def licensing_host(values: dict[str, dict[str, tuple[int, Any]]]) -> tuple[Any, Any]:
    """A session host whose methods write what Windows' do."""
    host, fake = host_of({key.removeprefix("HKLM\\"): found for key, found in values.items()})

    def put(key: str, name: str, value: tuple[int, Any]) -> Instance:
        fake.keys.setdefault(key.removeprefix("HKLM\\"), {})[name] = value
        return output()

    fake.session.rows["Win32_TerminalServiceSetting"] = lambda _wql: [Instance("X", {"ServerName": "SRV1"})]
    fake.session.answers["ChangeMode"] = lambda LicensingType: put(LOCAL_MODE_KEY, LOCAL_MODE, (4, LicensingType))
    fake.session.answers["SetSpecifiedLicenseServerList"] = lambda SpecifiedLSList: put(
        LOCAL_SERVERS_KEY, LOCAL_SERVERS, (7, list(SpecifiedLSList))
    )
    host.licensing = Licensing(fake.session, host.registry)  # type: ignore[arg-type]
    return host, fake


MODE = Change(kind="licensing", target=LOCAL_MODE_KEY, name=LOCAL_MODE, before=None, after=dword(4))
SERVERS = Change(
    kind="licensing",
    target=LOCAL_SERVERS_KEY,
    name=LOCAL_SERVERS,
    before=None,
    after={"type": "REG_MULTI_SZ", "data": ["lic1", "lic2"]},
)


@pytest.mark.parametrize(
    ("change", "before", "stored"),
    [
        (MODE, dword(2), (4, 2)),
        (MODE, dword(5), (4, 5)),  # not configured: no method brings it back
        (MODE, None, None),
        (SERVERS, {"type": "REG_MULTI_SZ", "data": ["old"]}, (7, ["old"])),
        (SERVERS, {"type": "REG_MULTI_SZ", "data": []}, (7, [])),
        (SERVERS, None, None),
    ],
)
def test_licensing_by_method_or_by_the_registry(change: Change, before: Any, stored: tuple[int, Any] | None) -> None:
    key = change["target"].removeprefix("HKLM\\")
    host, fake = licensing_host({change["target"]: {} if stored is None else {change["name"]: stored}})
    item = forth_and_back(host, Change(**{**change, "before": before}))
    assert item.kept == ""
    assert {name: (kind, list(data) if kind == 7 else data) for name, (kind, data) in fake.keys[key].items()} == (
        {} if stored is None else {change["name"]: stored}
    )
    assert not [each for each in fake.keys if "winops" in each]


def test_the_keys_that_licensing_was_written_to_go_again() -> None:
    parent = LOCAL_SERVERS_KEY.rpartition("\\")[0]
    host, fake = licensing_host({parent: {}})
    before = copy.deepcopy(fake.keys)
    forth_and_back(host, SERVERS)
    assert fake.keys == before


# -- updates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "told"),
    [("absent", True), ("uninstall_pending", True), ("installed", False)],
)
def test_an_update_is_named_only_when_it_is_gone(now: str, told: bool) -> None:
    """A run that died before DISM leaves an entry of an update that is there still: nothing is lost."""
    host, fake = host_of({})
    host.packages = SimpleNamespace(state=lambda _identity: now)
    change = Change(kind="package", target="Package_for_KB1~x", name="", before="installed", after="absent")
    Journal(host.registry, "rdp_update", "run").write(change)
    (item,) = take_back(host)
    assert (item.back, item.final, "can not be put back" in item.kept) == (None, True, told)
    assert not [key for key in fake.keys if "Journal" in key]


# -- access lists ----------------------------------------------------------------------------------------------------


def entry(sid: str, mask: int) -> dict[str, Any]:
    return {"sid": sid, "type": "allow", "mask": mask, "flags": 0}


def descriptor(*dacl: dict[str, Any], owner: str = SYSTEM) -> Any:
    return {"status": "ok", "reason": "", "owner": owner, "protected": True, "dacl": list(dacl)}


OLD = descriptor(entry(SYSTEM, 0x1F01FF))
NEW = descriptor(entry(SYSTEM, 0x1F01FF), entry("S-1-5-20", 0x120089))
FULL = entry(ADMINISTRATORS, 0x1F01FF)


@pytest.mark.parametrize(
    ("left", "comes_back"),
    [
        (NEW, True),
        (descriptor(*NEW["dacl"], owner=ADMINISTRATORS), True),  # the rollback has taken the file over
        (descriptor(*OLD["dacl"], FULL, owner=ADMINISTRATORS), True),  # and written the list
        (descriptor(*OLD["dacl"], FULL), True),  # and given the file back
        (descriptor(*NEW["dacl"], FULL), True),  # the task itself died there
        (descriptor(*OLD["dacl"], entry(EVERYONE, 0x120089)), False),
    ],
    ids=range(6),
)
def test_an_access_list_from_wherever_a_rollback_died(left: Any, comes_back: bool) -> None:
    host, _fake = host_of({})
    now = [left]

    def become(_path: str, before: Any, after: Any, _deadline: object) -> None:
        assert before == now[0]
        now[0] = after

    host.deadline = None
    host.files = SimpleNamespace(security=lambda _path: now[0], set_security=become)
    change = Change(kind="security", target="C:\\key", name="", before=OLD, after=NEW)
    Journal(host.registry, "rdp_certificate", "run").write(change)
    (item,) = take_back(host)
    assert (item.back is not None, now[0] == OLD) == (comes_back, comes_back)
