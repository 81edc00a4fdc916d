# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers mean: security layer and NLA, several walks together, and the suspects of a report."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import blank, conclude, negotiation, x224
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Offer
from ansible_collections.winops.rdp.plugins.module_utils._wire.suspects import suspects
from ansible_collections.winops.rdp.plugins.module_utils._wire.walk import Walk


def offer(answer: str) -> Offer:
    """``accepted``, ``no_negotiation``, ``closed``, ``other tls``, or ``failure 5``."""
    word, _space, detail = answer.partition(" ")
    code = int(detail) if word == "failure" else None
    return {
        "result": word,
        "selected": detail if word == "other" else ("it" if word == "accepted" else None),
        "failure_code": code,
        "failure": None if code is None else x224.failure_name(code),
    }


# The rows are the settings of a Windows host; [MS-RDPBCGR] 2.2.1.2.2 says which failure each gives.
@pytest.mark.parametrize(
    ("offers", "layer", "nla"),
    [
        pytest.param(
            {"rdp": "accepted", "tls": "failure 2", "credssp": "failure 2", "credssp_early_auth": "failure 2"},
            "rdp", "off", id="SecurityLayer 0",
        ),
        pytest.param(
            {"rdp": "accepted", "tls": "accepted", "credssp": "accepted", "credssp_early_auth": "accepted"},
            "negotiate", "offered", id="SecurityLayer 1, UserAuthentication 0",
        ),
        pytest.param(
            {"rdp": "failure 5", "tls": "failure 5", "credssp": "accepted", "credssp_early_auth": "accepted"},
            None, "required", id="SecurityLayer 1 or 2, UserAuthentication 1",
        ),
        pytest.param(
            {"rdp": "failure 1", "tls": "accepted", "credssp": "accepted", "credssp_early_auth": "accepted"},
            "tls", "offered", id="SecurityLayer 2, UserAuthentication 0",
        ),
        pytest.param(
            {"rdp": "failure 1", "tls": "accepted", "credssp": "other tls", "credssp_early_auth": "other tls"},
            "tls", "off", id="a server with TLS and without CredSSP",
        ),
        pytest.param(
            {"rdp": "no_negotiation", "tls": "no_negotiation", "credssp_early_auth": "no_negotiation"},
            "rdp", "off", id="XP and 2003",
        ),
        pytest.param({"credssp_early_auth": "failure 3"}, None, None, id="no certificate"),
        pytest.param(
            {"rdp": "accepted", "tls": "failure 3", "credssp_early_auth": "failure 3"},
            None, None, id="SecurityLayer 1 without a certificate",
        ),
        pytest.param({"rdp": "accepted", "tls": "closed"}, None, None, id="TLS alone was cut"),
        pytest.param({"rdp": "accepted", "tls": "other rdp"}, "rdp", None, id="TLS alone was answered with rdp"),
        pytest.param(
            {"rdp": "failure 1", "tls": "accepted", "rdstls": "failure 2", "entra": "failure 2"},
            "tls", None, id="RDSTLS and Entra are not known",
        ),
        pytest.param({"credssp_early_auth": "closed", "tls": "closed"}, None, None, id="cut"),
        pytest.param({}, None, None, id="nothing asked"),
    ],
)  # fmt: skip
def test_what_the_offers_say(offers: dict[str, str], layer: str | None, nla: str | None) -> None:
    answers = {name: offer(answer) for name, answer in offers.items()}
    for name, answer in answers.items():
        if answer["selected"] == "it":
            answer["selected"] = name
    assert (negotiation.security_layer(answers), negotiation.nla(answers)) == (layer, nla)


def walk(stage: str, result: str, offer: str = "modern", version: str | None = None, cipher: str | None = None) -> Walk:
    found = Walk(offer, stage, result, "why")
    if stage == "tls":
        found.tls["result"] = result
    if version:
        found.tls["result"], found.tls["version"], found.tls["cipher"] = "completed", version, cipher
    return found


READY = walk("ready", "ready", version="TLS 1.2", cipher="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
AS_MODERN = walk("ready", "ready", "everything", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
RC4 = ("ready", "ready", "everything", "TLS 1.0", "TLS_RSA_WITH_RC4_128_SHA")
SSL3 = ("ready", "ready", "everything", "SSL 3.0", "TLS_RSA_WITH_AES_128_CBC_SHA")


@pytest.mark.parametrize(
    ("walks", "stage", "result", "pattern"),
    [
        ([READY], "ready", "ready", None),
        ([walk("x224", "closed"), READY], "ready", "ready", "intermittent"),
        ([READY, walk("x224", "closed")], "ready", "ready", "intermittent"),
        ([walk("x224", "closed"), walk("x224", "closed")], "x224", "closed", "steady"),
        ([walk("x224", "closed"), walk("x224", "reset")], "x224", "closed", "steady"),
        # All that Windows ever had does not help: the key, or every version is off.
        ([walk("tls", "reset"), walk("tls", "reset", "everything"), walk("tls", "reset")], "tls", "reset", "steady"),
        # It helps, with something old: current clients are refused each time, in the same way.
        ([walk("tls", "alert"), walk(*RC4)], "tls", "old", None),
        ([walk("tls", "alert"), walk(*SSL3)], "tls", "old", None),
        ([walk("tls", "closed"), walk(*RC4), walk("tls", "closed")], "tls", "old", "steady"),
        # It helps, with what a current client offers too: the first was cut for another reason.
        ([walk("tls", "closed"), AS_MODERN], "ready", "ready", "intermittent"),
        ([walk("tls", "alert"), walk("tls", "alert", "everything")], "tls", "alert", None),
        ([walk("tls", "closed"), walk("tcp", "refused", "everything")], "tls", "closed", None),
        ([walk("x224", "closed"), walk("x224", "closed"), walk("x224", "timeout")], "x224", "closed", "intermittent"),
    ],
)
def test_several_walks_together(walks: list[Walk], stage: str, result: str, pattern: str | None) -> None:
    assert conclude.pattern(walks) == pattern
    chosen = conclude.telling(walks)
    assert (chosen.stage, chosen.result) == (stage, result)


EXPIRED = {"days_left": -1, "not_after": "2026-01-01T00:00:00Z"}


def report(**changes: Any) -> Any:
    found: Any = blank.report("rds01", 3389, "quick")
    for key, value in changes.items():
        if isinstance(value, dict):
            found[key].update(value)
        else:
            found[key] = value
    return found


@pytest.mark.parametrize(
    ("changes", "result", "first"),
    [
        ({"stage": "tcp"}, "refused", "service.stopped"),
        ({"stage": "tcp"}, "filtered", "network.blocked"),
        ({"stage": "x224"}, "closed", "network.intercepted"),
        ({"stage": "x224"}, "garbage", "listener.port_conflict"),
        ({"stage": "x224"}, "timeout", "listener.dead"),
        ({"stage": "x224", "x224": {"failure": "SSL_CERT_NOT_ON_SERVER"}}, "failure", "certificate.not_created"),
        ({"stage": "tls"}, "closed", "machine_keys.acl"),
        ({"stage": "tls"}, "reset", "machine_keys.acl"),
        ({"stage": "tls", "tls": {"alert": "protocol_version"}}, "alert", "tls.no_common_version"),
        ({"stage": "tls", "tls": {"alert": "handshake_failure"}}, "alert", "tls.no_common_cipher"),
        ({"stage": "tls", "pattern": "intermittent"}, "closed", "capacity.throttled"),
        ({"stage": "ready", "tls": {"certificate": EXPIRED}}, "ready", "certificate.expired"),
        ({"stage": "ready", "x224": {"selected": "rdp"}}, "ready", "listener.weakened"),
        ({"stage": "ready", "x224": {"selected": "rdp", "result": "no_negotiation"}}, "ready", "os.obsolete"),
        ({"stage": "ready", "x224": {"selected": "credssp", "nla": "required"}}, "ready", None),
    ],
)  # fmt: skip
def test_the_first_suspect(changes: dict[str, Any], result: str, first: str | None) -> None:
    found = [one["cause"] for one in suspects(report(**changes), result)]
    assert found[:1] == ([first] if first else [])
    assert len(found) == len(set(found))
