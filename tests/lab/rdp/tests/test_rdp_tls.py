# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS as Schannel is told to speak it: versions, suites, and recorded ClientHellos of Windows clients."""

from __future__ import annotations

import struct

import pytest

from tests.lab.rdp.suites import SUITES, TLS13_SUITES, allowed_suites
from tests.lab.rdp.tests.client import PYTHON_VERSIONS, credential, listener_state, recorded_flows
from tests.lab.rdp.tls import HandshakeRefused, TlsServer, server_context

WINDOWS_7_ORDER = (
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA_P256",
)


def client_hello(flow_client: list[bytes]) -> bytes:
    hello = flow_client[1]
    assert hello[0] == 0x16
    assert hello[5] == 1
    return hello


def server_hello(data: bytes) -> tuple[int, int]:
    """Version and suite of the ServerHello that a flight begins with."""
    assert data[0] == 0x16
    assert data[5] == 2
    (version,) = struct.unpack_from(">H", data, 9)
    (suite,) = struct.unpack_from(">H", data, 44 + data[43])
    return version, suite


@pytest.mark.parametrize(
    ("name", "versions", "suites"),
    [
        ("rdp-to-ssl.pcap", ("TLS 1.0",), WINDOWS_7_ORDER),
        ("rdp-no-cookie-mstshash.pcap", ("TLS 1.0", "TLS 1.2"), ("TLS_RSA_WITH_AES_256_GCM_SHA384",)),
    ],
)
def test_recorded_client_hello_gets_the_recorded_choice(
    name: str, versions: tuple[str, ...], suites: tuple[str, ...]
) -> None:
    for flow in recorded_flows(name):
        state = listener_state(tls_versions=versions, cipher_suites=suites)
        context = server_context(state)
        assert context is not None
        flight = TlsServer(context, allowed_suites(suites, 3)).receive(client_hello(flow.client))
        assert server_hello(flight) == server_hello(flow.server[1])


@pytest.mark.parametrize(
    ("name", "versions", "suites"),
    [
        ("rdp-to-ssl.pcap", ("TLS 1.2", "TLS 1.3"), None),
        ("rdp-no-cookie-mstshash.pcap", ("TLS 1.3",), None),
        ("rdp-to-ssl.pcap", ("TLS 1.0",), ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA",)),
    ],
    ids=["version", "version-1.3", "suite"],
)
def test_recorded_client_hello_with_nothing_in_common(
    name: str, versions: tuple[str, ...], suites: tuple[str, ...] | None
) -> None:
    hello = client_hello(recorded_flows(name)[0].client)
    context = server_context(listener_state(tls_versions=versions, cipher_suites=suites))
    assert context is not None
    with pytest.raises(HandshakeRefused):
        TlsServer(context, allowed_suites(suites, 3)).receive(hello)


@pytest.mark.parametrize("versions", [("TLS 1.0",), ("TLS 1.0", "TLS 1.2"), ("TLS 1.3",), tuple(PYTHON_VERSIONS)])
def test_context_is_shared_between_equal_listeners(versions: tuple[str, ...]) -> None:
    first = server_context(listener_state(tls_versions=versions, hostname="A"))
    assert first is not None
    assert server_context(listener_state(tls_versions=versions[::-1], hostname="B")) is first
    assert server_context(listener_state(tls_versions=(*versions[1:], "TLS 1.1"))) is not first


@pytest.mark.parametrize(
    "changes",
    [
        {"tls_versions": ()},
        {"tls_versions": ("SSL 3.0",)},
        {"cipher_suites": ()},
        {"cipher_suites": ("TLS_RSA_WITH_NO_SUCH_THING",)},
        {"cipher_suites": ("TLS_AES_256_GCM_SHA384",), "tls_versions": ("TLS 1.2",)},
        {"cipher_suites": ("TLS_RSA_WITH_AES_256_CBC_SHA",), "tls_versions": ("TLS 1.3",)},
        {"cipher_suites": ("TLS_RSA_WITH_AES_256_GCM_SHA384",), "tls_versions": ("TLS 1.0", "TLS 1.1")},
        {"key_pem": None},
        {"key_pem": credential("another")[1]},
        {"key_pem": b"no key"},
        {"certificate_pem": None},
    ],
)
def test_no_handshake_possible(changes: dict[str, object]) -> None:
    assert server_context(listener_state(**changes)) is None


def test_names_are_unique_and_curves_are_ignored() -> None:
    every = TLS13_SUITES + SUITES
    assert len({suite.name for suite in every}) == len({suite.openssl for suite in every}) == len(every)
    named = allowed_suites(("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA_P384"), 2)
    assert [suite.openssl for suite in named] == ["AES128-SHA", "ECDHE-RSA-AES256-SHA"]


@pytest.mark.parametrize(
    ("level", "taken"), [(1, {"DES-CBC-SHA", "RC4-SHA"}), (2, {"DES-CBC-SHA", "RC4-SHA"}), (3, {"RC4-SHA"}), (4, set())]
)
def test_encryption_level_narrows_the_suites(level: int, taken: set[str]) -> None:
    names = {suite.openssl for suite in allowed_suites(None, level)}
    assert names & {"DES-CBC-SHA", "RC4-SHA", "NULL-SHA"} == taken
    assert "AES128-SHA" in names


def test_key_is_not_in_the_repr() -> None:
    state = listener_state()
    assert state.key_pem is not None
    assert "PRIVATE KEY" in state.key_pem.decode()
    assert "PRIVATE KEY" not in repr(state)
