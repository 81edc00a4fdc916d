# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FreeRDP, a client of its own making, against the listener."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.rdp.tests.client import Lab, listener_state

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


def freerdp(display: str, address: str, *options: str) -> tuple[str, float]:
    """What xfreerdp says, and the seconds that it took; it must not take longer than the limit."""
    started = time.monotonic()
    done = subprocess.run(
        [
            "xfreerdp",
            f"/v:{address}",
            "/u:user",
            "/p:secret",
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


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        ({}, ["/sec:tls"], ["selected_protocol: 1", "nego_security_connect with PROTOCOL_SSL"]),
        ({"user_authentication": 1}, ["/sec:nla"], ["selected_protocol: 2", "Sending Authentication Token"]),
        ({"user_authentication": 1}, ["/sec:tls"], ["HYBRID_REQUIRED_BY_SERVER"]),
        ({"key_pem": None}, ["/sec:tls"], ["selected_protocol: 1", "ERRCONNECT_TLS_CONNECT_FAILED"]),
        ({"certificate_pem": None, "key_pem": None}, ["/sec:tls"], ["SSL_CERT_NOT_ON_SERVER"]),
        ({"security_layer": 0}, ["/sec:tls"], ["SSL_NOT_ALLOWED_BY_SERVER"]),
        (
            {"security_layer": 0},
            ["/sec:rdp"],
            ["no rdpNegData", "CONNECTION_STATE_NEGO --> CONNECTION_STATE_MCS_CONNECT"],
        ),
    ],
    ids=["tls", "nla", "nla-required", "no-key", "no-certificate", "layer-0", "rdp"],
)
def test_freerdp(lab: Lab, display: str, changes: dict[str, Any], options: list[str], expected: list[str]) -> None:
    _listener, address = lab.start(listener_state(**changes))
    said, _seconds = freerdp(display, address, *options)
    for text in expected:
        assert text in said


def test_freerdp_filtered(lab: Lab, display: str) -> None:
    _listener, address = lab.start(listener_state(), filtered=True)
    said, seconds = freerdp(display, address)
    assert "ERRCONNECT_CONNECT_FAILED" in said
    assert "RequestedProtocols" not in said
    assert seconds > 1
