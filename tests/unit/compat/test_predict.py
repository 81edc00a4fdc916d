# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is foreseen of pairs, and the change that is proposed."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.advise import (
    changed,
    matrix,
    predict,
    proposals,
    summaries,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import PROFILES, profile
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import ORACLE_ERROR, foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import RELEASES_OF_SERVERS, of_release, unknown
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import is_strong

RC4_ONLY = ["TLS_RSA_WITH_RC4_128_SHA"]
RSA_ONLY = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
ECDSA_ONLY = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]


def client(name: str = "11-24h2", **changes: Any) -> ClientParty:
    return cast(ClientParty, {**profile(name), **changes})


def server(release: str = "2019", **changes: Any) -> ServerParty:
    return cast(ServerParty, {**of_release("srv", release), **changes})


@pytest.mark.parametrize(
    ("one", "other", "stage", "version", "suite"),
    [
        # Microsoft's tables: the newest version of both, and the first suite of the server's list that both have.
        (client(), server("2022"), "ready", "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
        (client(), server("2019"), "ready", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        (client(), server("2008r2"), "ready", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        (client("7"), server("2025"), "ready", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        (client("7-rdc8"), server("2025"), "ready", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
        (client(), server("xp"), "ready", None, None),
        (client(), server("2003"), "ready", None, None),
        (client(), server(security_layer="rdp", nla=False), "ready", None, None),
        (client("xp-sp3"), server("2025"), "x224", None, None),
        (client("xp-sp3"), server("2025", nla=False), "tls", "TLS 1.0", None),
        (client("xp-sp3"), server("2008r2"), "ready", "TLS 1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (client("freerdp-3"), server("2008r2"), "tls", None, None),
        (client(), server(certificate=False), "x224", None, None),
        (client(), server(key_usable=False), "tls", None, None),
        (client(), server(suites=RC4_ONLY), "tls", "TLS 1.2", None),
        (client(), server(suites=ECDSA_ONLY), "tls", "TLS 1.2", None),
        (client(), server(suites=ECDSA_ONLY, key="ECDSA"), "ready", "TLS 1.2", ECDSA_ONLY[0]),
        (client(), server(tls_versions=[]), "tls", None, None),
        (client(protocols=["tls"]), server(nla=False), "ready", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        (client(protocols=["rdp"]), server(security_layer="negotiate", nla=False), "ready", None, None),
        (client(protocols=["rdp"]), server(security_layer="tls", nla=False), "x224", None, None),
        (client(protocols=["tls", "credssp"]), server("2003"), "x224", None, None),
    ],
)
def test_how_far_a_pair_gets(
    one: ClientParty, other: ServerParty, stage: str, version: str | None, suite: str | None
) -> None:
    found = predict(one, other)
    assert (found["stage"], found["tls_version"], found["suite"]) == (stage, version, suite), found
    assert found["connects"] is (stage == "ready")
    assert found["certainty"] == "known"
    assert bool(found["errors"]) is (stage != "ready")
    assert bool(found["change"]["text"]) is (stage != "ready")


@pytest.mark.parametrize(
    ("server_fixed", "server_oracle", "client_fixed", "client_oracle", "allowed"),
    [
        # The matrix of Microsoft's KB4093492, row by row.
        (False, "mitigated", False, "mitigated", True),
        (False, "mitigated", True, "force_updated", False),
        (False, "mitigated", True, "mitigated", False),
        (False, "mitigated", True, "vulnerable", True),
        (True, "force_updated", False, "mitigated", False),
        (True, "force_updated", True, "force_updated", True),
        (True, "force_updated", True, "mitigated", True),
        (True, "force_updated", True, "vulnerable", True),
        (True, "mitigated", False, "mitigated", True),
        (True, "mitigated", True, "force_updated", True),
        (True, "mitigated", True, "mitigated", True),
        (True, "mitigated", True, "vulnerable", True),
        (True, "vulnerable", False, "mitigated", True),
        (True, "vulnerable", True, "force_updated", True),
        (True, "vulnerable", True, "mitigated", True),
        (True, "vulnerable", True, "vulnerable", True),
    ],
)
def test_the_matrix_of_the_credssp_update(
    server_fixed: bool, server_oracle: str, client_fixed: bool, client_oracle: str, allowed: bool
) -> None:
    found = predict(
        client(credssp_fixed=client_fixed, encryption_oracle=client_oracle),
        server(credssp_fixed=server_fixed, encryption_oracle=server_oracle),
    )
    assert found["credssp"] == ("allowed" if allowed else "blocked")
    assert found["connects"] is allowed
    assert found["errors"] == ([] if allowed else [ORACLE_ERROR])
    if not allowed:
        assert "update of May 2018" in found["change"]["text"]
        assert found["change"]["side"] == ("client" if server_fixed else "server")


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"tls_versions": None}, "server.tls_versions"),
        ({"suites": None}, "server.suites"),
        ({"certificate": None}, "server.certificate"),
        ({"key_usable": None}, "server.key_usable"),
        ({"credssp_fixed": None}, "server.credssp_fixed"),
    ],
)
def test_what_is_not_known_is_said(changes: dict[str, Any], missing: str) -> None:
    found = predict(client(), server(**changes))
    assert (found["connects"], found["stage"], found["certainty"]) == (None, "unknown", "partly")
    assert found["missing"] == [missing]
    assert missing in found["reason"]


@pytest.mark.parametrize(
    ("client_fixed", "server_fixed", "oracle", "missing"),
    [
        (None, True, "mitigated", []),
        (None, True, "vulnerable", []),
        (None, True, "force_updated", ["client.credssp_fixed"]),
        (None, False, "mitigated", ["client.credssp_fixed"]),
        (False, True, None, ["server.encryption_oracle"]),
        (True, True, None, []),
        (False, None, "force_updated", ["server.credssp_fixed"]),
        (False, None, "mitigated", []),
        (None, None, None, ["client.credssp_fixed", "server.credssp_fixed", "server.encryption_oracle"]),
    ],
)
def test_half_of_the_matrix_of_the_credssp_update(
    client_fixed: bool | None, server_fixed: bool | None, oracle: str | None, missing: list[str]
) -> None:
    found = foresee(client(credssp_fixed=client_fixed), server(credssp_fixed=server_fixed, encryption_oracle=oracle))
    assert found["missing"] == missing
    assert found["credssp"] == ("unknown" if missing else "allowed")


def test_what_is_not_known_and_could_change_nothing_leaves_the_answer() -> None:
    found = predict(client(), server(nla=None, security_layer=None))
    assert (found["connects"], found["certainty"]) == (True, "partly")


def test_of_a_server_that_nobody_knows_nothing_is_foreseen() -> None:
    found = predict(client(), unknown("srv"))
    assert found["connects"] is None
    assert "server.tls_versions" in found["missing"]


@pytest.mark.parametrize(
    ("one", "other", "side", "word"),
    [
        (client("xp-sp3"), server("2019"), "client", "KB951608"),
        (client("xp-sp3"), server("2025"), "client", "supported release"),
        (client("freerdp-3"), server("2008r2"), "server", "KB3080079"),
        (client("freerdp-3"), server("2008", credssp_fixed=True), "client", "supported release"),
        (client("7"), server("2019", tls_versions=["TLS 1.2"]), "client", "KB2592687"),
        (client(), server(suites=RC4_ONLY), "server", "Lift the limit"),
        (client(), server(suites=ECDSA_ONLY), "server", "Lift the limit"),
        (client(), server(suites=RSA_ONLY, key="ECDSA"), "server", "RSA key"),
        (client(), server(certificate=False), "server", "certificate that it can use"),
        (client(protocols=["tls"]), server(security_layer="rdp", nla=False), "server", "security layer"),
        (client(suites=["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]), server(), "client", "Lift the limit"),
        (client(suites=RC4_ONLY), server(), "client", "supported release"),
    ],
)
def test_the_change_that_is_proposed(one: ClientParty, other: ServerParty, side: str, word: str) -> None:
    found = predict(one, other)
    assert found["connects"] is False
    assert found["change"]["side"] == side
    assert word in found["change"]["text"], found["change"]


SERVERS = [server(key) for key in RELEASES_OF_SERVERS] + [
    server("2016", suites=RC4_ONLY),
    server("2016", suites=ECDSA_ONLY),
    server("2012r2", certificate=False, credssp_fixed=False),
    server("2008r2", security_layer="rdp", nla=False),
    server("2022", tls_versions=["TLS 1.3"]),
]


@pytest.mark.parametrize("other", SERVERS, ids=lambda party: party["release"])
def test_a_proposed_change_lets_the_client_in(other: ServerParty) -> None:
    """Every profile: what is proposed is one of the proposals, and with it the connection is foreseen to work."""
    for one in PROFILES.values():
        found = predict(one, other)
        if found["connects"] is not False or not found["change"]["side"]:
            continue
        (chosen, *_others) = [each for each in proposals(one, other) if each[1] == found["change"]["text"]]
        assert foresee(*changed(one, other, chosen))["connects"] is True, (one["name"], other["release"])


@pytest.mark.parametrize("other", SERVERS, ids=lambda party: party["release"])
def test_no_proposal_takes_security_from_the_server(other: ServerParty) -> None:
    for one in PROFILES.values():
        for side, text, updates in proposals(one, other):
            if side != "server":
                continue
            assert updates.get("security_layer", "tls") == "tls", text
            assert updates.get("nla", True) is True, text
            assert "encryption_oracle" not in updates, text
            before = set(other["tls_versions"] or [])
            assert set(updates.get("tls_versions", [])) - before <= {"TLS 1.2", "TLS 1.3"}, text
            added = set(updates.get("suites", [])) - set(other["suites"] or [])
            assert all(is_strong(name) for name in added), text


def test_a_matrix_has_every_pair_and_its_summary() -> None:
    clients, servers = [profile(name) for name in ("11-24h2", "freerdp-3")], [server("2008r2"), unknown("dark")]
    rows = matrix(clients, servers)
    assert [(row["client"], row["server"]) for row in rows] == [
        (one["name"], other["name"]) for other, one in product(servers, clients)
    ]
    assert summaries(rows) == [
        {"server": "srv", "connects": ["11-24h2"], "fails": ["freerdp-3"], "unknown": []},
        {"server": "dark", "connects": [], "fails": [], "unknown": ["11-24h2", "freerdp-3"]},
    ]
