# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: break a fleet of simulated Windows hosts, diagnose it, fix it, fix it again, and judge the outcome.

Ends with 0 only if every host ends as its scenario expects and the second run of the fix changed nothing, by Ansible's
own count and by the lab's log of writes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache" / "demo"
INVENTORY = WORK / "inventory.yml"
SCENARIOS = Path("tests/lab/scenarios/demo")
CONTROL = "127.0.0.1:15985"
BIN = Path(sys.executable).parent
READY = "lab: ready"


@contextmanager
def lab() -> Iterator[None]:
    """The lab with the demo fleet, for as long as the block runs."""
    command = [sys.executable, "-m", "tests.lab", "--scenarios", str(SCENARIOS), "--inventory", str(INVENTORY)]
    process = subprocess.Popen([*command, "--control", CONTROL], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if line.startswith(READY):
                break
        else:
            raise SystemExit("demo: the lab did not start, see its message above")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def play(playbook: str, report: str, **variables: Any) -> tuple[dict[str, Any], str]:
    """Runs a playbook with its output on the screen; the report that it wrote, and the output."""
    path = WORK / report
    path.unlink(missing_ok=True)
    extra = json.dumps({"rdp_report_path": str(path), **variables})
    command = [str(BIN / "ansible-playbook"), "-i", str(INVENTORY), f"playbooks/{playbook}", "-f", "8", "-e", extra]
    print(f"\n$ ansible-playbook -i {INVENTORY.relative_to(ROOT)} playbooks/{playbook}", flush=True)
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "0"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = ""
    for line in process.stdout or ():
        print(line, end="", flush=True)
        output += line
    if process.wait() != 0 or not path.exists():
        raise SystemExit(f"demo: {playbook} ended with exit code {process.returncode}")
    hosts = {row["host"]: row for row in json.loads(path.read_text(encoding="utf-8"))["hosts"]}
    return hosts, output


def changed(output: str) -> int:
    """The sum of changed= over the play recap."""
    return sum(int(number) for number in re.findall(r"^\S+\s+: ok=\d+\s+changed=(\d+)", output, re.MULTILINE))


def ask_lab(path: str) -> Any:
    with urllib.request.urlopen(f"http://{CONTROL}{path}", timeout=10) as answer:
        return json.load(answer)


def writes(hosts: dict[str, Any]) -> int:
    return sum(len(host["writes"]) for host in hosts.values())


def disagreements(expected: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What did not end as the scenarios say."""
    for host, expect in sorted(expected.items()):
        if host not in before or host not in after:
            yield f"{host}: is missing in a report"
            continue
        state = before[host]["verdict"]
        if state != expect["before"]["state"]:
            yield f"{host}: was {state}, its scenario says {expect['before']['state']}"
        for cause in expect["before"]["causes"]:
            if cause not in before[host]["causes"]:
                yield f"{host}: {cause} was not found, only {before[host]['causes']}"
        wanted = "blocked" if expect["after"].get("blocked") else expect["after"]["state"]
        if after[host]["state"] != wanted:
            yield f"{host}: ended {after[host]['state']}, its scenario says {wanted}"


def main() -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    with lab():
        expected = {name: host["expect"] for name, host in ask_lab("/hosts").items()}
        before, _output = play("diagnose_rdp.yml", "before.json")
        looked_at = ask_lab("/hosts")
        untouched = writes(looked_at)
        after, _output = play("fix_rdp.yml", "after.json", rdp_fail_on=["broken"])
        written = writes(ask_lab("/hosts"))
        second, output = play("fix_rdp.yml", "second.json", rdp_fail_on=["broken"])
        written_again = writes(ask_lab("/hosts")) - written
    problems = list(disagreements(expected, before, after))
    if untouched:
        problems.append(f"the diagnosis wrote {untouched} time(s) to the hosts")
    if written_again:
        problems.append(f"the second run wrote {written_again} time(s) to the hosts")
    if {host: row["state"] for host, row in second.items()} != {host: row["state"] for host, row in after.items()}:
        problems.append("the second run ended in other states than the first")
    print("\nThe lab's count for the diagnosis of each host, log-on included:")
    for name, host in looked_at.items():
        print(f"  {name:<15} {host['requests']:>3} WS-Man requests, {host['shells_opened']} shells opened")
    for problem in problems:
        print(f"demo: {problem}")
    again = changed(output)
    states = [row["state"] for row in after.values()]
    broken_before = sum(row["verdict"] in ("broken", "unreachable") for row in before.values())
    print(
        f"demo: {len(expected)} hosts, {broken_before} broken -> {states.count('broken')} broken, "
        f"{states.count('blocked')} blocked, second run changed={again}"
    )
    return 1 if problems or again else 0


if __name__ == "__main__":
    sys.exit(main())
