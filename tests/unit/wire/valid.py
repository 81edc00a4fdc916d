# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a report of the probe valid: the shape, the words and the promises of ``_wire/report.py``.

The shape is read from the TypedDicts there; the words are copied from their comments, so that a new one is noticed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from ansible_collections.winops.rdp.plugins.module_utils._wire import report

QUICK_CONNECTIONS = 3

STAGES = {"dns", "tcp", "x224", "tls", "credssp", "ready"}
TIMINGS = {"dns", "tcp", "x224", "tls", "credssp", "standard", "pauses", "total"}
SECURITY_PROTOCOLS = {"rdp", "tls", "credssp", "credssp_early_auth", "rdstls", "entra"}
TLS_VERSIONS = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"}

_ENDS = {"closed", "reset", "timeout"}
_CONNECT = {"open", "refused", "filtered", "unreachable"}
_TLS = _ENDS | {"alert", "error"}
RESULTS = {
    "tried": _CONNECT,
    "tcp": _CONNECT | {"not_tried"},
    "offer": _ENDS | {"accepted", "failure", "no_negotiation", "other", "garbage"},
    "x224": _ENDS | {"response", "failure", "no_negotiation", "garbage", "not_tried"},
    "tls": _TLS | {"completed", "not_tried"},
    "version": _TLS | {"accepted", "other"},
    "credssp": _TLS | {"challenge", "refused", "not_tried"},
    "standard": _ENDS | {"response", "error", "not_tried"},
}


def faults(found: Any) -> list[str]:
    """What is wrong with ``found`` as a report, one sentence each; empty when it is valid."""
    shape = list(_shape(found, report.Report, "report"))
    return shape or [*_words(found), *_promises(found)]


def _shape(value: Any, wanted: Any, at: str) -> Iterator[str]:
    if is_typeddict(wanted):
        yield from _keys(value, get_type_hints(wanted), at)
    elif get_origin(wanted) is list:
        if not isinstance(value, list):
            yield f"{at} is no list: {value!r}"
        else:
            for number, item in enumerate(value):
                yield from _shape(item, get_args(wanted)[0], f"{at}[{number}]")
    elif get_origin(wanted) is dict:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            yield f"{at} is no mapping of words: {value!r}"
        else:
            for key, item in value.items():
                yield from _shape(item, get_args(wanted)[1], f"{at}.{key}")
    elif get_origin(wanted) is Union:
        if value is not None:
            yield from _shape(value, get_args(wanted)[0], at)
    elif not _is_plain(value, wanted):
        yield f"{at} is no {wanted.__name__}: {value!r}"


def _keys(value: Any, hints: dict[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at} is no mapping: {value!r}"
        return
    if set(value) != set(hints):
        yield f"{at} has other keys than documented: {sorted(set(value) ^ set(hints))}"
    for key in hints.keys() & value.keys():
        yield from _shape(value[key], hints[key], f"{at}.{key}")


def _is_plain(value: Any, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _words(found: report.Report) -> Iterator[str]:
    results: list[tuple[str, str, str]] = [
        ("tcp", "tcp", found["tcp"]["result"]),
        ("x224", "x224", found["x224"]["result"]),
        ("tls", "tls", found["tls"]["result"]),
        ("credssp", "credssp", found["credssp"]["result"]),
        ("standard", "standard", found["standard"]["result"]),
        *(("tried", f"tcp.tried[{n}]", tried["result"]) for n, tried in enumerate(found["tcp"]["tried"])),
        *(("offer", f"x224.protocols.{name}", offer["result"]) for name, offer in found["x224"]["protocols"].items()),
        *(("version", f"tls.versions.{name}", got["result"]) for name, got in found["tls"]["versions"].items()),
    ]
    for kind, at, result in results:
        if result not in RESULTS[kind]:
            yield f"{at} has the undocumented result {result!r}"
    words: list[tuple[str, Any, set[Any]]] = [
        ("schema", found["schema"], {report.SCHEMA_VERSION}),
        ("depth", found["depth"], {"quick", "full"}),
        ("stage", found["stage"], STAGES),
        ("pattern", found["pattern"], {"steady", "intermittent", None}),
        ("x224.selected", found["x224"]["selected"], SECURITY_PROTOCOLS | {None}),
        ("x224.security_layer", found["x224"]["security_layer"], {"rdp", "negotiate", "tls", None}),
        ("x224.nla", found["x224"]["nla"], {"required", "offered", "off", None}),
        ("tls.version", found["tls"]["version"], TLS_VERSIONS | {None}),
        ("standard.method", found["standard"]["method"], {"none", "40bit", "56bit", "128bit", "fips", None}),
        (
            "standard.level",
            found["standard"]["level"],
            {"none", "low", "client_compatible", "high", "fips", None},
        ),
        *((f"attempts[{n}].stage", one["stage"], STAGES - {"dns"}) for n, one in enumerate(found["attempts"])),
        *((f"x224.requested[{n}]", one, SECURITY_PROTOCOLS) for n, one in enumerate(found["x224"]["requested"])),
        *(("x224.protocols", name, SECURITY_PROTOCOLS) for name in found["x224"]["protocols"]),
        *(("tls.versions", name, TLS_VERSIONS) for name in found["tls"]["versions"]),
    ]
    for at, value, known in words:
        if value not in known:
            yield f"{at} has the undocumented value {value!r}"


def _promises(found: report.Report) -> Iterator[str]:
    """What the documentation of the schema implies between its parts."""
    x224, tls, credssp = found["x224"], found["tls"], found["credssp"]
    promises = {
        "JSON can carry it": json.loads(json.dumps(found).encode()) == found,
        "ready means the stage ready": found["ready"] == (found["stage"] == "ready"),
        "the reason is one line": found["reason"].strip() != "" and found["reason"].isprintable(),
        "the timings are those documented": set(found["timings"]) == TIMINGS,
        "no time is negative": all(value >= 0 for value in found["timings"].values()),
        "quick keeps to its connections": found["depth"] == "full"
        or found["connections"] <= max(QUICK_CONNECTIONS, 2 * len(found["attempts"])),
        # The code of a server that refused TLS stays when it was then asked for standard RDP security.
        "a failure has its code": x224["result"] != "failure" or x224["failure_code"] is not None,
        "an answer selects": (x224["result"] in ("response", "no_negotiation")) == (x224["selected"] is not None),
        "an alert is named": (tls["result"] == "alert") == (tls["alert"] is not None),
        "each alert is named": all(
            (v["result"] == "alert") == (v["alert"] is not None) for v in tls["versions"].values()
        ),
        "suites mean accepted": all(v["result"] == "accepted" or not v["ciphers"] for v in tls["versions"].values()),
        "a completed handshake has a version and a suite": tls["result"] != "completed"
        or (tls["version"] is not None and tls["cipher"] is not None and tls["key_proved"]),
        "the chain begins with the certificate": tls["chain"][:1] == ([tls["certificate"]] if tls["chain"] else []),
        "a name is matched against a certificate": tls["certificate"] is not None or tls["name_match"] is None,
        "a code is a refusal": credssp["result"] == "refused" or credssp["error_code"] is None,
        "a pattern needs two attempts": found["pattern"] is None or len(found["attempts"]) >= 2,
        "a host that answered was connected to": found["tcp"]["result"] != "open" or found["connections"] >= 1,
        "every text is printable": all(text.isprintable() for text in _texts(found)),
    }
    return (f"not so: {promise}" for promise, kept in promises.items() if not kept)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
