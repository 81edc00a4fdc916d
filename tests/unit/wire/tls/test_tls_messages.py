# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, key exchanges and HelloRetryRequests that are not as they should be."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tlslite.messages import ClientHello
from tlslite.utils.codec import Parser

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves, des
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import (
    client,
    messages,
    public_key,
    records,
    signatures,
    suites,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import SSL_3_0, TLS_1_0, TLS_1_2, TLS_1_3
from tests.unit.wire import certificates
from tests.unit.wire.tls import trace
from tests.unit.wire.tls.test_tls_hello import message, server_hello

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3
VERSION = bytes.fromhex("002b00020304")
COOKIE = bytes.fromhex("002c00070005") + b"salty"
OFFER = client.Offer(client.ALL_VERSIONS, suites.MODERN, None)


def wants(group: int) -> bytes:
    return b"\0\x33\0\2" + group.to_bytes(2, "big")


def share(group: int, public: bytes) -> bytes:
    content = group.to_bytes(2, "big") + len(public).to_bytes(2, "big") + public
    return b"\0\x33" + len(content).to_bytes(2, "big") + content


def start() -> tuple[client.Client, bytes]:
    """A client that has sent its hello, and the session id in it."""
    made = client.Client(OFFER)
    return made, made.start()[44:76]


def second_hello(answer: bytes) -> ClientHello:
    """The hello that answers a HelloRetryRequest, after the ChangeCipherSpec for middleboxes."""
    assert answer[:6] == b"\x14\3\3\0\1\1"
    assert answer[6:9] == b"\x16\3\3"
    return ClientHello().parse(Parser(bytearray(answer[12:])))


def test_a_retry_with_group_and_cookie() -> None:
    made, session = start()
    answer = made.receive(message(2, server_hello(TLS_1_2, 0x1301, VERSION + wants(24) + COOKIE, RETRY, session)))
    found = second_hello(answer)
    assert [(entry.group, len(entry.key_exchange)) for entry in found.getExtension(51).client_shares] == [(24, 97)]
    assert found.getExtension(44).cookie == b"salty"
    assert found.session_id == session


def test_a_retry_with_a_cookie_alone() -> None:
    made, session = start()
    answer = made.receive(message(2, server_hello(TLS_1_2, 0x1301, VERSION + COOKIE, RETRY, session)))
    assert [entry.group for entry in second_hello(answer).getExtension(51).client_shares] == [29, 23]


@pytest.mark.parametrize(
    ("extensions", "text"),
    [
        (VERSION, "its HelloRetryRequest asks for nothing"),
        (VERSION + wants(29), "its HelloRetryRequest asks for a key share that it has"),
        (VERSION + wants(30), "it chooses the group 30, which was not offered"),
    ],
)
def test_bad_retries(extensions: bytes, text: str) -> None:
    made, session = start()
    with pytest.raises(client.Broken, match=text):
        made.receive(message(2, server_hello(TLS_1_2, 0x1301, extensions, RETRY, session)))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (server_hello(TLS_1_2, 0x1301, VERSION + wants(25), RETRY), "it sends a second HelloRetryRequest"),
        (server_hello(TLS_1_2, 0x1302, VERSION + share(24, b"x")), "contradicts its HelloRetryRequest"),
        (server_hello(TLS_1_2, 0x002F), "contradicts its HelloRetryRequest"),
        (server_hello(TLS_1_2, 0x1301, VERSION + share(29, bytes(32))), "of the group 29, for which we sent none"),
    ],
)
def test_bad_hellos_after_a_retry(body: bytes, text: str) -> None:
    made, session = start()
    made.receive(message(2, server_hello(TLS_1_2, 0x1301, VERSION + wants(24), RETRY, session)))
    with pytest.raises(client.Broken, match=text):
        made.receive(message(2, body[:34] + b"\x20" + session + body[35:]))


@pytest.mark.parametrize(
    ("extensions", "text"),
    [
        (VERSION, "its ServerHello has no key share"),
        (VERSION + share(24, bytes(97)), "its key share is of the group 24"),
        (VERSION + share(29, bytes(32)), "its key for the key exchange can not be used"),
        (VERSION + share(23, b"\4" + bytes(64)), "its key for the key exchange can not be used"),
    ],
)
def test_bad_shares(extensions: bytes, text: str) -> None:
    made, session = start()
    with pytest.raises(client.Broken, match=text):
        made.receive(message(2, server_hello(TLS_1_2, 0x1301, extensions, session=session)))


def test_a_message_that_shares_its_record_with_a_change_of_keys() -> None:
    made, session = start()
    public = made._request.shares[0].public  # any good key will do
    hello = message(2, server_hello(TLS_1_2, 0x1301, VERSION + share(29, public), session=session))[5:]
    record = hello + trace.ENCRYPTED_EXTENSIONS
    with pytest.raises(client.Broken, match="it changes keys in the middle of a record"):
        made.receive(b"\x16\3\3" + len(record).to_bytes(2, "big") + record)


@pytest.mark.parametrize(
    ("key", "scheme"),
    [
        (public_key.RsaKey(1 << 1023 | 1, 65537), 0x0401),
        (public_key.EcKey(curves.P256, b""), 0x0503),
        (public_key.EcKey(curves.P256, b""), 0x0203),
    ],
)
def test_schemes_that_tls_1_3_forbids(key: public_key.PublicKey, scheme: int) -> None:
    with pytest.raises(client.Broken, match="which TLS 1.3 does not allow"):
        signatures.check(TLS_1_3, key, scheme, b"data", b"signature")


@pytest.mark.parametrize(("padding", "fits"), [(b"\0\0\0\3", True), (b"abc\3", True), (b"\0\0\0\x0b", False)])
def test_padding_of_ssl_3(padding: bytes, fits: bool) -> None:
    """RFC 6101 5.2.3.2: its content is free, but it is shorter than a block."""
    suite = suites.SUITES[0x000A]
    content, key = b"x" * 16, bytes(range(24))
    # The MAC is taken from a record of our own, of which it is the end before the padding.
    sealed = records.protection(suite, SSL_3_0, bytes(20), key, bytes(8)).seal(23, content)
    plain = des.cbc_decrypt(key, bytes(8), sealed.body)[:36]
    body = des.cbc_encrypt(key, bytes(8), plain + padding)
    reader = records.protection(suite, SSL_3_0, bytes(20), key, bytes(8))
    if fits:
        assert reader.open(records.Record(23, body)) == (23, content)
    else:
        with pytest.raises(client.Broken, match="whose padding is wrong"):
            reader.open(records.Record(23, body))


def test_another_session_id_in_tls_1_3() -> None:
    made, _session = start()
    with pytest.raises(client.Broken, match="does not repeat the session id"):
        made.receive(message(2, server_hello(TLS_1_2, 0x1301, VERSION + share(29, bytes(32)), session=bytes(32))))


def test_the_suite_that_tls_1_3_can_not_complete() -> None:
    made = client.Client(client.Offer((TLS_1_3,), (0x1303,), None))
    session = made.start()[44:76]
    with pytest.raises(client.Unable, match="TLS_CHACHA20_POLY1305_SHA256"):
        made.receive(message(2, server_hello(TLS_1_2, 0x1303, VERSION + share(29, bytes(32)), session=session)))


def numbers(prime: int, generator: int, public: int) -> bytes:
    """A ServerKeyExchange of TLS 1.0 with these parameters and a signature of one byte."""
    parts = [number.to_bytes(max((number.bit_length() + 7) // 8, 1), "big") for number in (prime, generator, public)]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + b"\0\1s"


@pytest.mark.parametrize(
    ("prime", "generator", "public"),
    [(0, 2, 2), (4, 2, 2), (1 << 512, 2, 3), ((1 << 8192) + 1, 2, 3), (23, 1, 5), (23, 23, 5), (23, 5, 1), (23, 5, 22)],
)
def test_bad_dh_parameters(prime: int, generator: int, public: int) -> None:
    exchange = messages.key_exchange(numbers(prime, generator, public), "DHE", TLS_1_0)
    with pytest.raises(client.Broken, match="its Diffie-Hellman"):
        messages.check_prime(exchange)


def test_good_dh_parameters() -> None:
    exchange = messages.key_exchange(numbers(23, 5, 8), "DHE", TLS_1_0)
    messages.check_prime(exchange)
    assert (exchange.prime, exchange.generator, exchange.public, exchange.scheme) == (23, 5, b"\x08", None)
    assert exchange.params == numbers(23, 5, 8)[:-3]


def test_public_keys() -> None:
    rsa_key = rsa.generate_private_key(3, 2048)
    found = public_key.public_key(certificates.der(certificates.make(rsa_key)))
    assert found == public_key.RsaKey(rsa_key.public_key().public_numbers().n, 3)
    ec_key = ec.generate_private_key(ec.SECP384R1())
    found = public_key.public_key(certificates.der(certificates.make(ec_key)))
    assert isinstance(found, public_key.EcKey)
    numbers_384 = ec_key.public_key().public_numbers()
    assert found.point == b"\4" + numbers_384.x.to_bytes(48, "big") + numbers_384.y.to_bytes(48, "big")
    assert found.group.name == "secp384r1"


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())])
def test_keys_of_other_kinds(key: certificates.Key) -> None:
    with pytest.raises(client.Unable, match="which can not be checked here"):
        public_key.public_key(certificates.der(certificates.make(key)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x02\x03\x01\x00\x01", b"\x02\x03\x80\x00\x01"),  # a negative exponent
        (b"\x02\x03\x01\x00\x01", b"\x02\x03\x00\x00\x01"),  # an exponent of 1
        (b"\x02\x81\x81\x00\xb4", b"\x02\x81\x81\x80\xb4"),  # a negative modulus
    ],
)
def test_bad_rsa_keys(old: bytes, new: bytes) -> None:
    certificate = trace.CERTIFICATE[11:-2]
    assert certificate.count(old) == 1
    with pytest.raises(client.Broken, match="its certificate can not be read: the RSA"):
        public_key.public_key(certificate.replace(old, new))


def test_a_tiny_rsa_key() -> None:
    certificate = trace.CERTIFICATE[11:-2]
    at = certificate.index(b"\x02\x81\x81\x00\xb4") + 3
    with pytest.raises(client.Broken, match="its certificate can not be read: the RSA modulus has 390 bits"):
        public_key.public_key(certificate[:at] + bytes(80) + certificate[at + 80 :])
