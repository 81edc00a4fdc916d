# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates of the servers, made and read by an independent library."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "127.0.0.1"
_DAYS = 30


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, each in a PEM file."""

    certificate: Path
    key: Path

    def expected(self) -> dict[str, object]:
        """What the report's certificate says of this one."""
        return describe(self.certificate)


def describe(path: Path) -> dict[str, object]:
    """The certificate of a PEM file in the words of the report; ``subject`` only where it is a common name alone."""
    found = x509.load_pem_x509_certificate(path.read_bytes())
    key = found.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | dsa.DSAPublicKey)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = [str(name.value) for name in names]
    except x509.ExtensionNotFound:
        listed = []
    return {
        "sha1": found.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303  (Windows names certificates by it)
        "sha256": found.fingerprint(hashes.SHA256()).hex().upper(),
        "subject": found.subject.rfc4514_string(),
        "issuer": found.issuer.rfc4514_string(),
        "names": listed,
        "not_before": found.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": found.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "self_signed": found.subject == found.issuer,
        "key_bits": key.key_size,
    }


def make(folder: Path, kind: str = "rsa", *, expired: bool = False) -> Identity:
    """A self-signed certificate with a key of ``kind`` (rsa, ec, dsa) that names 127.0.0.1."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    elif kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = dsa.generate_private_key(2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{kind}.interop.test")])
    ends = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=-1 if expired else _DAYS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=2 * _DAYS))
        .not_valid_after(ends)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{kind}.interop.test"), _loopback()]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    identity = Identity(folder / f"{kind}.crt", folder / f"{kind}.key")
    identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    identity.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return identity


def _loopback() -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(HOST))
