# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test what depends on private names of Ansible's connection plugins with each ansible-core that is supported.

Every row of the table has a virtual environment of its own in ``.cache/matrix``, made when first needed. A row whose
Python is not on this machine is told and counted as not run. JUnit results go to ``.cache/junit/matrix`` for
``scripts.gates`` to count.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.sax.saxutils import quoteattr

from scripts.gates import Counts, count

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache/matrix"
RESULTS = ROOT / ".cache/junit/matrix"
# A repair takes long and tells nothing of a version that the rest does not.
CONNECTIONS = ("tests/integration/test_connections.py", "-k", "not test_a_broken_host_is_fixed")
TESTS = ("tests/unit/wsman", *CONNECTIONS)
SHORT_TESTS = ("tests/unit/wsman/test_wsman_private_names.py", "tests/unit/wsman/test_wsman_connect.py", *CONNECTIONS)
# What the tests and the lab need; Kerberos needs a compiler as well, so its tests skip here and say so.
HARNESS = ("aiohttp", "cryptography", "hypothesis", "pyspnego", "pytest", "PyYAML", "requests-credssp", "tlslite-ng")
CLIENTS = ("pywinrm>=0.5.0", "pypsrp>=0.9.1")
# The oldest that requirements.txt allows. pywinrm 0.4.3 loses the fault in an encrypted HTTP error.
OLDEST_CLIENTS = ("pywinrm==0.5.0", "pypsrp==0.8.1")
SECONDS = 900


@dataclass(frozen=True)
class Row:
    """One combination. ``core`` and ``python`` are major.minor."""

    core: str
    python: str
    clients: tuple[str, ...] = CLIENTS

    @property
    def name(self) -> str:
        return f"core-{self.core}-python-{self.python}" + ("-oldest" if self.clients is OLDEST_CLIENTS else "")

    @property
    def folder(self) -> Path:
        return WORK / self.name

    @property
    def requirements(self) -> list[str]:
        return [f"ansible-core=={self.core}.*", "defusedxml", *self.clients, *HARNESS]


# The oldest and the newest Python of each ansible-core.
ROWS = (
    Row("2.16", "3.10"),
    Row("2.16", "3.12", OLDEST_CLIENTS),
    Row("2.18", "3.11"),
    Row("2.18", "3.13"),
    Row("2.19", "3.11"),
    Row("2.19", "3.13"),
    Row("2.20", "3.12"),
    Row("2.20", "3.14"),
    Row("2.21", "3.12", OLDEST_CLIENTS),
    Row("2.21", "3.13"),
    Row("2.21", "3.14"),
)


@dataclass
class Outcome:
    """What came of a row: counts, or why it was not run."""

    row: Row
    counts: Counts | None = None
    problem: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return bool(self.counts and self.counts.failed) or (self.counts is not None and bool(self.problem))


def find_python(wanted: str) -> str | None:
    """An interpreter of that version that can make virtual environments: on PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python{wanted}", "python3", *sorted(map(str, pyenv.glob(f"{wanted}.*/bin/python")), reverse=True)]
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for name in names:
        try:
            # A name on PATH may be a shim of a version manager that answers with an error: ask each one.
            told = subprocess.run([name, "-c", code], capture_output=True, text=True, check=False, timeout=30)
        except OSError:
            continue
        if told.stdout.strip() == wanted:
            return name
    return None


def install(row: Row, python: str) -> str:
    """Make the row's environment unless it is there; what went wrong, or nothing."""
    stamp = row.folder / ".installed"
    wanted = "\n".join(row.requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return ""
    print(f"matrix: installing {row.name}", flush=True)
    pip = [str(row.folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([python, "-m", "venv", "--clear", str(row.folder)], [*pip, *row.requirements]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return f"it could not be installed: {lines[-1] if lines else 'no reason given'}"
    stamp.write_text(wanted, encoding="utf-8")
    return ""


def run(row: Row, tests: Sequence[str]) -> Outcome:
    """Install and test one row."""
    python = find_python(row.python)
    if python is None:
        return Outcome(row, problem=f"there is no Python {row.python} here")
    problem = install(row, python)
    if problem:
        return Outcome(row, Counts(), problem)
    print(f"matrix: testing {row.name}", flush=True)
    results = RESULTS / row.name
    command = [str(row.folder / "bin/python"), "-m", "pytest", "-q", "--tb=short", f"--junit-xml={results}/pytest.xml"]
    command += [f"--junit-prefix={row.name}", "-o", f"cache_dir={row.folder}/pytest", *tests]
    start = time.monotonic()
    shutil.rmtree(results, ignore_errors=True)
    try:
        # The log is long and of interest when something fails.
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Outcome(row, count(results), f"not done after {SECONDS} s")
    outcome = Outcome(row, count(results), seconds=time.monotonic() - start)
    if done.returncode:
        print(done.stdout)
        outcome.problem = "see above"
    return outcome


def tell_not_run(outcome: Outcome) -> None:
    """Leave a skipped test for what was not run, so that whoever counts the results counts it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    name, why = quoteattr(outcome.row.name), quoteattr(outcome.problem)
    case = f'<testcase classname="scripts.matrix" name={name}><skipped message={why}/></testcase>'
    path = RESULTS / f"{outcome.row.name}.xml"
    path.write_text(f'<testsuites><testsuite name="matrix">{case}</testsuite></testsuites>', encoding="utf-8")


def table(outcomes: list[Outcome]) -> list[str]:
    """Lines to print."""
    lines = [f"{'core':6}{'python':8}{'clients':34}{'passed':>7}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for each in outcomes:
        row = each.row
        start = f"{row.core:6}{row.python:8}{', '.join(row.clients):34}"
        if each.counts is None:
            lines.append(f"{start} not run: {each.problem}")
            continue
        counts = each.counts
        numbers = f"{counts.passed:7}{counts.failed:8}{len(counts.skipped):9}{each.seconds:9.1f}"
        lines.append(f"{start}{numbers}{'  ' + each.problem if each.problem else ''}")
    missing = sum(each.counts is None for each in outcomes)
    failed = sum(each.failed for each in outcomes)
    return [*lines, f"{len(outcomes) - missing - failed} rows passed, {failed} failed, {missing} not run"]


def row_of(core: str) -> Row:
    """The first row of an ansible-core whose Python is here, or else the first."""
    rows = [row for row in ROWS if row.core == core]
    return next((row for row in rows if find_python(row.python)), rows[0])


def main() -> int:
    """Without arguments every row; 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "cores", nargs="*", help="a short run of one row of each, but for the ansible-core that runs this"
    )
    wanted = parser.parse_args().cores
    rows = list(ROWS)
    unknown = set(wanted) - {row.core for row in ROWS}
    if unknown:
        parser.error(f"no row has ansible-core {', '.join(sorted(unknown))}")
    if wanted:
        own = ".".join(version("ansible-core").split(".")[:2])
        rows = [row_of(core) for core in wanted if core != own]
    outcomes = [run(row, SHORT_TESTS if wanted else TESTS) for row in rows]
    for each in outcomes:
        if each.counts is None:
            tell_not_run(each)
    print("\n".join(table(outcomes)))
    return 1 if any(each.failed for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
