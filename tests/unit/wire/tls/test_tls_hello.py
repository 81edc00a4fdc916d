# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ClientHello and ServerHello, and the table of cipher suites."""

from __future__ import annotations

import pytest
from tlslite.constants import CipherSuite, ExtensionType
from tlslite.messages import ClientHello
from tlslite.utils.codec import Parser

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client, hello, suites
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    SSL_3_0,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    VERSIONS,
)

RANDOM = bytes(range(32))


def written(offer: client.Offer) -> ClientHello:
    """What an independent parser reads in the ClientHello of an offer."""
    record = client.Client(offer).start()
    assert record[0] == 22
    assert int.from_bytes(record[3:5], "big") == len(record) - 5
    found = ClientHello().parse(Parser(bytearray(record[6:])))
    assert len(found.random) == 32
    assert list(found.compression_methods) == [0]
    return found


def test_the_hello_of_a_modern_client() -> None:
    found = written(client.Offer(client.MODERN_VERSIONS, suites.MODERN, "rds01.example.com"))
    assert tuple(found.cipher_suites) == suites.MODERN
    assert found.client_version == (3, 3)
    assert found.getExtension(ExtensionType.supported_versions).versions == [(3, 4), (3, 3), (3, 2), (3, 1)]
    assert found.server_name == b"rds01.example.com"
    assert found.getExtension(ExtensionType.supported_groups).groups == [29, 23, 24, 25]
    shares = found.getExtension(ExtensionType.key_share).client_shares
    assert [(share.group, len(share.key_exchange)) for share in shares] == [(29, 32), (23, 65)]
    schemes = found.getExtension(ExtensionType.signature_algorithms).sigalgs
    assert {(8, 4), (4, 1), (2, 1), (4, 3), (2, 3)} <= set(schemes)
    assert found.getExtension(ExtensionType.extended_master_secret) is not None
    assert found.getExtension(ExtensionType.renegotiation_info).renegotiated_connection == b""
    for unwanted in (ExtensionType.encrypt_then_mac, ExtensionType.session_ticket):
        assert found.getExtension(unwanted) is None
    assert len(found.session_id) == 32


def test_the_hello_for_ssl_3_has_no_extensions() -> None:
    found = written(client.Offer((SSL_3_0,), (0x0005, 0x000A), "rds01.example.com"))
    assert (found.client_version, found.extensions) == ((3, 0), None)
    assert list(found.cipher_suites) == [0x0005, 0x000A, CipherSuite.TLS_EMPTY_RENEGOTIATION_INFO_SCSV]
    assert found.session_id == b""


def test_a_hello_without_elliptic_curves() -> None:
    found = written(client.Offer((TLS_1_0, TLS_1_1), (0x002F, 0x0033), None))
    assert found.client_version == (3, 2)
    extensions = {extension.extType for extension in found.extensions}
    assert extensions == {ExtensionType.extended_master_secret, ExtensionType.renegotiation_info}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_alone(version: int) -> None:
    found = written(client.Offer((version,), suites.EVERYTHING, None))
    assert found.client_version == (3, min(version, TLS_1_2) & 0xFF)
    versions = found.getExtension(ExtensionType.supported_versions)
    assert (versions.versions if versions else None) == ([(3, 4)] if version == TLS_1_3 else None)


def test_suites_are_iana_names() -> None:
    """tlslite-ng's table is another copy of IANA's; a few suites are not in it."""
    unknown = set()
    for code, suite in suites.SUITES.items():
        assert suite.code == code
        if code in CipherSuite.ietfNames:
            assert CipherSuite.ietfNames[code] == suite.name
        else:
            unknown.add(suite.name)
    assert all("EXPORT" in name or "_DES_" in name or "DHE_DSS" in name for name in unknown)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x1302, ("TLS13", "TLS13", "AES-256-GCM", "AEAD", (TLS_1_3,), "sha384")),
        (0x1303, ("TLS13", "TLS13", "CHACHA20-POLY1305", "AEAD", (TLS_1_3,), "sha256")),
        (0xC028, ("ECDHE", "RSA", "AES-256-CBC", "sha384", (TLS_1_2,), "sha384")),
        (0x009C, ("RSA", "RSA", "AES-128-GCM", "AEAD", (TLS_1_2,), "sha256")),
        (0x0038, ("DHE", "DSS", "AES-256-CBC", "sha1", (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2), "sha256")),
        (0x0004, ("RSA", "RSA", "RC4-128", "md5", (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2), "sha256")),
        (0x0062, ("RSA_EXPORT", "RSA", "DES-CBC", "sha1", (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2), "sha256")),
        (0x003B, ("RSA", "RSA", "NULL", "sha256", (TLS_1_2,), "sha256")),
    ],
)
def test_what_a_suite_stands_for(code: int, expected: tuple[object, ...]) -> None:
    suite = suites.SUITES[code]
    found = (suite.key_exchange, suite.authentication, suite.cipher, suite.mac, suite.versions, suite.hash_name)
    assert found == expected


def test_offers() -> None:
    names = [suites.SUITES[code].name for code in suites.MODERN]
    assert not [name for name in names if "3DES" in name or "RC4" in name or "DHE_" in name.replace("ECDHE_", "")]
    assert set(suites.MODERN) <= suites.COMPLETABLE
    assert set(suites.EVERYTHING) == set(suites.SUITES)
    assert {0x0005, 0x0004, 0x000A, 0x0033, 0x009F} <= suites.COMPLETABLE
    assert suites.COMPLETABLE.isdisjoint({0x1303, 0x0032, 0x0009, 0x0062, 0x0006, 0x0002})


def server_hello(
    version: int = TLS_1_2,
    code: int = 0xC02F,
    extensions: bytes | None = None,
    random: bytes = RANDOM,
    session: bytes = b"",
    compression: int = 0,
) -> bytes:
    body = version.to_bytes(2, "big") + random + bytes([len(session)]) + session
    body += code.to_bytes(2, "big") + bytes([compression])
    return body if extensions is None else body + len(extensions).to_bytes(2, "big") + extensions


ALL = client.Offer(client.ALL_VERSIONS, suites.EVERYTHING, None)
UP_TO_1_2 = client.Offer((TLS_1_1, TLS_1_2), suites.EVERYTHING, None)
OLD = client.Offer((SSL_3_0,), suites.EVERYTHING, None)
VERSION_1_3 = bytes.fromhex("002b00020304")


@pytest.mark.parametrize(
    ("offer", "body", "text"),
    [
        (ALL, server_hello(0x0305), "the unknown version 0x0305, which was not offered"),
        (ALL, server_hello(0x0002), "the unknown version 0x0002"),
        (ALL, server_hello(code=0xC0FF), "it chooses the cipher suite 0xC0FF, which was not offered"),
        (ALL._replace(suites=suites.MODERN), server_hello(code=0x000A), "it chooses the cipher suite 0x000A"),
        (ALL, server_hello(TLS_1_0), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, which does not exist in TLS 1.0"),
        (ALL, server_hello(code=0x1301), "it chooses TLS_AES_128_GCM_SHA256, which does not exist in TLS 1.2"),
        (ALL, server_hello(extensions=VERSION_1_3), "does not exist in TLS 1.3"),
        (ALL, server_hello(extensions=bytes.fromhex("002b00020303")), "extension chooses TLS 1.2, where only"),
        (ALL, server_hello(compression=1), "the compression method 1"),
        (ALL, server_hello(extensions=bytes.fromhex("00160000")), "the extension 22, which was not asked for"),
        (ALL, server_hello(extensions=bytes.fromhex("0017000000170000")), "the extension 23 twice"),
        (ALL, server_hello(extensions=bytes.fromhex("ff01000201aa")), "for a renegotiation"),
        (OLD, server_hello(SSL_3_0, 0x0005, bytes.fromhex("00170000")), "the extension 23, which was not asked for"),
        (ALL, server_hello(random=RANDOM[:24] + b"DOWNGRD\1"), "something in between changed the offer"),
        (UP_TO_1_2, server_hello(TLS_1_1, 0x002F, random=RANDOM[:24] + b"DOWNGRD\0"), "something in between"),
        (ALL, server_hello() + b"\0", "its ServerHello is cut short"),
        (ALL, server_hello(extensions=b"") + b"\0", "its ServerHello has 1 bytes too many"),
        (ALL, b"", "its ServerHello is cut short"),
    ],
)  # fmt: skip
def test_bad_answers(offer: client.Offer, body: bytes, text: str) -> None:
    with pytest.raises(client.Broken, match=text):
        hello.parse(body, offer)


def test_an_answer_without_extensions() -> None:
    answer = hello.parse(server_hello(SSL_3_0, 0x0005), OLD)
    assert (answer.version, answer.suite.name, answer.extended_master_secret) == (
        SSL_3_0, "TLS_RSA_WITH_RC4_128_SHA", False
    )  # fmt: skip


def message(kind: int, body: bytes) -> bytes:
    content = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16\3\3" + len(content).to_bytes(2, "big") + content


def test_a_server_with_another_version_only() -> None:
    made = client.Client(client.Offer((TLS_1_2,), suites.EVERYTHING, None), until_hello=True)
    made.start()
    with pytest.raises(client.Broken, match="it answers an offer of up to TLS 1.2 with TLS 1.0, which was not offered"):
        made.receive(message(2, server_hello(TLS_1_0, 0x002F)))
    assert (made.version, made.hello_seen, made.done) == (TLS_1_0, True, False)


def test_a_resumed_session() -> None:
    made = client.Client(ALL)
    session = made.start()[44:76]
    with pytest.raises(client.Broken, match="it resumes a session that never was"):
        made.receive(message(2, server_hello(session=session)))


def test_a_suite_that_can_not_be_completed() -> None:
    """The certificate is still of use."""
    made = client.Client(ALL)
    made.start()
    made.receive(message(2, server_hello(code=0x0006)))
    assert made.suite is not None
    with pytest.raises(client.Unable, match="TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"):
        made.receive(message(11, b"\0\0\5\0\0\2ab"))
    assert made.chain == [b"ab"]


def test_a_certificate_that_can_not_be_read() -> None:
    made = client.Client(ALL)
    made.start()
    made.receive(message(2, server_hello()))
    with pytest.raises(client.Broken, match="its certificate can not be read"):
        made.receive(message(11, b"\0\0\5\0\0\2ab"))
    assert (made.chain, made.key_proved) == ([b"ab"], False)
