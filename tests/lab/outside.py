# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario says of troubles from outside: the path, a program on the port, attackers, failing services."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from tests.lab.model import event_types as types
from tests.lab.model.host import Host
from tests.lab.model.profile import apply_values
from tests.lab.model.services import (
    ERROR_PROCESS_ABORTED,
    RUNNING,
    SERVICES_KEY,
    WEDGED_FULL,
    WEDGED_SILENT,
    Crash,
    Service,
)
from tests.lab.model.stations import DEFAULT_PORT
from tests.lab.model.troubles import Attack, PortOwner
from tests.lab.rdp.occupant import ANSWERS
from tests.lab.rdp.path import KINDS, STAGES, Path

KEYS = frozenset({"path", "port_owner", "throttle", "schannel_alerts"})
SERVICE_KEYS = ("wedged", "listener_down", "crash", "account", "dll")
_ALONE = "Own Process"
_SYSTEM_PROCESS, _SYSTEM_PID = "system", 4
_LONGEST_LOG = 40
_CORE_TS_SINCE = (6, 2, 0)
"""RdpCoreTS came with RDP 8."""

Only = Callable[[str, Any, Iterable[str]], None]
Wrong = Callable[[str], Exception]


def check(data: dict[str, Any], only: Only, wrong: Wrong) -> None:
    """The first mistake in these keys, as an exception of `wrong`."""
    path = data.get("path") or {}
    only("path", path, ("kind", "at", "largest", "every", "first", "service"))
    if path and path.get("kind") not in KINDS:
        raise wrong(f"path.kind must be one of {', '.join(KINDS)}")
    if path.get("at", "request") not in STAGES:
        raise wrong(f"path.at must be one of {', '.join(STAGES)}")
    for name in ("largest", "every", "first"):
        if not _is_positive(path.get(name, 1)):
            raise wrong(f"path.{name} must be a number above 0")
    owner = data.get("port_owner") or {}
    only("port_owner", owner, ("process", "answers", "port", "service"))
    if owner and not owner.get("process"):
        raise wrong("port_owner needs a process")
    if owner.get("answers", "nothing") not in ANSWERS:
        raise wrong(f"port_owner.answers must be one of {', '.join(ANSWERS)}")
    throttle = data.get("throttle") or {}
    only("throttle", throttle, ("outstanding", "addresses"))
    if throttle and not (_is_positive(throttle.get("outstanding")) and throttle.get("addresses")):
        raise wrong("throttle needs outstanding (a number above 0) and addresses")
    for address in throttle.get("addresses") or ():
        try:
            ipaddress.ip_address(str(address))
        except ValueError as error:
            raise wrong(f"throttle.addresses: {address!r} is no address") from error


def check_service(where: str, wanted: dict[str, Any], only: Only, wrong: Wrong) -> None:
    """The same for the keys of one service."""
    if wanted.get("wedged", WEDGED_SILENT) not in (WEDGED_SILENT, WEDGED_FULL):
        raise wrong(f"{where}.wedged must be {WEDGED_SILENT} or {WEDGED_FULL}")
    only(f"{where}.crash", wanted.get("crash") or {}, ("after", "dll", "times", "restarts"))
    if wanted.get("listener_down") and not where.endswith("TermService"):
        raise wrong(f"{where}.listener_down: only TermService has a listener")


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def break_service(host: Host, name: str, wanted: dict[str, Any]) -> None:
    """What a scenario says of a service beyond its state and start mode."""
    service = host.services.find(name)
    if service is None:
        return
    service.wedged = str(wanted.get("wedged", ""))
    key = f"{SERVICES_KEY}\\{name}"
    if "account" in wanted:
        apply_values(host.registry, {key: {"ObjectName": str(wanted["account"])}})
    if "dll" in wanted:
        apply_values(host.registry, {f"{key}\\Parameters": {"ServiceDll": f"expand:{wanted['dll']}"}})
    if wanted.get("crash") is not None:
        crash = wanted["crash"]
        service.crash = Crash(
            float(crash.get("after", 0.2)),
            str(crash.get("dll", "")),
            int(crash.get("times", 0)),
            int(crash.get("restarts", 2)),
        )
        host.services.set_state(name, False)
        service.exit_code = ERROR_PROCESS_ABORTED
    if wanted.get("listener_down"):
        host.remote_desktop.listener_down = True


def install(host: Host, data: dict[str, Any]) -> None:
    """What stands around the services, before the host boots."""
    troubles = host.troubles
    troubles.schannel_alerts = bool(data.get("schannel_alerts", True))
    path = data.get("path")
    if path:
        troubles.path_service = str(path.get("service", ""))
        troubles.path = Path(
            path["kind"],
            path.get("at", "request"),
            int(path.get("largest", 1400)),
            int(path.get("every", 3)),
            int(path.get("first", 0)),
        )
        if troubles.path_service and host.services.find(troubles.path_service) is None:
            _add_service(host, troubles.path_service, "agent.exe")
    owner = data.get("port_owner")
    if owner:
        troubles.port_owner = _port_owner(host, owner)
    throttle = data.get("throttle")
    if throttle:
        troubles.attack = Attack(int(throttle["outstanding"]), tuple(str(item) for item in throttle["addresses"]))


def _port_owner(host: Host, given: dict[str, Any]) -> PortOwner:
    process, service = str(given["process"]), str(given.get("service", ""))
    port, answers = int(given.get("port", DEFAULT_PORT)), str(given.get("answers", "nothing"))
    if service:
        if host.services.find(service) is None:
            _add_service(host, service, process)
        return PortOwner(process, port, answers, service)
    if process.lower() == _SYSTEM_PROCESS:
        return PortOwner(process, port, answers, pid=_SYSTEM_PID)
    path = _program(process)
    pid = host.processes.start(process, path, f'"{path}"', host.boot_time)
    return PortOwner(process, port, answers, pid=pid)


def _program(process: str) -> str:
    return f"C:\\Program Files\\{process.rpartition('.')[0] or process}\\{process}"


def _add_service(host: Host, name: str, process: str) -> None:
    """A running service in a process of its own, as its installer registers it."""
    path = _program(process)
    values = {"Type": 0x10, "Start": 2, "ImagePath": f"expand:{path}", "ObjectName": "LocalSystem", "DisplayName": name}
    apply_values(host.registry, {f"{SERVICES_KEY}\\{name}": values})
    host.services.add(Service(name, name, name, path, "LocalSystem", _ALONE, (), state=RUNNING))


def note_attack(host: Host) -> None:
    """The traces of attackers in the logs of a host that has booted: connections and refused logons by address, and
    the warning about incomplete connections when the limit is reached."""
    attack, state = host.troubles.attack, host.remote_desktop.listener()
    if attack is None or state is None:
        return
    shown = min(_LONGEST_LOG, state.outstanding)
    for number in range(shown):
        address = attack.addresses[number % len(attack.addresses)]
        ago = float(shown - number)
        port = 50000 + number
        client = {"ClientIP": f"{address}:{port}"}
        if host.profile.version >= _CORE_TS_SINCE:
            host.events.write(types.CORE_TS_OPERATIONAL, types.CORE_TS, 131, client, ago=ago)
            host.events.write(types.CORE_TS_OPERATIONAL, types.CORE_TS, 140, {"IPString": address}, ago=ago)
        refused = {"TargetUserName": "Administrator", "IpAddress": address, "IpPort": str(port)}
        host.events.write(types.SECURITY, types.AUDITING, 4625, refused, ago=ago)
    if state.outstanding > state.max_outstanding:
        host.events.write(types.RCM_ADMIN, types.RCM, 1006)
