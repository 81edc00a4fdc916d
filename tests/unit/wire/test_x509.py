# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate reader, with `cryptography` as the oracle."""

from __future__ import annotations

import ipaddress
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509 as oracle
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, x509
from tests.unit.wire import certificates
from tests.unit.wire.certificates import TODAY, make, name

CN, OU, ORGANIZATION, COUNTRY = "2.5.4.3", "2.5.4.11", "2.5.4.10", "2.5.4.6"
DC, E_MAIL = "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1"
RSA = rsa.generate_private_key(65537, 2048)
SMALL = certificates.der(make(ec.generate_private_key(ec.SECP256R1())))


def agree(data: bytes) -> x509.X509:
    """Parses ``data`` with both and compares everything that the oracle knows."""
    ours = x509.parse(data)
    theirs = oracle.load_der_x509_certificate(data)
    e_mail = {oracle.NameOID.EMAIL_ADDRESS: "E"}
    assert ours.subject == theirs.subject.rfc4514_string(e_mail)
    assert ours.issuer == theirs.issuer.rfc4514_string(e_mail)
    assert int(ours.serial, 16) == theirs.serial_number
    assert ours.not_before == theirs.not_valid_before_utc
    assert ours.not_after == theirs.not_valid_after_utc
    assert ours.sha1 == theirs.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - the thumbprint of Windows
    assert ours.sha256 == theirs.fingerprint(hashes.SHA256()).hex().upper()
    key = theirs.public_key()
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        assert ours.key_bits == key.key_size
        assert ours.key_algorithm == ("RSA" if isinstance(key, rsa.RSAPublicKey) else "EC")
    try:
        usages = theirs.extensions.get_extension_for_class(oracle.ExtendedKeyUsage).value
        assert ours.eku == tuple(usage.dotted_string for usage in usages)
    except oracle.ExtensionNotFound:
        assert ours.eku == ()
    try:
        alternative = theirs.extensions.get_extension_for_class(oracle.SubjectAlternativeName).value
        assert ours.dns_names == tuple(alternative.get_values_for_type(oracle.DNSName))
        assert ours.addresses == tuple(str(found) for found in alternative.get_values_for_type(oracle.IPAddress))
    except oracle.ExtensionNotFound:
        assert not ours.alternative_names
        assert ours.names == ()
    assert ours.self_signed == signed_itself(theirs)
    return ours


def signed_itself(certificate: oracle.Certificate) -> bool:
    """Not with verify_directly_issued_by, which takes no SHA-1."""
    if certificate.subject != certificate.issuer:
        return False
    key, signature, signed = certificate.public_key(), certificate.signature, certificate.tbs_certificate_bytes
    parameters = certificate.signature_algorithm_parameters
    try:
        if isinstance(key, rsa.RSAPublicKey):
            assert isinstance(parameters, padding.PKCS1v15)
            assert certificate.signature_hash_algorithm is not None
            key.verify(signature, signed, parameters, certificate.signature_hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            assert isinstance(parameters, ec.ECDSA)
            key.verify(signature, signed, parameters)
        else:
            assert isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
            key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


RECORDED = {
    "rdp-no-cookie-mstshash.pcap_a19f39ecaa2c05a4e32403d0a718f34ed53cc526.der": "sha256WithRSAEncryption",
    "rdp-to-ssl.pcap_00abbc7a0dca04571cb2ab4bb0dc652775f9e20c.der": "sha1WithRSAEncryption",
    "rdp-x509.pcap_d54b6e4aaed2cf8235f3ba671ee77d31b2929014.der": "sha1WithRSAEncryption",
    "rdp_over_tls.pcap_a2ff789d71427a00979c96c2e7d1c1ada182cc2c.der": "sha256WithRSAEncryption",
}


@pytest.mark.parametrize("file", sorted(RECORDED))
def test_recorded_certificates(captures: Path, file: str) -> None:
    found = agree((captures / "rdp-certs" / file).read_bytes())
    assert found.sha1.lower() in file
    assert found.signature_algorithm == RECORDED[file]
    # Who recorded rdp-x509.pcap put other names into the licence server's certificate: OpenSSL refuses it, too.
    assert found.self_signed == (not file.startswith("rdp-x509.pcap"))


def test_a_recorded_certificate_in_full(captures: Path) -> None:
    file = "rdp-to-ssl.pcap_00abbc7a0dca04571cb2ab4bb0dc652775f9e20c.der"
    found = x509.parse((captures / "rdp-certs" / file).read_bytes())
    assert x509.describe(found, datetime(2021, 2, 10, 12, 0, tzinfo=timezone.utc)) == {
        "sha1": "00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C",
        "sha256": "A5B05D2AE076130AA41060F53ECD72BDF864EA0179250E927549C94D5AB2499A",
        "subject": "CN=WIN2K8R2.awakecoding.ath.cx",
        "issuer": "CN=WIN2K8R2.awakecoding.ath.cx",
        "serial": "16ED2AA0495F259D4F5D99EDADA570D1",
        "not_before": "2011-02-12T21:37:35Z",
        "not_after": "2021-02-12T00:00:00Z",
        "names": [],
        "days_left": 1.5,
        "self_signed": True,
        "key_algorithm": "RSA",
        "key_bits": 2048,
        "signature_algorithm": "sha1WithRSAEncryption",
        "eku": ["1.3.6.1.5.5.7.3.1"],
    }


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda c: c.name
)
def test_elliptic_curves(curve: ec.EllipticCurve) -> None:
    found = agree(certificates.der(make(ec.generate_private_key(curve))))
    assert (found.key_algorithm, found.key_bits) == ("EC", curve.key_size)
    assert found.signature_algorithm == "ecdsa-with-SHA256"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "1.3.101.112"),
        (ed448.Ed448PrivateKey.generate(), "1.3.101.113"),
    ],
    ids=["ed25519", "ed448"],
)
def test_other_keys_are_named_by_their_oid(key: certificates.Key, algorithm: str) -> None:
    found = agree(certificates.der(make(key)))
    assert (found.key_algorithm, found.key_bits) == (algorithm, None)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda d: d.name)
def test_signature_names(digest: hashes.HashAlgorithm) -> None:
    assert agree(certificates.der(make(RSA, digest=digest))).signature_algorithm == f"{digest.name}WithRSAEncryption"


KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
    "rsa-2048": RSA,
    "rsa-3072": rsa.generate_private_key(65537, 3072),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
}
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
DIGESTS: list[Digest] = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.name)
@pytest.mark.parametrize("kind", sorted(KEYS))
def test_a_certificate_that_its_own_key_signed(kind: str, digest: Digest) -> None:
    key = KEYS[kind]
    good = certificates.der(make(key, digest=digest))
    assert agree(good).self_signed
    # The same names, but another key's signature; and a signature with one bit wrong.
    assert not agree(signed_by_another(key, digest)).self_signed
    assert not agree(good[:-1] + bytes([good[-1] ^ 1])).self_signed


def signed_by_another(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, digest: Digest) -> bytes:
    own = make(key, digest=digest)
    builder = (
        oracle.CertificateBuilder(own.issuer, own.subject, key.public_key(), own.serial_number)
        .not_valid_before(TODAY)
        .not_valid_after(TODAY)
    )
    if isinstance(key, rsa.RSAPrivateKey):
        return certificates.der(builder.sign(rsa.generate_private_key(65537, 2048), digest))
    return certificates.der(builder.sign(ec.generate_private_key(key.curve), digest))


@pytest.mark.parametrize("salt", [32, 20, 0])
@pytest.mark.parametrize("right", [True, False])
def test_signatures_with_pss(salt: int, right: bool) -> None:
    own = make(RSA)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    certificate = (
        oracle.CertificateBuilder(own.issuer, own.subject, RSA.public_key(), own.serial_number)
        .not_valid_before(TODAY)
        .not_valid_after(TODAY)
        .sign(RSA if right else rsa.generate_private_key(65537, 2048), hashes.SHA256(), rsa_padding=scheme)
    )
    found = x509.parse(certificates.der(certificate))
    assert found.signature_algorithm == "RSASSA-PSS"
    # Another salt length than that of TLS is not checked: the names decide.
    assert found.self_signed == (right or salt != 32)


def test_a_signature_that_can_not_be_checked_leaves_it_to_the_names() -> None:
    key = dsa.generate_private_key(2048)
    builder = (
        oracle.CertificateBuilder(name((CN, "a")), name((CN, "a")), key.public_key(), 1)
        .not_valid_before(TODAY)
        .not_valid_after(TODAY)
    )
    assert x509.parse(certificates.der(builder.sign(key, hashes.SHA256()))).self_signed


def test_the_slowest_signature_that_is_checked_stays_cheap() -> None:
    encoded = certificates.der(make(KEYS["p521"], digest=hashes.SHA512()))
    start = time.process_time()
    assert x509.parse(encoded).self_signed
    assert time.process_time() - start < 1


def named(*names: str | ipaddress.IPv4Address | ipaddress.IPv6Address, common_name: str = "cn.example.com") -> bytes:
    """A certificate with a subject alternative name (none without names)."""
    builder = (
        oracle.CertificateBuilder(name((CN, common_name)), name((CN, common_name)), KEYS["p256"].public_key(), 1)
        .not_valid_before(TODAY)
        .not_valid_after(TODAY)
    )
    if names:
        general = [oracle.DNSName(one) if isinstance(one, str) else oracle.IPAddress(one) for one in names]
        extra = oracle.UniformResourceIdentifier("https://example.com")
        builder = builder.add_extension(oracle.SubjectAlternativeName([*general, extra]), critical=False)
    return certificates.der(builder.sign(KEYS["p256"], hashes.SHA256()))


V4, V6 = ipaddress.ip_address("10.1.2.3"), ipaddress.ip_address("fe80::1")


def test_alternative_names() -> None:
    found = agree(named("rds01.example.com", V4, "*.example.org", V6))
    assert x509.describe(found, TODAY)["names"] == ["rds01.example.com", "*.example.org", "10.1.2.3", "fe80::1"]


def test_an_alternative_name_never_breaks_a_line() -> None:
    encoded = named("rds01.example.com").replace(b"rds01.example.com", b"rds01\nexample\x1bcom")
    assert x509.parse(encoded).dns_names == ("rds01\\0aexample\\1bcom",)


@pytest.mark.parametrize(
    ("certificate", "host", "expected"),
    [
        (named("rds01.example.com"), "rds01.example.com", True),
        (named("rds01.example.com"), "RDS01.Example.COM", True),
        (named("RDS01.EXAMPLE.COM"), "rds01.example.com", True),
        (named("rds01.example.com"), "rds01.example.com.", True),
        (named("rds01.example.com"), "rds01", False),
        (named("rds01.example.com"), "rds02.example.com", False),
        (named("rds01.example.com"), "cn.example.com", False),  # the common name counts no longer
        (named("rds02.example.com", "rds01.example.com"), "rds01.example.com", True),
        (named("*.example.com"), "rds01.example.com", True),
        (named("*.example.com"), "example.com", False),
        (named("*.example.com"), "a.rds01.example.com", False),
        (named("rds*.example.com"), "rds01.example.com", False),
        (named("a.*.com"), "a.example.com", False),
        (named("*"), "rds01", False),
        (named("xn--mller-kva.example.com"), "müller.example.com", True),
        (named("rds01.example.com"), "a..b", False),
        (named("rds01.example.com"), "", False),
        (named(V4), "10.1.2.3", True),
        (named(V4), "10.1.2.4", False),
        (named("10.1.2.3"), "10.1.2.3", False),  # an address in a DNS name is no address
        (named(V6), "FE80:0::1%eth0", True),
        (named(V6), "10.1.2.3", False),
        (named("a.example.com"), "10.1.2.3", False),
        (named(), "CN.example.com", True),
        (named(), "other.example.com", False),
        (named(common_name="*.example.com"), "cn.example.com", True),
        (named(common_name="10.1.2.3"), "10.1.2.3", True),
        (named(common_name="10.1.2.3"), "10.1.2.4", False),
    ],
)
def test_name_match(certificate: bytes, host: str, expected: bool) -> None:
    assert x509.name_match(x509.parse(certificate), host) is expected


def test_no_name_at_all_matches_nothing() -> None:
    nameless = x509.parse(certificates.der(make(RSA, subject=name((OU, "ou")), issuer=name((CN, "ca")))))
    assert nameless.common_name is None
    assert not x509.name_match(nameless, "ou")
    assert not x509.name_match(nameless, "")


@pytest.mark.parametrize(
    "subject",
    [
        name(),
        name((CN, "host")),
        name((COUNTRY, "DE"), (ORGANIZATION, "Müller & Söhne, \"GmbH\""), (OU, "a+b=c;d<e>f\\g"), (CN, "host")),
        name((DC, "com"), (DC, "example"), (CN, "日本")),
        name((CN, " leading"), (OU, "trailing "), (ORGANIZATION, "#hash")),
        name((CN, " "), (E_MAIL, "admin@example.com")),
        name((CN, "h"), ("1.3.6.1.4.1.311.60.2.1.3", "US")),
        oracle.Name(
            [
                oracle.RelativeDistinguishedName(
                    [oracle.NameAttribute(oracle.NameOID.COMMON_NAME, "SERVR"),
                     oracle.NameAttribute(oracle.NameOID.LOCALITY_NAME, "TURNBKL")]
                )
            ]
        ),
    ],
    ids=lambda subject: subject.rfc4514_string(),
)  # fmt: skip
def test_names(subject: oracle.Name) -> None:
    assert not agree(certificates.der(make(RSA, subject=subject, issuer=name((CN, "ca"))))).self_signed


def test_a_name_never_breaks_a_line() -> None:
    found = x509.parse(certificates.der(make(RSA, subject=name((CN, "a\nb\x1b[31m")))))
    assert found.subject == "CN=a\\0ab\\1b[31m"


@pytest.mark.parametrize("eku", [None, ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"), ("1.3.6.1.4.1.311.54.1.2",)])
def test_extended_key_usage(eku: tuple[str, ...] | None) -> None:
    assert agree(certificates.der(make(RSA, eku=eku))).eku == (eku or ())


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (datetime(1950, 1, 1, tzinfo=timezone.utc), datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        (datetime(2050, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_dates_on_both_sides_of_2050(not_before: datetime, not_after: datetime) -> None:
    found = agree(certificates.der(make(RSA, not_before=not_before, not_after=not_after)))
    assert x509.describe(found, TODAY)["not_after"] == not_after.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"\x17\x0d261122120000Z", b"\x17\x0d490101000000Z", datetime(2049, 1, 1, tzinfo=timezone.utc)),
        (b"\x17\x0d261122120000Z", b"\x17\x0d500101000000Z", datetime(1950, 1, 1, tzinfo=timezone.utc)),
    ],
)
def test_years_of_two_digits(old: bytes, new: bytes, expected: datetime) -> None:
    assert x509.parse(SMALL.replace(old, new, 1)).not_before == expected


@pytest.mark.parametrize(
    "text", [b"261322120000Z", b"260230120000Z", b"26112212000AZ", b"2611221200000", b"261122126000Z"]
)
def test_impossible_dates_are_refused(text: bytes) -> None:
    broken = SMALL.replace(b"261122120000Z", text, 1)
    assert broken != SMALL
    with pytest.raises(x509.BadCertificate, match="date"):
        x509.parse(broken)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"2611221200Z", TODAY),
        (b"2611221300+0100", TODAY),
        (b"261122070000-0500", TODAY),
    ],
)
def test_loose_dates_of_old_tools(content: bytes, expected: datetime) -> None:
    element = bytes([der.UTC_TIME, len(content)]) + content
    assert x509._time(der.Reader(element)) == expected


def test_days_left() -> None:
    found = x509.parse(SMALL)
    assert x509.describe(found, TODAY)["days_left"] == 183.0
    assert x509.describe(found, TODAY + timedelta(days=183, hours=6))["days_left"] == -0.25


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x00",
        b"-----BEGIN CERTIFICATE-----",
        SMALL[:-1],
        SMALL + b"\x00",
        b"\x1f" + SMALL[1:],
    ],
    ids=lambda data: data[:8].hex() + f"-{len(data)}",
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(x509.BadCertificate, match="^not an X.509 certificate: "):
        x509.parse(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(x509.BadCertificate):
        x509.parse(data)


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255), st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_changed_bytes_give_a_certificate_or_the_typed_error(at: int, value: int, also: int, other: int) -> None:
    changed = bytearray(SMALL)
    changed[at] = value
    changed[also] = other
    try:
        found = x509.parse(bytes(changed))
    except x509.BadCertificate as error:
        assert "\n" not in str(error)
    else:
        described = x509.describe(found, TODAY)
        assert x509.name_match(found, "rds01.example.com") in (True, False)
        assert len(described["sha1"]) == 40
        assert "\n" not in described["subject"] + described["issuer"]


@given(st.integers(0, len(SMALL)), st.integers(0, len(SMALL)), st.binary(max_size=8))
def test_cut_and_spliced_bytes(start: int, stop: int, piece: bytes) -> None:
    changed = SMALL[:start] + piece + SMALL[stop:]
    if changed == SMALL:
        return
    try:
        x509.parse(changed)
    except x509.BadCertificate as error:
        assert str(error)
