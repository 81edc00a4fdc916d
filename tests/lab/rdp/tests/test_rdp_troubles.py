# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the listener tells its observer, its limit of outstanding connections, and certificates of another kind."""

from __future__ import annotations

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.rdp import ListenerState, RdpServer
from tests.lab.rdp.observer import Happening, Seen
from tests.lab.rdp.occupant import Occupant
from tests.lab.rdp.path import Path
from tests.lab.rdp.tests.client import (
    Lab,
    connection_request,
    ended,
    exchange,
    listener_state,
    next_address,
    tls_client,
)
from tests.lab.rdp.throttle import Admission, Throttle

AES_SHA, ECDSA_GCM = "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"


def noticed(lab: Lab, state: ListenerState | Occupant, path: Path | None = None, ciphers: str = "ALL") -> list[Seen]:
    """What the listener notices of one client that goes as far as TLS."""
    found: list[Happening] = []
    address = next_address()
    server = RdpServer(address, observer=found.append)
    lab.run(server.apply(state, path=path))
    try:
        connection, confirm = exchange(address, connection_request(1))
        with connection:
            if confirm:
                tls_client(connection, ciphers=ciphers).close()
    except (ssl.SSLError, ConnectionError):
        pass
    lab.run(server.close())
    assert all(happening.client[0].startswith("127.") for happening in found)
    return [happening.seen for happening in found]


@pytest.mark.parametrize(
    ("changes", "ciphers", "expected"),
    [
        ({}, "ALL", [Seen.ACCEPTED]),
        ({"key_pem": None}, "ALL", [Seen.ACCEPTED, Seen.NO_CREDENTIAL, Seen.SECURITY_FAILED]),
        ({"tls_versions": ()}, "ALL", [Seen.ACCEPTED, Seen.NO_PROTOCOL, Seen.SECURITY_FAILED]),
        (
            {"cipher_suites": (AES_SHA,), "tls_versions": ("TLS 1.2",)},
            "AES256-SHA",
            [Seen.ACCEPTED, Seen.NO_SHARED_SUITE, Seen.SECURITY_FAILED],
        ),
        ({"max_outstanding": 1, "outstanding": 9}, "ALL", [Seen.THROTTLED]),
    ],
)
def test_what_is_noticed(lab: Lab, changes: dict[str, object], ciphers: str, expected: list[Seen]) -> None:
    assert noticed(lab, listener_state(**changes), ciphers=ciphers) == expected


@pytest.mark.parametrize(
    "path", [Path("endpoint_agent"), Path("endpoint_agent", at="client_hello"), Path("reset_after_connect")]
)
def test_what_the_path_ends_is_not_noticed(lab: Lab, path: Path) -> None:
    assert noticed(lab, listener_state(), path) == []


def test_another_program_notices_nothing(lab: Lab) -> None:
    assert noticed(lab, Occupant(3389, "close")) == []


@pytest.mark.parametrize(
    ("limit", "strangers", "own", "expected"),
    [
        (100, 0, 100, "PPPPPP"),
        (100, 99, 1, "PPPPPP"),
        (100, 150, 1, "CWWCWW"),
        (100, 400, 7, "CCCWCC"),
        (0, 5, 1, "CCCCCC"),
    ],
)
def test_throttle_counts(limit: int, strangers: int, own: int, expected: str) -> None:
    letters = {Admission.PROCEEDS: "P", Admission.WAITS: "W", Admission.CLOSED: "C"}
    throttle = Throttle()
    assert "".join(letters[throttle.admit(limit, strangers, own)] for _turn in range(6)) == expected


def ec_credential() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host1")])
    now = dt.datetime.now(dt.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=9))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), pem


@pytest.mark.parametrize(
    ("suites", "client", "works"),
    [
        ((AES_SHA, ECDSA_GCM), "ALL", True),
        ((AES_SHA, ECDSA_GCM), "AES128-SHA", False),
        ((AES_SHA,), "ALL", False),
    ],
)
def test_suites_go_by_the_key_of_the_certificate(lab: Lab, suites: tuple[str, ...], client: str, works: bool) -> None:
    certificate, key = ec_credential()
    state = listener_state(certificate_pem=certificate, key_pem=key, cipher_suites=suites, tls_versions=("TLS 1.2",))
    _listener, address = lab.start(state)
    connection, _confirm = exchange(address, connection_request(1))
    with connection:
        if works:
            assert tls_client(connection, ciphers=client).cipher() is not None
        else:
            with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
                tls_client(connection, ciphers=client)


def test_the_alert_is_followed_by_the_end(lab: Lab) -> None:
    _listener, address = lab.start(listener_state(cipher_suites=(AES_SHA,), tls_versions=("TLS 1.2",)))
    connection, _confirm = exchange(address, connection_request(1))
    hello = bytes.fromhex(
        "160301002d0100002903030000000000000000000000000000000000000000000000000000000000000000000002c0300100"
    )
    with connection:
        connection.sendall(hello)
        assert connection.recv(64)[5:] == b"\x02\x28"
        assert ended(connection) == "FIN"
