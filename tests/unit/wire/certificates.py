# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates to test with, made by an independent library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

TODAY = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


def name(*attributes: tuple[str, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in attributes])


def make(
    key: Key,
    *,
    subject: x509.Name | None = None,
    issuer: x509.Name | None = None,
    not_before: datetime = TODAY,
    not_after: datetime = TODAY + timedelta(days=183),
    serial: int = 0x16ED2AA0495F259D4F5D99EDADA570D1,
    eku: Sequence[str] | None = ("1.3.6.1.5.5.7.3.1",),
    digest: hashes.HashAlgorithm | None = None,
) -> x509.Certificate:
    """A certificate like the one that Remote Desktop makes for itself, but for what is asked for."""
    subject = subject or name(("2.5.4.3", "rds01.example.com"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .public_key(key.public_key())
    )
    if eku is not None:
        usages = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in eku])
        builder = builder.add_extension(usages, critical=False)
    signs_itself = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(key, None if signs_itself else digest or hashes.SHA256())  # type: ignore[arg-type]


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate, key: Key) -> bytes:
    """Certificate and key in one file, as ssl.SSLContext.load_cert_chain takes them."""
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
