# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS client against OpenSSL."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client, suites
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from tests.unit.wire import certificates
from tests.unit.wire.tls import peers

VERSIONS = (TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3)
# OpenSSL 3 is built without RC4 and 3DES suites; another server has them.
_IN_OPENSSL = [suites.SUITES[code] for code in suites.COMPLETABLE if "AES" in suites.SUITES[code].cipher]
CASES = sorted((version, suite) for suite in _IN_OPENSSL for version in suite.versions if version in VERSIONS)


def offer(versions: tuple[int, ...] = VERSIONS, codes: tuple[int, ...] = suites.EVERYTHING) -> client.Offer:
    return client.Offer(versions, codes, "rds01.example.com")


@pytest.mark.parametrize(("version", "suite"), CASES, ids=[f"{v:x}-{s.name}" for v, s in CASES])
def test_version_and_suite(version: int, suite: suites.Suite, identities: peers.Identities, tmp_path: Path) -> None:
    identity = identities[suite.authentication]
    context = peers.context(identity, (version,))
    peers.load_dh(context, tmp_path)
    server = peers.OpenSsl(context)
    made = client.Client(offer((version,), (suite.code,)))
    peers.shake(made, server)
    assert (made.version, made.suite, made.done, made.key_proved) == (version, suite, True, True)
    assert made.chain == [ssl.PEM_cert_to_DER_cert(identity.read_text("ascii").partition("-----BEGIN PRIVATE")[0])]
    assert server.seen == "rds01.example.com"
    assert (made.group is None) == (suite.key_exchange == "RSA")
    cipher = server.tls.cipher()
    assert cipher is not None
    assert cipher[2] == (256 if "256" in suite.cipher else 128)
    peers.talk(made, server)


@pytest.mark.parametrize("codes", [suites.MODERN, suites.EVERYTHING], ids=["modern", "everything"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_offer_gets_the_version_of_the_server(
    version: int, codes: tuple[int, ...], identities: peers.Identities
) -> None:
    versions = client.ALL_VERSIONS if codes is suites.EVERYTHING else client.MODERN_VERSIONS
    server = peers.OpenSsl(peers.context(identities["RSA"], (version,)))
    made = client.Client(offer(versions, codes))
    peers.shake(made, server)
    assert (made.version, made.done, made.key_proved) == (version, True, True)
    peers.talk(made, server)


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_2])
def test_an_rsa_key_exchange_below_the_highest_offer(version: int, identities: peers.Identities) -> None:
    """The premaster secret names the version that was offered, and OpenSSL looks at it."""
    made = client.Client(offer(codes=(0x002F,)))
    peers.shake(made, peers.OpenSsl(peers.context(identities["RSA"], (version,))))
    assert (made.version, made.key_proved, made.group) == (version, True, None)


@pytest.mark.parametrize("code", [0x002F, 0xC013])
def test_a_bad_finished(code: int, identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_0,)))
    made = client.Client(offer((TLS_1_0,), (code,)))
    flight = server.answer(made.receive(server.answer(made.start())))
    made.transcript += b"something that the server has not seen"
    with pytest.raises(client.Broken, match="its Finished message does not fit the handshake"):
        made.receive(flight)
    assert (made.done, made.key_proved) == (False, code == 0xC013)


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    ("openssl_name", "name"),
    [("X25519", "x25519"), ("prime256v1", "secp256r1"), ("secp384r1", "secp384r1"), ("secp521r1", "secp521r1")],
)
def test_groups(version: int, openssl_name: str, name: str, identities: peers.Identities) -> None:
    context = peers.context(identities["RSA"], (version,))
    context.set_ecdh_curve(openssl_name)
    server = peers.OpenSsl(context)
    made = client.Client(offer())
    peers.shake(made, server)  # P-384 and P-521 in TLS 1.3 take a HelloRetryRequest
    assert (made.group, made.version) == (name, version)
    peers.talk(made, server)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: str(curve.name))
def test_ecdsa_keys(version: int, curve: ec.EllipticCurve, tmp_path: Path) -> None:
    key = ec.generate_private_key(curve)
    path = tmp_path / "key.pem"
    path.write_bytes(certificates.pem(certificates.make(key), key))
    made = client.Client(offer())
    peers.shake(made, peers.OpenSsl(peers.context(path, (version,))))
    assert made.key_proved


@pytest.mark.parametrize("bits", [1024, 3072])
@pytest.mark.parametrize("version", VERSIONS)
def test_rsa_keys(version: int, bits: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"rsa{bits}.pem"
    if not path.exists():
        key = rsa.generate_private_key(65537, bits)
        path.write_bytes(certificates.pem(certificates.make(key), key))
    made = client.Client(offer())
    peers.shake(made, peers.OpenSsl(peers.context(path, (version,))))
    assert made.key_proved


@pytest.mark.parametrize(("version", "code"), [(TLS_1_0, 0x002F), (TLS_1_0, 0xC013), (TLS_1_2, 0x002F)])
def test_an_rsa_key_of_512_bits(version: int, code: int, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the key, is not on the PATH")
    path = tmp_path / "rsa512.pem"
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    made_key = ["req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=old", "-sha256", *files]
    subprocess.run([openssl, *made_key], check=True, capture_output=True, timeout=peers.PATIENCE)
    path.write_bytes((tmp_path / "certificate.pem").read_bytes() + (tmp_path / "key.pem").read_bytes())
    made = client.Client(offer((version,), (code,)))
    peers.shake(made, peers.OpenSsl(peers.context(path, (version,))))
    assert made.key_proved


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_asks_for_a_certificate(version: int, identities: peers.Identities) -> None:
    context = peers.context(identities["RSA"], (version,))
    context.load_verify_locations(identities["RSA"])
    context.verify_mode = ssl.CERT_OPTIONAL
    server = peers.OpenSsl(context)
    made = client.Client(offer())
    peers.shake(made, server)
    assert server.error is None
    peers.talk(made, server)


def test_a_server_that_insists_on_a_certificate(identities: peers.Identities) -> None:
    context = peers.context(identities["RSA"], (TLS_1_2,))
    context.verify_mode = ssl.CERT_REQUIRED
    made = client.Client(offer())
    with pytest.raises(client.Refused) as refused:
        peers.shake(made, peers.OpenSsl(context))
    assert refused.value.alert == "handshake_failure"
    assert not made.done


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_that_come_one_by_one(version: int, identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["ECDSA"], (version,)))
    made = client.Client(offer())
    data = made.start()
    received = 0
    while not made.done:
        answers = []
        for byte in server.answer(data):
            answers.append(made.receive(bytes([byte])))
            received += 1
        data = b"".join(answers)
        assert sum(1 for answer in answers if answer) <= 1, "the client's flight is not in one piece"
    assert made.bytes_received == received
    assert made.receive(server.answer(data)) == b""
    peers.talk(made, server)


@pytest.mark.parametrize(
    ("theirs", "ours", "codes", "alert"),
    [
        ((TLS_1_2,), (TLS_1_0,), suites.EVERYTHING, "protocol_version"),
        ((TLS_1_3,), (TLS_1_2,), suites.EVERYTHING, "protocol_version"),
        ((TLS_1_2,), (TLS_1_2,), (0x0005,), "handshake_failure"),
        ((TLS_1_0,), (TLS_1_0,), (0x009C,), "handshake_failure"),
    ],
)
def test_refusals(
    theirs: tuple[int, ...], ours: tuple[int, ...], codes: tuple[int, ...], alert: str, identities: peers.Identities
) -> None:
    made = client.Client(offer(ours, codes))
    with pytest.raises(client.Refused) as refused:
        peers.shake(made, peers.OpenSsl(peers.context(identities["RSA"], theirs)))
    assert refused.value.alert == alert
    assert (made.done, made.hello_seen, made.version, made.key_proved) == (False, False, None, False)
    with pytest.raises(client.Refused):
        made.receive(b"more")
    assert made.close() == bytes((21, 3, 1, 0, 2, 1, 0))


@pytest.mark.parametrize(("version", "curve"), [*((version, None) for version in VERSIONS), (TLS_1_3, "secp384r1")])
def test_until_hello(version: int, curve: str | None, identities: peers.Identities) -> None:
    context = peers.context(identities["RSA"], (version,))
    if curve:
        context.set_ecdh_curve(curve)  # the answer is then a HelloRetryRequest, which says as much
    server = peers.OpenSsl(context)
    made = client.Client(offer(), until_hello=True)
    assert made.receive(server.answer(made.start())) == b""
    assert (made.done, made.hello_seen, made.version) == (True, True, version)
    assert made.suite is not None
    assert (made.key_proved, made.chain, made.group) == (False, [], None)
    assert made.receive(b"anything") == b""
    assert made.close() == bytes((21, 3, min(version, TLS_1_2) & 0xFF, 0, 2, 1, 0))
    with pytest.raises(RuntimeError, match="before the TLS handshake"):
        made.write(b"data")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (None, None),
        ("rds01.example.com.", "rds01.example.com"),
        ("a..b", None),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_server_names(name: str | None, seen: str | None, identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_2,)))
    made = client.Client(client.Offer((TLS_1_2,), suites.MODERN, name))
    peers.shake(made, server)
    assert server.seen == seen


@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_chain(version: int, identities: peers.Identities, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    padding = certificates.make(key, eku=[f"1.3.6.1.4.1.{n}.{n}.{n}" for n in range(100000, 100800)])
    path = tmp_path / "chain.pem"
    extra = certificates.pem(padding, key).partition(b"-----BEGIN PRIVATE")[0]
    path.write_bytes(identities["RSA"].read_bytes() + 5 * extra)
    made = client.Client(offer())
    peers.shake(made, peers.OpenSsl(peers.context(path, (version,))))
    assert made.chain[1:] == 5 * [certificates.der(padding)]
    assert sum(map(len, made.chain)) > 60000


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_2])
@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_a_bad_signature(version: int, kind: str, identities: peers.Identities) -> None:
    made = client.Client(offer((version,), tuple(s.code for s in _IN_OPENSSL if s.key_exchange == "ECDHE")))
    flight = bytearray(peers.OpenSsl(peers.context(identities[kind], (version,))).answer(made.start()))
    flight[-20] ^= 1  # the ServerHelloDone at the end has 9 bytes with its record, the signature is before it
    with pytest.raises(client.Broken, match="its signature does not fit its certificate"):
        made.receive(bytes(flight))
    assert (made.key_proved, made.done, len(made.chain)) == (False, False, 1)


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_2, TLS_1_3])
def test_a_bad_record(version: int, identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["RSA"], (version,)))
    made = client.Client(offer())
    peers.shake(made, server)
    data = bytearray(server.write(b"data"))
    data[-1] ^= 1
    with pytest.raises(client.Broken, match="it sends a record"):
        made.receive(bytes(data))
    assert made.read() == b""


def test_a_server_that_dies_after_the_handshake(identities: peers.Identities) -> None:
    """TLS 1.3 learns only after its end whether the server takes the client's last flight."""
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_3,)))
    made = client.Client(offer())
    flight = made.receive(server.answer(made.start()))
    assert made.done
    bad = flight[:-1] + bytes([flight[-1] ^ 1])
    with pytest.raises(client.Refused) as refused:
        made.receive(server.answer(bad))
    assert refused.value.alert == "bad_record_mac"
