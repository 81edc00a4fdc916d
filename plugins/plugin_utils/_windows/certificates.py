# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Certificate stores as the registry holds them. Pure.

A certificate is the value ``Blob`` of ``...\\SystemCertificates\\<store>\\Certificates\\<thumbprint>``: records of
property id, a reserved number, length (32 bit little endian each) and data, [MS-GPEF] 2.2.1.1.1.1. Property 32 is the
certificate itself; property 2 (CERT_KEY_PROV_INFO) names the container of its private key.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from datetime import datetime

from ansible_collections.winops.rdp.plugins.module_utils._wire import x509
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Certificate, PrivateKey
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError

REMOTE_DESKTOP = "Remote Desktop"
PERSONAL = "MY"

_KEY_PROV_INFO, _DER = 2, 32
# Microsoft, "CRYPT_KEY_PROV_INFO": offsets of container and provider name, provider type, flags, ... as stored in
# a recorded blob of Windows 10 1709: 32 bit each, offsets from the start of the record's data.
_KEY_PROV_HEADER = struct.Struct("<IIIIIII")
_RECORD = struct.Struct("<III")


def store_path(store: str) -> str:
    """The registry key of a machine store, with one subkey a certificate."""
    return rf"HKLM\SOFTWARE\Microsoft\SystemCertificates\{store}\Certificates"


def records(blob: bytes) -> dict[int, bytes]:
    """The properties of a blob by id; WindowsError when it is cut off."""
    return dict(_records(blob))


def _records(blob: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(blob):
        if offset + _RECORD.size > len(blob):
            raise WindowsError(f"the certificate blob ends inside a record at byte {offset}")
        identifier, _reserved, length = _RECORD.unpack_from(blob, offset)
        offset += _RECORD.size
        if offset + length > len(blob):
            raise WindowsError(f"property {identifier} of the certificate blob is longer than the blob")
        yield identifier, blob[offset : offset + length]
        offset += length


def certificate(blob: bytes, store: str, now: datetime, key_folder: str, machine_guid: str | None) -> Certificate:
    """A blob as a fact. ``now`` is the host's time; WindowsError for what is no certificate."""
    properties = records(blob)
    if _DER not in properties:
        raise WindowsError("the certificate blob holds no certificate (property 32)")
    try:
        parsed = x509.parse(properties[_DER])
    except x509.BadCertificate as error:
        raise WindowsError(f"the certificate blob holds no readable certificate: {error}") from error
    described = x509.describe(parsed, now)
    key = properties.get(_KEY_PROV_INFO)
    return Certificate(
        thumbprint=described["sha1"],
        store=store,
        subject=described["subject"],
        issuer=described["issuer"],
        not_before=described["not_before"],
        not_after=described["not_after"],
        days_left=described["days_left"],
        self_signed=described["self_signed"],
        key_algorithm=described["key_algorithm"],
        key_bits=described["key_bits"],
        signature_algorithm=described["signature_algorithm"],
        eku=described["eku"],
        private_key=None if key is None else private_key(key, key_folder, machine_guid),
    )


def private_key(data: bytes, key_folder: str, machine_guid: str | None) -> PrivateKey:
    """CERT_KEY_PROV_INFO as a fact."""
    if len(data) < _KEY_PROV_HEADER.size:
        raise WindowsError("the key information of the certificate blob is too short")
    container_at, provider_at, provider_type, *_rest = _KEY_PROV_HEADER.unpack_from(data)
    container = _wide_string(data, container_at)
    cng = provider_type == 0  # Microsoft: "If this member is zero, the key container is one of the CNG key storage"
    file = None if cng or machine_guid is None else rf"{key_folder}\{key_file_name(container, machine_guid)}"
    return PrivateKey(container=container, provider=_wide_string(data, provider_at), cng=cng, file=file)


def key_file_name(container: str, machine_guid: str) -> str:
    """The file that CryptoAPI keeps a machine key in: MD5 of the lower-case container name with its closing zero,
    printed as four little-endian 32 bit numbers, then the machine GUID. Checked against the published names of
    TSSecKeySet1 (f686aace...), iisConfigurationKey (6de9cb26...) and MS IIS DCOM Server (7a436fe8...)."""
    digest = hashlib.md5(container.lower().encode("utf-8") + b"\0", usedforsecurity=False).digest()
    return "".join(f"{number:08x}" for number in struct.unpack("<IIII", digest)) + "_" + machine_guid


def _wide_string(data: bytes, offset: int) -> str:
    end = offset
    while end + 2 <= len(data) and data[end : end + 2] != b"\0\0":
        end += 2
    return data[offset:end].decode("utf-16-le", errors="replace")
