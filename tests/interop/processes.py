# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of others as they are started, awaited and always stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

READY_SECONDS = 15.0
_STOP_SECONDS = 5.0


def need(program: str, package: str) -> str:
    """The path of a program; the test is skipped where it is not installed."""
    # Debian has xrdp in a folder that is not on everybody's PATH.
    path = shutil.which(program, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed (scripts/peers.sh installs {package} on Debian)")
    return path


def free_port() -> int:
    """A TCP port that nobody on 127.0.0.1 listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], log: Path, *, variables: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """The program with its output in ``log``, in a process group of its own that is ended with the block.

    ``variables`` are added to the environment. Its standard input stays open and silent: s_server ends with it.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(variables or {})},
            pass_fds=pass_fds,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


@contextmanager
def listening(
    command: Sequence[str], port: int, log: Path, *, variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """The program once it listens on ``port`` of 127.0.0.1."""
    with running(command, log, variables=variables) as process:
        ends = time.monotonic() + READY_SECONDS
        while True:
            with socket.socket() as test:
                if test.connect_ex(("127.0.0.1", port)) == 0:
                    break
            ended = process.poll() is not None
            if ended or time.monotonic() > ends:
                what = "ended" if ended else f"does not listen on port {port}"
                pytest.fail(f"{command[0]} {what}: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.02)
        yield


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the whole group: xrdp has a child for each connection."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=_STOP_SECONDS)
    if process.stdin is not None:
        process.stdin.close()
