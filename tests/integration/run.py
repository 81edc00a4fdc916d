# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's programs, each in a process of its own, and gives their results back as data."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import socket
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
    command[0] = str(BIN / command[0])
    given = {**_environment(), "CAPTURE_FILE": str(capture)}
    # What is loaded already was loaded as this folder and these variables say.
    if cwd == ROOT and _when_loading(given) == _when_loading(_ENVIRONMENT):
        code, output = _warm().run(command, given, capture.with_suffix(""), seconds)
    else:
        done = subprocess.run(command, cwd=cwd, env=given, capture_output=True, text=True, timeout=seconds, check=False)
        code, output = done.returncode, done.stdout + done.stderr
    lines = capture.read_text(encoding="utf-8").splitlines() if capture.exists() else []
    return Run(code, output, [json.loads(line) for line in lines])


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/integration/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "capture",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }


def _when_loading(environment: dict[str, str]) -> dict[str, str]:
    """The variables that are read when Ansible is loaded."""
    return {name: value for name, value in environment.items() if re.match("ANSIBLE|PYTHON|HOME|TMP", name)}


_ENVIRONMENT = _environment()


class _Warm:
    """A process of ``tests.integration.warm``, which ends with this one."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        command = [sys.executable, "-m", "tests.integration.warm", self._path]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=_ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(self, command: list[str], environment: dict[str, str], base: Path, seconds: float) -> tuple[int, str]:
        """Exit code and output. Raises TimeoutExpired."""
        files = {name: str(base.with_suffix(f".{name}")) for name in ("stdout", "stderr")}
        wanted = {"command": command, "environment": environment, **files}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(self._path)
            connection.sendall(json.dumps(wanted).encode() + b"\n")
            with connection.makefile() as told:
                process = int(told.readline())
                try:
                    code = int(told.readline())
                except TimeoutError as error:
                    os.killpg(process, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(command, seconds) from error
        return code, "".join(Path(file).read_text(encoding="utf-8") for file in files.values())


@functools.cache
def _warm() -> _Warm:
    return _Warm(CAPTURES / "warm.sock")
