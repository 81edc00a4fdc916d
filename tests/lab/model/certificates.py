# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate stores and machine keys.

A store is a registry key `SOFTWARE\\Microsoft\\SystemCertificates\\<store>\\Certificates\\<thumbprint>` with a `Blob`
of property records: id, reserved (1) and length as little-endian dwords, then the value ([MS-GPEF] 2.2.1.1.1.1).
Property 2 is a serialized CRYPT_KEY_PROV_INFO, 3 the SHA-1, 32 the DER certificate; the layout of property 2 follows a
recorded blob of Windows 10 (a Root store entry with a key).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.model.registry import HKLM, REG_BINARY, Registry

STORES = HKLM + "\\SOFTWARE\\Microsoft\\SystemCertificates"
REMOTE_DESKTOP, MY = "Remote Desktop", "MY"
MACHINE_KEYS = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
RDP_CONTAINER = "TSSecKeySet1"
PROVIDER = "Microsoft Enhanced Cryptographic Provider v1.0"
SELF_SIGNED_DAYS = 183

PROP_KEY_PROV_INFO, PROP_SHA1, PROP_MD5, PROP_CERTIFICATE = 2, 3, 4, 32
_KEYS_PER_PROCESS = 4
RSA, EC = "rsa2048", "ec256"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CNG_PROVIDER = "Microsoft Software Key Storage Provider"
CNG_KEYS = "C:\\ProgramData\\Microsoft\\Crypto\\Keys"


def key_file_name(container: str, machine_guid: str) -> str:
    """The file name of a CAPI machine key: MD5 of the lower-case container name with its NUL, as four little-endian
    dwords, then the machine GUID. `TSSecKeySet1` gives f686aace6942fb7f7ceb231212eef4a4."""
    digest = hashlib.md5(container.lower().encode("ascii") + b"\0", usedforsecurity=False).digest()
    return "".join(f"{word:08x}" for word in struct.unpack("<4I", digest)) + "_" + machine_guid.lower()


@lru_cache(maxsize=2 * _KEYS_PER_PROCESS)
def _generated_key(kind: str, index: int) -> PrivateKey:
    if kind == EC:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class KeyPool:
    """A few keys made once per process and handed out in turn, so that a fleet starts fast."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, *, other_than: str = "", kind: str = RSA) -> str:
        """The name of a key; the next one when it would be `other_than`."""
        name = f"{kind}-{self._next % _KEYS_PER_PROCESS}"
        self._next += 1
        return name if name != other_than else self.take(kind=kind)


KEYS = KeyPool()


def private_key(name: str) -> PrivateKey:
    """The key behind a name that `KeyPool.take` gave."""
    kind, index = name.rsplit("-", 1)
    return _generated_key(kind, int(index))


@lru_cache(maxsize=2 * _KEYS_PER_PROCESS)
def private_key_pem(name: str) -> bytes:
    return private_key(name).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def self_signed(
    common_name: str,
    key: str,
    not_before: dt.datetime,
    days: int = SELF_SIGNED_DAYS,
    eku: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> bytes:
    """DER of a certificate as Remote Desktop makes it: RSA 2048, SHA-256, EKU server authentication, key usage key
    encipherment and data encipherment, 183 days (recorded RDP host certificates; mimikatz listing of a real store). An
    EC key signs instead."""
    signer = private_key(key)
    signs = isinstance(signer, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=not signs,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + dt.timedelta(days=days))
        .add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
        .add_extension(usage, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def thumbprint(der: bytes) -> str:
    """SHA-1 of the certificate, upper-case hex."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def key_prov_info(container: str, *, cng: bool = False) -> bytes:
    """Serialized CRYPT_KEY_PROV_INFO for a machine key set (flags CRYPT_MACHINE_KEYSET 0x20, AT_KEYEXCHANGE 1); a key
    of CNG has provider type 0 and no key spec (Microsoft, CRYPT_KEY_PROV_INFO)."""
    names = container.encode("utf-16-le") + b"\0\0"
    offset = 28 + len(names)
    provider, provider_type = (CNG_PROVIDER, 0) if cng else (PROVIDER, 1)
    head = struct.pack("<7I", 28, offset, provider_type, 0x20, 0, 0, 0 if cng else 1)
    return head + names + provider.encode("utf-16-le") + b"\0\0"


def container_of(info: bytes) -> str | None:
    """The container name inside a serialized CRYPT_KEY_PROV_INFO."""
    if len(info) < 28:
        return None
    start = int(struct.unpack_from("<I", info)[0])
    return info[start:].decode("utf-16-le", "replace").split("\0", 1)[0]


def is_cng(info: bytes) -> bool:
    """Whether a serialized CRYPT_KEY_PROV_INFO names a key of CNG."""
    return len(info) >= 28 and int(struct.unpack_from("<I", info, 8)[0]) == 0


def encode_blob(der: bytes, container: str | None, *, cng: bool = False) -> bytes:
    """The `Blob` of a certificate; without a container it has no private key."""
    records = [
        (PROP_SHA1, bytes.fromhex(thumbprint(der))),
        (PROP_MD5, hashlib.md5(der, usedforsecurity=False).digest()),
    ]
    if container is not None:
        records.append((PROP_KEY_PROV_INFO, key_prov_info(container, cng=cng)))
    records.append((PROP_CERTIFICATE, der))
    return b"".join(struct.pack("<3I", prop, 1, len(value)) + value for prop, value in records)


def decode_blob(blob: bytes) -> dict[int, bytes]:
    """Property id to value; stops at a record that does not fit."""
    properties: dict[int, bytes] = {}
    offset = 0
    while offset + 12 <= len(blob):
        prop, _reserved, length = struct.unpack_from("<3I", blob, offset)
        value = blob[offset + 12 : offset + 12 + length]
        if len(value) != length:
            break
        properties[prop] = value
        offset += 12 + length
    return properties


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate of a store; `container` None means that the store knows no private key for it."""

    thumbprint: str
    der: bytes
    container: str | None
    cng: bool = False

    @property
    def parsed(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.PEM)


def store_path(store: str, thumb: str = "") -> str:
    base = f"{STORES}\\{store}\\Certificates"
    return f"{base}\\{thumb}" if thumb else base


def add(registry: Registry, store: str, der: bytes, container: str | None, *, cng: bool = False) -> str:
    """Put a certificate in a store; returns its thumbprint."""
    thumb = thumbprint(der)
    registry.set(store_path(store, thumb), "Blob", REG_BINARY, encode_blob(der, container, cng=cng))
    return thumb


def find(registry: Registry, store: str, thumb: str) -> StoredCertificate | None:
    """The certificate under a thumbprint, or None when it is missing or its blob holds none."""
    blob = registry.binary(store_path(store, thumb), "Blob")
    if blob is None:
        return None
    properties = decode_blob(blob)
    der = properties.get(PROP_CERTIFICATE)
    if der is None:
        return None
    info = properties.get(PROP_KEY_PROV_INFO)
    if info is None:
        return StoredCertificate(thumb.upper(), der, None)
    return StoredCertificate(thumb.upper(), der, container_of(info), is_cng(info))


def listing(registry: Registry, store: str) -> list[StoredCertificate]:
    """Every certificate of a store, in the order of thumbprints."""
    key = registry.find(store_path(store))
    found = [find(registry, store, name.upper()) for name in sorted(key.subkeys)] if key is not None else []
    return [certificate for certificate in found if certificate is not None]
