# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FreeRDP, a client of its own making, against the listener."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.rdp.tests.client import Lab, listener_state
from tests.lab.rdp.tests.freerdp import CONNECTED, LOGGED_ON, display, freerdp

__all__ = ["display"]


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        ({}, ["/sec:tls"], ["selected_protocol: 1", "nego_security_connect with PROTOCOL_SSL", CONNECTED]),
        ({"user_authentication": 1}, ["/sec:nla"], ["selected_protocol: 2", LOGGED_ON, CONNECTED]),
        ({"user_authentication": 1, "credssp_version": 2}, ["/sec:nla"], ["peer supports 2", LOGGED_ON, CONNECTED]),
        ({"user_authentication": 1, "accounts": ()}, ["/sec:nla"], ["ERRCONNECT_LOGON_FAILURE"]),
        (
            {"user_authentication": 1, "accounts": (), "credssp_version": 2},
            ["/sec:nla"],
            ["ERRCONNECT_CONNECT_TRANSPORT_FAILED"],
        ),
        (
            {"user_authentication": 1, "tls_versions": ("TLS 1.0",), "os_version": (6, 1, 7601)},
            ["/sec:nla", "/tls-seclevel:0"],
            [LOGGED_ON, CONNECTED],
        ),
        ({"user_authentication": 1}, ["/sec:tls"], ["HYBRID_REQUIRED_BY_SERVER"]),
        ({"key_pem": None}, ["/sec:tls"], ["selected_protocol: 1", "ERRCONNECT_TLS_CONNECT_FAILED"]),
        ({"certificate_pem": None, "key_pem": None}, ["/sec:tls"], ["SSL_CERT_NOT_ON_SERVER"]),
        ({"security_layer": 0}, ["/sec:tls"], ["SSL_NOT_ALLOWED_BY_SERVER"]),
        (
            {"security_layer": 0},
            ["/sec:rdp"],
            ["no rdpNegData", "CONNECTION_STATE_NEGO --> CONNECTION_STATE_MCS_CONNECT", CONNECTED],
        ),
        ({"security_layer": 0, "min_encryption_level": 4}, ["/sec:rdp"], [CONNECTED]),
    ],
    ids=[
        "tls",
        "nla",
        "nla-version-2",
        "unknown-user",
        "unknown-user-version-2",
        "nla-tls-1.0",
        "nla-required",
        "no-key",
        "no-certificate",
        "layer-0",
        "rdp",
        "rdp-fips",
    ],
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
