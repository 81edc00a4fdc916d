# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios in ``extensions/molecule``, all in one run of Molecule, and a test for each role.

pytest-ansible's fixture for scenarios is deprecated in favour of ``molecule test --all``, and would start the lab anew
for each.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
STEPS = {"check", "converge", "idempotence", "verify"}
# With workers Molecule goes on after a failure and shows the output of what failed only.
COMMAND = ("molecule", "test", "--all", "--workers", "2", "--continue-on-failure", "--report")
SECONDS = 1200


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What Molecule says, without colours."""
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path_factory.mktemp("molecule")),
    }
    done = subprocess.run(
        [tools / COMMAND[0], *COMMAND[1:]],
        cwd=ROOT,
        env=environment,
        timeout=SECONDS,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return re.sub(r"\x1b\[[\d;]*m", "", done.stdout.decode(errors="replace"))


@pytest.mark.parametrize("role", ROLES)
def test_the_scenario_of(role: str, told: str) -> None:
    steps = dict(re.findall(rf"^{role} ➜ (\w+): Executed: (\w+)", told, re.MULTILINE))
    failed = re.search(rf"┌─+ Failed: {role} > .*?└─", told, re.DOTALL)
    assert set(steps) >= STEPS and set(steps.values()) == {"Successful"}, failed.group() if failed else told
