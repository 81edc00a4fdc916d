# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the quality gates in lanes side by side: the static ones first, and the tests only where those pass.

A gate's output shows when it is done; one that fails ends its lane. At the end stand each skipped test with its reason
and the counts of the tests of pytest, of the matrix and of ansible-test, from the JUnit files that they write to
``.cache/junit``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from defusedxml import ElementTree

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
RESULTS = ROOT / ".cache/junit"

PYTEST = ("python", "-m", "pytest")
LINT: tuple[dict[str, list[str]], ...] = (
    {
        "ruff": ["ruff", "check", "--quiet", "."],
        "form": ["ruff", "format", "--quiet", "--check", "."],
        "licences": ["reuse", "lint", "--lines"],
        "yaml": ["yamllint", "--strict", "."],
        "shell": ["shellcheck", ".ci/run", "scripts/setup.sh", "scripts/peers.sh"],
        "types": ["mypy", "--no-error-summary"],
        "changelog": ["antsibull-changelog", "lint"],
    },
    {
        "ansible-lint": ["ansible-lint", "-q", "--nocolor"],
    },
)
# Tests that are generated from tables: few, each with many hosts.
TABLES = tuple(f"tests/integration/test_{name}.py" for name in ("causes", "round_trip", "crash", "fault_matrix"))


def pytest(name: str, *options: str) -> list[str]:
    return [*PYTEST, f"--junit-xml={RESULTS / name}.xml", *options]


def without(*paths: str) -> list[str]:
    return [f"--ignore={path}" for path in paths]


# What uses the same loopback addresses stands in the same lane. There are more lanes than cores, because tests mostly
# wait, for servers and for deadlines.
TESTS: tuple[dict[str, list[str]], ...] = (
    {
        "tables": pytest("tables", *TABLES),
        "molecule": pytest("molecule", "tests/molecule"),
    },
    {
        "integration": pytest("integration", "tests/integration", *without(*TABLES)),
        "matrix": ["python", "-m", "scripts.matrix", "2.16", "2.19"],
    },
    {
        "tests": pytest("pytest", *without("tests/integration", "tests/molecule")),
        "sanity": ["python", "scripts/sanity.py"],
    },
)


@dataclass
class Counts:
    """The tests of all JUnit files together; ``skipped`` has one ``test: reason`` each."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)


def count(folder: Path) -> Counts:
    """Read every JUnit file under ``folder``."""
    counts = Counts()
    for path in sorted(folder.rglob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            skipped = case.find("skipped")
            if skipped is not None:
                reason = skipped.get("message") or skipped.text
                counts.skipped.append(f"{case.get('classname')} {case.get('name')}: {reason}")
            elif case.find("failure") is not None or case.find("error") is not None:
                counts.failed += 1
            else:
                counts.passed += 1
    return counts


def run(gates: dict[str, list[str]]) -> str | None:
    """Run the gates in order and return the name of the one that failed."""
    environment = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    for name, command in gates.items():
        start = time.monotonic()
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        outcome = "passed" if done.returncode == 0 else "failed"
        said = f"== {name}: {' '.join(command)}\n{done.stdout.decode(errors='replace')}"
        print(f"{said}   {name} {outcome} in {time.monotonic() - start:.1f} s", flush=True)
        if done.returncode != 0:
            return name
    return None


def side_by_side(lanes: tuple[dict[str, list[str]], ...]) -> list[str]:
    """The names of the gates that failed."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        return [name for name in pool.map(run, lanes) if name is not None]


def main(arguments: list[str]) -> int:
    """``lint`` runs the static gates, ``all`` the tests too."""
    if arguments not in (["lint"], ["all"]):
        print("usage: gates.py lint|all", file=sys.stderr)
        return 2
    shutil.rmtree(RESULTS, ignore_errors=True)
    failed = side_by_side(LINT)
    if not failed and arguments == ["all"]:
        failed = side_by_side(TESTS)
    counts = count(RESULTS)
    for line in counts.skipped:
        print(f"skipped: {line}")
    for name in failed:
        print(f"failed: {name}")
    if arguments == ["all"]:
        print(f"{counts.passed} passed, {counts.failed} failed, {len(counts.skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
