# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A report, and its parts, before anything is known."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import (
    SCHEMA_VERSION,
    X224,
    Credssp,
    Report,
    Standard,
    Tcp,
    Tls,
)


def tcp() -> Tcp:
    return {"result": "not_tried", "address": None, "addresses": [], "tried": [], "own_address": False}


def x224() -> X224:
    return {
        "result": "not_tried",
        "requested": [],
        "selected": None,
        "flags": [],
        "failure_code": None,
        "failure": None,
        "protocols": {},
        "security_layer": None,
        "nla": None,
    }


def tls() -> Tls:
    return {
        "result": "not_tried",
        "offer": None,
        "version": None,
        "group": None,
        "cipher": None,
        "alert": None,
        "detail": "",
        "key_proved": False,
        "certificate": None,
        "chain": [],
        "name_match": None,
        "versions": {},
    }


def credssp() -> Credssp:
    return {
        "result": "not_tried",
        "version": None,
        "error_code": None,
        "netbios_computer": None,
        "netbios_domain": None,
        "dns_computer": None,
        "dns_domain": None,
        "dns_forest": None,
        "os_version": None,
        "server_time": None,
        "clock_skew": None,
        "detail": "",
    }


def standard() -> Standard:
    return {"result": "not_tried", "method": None, "level": None, "methods": [], "key_bits": None, "detail": ""}


def report(host: str, port: int, depth: str) -> Report:
    return {
        "schema": SCHEMA_VERSION,
        "host": host,
        "port": port,
        "depth": depth,
        "stage": "dns",
        "ready": False,
        "reason": "",
        "client_errors": [],
        "tcp": tcp(),
        "x224": x224(),
        "tls": tls(),
        "credssp": credssp(),
        "standard": standard(),
        "attempts": [],
        "pattern": None,
        "suspects": [],
        "timings": dict.fromkeys(
            ("dns", "tcp", "x224", "tls", "credssp", "standard", "pauses", "total"),
            0.0,
        ),
        "connections": 0,
        "complete": True,
        "warnings": [],
    }
