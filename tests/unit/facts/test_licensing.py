# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Licensing of a session host, and that nobody else is asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import CONNECTIVITY
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import licensing, terminal_service
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Licensing
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.facts.hosts import DENIED, MULTI_SZ, NO_NAMESPACE, SZ, host_of, row
from tests.unit.windows.fake import FakeSession, output

POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
LOCAL = r"SYSTEM\CurrentControlSet\Services\TermService\Parameters\LicenseServers"


def setting(mode: int = 1, **values: Any) -> Instance:
    return row(ServerName="WIN01", TerminalServerMode=mode, **{"LicensingType": 4, **values})


def read(
    row: Instance,
    keys: dict[str, Any] | None = None,
    answers: dict[str, Callable[..., Instance]] | None = None,
    policies: set[str] | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> tuple[Licensing, FakeSession]:
    known: dict[str, Any] = {
        "GetGracePeriodDays": lambda: output(DaysLeft=87),
        "GetTStoLSConnectivityStatus": lambda ServerName: output(TsToLsConnectivityStatus=1),
    }
    host, session = host_of(keys, answers={**known, **(answers or {})})
    return licensing.read(host, row, policies, clock), session


@pytest.mark.parametrize(
    ("number", "mode"),
    [(2, "per_device"), (4, "per_user"), (3, "per_user"), (5, "not_configured"), (9, "9"), (None, "unknown")],
)
@pytest.mark.parametrize(("source", "told"), [(0, "local"), (1, "policy"), (None, "default")])
def test_the_mode_of_a_session_host(number: int | None, mode: str, source: int | None, told: str) -> None:
    found, _session = read(setting(LicensingType=number, PolicySourceLicensingType=source))
    assert (found["terminal_server"], found["mode"], found["mode_source"]) == (True, mode, told)
    assert found["grace_days"] == 87


def test_a_host_for_administration_costs_nothing() -> None:
    found, session = read(setting(0, LicensingType=1), {LOCAL: {"SpecifiedLicenseServers": (MULTI_SZ, ["lic"])}})
    assert (found["terminal_server"], found["mode"]) == (False, "administration")
    assert (found["servers"], found["grace_days"]) == ([], None)
    assert session.calls == []


def test_servers_of_policy_count_and_the_local_ones_not() -> None:
    keys = {POLICY: {"LicenseServers": (SZ, "lic1, lic2;")}, LOCAL: {"SpecifiedLicenseServers": (MULTI_SZ, ["lic3"])}}
    found, session = read(setting(), keys)
    assert [(each["name"], each["source"], each["status"]) for each in found["servers"]] == [
        ("lic1", "policy", "valid"),
        ("lic2", "policy", "valid"),
    ]
    asked = [call for call in session.calls if call[1] == "GetTStoLSConnectivityStatus"]
    assert [(call[2], call[3]) for call in asked] == [
        ({"ServerName": "lic1"}, {"ServerName": "WIN01"}),
        ({"ServerName": "lic2"}, {"ServerName": "WIN01"}),
    ]
    found, _session = read(setting(), keys, policies={"windows"})  # no such policy key, so none is looked for
    assert [(each["name"], each["source"]) for each in found["servers"]] == [("lic3", "local")]


def test_no_server_named() -> None:
    found, _session = read(setting())
    assert found["servers"] == []


@pytest.mark.parametrize("number", [*CONNECTIVITY, 42])
def test_each_status_has_a_name(number: int) -> None:
    answers = {"GetTStoLSConnectivityStatus": lambda ServerName: output(TsToLsConnectivityStatus=number)}
    found, _session = read(setting(), {POLICY: {"LicenseServers": (SZ, "lic1")}}, answers)
    assert found["servers"][0]["status_code"] == number
    assert found["servers"][0]["status"] == CONNECTIVITY.get(number, "42")


def refuse(**_values: str) -> Instance:
    raise DENIED


@pytest.mark.parametrize("answer", [refuse, lambda **_values: output(1)])
def test_what_can_not_be_asked_is_not_known(answer: Callable[..., Instance]) -> None:
    answers = {"GetGracePeriodDays": answer, "GetTStoLSConnectivityStatus": answer}
    found, _session = read(setting(), {POLICY: {"LicenseServers": (SZ, "lic1")}}, answers)
    assert (found["status"], found["grace_days"]) == ("ok", None)
    assert found["servers"][0]["status"] == "not_read"


def test_the_asking_is_bounded_by_number_and_by_time() -> None:
    keys = {POLICY: {"LicenseServers": (SZ, ",".join(f"lic{number}" for number in range(500)))}}
    found, session = read(setting(), keys)
    assert len(found["servers"]) == 500
    assert [each["status"] for each in found["servers"]][2:4] == ["valid", "not_asked"]
    assert len([call for call in session.calls if call[1] == "GetTStoLSConnectivityStatus"]) == 3
    times = iter(range(0, 10000, 15))
    found, _session = read(setting(), keys, clock=lambda: float(next(times)))
    assert [each["status"] for each in found["servers"]][:3] == ["valid", "not_asked", "not_asked"]


def test_a_denied_server_list_is_the_areas_fate() -> None:
    with pytest.raises(AccessDenied):
        read(setting(), answers={"GetStringValue": lambda **_values: output(5)})


def test_the_settings_object() -> None:
    host, _session = host_of(rows={terminal_service.CLASS: [setting()]})
    assert terminal_service.is_session_host(terminal_service.read(host))
    host, _session = host_of(rows={terminal_service.CLASS: []})
    with pytest.raises(WindowsError, match="no Win32_TerminalServiceSetting"):
        terminal_service.read(host)
    host, _session = host_of(rows={terminal_service.CLASS: NO_NAMESPACE})
    with pytest.raises(WSManFault):
        terminal_service.read(host)
