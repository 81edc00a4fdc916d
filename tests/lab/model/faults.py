# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that a host is told to show, so that a client's robustness can be tested."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

OPERATIONS = (
    "any", "authenticate", "identify", "enumerate", "pull", "release", "get", "put", "invoke",
    "create", "command", "receive", "send", "signal", "delete",
)  # fmt: skip
FAULTS = {
    "drop_unread": "the connection is reset, the operation is not done",
    "drop_done": "the operation is done, the connection is reset before the reply",
    "drop_half": "the operation is done, the connection is reset in the middle of the reply",
    "drop_idle": "the reply goes out, then the connection ends; the host's next request gets HTTP 400",
    "bad_request": "HTTP 400, the operation is not done",
    "unauthorized": "HTTP 401, the connection's authentication is lost, the operation is not done",
    "http_status": "the HTTP status `code` (500) without a body, the operation is not done",
    "soap_fault": "HTTP 500 with a SOAP fault of `code`, the operation is not done",
    "truncated": "half of the reply's XML",
    "length_short": "a Content-Length smaller than the reply, then the connection ends",
    "length_long": "a Content-Length larger than the reply, then the connection ends",
    "wrong_type": "the reply as text/html",
    "wrong_boundary": "another boundary in the Content-Type than in the body",
    "wrong_relates_to": "the reply to another message",
    "endless_pull": "enumerations of this host have no end any more",
    "huge": "a reply of `size_mb`, streamed",
    "xml_bomb": "a reply whose entities grow without end",
    "dtd": "a reply with a document type declaration and an external entity",
    "control_characters": "a reply with characters that XML 1.0 forbids",
    "slow": "the reply byte by byte, `seconds` apart",
    "reboot": "the reply goes out, then the host is away for `seconds`",
}


@dataclass(frozen=True)
class Injection:
    """One fault. It hits the `nth` request of the kind `at` after it was set, and `times` in all (0: every one on).
    `any` stands for every kind but the requests without a message that only authenticate."""

    fault: str
    at: str = "any"
    nth: int = 1
    times: int = 1
    code: int = 0
    seconds: float = 0.5
    size_mb: int = 1024


@dataclass(frozen=True)
class Faults:
    """Faults to inject; 0 means none. `latency_ms` delays every reply, the others count requests from 1; `inject` aims
    at operations."""

    latency_ms: int = 0
    drop_connection_every: int = 0
    http_500_every: int = 0
    die_after_writes: int = 0
    inject: tuple[Injection, ...] = ()


def injection(data: Any) -> Injection:
    """An injection from YAML or JSON; ValueError with a sentence's end when it is wrong."""
    known = {field.name: field.type for field in fields(Injection)}
    if not isinstance(data, dict) or "fault" not in data:
        raise ValueError("a fault to inject must be a mapping with the key 'fault'")
    for key, value in data.items():
        if key not in known:
            raise ValueError(f"a fault to inject has an unknown key {key!r}; known are {', '.join(known)}")
        if key not in ("fault", "at") and (not isinstance(value, (int, float)) or value < 0):
            raise ValueError(f"{key} of a fault to inject must be a number that is not negative")
    if data["fault"] not in FAULTS:
        raise ValueError(f"there is no fault {data['fault']!r}; known are {', '.join(FAULTS)}")
    if data.get("at", "any") not in OPERATIONS:
        raise ValueError(f"there is no operation {data['at']!r}; known are {', '.join(OPERATIONS)}")
    if data.get("nth", 1) < 1:
        raise ValueError("nth of a fault to inject counts from 1")
    return Injection(**data)
