# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of a host on which a remedy was interrupted, and what a rollback or a second run makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration import rules
from tests.integration.acting import Run
from tests.integration.fleet import WINSTATIONS, own_keys
from tests.integration.inside import Inside, always_whole
from tests.integration.picture import LISTENER, OWN, Differences, Picture, apart_from_ours, without_times
from tests.integration.remedies import Remedy, Step

# What Windows makes anew, key included, can not be taken back.
RENEWED = "Windows has made the certificate"
ROLLBACK = "rollback"
# Nobody looks after a dead run at once: what the host has begun comes to its end.
LATER = 5.0
MARKS = rf"{OWN}\RestartPending"
TERM_SERVICE = "TermService"
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
        started = started or (arguments.get("name") == TERM_SERVICE and result["changed"])
    if restart and not started:
        result = run.task("rdp_service", {"name": TERM_SERVICE, "state": "restarted"})
        if result.get("failed") or result.get("unreachable"):
            raise Failed(result["msg"])


def in_order(plan: list[dict[str, Any]]) -> list[Step]:
    """The steps of a plan, in the order of the role remediate."""
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

    name: str
    kills: int = 0
    rollback_kills: int = 0
    restored: int = 0
    kept: int = 0
    mended: int = 0
    cuts: int = 0
    told: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if name != "name":
                setattr(self, name, getattr(self, name) + value)


class Aftermath:
    """One host, the remedy that it needs, and the tally of what was tried."""

    def __init__(self, inside: Inside, remedy: Remedy) -> None:
        self.inside = inside
        self.remedy = remedy
        self.steps = list(remedy.steps)
        self.tally = Tally(remedy.name)
        self.before = Picture(inside.model)
        self.own_certificate = self.certificate()
        self.keys = own_keys(inside.model)
        # What an undisturbed run ends with; None where two of them end with different things.
        self.end: Differences | None = None

    def after_death(self, look: Callable[[], None]) -> Tally:
        self.tally = Tally(self.remedy.name)
        self.inside.gate = always_whole
        self.inside.sleep(LATER)
        look()
        self.check_rules()
        return self.tally

    def after_cut(self, where: str, failure: str) -> Tally:
        self.tally = Tally(self.remedy.name, cuts=1)
        self.judge_end(where, failure)
        return self.tally

    def judge_end(self, where: str, failure: str) -> None:
        """A remedy whose connection was cut: it is done as if nothing had been, or says why not and can be restored."""
        self.inside.gate = always_whole
        if failure:
            self.tally.told += 1
            self.expect(where, "\n" not in failure, f"no sentence: {failure}")
            self.restore(f"{where}, which failed")
        else:
            now = without_times(self.before.differences(self.inside.model))
            self.expect(where, self.is_done(now), f"not as undisturbed: {self.compared(now)}")
        self.check_rules()

    def restore(self, where: str) -> None:
        back = self.run().task("rdp_restore", {"run": "all", "break_lock": True})
        if back.get("failed") or back.get("unreachable"):
            self.complain(where, f"the restore failed: {back['msg']}")
            return
        reasons = (RENEWED, self.remedy.lost) if self.remedy.lost else (RENEWED,)
        strange = [each for each in back["kept"] if not each["reason"].startswith(reasons)]
        self.expect(where, not strange, f"kept {strange}")
        marked = self.take_marks()
        different = self.before.differences(self.inside.model)
        if marked:
            different.pop(LISTENER, None)
        if self.certificate() != self.own_certificate:
            self.tally.kept += 1
            whole = self.run().task(
                "rdp_certificate", {"self_signed_valid": True, "machine_keys_acl": True}, check=True
            )
            self.expect(where, not whole["changed"], "the new certificate is not in order")
            self.expect(where, different == apart_from_ours(different), f"left behind: {sorted(different)}")
        elif not different:
            self.tally.restored += 1
        else:
            self.tally.kept += 1
            astray = [path for path in different if not path.startswith(self.remedy.stays or ("none",))]
            self.expect(where, not astray, f"not restored: {astray}")
            # A rollback that died has told it already, and forgotten it.
            self.expect(where, bool(back["kept"]) or where.startswith(ROLLBACK), f"lost without a word: {different}")

    def take_marks(self) -> bool:
        """Takes away the note that a restart is due; whether there was one."""
        registry = self.inside.model.registry
        if registry.find(MARKS) is None:
            return False
        registry.delete_tree(MARKS)
        if not registry.key(OWN).subkeys:
            registry.delete_tree(OWN)
        return True

    def again(self, where: str) -> None:
        """A second run, with the lock of the dead one broken, comes to a good end, and all of it can be restored."""
        steps = self.steps if self.remedy.steps else in_order(self.diagnosis()["plan"])
        try:
            run = self.run()
            mend(run, [(module, {**arguments, "break_lock": True}) for module, arguments in steps])
            if self.remedy.steps:
                mend(run, self.due())
        except Failed as error:
            self.complain(where, f"the second run failed: {error}")
            return
        if self.remedy.steps:
            now = self.before.differences(self.inside.model)
            self.expect(where, self.works(now), f"after a second run: {self.compared(now)}")
        else:
            verdict = self.diagnosis()
            expected = self.inside.host.scenario.expect["after"]["state"]
            self.expect(where, verdict["state"] == expected, f"{verdict['state']}: {verdict['summary']}")
        self.tally.mended += 1
        self.restore(f"{where}, mended by a second run")

    def due(self) -> list[Step]:
        """What the diagnosis of a second run adds to its remedies: service.restart_pending and service.stopped."""
        arguments = {"name": TERM_SERVICE, "break_lock": True}
        if self.inside.model.registry.find(MARKS) is not None:
            return [("rdp_service", {**arguments, "state": "restarted"})]
        return (
            []
            if self.inside.model.services.running(TERM_SERVICE)
            else [("rdp_service", {**arguments, "state": "started"})]
        )

    def is_done(self, now: Differences) -> bool:
        """Whether the host is as after an undisturbed run; where that ends in different ways, whether nothing is left
        to do."""
        return self.nothing_left() if self.end is None else now == self.end

    def works(self, now: Differences) -> bool:
        """Whether nothing is left to do, and what runs is what an undisturbed run leaves running. A second run leaves
        alone what does no harm, such as the owner of a file that lets in everybody it has to."""
        return self.nothing_left() and (self.end is None or self.running(now) == self.running(self.end))

    def nothing_left(self) -> bool:
        return self.remedy.always or not any(self.run().task(*step, check=True)["changed"] for step in self.steps)

    def running(self, different: Differences) -> Differences:
        """The listener and the services that differ, but for those that Windows starts when they are needed."""
        services = self.inside.model.services
        return {
            name: state
            for name, state in different.items()
            if name == LISTENER
            or (services.find(name) and (name == TERM_SERVICE or services.start_mode(name) != "Manual"))
        }

    def compared(self, now: Differences) -> str:
        """What is another than after an undisturbed run."""
        other = {} if self.end is None else self.end
        return "; ".join(
            f"{path}: {now.get(path)}, not {other.get(path)}"
            for path in sorted({*now, *other})
            if now.get(path) != other.get(path)
        )

    # -- looking -----------------------------------------------------------------------------------------------------

    def run(self) -> Run:
        return Run(self.inside.host)

    @property
    def written(self) -> int:
        return len(self.inside.model.audit.writes)

    def diagnosis(self) -> dict[str, Any]:
        with self.inside.shown():
            verdict: dict[str, Any] = self.run().task("rdp_diagnose", {})["verdict"]
        return verdict

    def certificate(self) -> Any:
        """Which self-signed certificate Windows has in use. It may make a new one whenever SessionEnv starts."""
        return self.inside.model.registry.binary(WINSTATIONS, "SelfSignedCertificate")

    def check_rules(self) -> None:
        for told in rules.broken(self.inside.model.audit.writes, self.keys):
            self.complain("rule", told)

    def expect(self, where: str, right: bool, what: str) -> None:
        if not right:
            self.complain(where, what)

    def complain(self, where: str, what: str) -> None:
        self.tally.wrong.append(f"{where}: {what}")
