# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FreeRDP, a client of its own making: a display for it, and what it says of a connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

PASSWORD = "secret"
LOGGED_ON = "CONNECTION_STATE_NLA --> CONNECTION_STATE_MCS_CONNECT"
CONNECTED = "CONNECTION_STATE_MCS_CONNECT --> CONNECTION_STATE_MCS_ATTACH_USER"
"""Its own words for a Connect Response that it takes; what it asks for next is not answered."""

LIMIT = 25.0
"""Seconds; FreeRDP 2 gives a connection 15."""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display for xfreerdp, which opens one even to authenticate only."""
    if shutil.which("xfreerdp") is None:
        pytest.skip("xfreerdp is not installed (Debian: freerdp2-x11)")
    if os.environ.get("DISPLAY"):
        yield os.environ["DISPLAY"]
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("neither DISPLAY nor Xvfb (Debian: xvfb) is there for xfreerdp")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        server.terminate()
        server.wait(LIMIT)


def freerdp(
    display: str, address: str, *options: str, user: str = "user", password: str = PASSWORD
) -> tuple[str, float]:
    """What xfreerdp says, and the seconds that it took; it must not take longer than the limit."""
    started = time.monotonic()
    done = subprocess.run(
        [
            "xfreerdp",
            f"/v:{address}",
            f"/u:{user}",
            f"/p:{password}",
            "/cert:ignore",
            "+auth-only",
            "/log-level:DEBUG",
            *options,
        ],
        env={**os.environ, "DISPLAY": display, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode != 0
    return done.stdout + done.stderr, time.monotonic() - started
