# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible as a user does, in a process of its own, and gives its results back as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SECONDS = 240
CAPTURES = Path()  # set by conftest


@dataclass(frozen=True)
class Run:
    """The outcome of one process. ``results``: one dictionary a task and host, as the capture callback writes it."""

    code: int
    output: str
    results: list[dict[str, Any]]

    def of(self, host: str, action: str = "") -> dict[str, Any]:
        """The last result of a host, of an action if one is named."""
        found = [each for each in self.results if each["host"] == host and action in each["action"]]
        assert found, f"no result of {action or 'any action'} on {host} in:\n{self.output}"
        return found[-1]


def ansible(inventory: Path, host: str, module: str, arguments: dict[str, Any], *options: str) -> Run:
    """One ad-hoc task."""
    given = ["-a", json.dumps(arguments)] if arguments else []
    return _run(["ansible", host, "-i", str(inventory), "-m", module, *given, *options])


def playbook(
    inventory: Path, name: str, *options: str, cwd: Path = ROOT, seconds: float = SECONDS, **variables: Any
) -> Run:
    """One playbook: a file of the checkout, or a name of an installed collection."""
    command = ["ansible-playbook", "-i", str(inventory), name, "-e", json.dumps(variables), *options]
    return _run(command, cwd, seconds)


def _run(command: list[str], cwd: Path = ROOT, seconds: float = SECONDS) -> Run:
    capture = CAPTURES / f"{os.urandom(6).hex()}.jsonl"
    environment = {
        **os.environ,
        "CAPTURE_FILE": str(capture),
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "capture",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    lines = capture.read_text(encoding="utf-8").splitlines() if capture.exists() else []
    output = done.stdout + done.stderr
    return Run(done.returncode, output, [json.loads(line) for line in lines])
