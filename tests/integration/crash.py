# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that dies, or loses its connection, in the middle of a remedy; see test_crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.integration.acting import Killed, Run, gate, watched
from tests.integration.fleet import DEMO, Fleet, running, write_scenarios

OWN = r"HKLM\SOFTWARE\winops.rdp"
STATIONS = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations"
LISTENER = rf"{STATIONS}\RDP-Tcp"
SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
# What Windows makes anew, key included, can not be taken back.
RENEWED = "Windows has made the certificate"
# Each so-manieth kill point is also mended by a second run, instead of restored; that of a whole fix has two diagnoses.
STRIDE, FIX_STRIDE = 3, 8
# Lost for the controller before and after the host has done what it was asked for.
CUTS = ("drop_unread", "drop_done")

Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Remedy:
    """A broken host and the tasks that mend it; without tasks, those that the fix of the whole host takes.

    ``cut``: the connection is cut, too. test_lost_replies does so for each way to write.
    """

    name: str
    host: dict[str, Any]
    steps: tuple[Step, ...] = ()
    cut: bool = False
    always: bool = False  # its tasks do something each time, and leave the host as it was


def server(**more: Any) -> dict[str, Any]:
    return {"windows": "2022", **more}


# The demo hosts whose plans have more than one remedy; those of the others are here by themselves.
FIXES = ("expired-certificate", "no-tls", "two-causes")
REMEDIES = (
    Remedy(
        "listener",
        server(registry={LISTENER: {"SecurityLayer": 0}}),
        (("rdp_listener", {"security_layer": "tls", "max_instances": 5}),),
        cut=True,
    ),
    Remedy(
        "tls",
        server(registry={rf"{SCHANNEL}\TLS 1.2\Server": {"Enabled": 0, "DisabledByDefault": 1}}),
        (
            (
                "rdp_tls",
                {"protocols": [{"name": "TLS 1.2", "side": "both"}, {"name": "TLS 1.0", "state": "disabled"}]},
            ),
        ),
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
    Remedy("firewall rules", server(firewall={"groups": {"@FirewallAPI.dll,-28752": False}}), (("rdp_firewall", {}),)),
    Remedy(
        "firewall rules by netsh",
        server(windows="7sp1", firewall={"groups": {"@FirewallAPI.dll,-28752": False}}),
        (("rdp_firewall", {}),),
    ),
    Remedy("firewall port", server(registry={LISTENER: {"PortNumber": 3390}}), (("rdp_firewall", {}),)),
    Remedy(
        "service",
        server(services={"SessionEnv": {"start": "disabled", "state": "stopped"}}),
        (("rdp_service", {"name": "SessionEnv", "start_mode": "manual", "state": "started"}),),
    ),
    Remedy(
        "restart",
        server(),
        (("rdp_service", {"name": "TermService", "state": "restarted"}),),
        cut=True,
        always=True,
    ),
    *(
        Remedy(f"fix {path.stem[3:]}", yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(DEMO.glob("*.yml"))
        if path.stem[3:] in FIXES
    ),
)
FIRST = ("SessionEnv", "CertPropSvc", "KeyIso", "CryptSvc")
ORDER = ("rdp_certificate", "rdp_tls", "rdp_listener", "rdp_firewall")


class Failed(Exception):
    """A task failed, which ends the run for its host."""


def mend(run: Run, steps: list[Step]) -> None:
    """The tasks, in the order of the role remediate, and the restart that they ask for."""
    restart: list[str] = []
    started = False
    for module, arguments in steps:
        result = run.task(module, arguments)
        if result.get("failed") or result.get("unreachable"):
            raise Failed(result["msg"])
        restart += result["restart_required"]
        started = started or (arguments.get("name") == "TermService" and result["changed"])
    if restart and not started:
        result = run.task("rdp_service", {"name": "TermService", "state": "restarted"})
        if result.get("failed") or result.get("unreachable"):
            raise Failed(result["msg"])


def planned(run: Run) -> list[Step]:
    """The steps of the plan, in the order of the role remediate."""
    plan = run.task("rdp_diagnose", {})["verdict"]["plan"]
    steps = [(step["module"], dict(step["options"])) for step in plan]
    services = [step for step in steps if step[0] == "rdp_service"]
    return [
        *(step for step in services if step[1]["name"] in FIRST),
        *(step for module in ORDER for step in steps if step[0] == module),
        *(step for step in services if step[1]["name"] not in FIRST),
    ]


@dataclass
class Tally:
    """What was tried with one remedy, and what went wrong."""

    remedy: Remedy
    writes: int = 0
    restored: int = 0
    kept: int = 0
    mended: int = 0
    cuts: int = 0
    told: int = 0
    wrong: list[str] = field(default_factory=list)


class Bench:
    """One remedy on its host, which is put back after each try."""

    def __init__(self, fleet: Fleet, name: str, remedy: Remedy) -> None:
        self.fleet = fleet
        self.name = name
        self.remedy = remedy
        self.tally = Tally(remedy)
        self.steps = list(remedy.steps) or planned(self.run())
        self.before = self.state()
        self.own_certificate = self.certificate()

    def run(self) -> Run:
        return Run(self.fleet, self.name)

    def state(self) -> dict[str, Any]:
        digest = self.fleet.lab.digest(self.name)
        return {"parts": digest["parts"], "files": digest["files"], "services": digest["services"]}

    @property
    def model(self) -> Any:
        return self.fleet.lab.hosts[self.name].model

    def fresh(self) -> None:
        """The host as its scenario describes it; its certificate is another each time."""
        self.fleet.lab.reset(self.name)
        self.before = self.state()
        self.own_certificate = self.certificate()

    def certificate(self) -> Any:
        """Which self-signed certificate Windows has in use. It may make a new one whenever SessionEnv starts."""
        value = self.model.registry.key(STATIONS).values.get("selfsignedcertificate")
        return None if value is None else value.data

    def complain(self, where: str, what: str) -> None:
        self.tally.wrong.append(f"{where}: {what}")

    # -- the controller dies -----------------------------------------------------------------------------------------

    def kill(self, after: int) -> bool:
        """Whether the controller died, once the host had been written to so often."""
        audit, start = self.model.audit, len(self.model.audit.writes)

        def passes(_operation: str) -> None:
            if len(audit.writes) - start >= after:
                raise Killed

        with gate(self.fleet.lab.hosts[self.name].address, passes):
            try:
                mend(self.run(), self.steps)
            except Killed:
                return True
        return False

    def every_kill(self) -> None:
        """For each write: it is the last; then the host is restored, and another time the remedy is run again."""
        after = 1
        while True:
            self.fresh()
            if not self.kill(after):
                break
            self.tally.writes = after
            self.restore(f"killed after write {after}")
            if after % (STRIDE if self.remedy.steps else FIX_STRIDE) == 1:
                self.fresh()
                self.kill(after)
                self.again(f"killed after write {after}")
            after += 1

    def restore(self, where: str) -> None:
        back = self.run().task("rdp_restore", {"run": "all", "break_lock": True})
        if back.get("failed") or back.get("unreachable"):
            self.complain(where, f"the restore failed: {back['msg']}")
            return
        strange = [each for each in back["kept"] if not each["reason"].startswith(RENEWED)]
        if strange:
            self.complain(where, f"kept {strange}")
        if back["restart_required"]:
            self.model.registry.delete_tree(rf"{OWN}\RestartPending")
            if not self.model.registry.find(OWN).subkeys:
                self.model.registry.delete_tree(OWN)
        if self.model.registry.find(OWN) is not None:
            self.complain(where, f"left behind: {[path for path, _key in self.model.registry.walk(OWN)]}")
        if self.certificate() != self.own_certificate:
            self.tally.kept += 1
            whole = self.run().task(
                "rdp_certificate", {"self_signed_valid": True, "machine_keys_acl": True}, check=True
            )
            self._expect(where, not whole["changed"], "the new certificate is not in order")
        elif self.state() == self.before:
            self.tally.restored += 1
        else:
            self.complain(where, f"not restored: {self._difference()}")

    def again(self, where: str) -> None:
        """A second run, with the lock of the dead one broken, comes to a good end, and so does its restore."""
        steps = self.steps if self.remedy.steps else planned(self.run())
        unlocking = [(module, {**arguments, "break_lock": True}) for module, arguments in steps]
        try:
            mend(self.run(), unlocking)
            if self.remedy.steps:
                self._expect(where, self.remedy.always or self._is_done(), "the second run left something to do")
                down = [name for name in self._named() if self.state()["services"][name] != "Running"]
                self._expect(where, not down, f"{down} do not run")
            else:
                verdict = self.run().task("rdp_diagnose", {})["verdict"]
                expected = self.fleet.expect(self.name)["after"]["state"]
                self._expect(where, verdict["state"] == expected, f"{verdict['state']}: {verdict['summary']}")
        except Failed as error:
            self.complain(where, f"the second run failed: {error}")
            return
        self.tally.mended += 1

    # -- the connection is cut ---------------------------------------------------------------------------------------

    def every_cut(self) -> None:
        """For each request from the lock on: the remedy succeeds all the same, or says why not and can be restored."""
        self.fresh()
        first, last = self._count()
        for nth in range(first, last + 1):
            fault = CUTS[nth % len(CUTS)]
            self.fresh()
            self.fleet.lab.inject(self.name, fault, at="any", nth=nth)
            where = f"{fault} at request {nth}"
            self.tally.cuts += 1
            try:
                mend(self.run(), self.steps)
            except Failed as error:
                self.tally.told += 1
                self._expect(where, "\n" not in str(error), f"no sentence: {error}")
                self.fleet.lab.clear_faults(self.name)
                self.restore(where)
            else:
                self.fleet.lab.clear_faults(self.name)
                self._expect(where, self._is_done(), "it says that it is done, and it is not")

    def _count(self) -> tuple[int, int]:
        """The requests of the remedy: the number of the first after which something is written, and of the last."""
        sent = first = 0
        audit, start = self.model.audit, len(self.model.audit.writes)

        def passes(operation: str) -> None:
            nonlocal sent, first
            sent += 1
            if len(audit.writes) > start and not first:
                first = sent - 1

        with gate(self.fleet.lab.hosts[self.name].address, passes):
            mend(self.run(), self.steps)
        return first, sent

    def _named(self) -> list[str]:
        """The services that the tasks are about. What depends on one, Windows starts when it is needed."""
        return [arguments["name"] for module, arguments in self.steps if module == "rdp_service"]

    def _is_done(self) -> bool:
        if self.remedy.always:
            return self.state() == self.before
        return not any(self.run().task(*step, check=True)["changed"] for step in self.steps)

    # -- looking -----------------------------------------------------------------------------------------------------

    def _expect(self, where: str, right: bool, what: str) -> None:
        if not right:
            self.complain(where, what)

    def _difference(self) -> str:
        now = self.state()
        parts = [name for name, digest in now["parts"].items() if digest != self.before["parts"][name]]
        services = {
            name: (state, now["services"][name])
            for name, state in self.before["services"].items()
            if state != now["services"][name]
        }
        files = [
            name
            for name in {*now["files"], *self.before["files"]}
            if now["files"].get(name) != self.before["files"].get(name)
        ]
        return f"{parts} {services} {files}"


def try_out(number: int, folder: str) -> Tally:
    """Everything with one remedy, on a lab of its own; in a process of its own, since Python uses one core."""
    remedy = REMEDIES[number]
    work = Path(folder)
    sleep: Callable[[Deadline, float], None] = Deadline.sleep
    # Waits are as long as they are for a reason that no crash has.
    Deadline.sleep = lambda self, seconds: sleep(self, min(seconds, 0.05))  # type: ignore[method-assign]
    try:
        scenarios = write_scenarios(work / "scenarios", [{**remedy.host, "hostname": "CRASH"}])
        with running(scenarios, work, f"127.47.{number}.0") as fleet, watched():
            bench = Bench(fleet, "CRASH", remedy)
            bench.every_kill()
            if remedy.cut:
                bench.every_cut()
            return bench.tally
    finally:
        Deadline.sleep = sleep  # type: ignore[method-assign, assignment]
