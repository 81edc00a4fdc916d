# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for WinRM over HTTPS: an authority to trust, servers in good and bad states, and clients."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.model import certificates

SERVER_STATES = ("lab_ca", "self_signed", "expired", "wrong_name")
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_YEAR = 365

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class ServerTls:
    """The identity of an HTTPS listener: `certificate` is DER, `trust` the file that a client trusts it by,
    `client_authority` the file of who signs client certificates, None where none is asked for."""

    certificate: bytes
    certificate_pem: bytes
    key_pem: bytes
    trust: Path
    client_authority: Path | None


@dataclass(frozen=True)
class ClientCertificate:
    """PEM files of a client."""

    certificate: Path
    key: Path


class Authority:
    """The lab's certificate authority; its files live in a temporary folder until `close`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="winops-lab-ca-"))
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Lab Root CA")
        start = _now() - dt.timedelta(days=10)
        self._certificate = (
            _builder(self._name, self._name, self._key, start, 3 * _YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.path = self._write("ca.pem", _pem(self._certificate))

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def server(self, state: str, names: Sequence[str], *, ask_client: bool) -> ServerTls:
        """A listener's certificate in one of SERVER_STATES, for host names and addresses. `ask_client` asks for a
        client certificate of this authority."""
        key = certificates.private_key(certificates.KEYS.take())
        if state == "wrong_name":
            names = ["another-host.lab.invalid"]
        start = _now() - dt.timedelta(days=400 if state == "expired" else 5)
        subject = _name(names[0])
        issuer = subject if state == "self_signed" else self._name
        builder = (
            _builder(subject, issuer, key, start, _YEAR)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        certificate = self._signed(builder, key if state == "self_signed" else self._key)
        trust = self.path
        if state == "self_signed":
            trust = self._write(f"trust-{certificate.serial_number:x}.pem", _pem(certificate))
        der = certificate.public_bytes(serialization.Encoding.DER)
        return ServerTls(der, _pem(certificate), _key_pem(key), trust, self.path if ask_client else None)

    def client(self, principal: str, *, expired: bool = False) -> ClientCertificate:
        """A client certificate with a user principal name, such as `ansible@localhost`."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = _now() - dt.timedelta(days=400 if expired else 5)
        other = x509.OtherName(_UPN, b"\x0c" + bytes([len(principal.encode())]) + principal.encode())
        builder = (
            _builder(_name(principal.partition("@")[0]), self._name, key, start, _YEAR)
            .add_extension(x509.SubjectAlternativeName([other]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        certificate = self._signed(builder, self._key)
        stem = f"client-{certificate.serial_number:x}"
        return ClientCertificate(
            self._write(f"{stem}.pem", _pem(certificate)), self._write(f"{stem}-key.pem", _key_pem(key))
        )

    def _signed(self, builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
        return builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        ).sign(key, hashes.SHA256())

    def _write(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        path.chmod(0o600)
        return path


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, start: dt.datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
