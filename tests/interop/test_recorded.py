# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded connections of Windows through the parsers, against what tshark reads in the same frames."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import mcs, x224, x509
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import hello, messages, offer, records, suites
from tests.interop import tshark
from tests.interop.processes import need

CAPTURES = (
    "RDP-003.pcap",
    "rdp-no-cookie-mstshash.pcap",
    "rdp-proprietary-encryption.pcap",
    "rdp-to-ssl.pcap",
    "rdp-x509.pcap",
)
PAYLOAD, WHOLE = "tcp.payload", "tcp.reassembled.data"


def frames(capture: str, port_is: str, wanted: str, *fields: str) -> list[tshark.Frame]:
    folder = os.environ.get("RDP_CAPTURES")
    if not folder:
        pytest.skip("RDP_CAPTURES does not name the folder of recorded captures")
    return tshark.frames(Path(folder) / "pcaps" / capture, port_is, wanted, (PAYLOAD, WHOLE, *fields))


def counted(*counts: int) -> list[tuple[str, int]]:
    """Each capture, and how many of the wanted messages it has."""
    return list(zip(CAPTURES, counts, strict=True))


def message(frame: tshark.Frame) -> bytes:
    """What the frame brought, or completed."""
    return tshark.octets(frame, WHOLE if frame[WHOLE] else PAYLOAD)


# X.224


@pytest.mark.parametrize(("capture", "count"), counted(0, 1, 2, 2, 1))
def test_requests(capture: str, count: int) -> None:
    """A request for the same protocols is the same, but for the cookie with the user's name and what counts it."""
    cookie, asked = "rdp.rt_cookie", "rdp.negReq.requestedProtocols"
    found = frames(capture, "tpkt", f"cotp.type == 0x0e && {asked}", cookie, asked)
    for frame in found:
        protocols = tshark.number(frame, asked)
        assert protocols is not None
        recorded = message(frame)
        named = b"".join(value.encode("ascii") + b"\r\n" for value in frame[cookie])
        assert named in recorded
        bare = bytearray(recorded.replace(named, b""))
        bare[3] -= len(named)
        bare[4] -= len(named)
        assert x224.build_request(protocols) == bytes(bare)
    assert len(found) == count


@pytest.mark.parametrize(("capture", "count"), counted(1, 1, 2, 2, 1))
def test_confirms(capture: str, count: int) -> None:
    """Responses, a failure, and a confirm without negotiation data."""
    selected, flags, failure = "rdp.negReq.selectedProtocol", "rdp.negRsp.flags", "rdp.negFailure.failureCode"
    found = frames(capture, "tpkt", "cotp.type == 0x0d", selected, flags, failure)
    for frame in found:
        data = message(frame)
        assert x224.confirm_length(data[:4]) == len(data)
        assert x224.parse_confirm(data) == x224.Confirm(
            selected=tshark.number(frame, selected),
            flags=tshark.number(frame, flags) or 0,
            failure_code=tshark.number(frame, failure),
        )
    assert len(found) == count


def test_the_captures_have_every_kind_of_confirm() -> None:
    kinds = set()
    for capture in CAPTURES:
        for frame in frames(capture, "tpkt", "cotp.type == 0x0d"):
            confirm = x224.parse_confirm(message(frame))
            kinds.add("failure" if confirm.failure_code else "none" if confirm.selected is None else "response")
    assert kinds == {"response", "failure", "none"}


# MCS

# [MS-RDPBCGR] 2.2.1.4.3: the numbers that tshark prints, in the words of the report.
METHODS = {0: "none", 1: "40bit", 2: "128bit", 8: "56bit", 16: "fips"}
LEVELS = {0: "none", 1: "low", 2: "client_compatible", 3: "high", 4: "fips"}


@pytest.mark.parametrize(("capture", "count"), counted(1, 0, 1, 0, 1))
def test_connect_responses(capture: str, count: int) -> None:
    method, level, major, minor = (
        "rdp.encryptionMethod",
        "rdp.encryptionLevel",
        "rdp.version.major",
        "rdp.version.minor",
    )
    certificate = "rdp.serverCertificate"
    found = frames(capture, "tpkt", "rdp.serverData", method, level, major, minor, certificate, "rdp.serverCertLen")
    for frame in found:
        data = message(frame)
        assert mcs.packet_length(data[: mcs.HEADER]) == len(data)
        response = mcs.parse_connect_response(data)
        assert response.method == METHODS[tshark.number(frame, method) or 0]
        assert response.level == LEVELS[tshark.number(frame, level) or 0]
        # tshark has the halves of the number the other way round.
        assert response.version == (tshark.number(frame, minor) or 0) << 16 | (tshark.number(frame, major) or 0)
        # tshark prints the certificate, and does not look into it.
        block = tshark.octets(frame, certificate)
        assert len(block) == tshark.number(frame, "rdp.serverCertLen")
        assert response.key_bits == key_bits(block)
    assert len(found) == count


def key_bits(certificate: bytes) -> int:
    """The size of the key in a server certificate, read by hand or by openssl."""
    if certificate[:4] == b"\x01\x00\x00\x00":
        # Proprietary: the modulus stands four numbers after the word RSA1.
        key = certificate[certificate.index(b"RSA1") :]
        length = int.from_bytes(key[4:8], "little")
        return int.from_bytes(key[20 : 20 + length], "little").bit_length()
    # A chain, each with its length; the last one is the server's own. It says that its key is a signature algorithm,
    # so openssl reads it as DER only: the first BIT STRING holds modulus and exponent.
    at, own = 8, b""
    for _number in range(int.from_bytes(certificate[4:8], "little")):
        length = int.from_bytes(certificate[at : at + 4], "little")
        own, at = certificate[at + 4 : at + 4 + length], at + 4 + length
    place = re.search(r"^ *(\d+):.*BIT STRING", asn1parse(own), re.MULTILINE)
    assert place is not None
    modulus = re.search(r"INTEGER +:(\w+)", asn1parse(own, "-strparse", place.group(1)))
    assert modulus is not None
    return int(modulus.group(1), 16).bit_length()


def asn1parse(data: bytes, *options: str) -> str:
    command = [need("openssl", "openssl"), "asn1parse", "-inform", "der", *options]
    return subprocess.run(command, input=data, capture_output=True, timeout=10, check=True).stdout.decode("ascii")


@pytest.mark.parametrize("methods", [mcs.ALL_METHODS, 0x02, 0x10])
def test_our_connect_initial(tmp_path: Path, methods: int) -> None:
    """tshark reads ours without complaint, and finds the methods that were offered."""
    capture = tmp_path / "initial.pcap"
    tshark.write(capture, [x224.build_request(0), mcs.build_connect_initial(methods)])
    fields = ("rdp.encryptionMethods", "rdp.extEncryptionMethods", "rdp.client.build", "_ws.malformed")
    (frame,) = tshark.frames(capture, "tpkt", "rdp.clientData", fields)
    assert int.from_bytes(tshark.octets(frame, "rdp.encryptionMethods"), "little") == methods
    assert frame["rdp.client.build"] != []
    assert frame["_ws.malformed"] == []


# TLS

CERTIFIED = {"rdp-no-cookie-mstshash.pcap": 1, "rdp-to-ssl.pcap": 2}


def handshake(data: bytes) -> list[tuple[int, bytes]]:
    """The messages in the records of ``data``, by our framing."""
    stream = records.Stream()
    stream.feed(data)
    plain = b""
    while (record := stream.next()) is not None:
        assert record.kind == records.HANDSHAKE
        plain += record.body
    found = []
    while plain:
        size = int.from_bytes(plain[1:4], "big")
        found.append((plain[0], plain[4 : 4 + size]))
        plain = plain[4 + size :]
    return found


@pytest.mark.parametrize("capture", CERTIFIED)
def test_server_hellos(capture: str) -> None:
    version, suite, random, session, kinds, extensions = (
        "tls.handshake.version",
        "tls.handshake.ciphersuite",
        "tls.handshake.random",
        "tls.handshake.session_id",
        "tls.handshake.type",
        "tls.handshake.extension.type",
    )
    found = frames(capture, "tls", "tls.handshake.type == 2", version, suite, random, session, kinds, extensions)
    for frame in found:
        said = handshake(message(frame))
        assert [kind for kind, _body in said] == [int(kind) for kind in frame[kinds]]
        answer = hello.parse(said[0][1], offer.Offer(offer.ALL_VERSIONS, suites.EVERYTHING, None))
        assert answer.version == tshark.number(frame, version)
        assert answer.suite.code == tshark.number(frame, suite)
        assert answer.random == tshark.octets(frame, random)
        assert answer.session == tshark.octets(frame, session)
        assert answer.extended_master_secret == ("23" in frame[extensions])
        assert not answer.retry
    assert len(found) == CERTIFIED[capture]


@pytest.mark.parametrize("versions", [offer.ALL_VERSIONS, offer.MODERN_VERSIONS, *((v,) for v in offer.ALL_VERSIONS)])
def test_our_client_hello(tmp_path: Path, versions: tuple[int, ...]) -> None:
    """tshark reads ours without complaint, and has the same names for its versions and suites."""
    capture = tmp_path / "hello.pcap"
    asked = offer.Offer(versions, suites.EVERYTHING, "rds01.example.com")
    share = hello.Share(29, bytes(range(32)))
    body = hello.build(asked, hello.Request(bytes(range(32)), b"", tuple(messages.GROUPS), (share,)))
    whole = bytes([messages.CLIENT_HELLO]) + len(body).to_bytes(3, "big") + body
    tshark.write(capture, [records.frame(records.Record(records.HANDSHAKE, whole), 0x0301)])
    said = tshark.text(capture, "tls")
    assert "Malformed" not in said
    listed = {int(code, 16): name for name, code in re.findall(r"Cipher Suite: (\w+) \(0x(\w{4})\)", said)}
    listed.pop(0x00FF, None)  # the signal of RFC 5746
    assert listed == {code: suites.SUITES[code].name for code in asked.suites}
    if max(versions) == offer.TLS_1_3:
        supported = re.findall(r"Supported Version: (.+) \(0x\w{4}\)", said)
        assert supported == [offer.version_name(version) for version in sorted(versions, reverse=True)]
    if max(versions) > offer.SSL_3_0:
        assert "Server Name: rds01.example.com" in said


def certificates(capture: str) -> Iterator[tuple[tshark.Frame, bytes]]:
    fields = ("tls.handshake.certificate", "x509af.serialNumber", "x509af.utcTime", "x509af.algorithm.id")
    names = ("x509sat.printableString", "pkcs1.modulus", "x509ce.KeyPurposeId")
    for frame in frames(capture, "tls", "tls.handshake.type == 11", *fields, *names):
        yield frame, tshark.octets(frame, "tls.handshake.certificate")


@pytest.mark.parametrize("capture", CERTIFIED)
def test_certificates(capture: str) -> None:
    found = list(certificates(capture))
    for frame, data in found:
        sent = dict(handshake(message(frame)))[messages.CERTIFICATE]
        assert messages.certificates(sent) == [data]
        read = x509.parse(data)
        assert read.serial == frame["x509af.serialNumber"][0].upper()
        dates = [f"{date:%Y-%m-%d %H:%M:%S} (UTC)" for date in (read.not_before, read.not_after)]
        assert dates == frame["x509af.utcTime"]
        issuer, subject = frame["x509sat.printableString"]
        assert (read.issuer, read.subject) == (f"CN={issuer}", f"CN={subject}")
        signature, key, _again = frame["x509af.algorithm.id"]
        assert {"sha1WithRSAEncryption": "1.2.840.113549.1.1.5", "sha256WithRSAEncryption": "1.2.840.113549.1.1.11"}[
            read.signature_algorithm
        ] == signature
        assert {"RSA": "1.2.840.113549.1.1.1"}[read.key_algorithm] == key
        assert read.key_bits == int(frame["pkcs1.modulus"][0].replace(":", ""), 16).bit_length()
        assert list(read.eku) == frame["x509ce.KeyPurposeId"]
    assert len(found) == CERTIFIED[capture]
