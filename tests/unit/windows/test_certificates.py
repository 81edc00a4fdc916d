# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate stores: recorded blobs, and blobs that are cut off."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ansible_collections.winops.rdp.plugins.plugin_utils._windows import certificates
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError

FOLDER = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_CAPTURES = os.environ.get("RDP_CAPTURES")
BLOBS = sorted(Path(_CAPTURES, "certstore-blobs").glob("*.bin")) if _CAPTURES else []
recorded = pytest.mark.skipif(not BLOBS, reason="RDP_CAPTURES is not set: there are no recorded blobs to read")


@pytest.mark.parametrize(
    ("container", "published"),
    [
        ("TSSecKeySet1", "f686aace6942fb7f7ceb231212eef4a4"),
        ("iisConfigurationKey", "6de9cb26d2b98c01ec4e9e8b34824aa2"),
        ("MS IIS DCOM Server", "7a436fe806e483969f48a894af2fe9a1"),
    ],
)
def test_key_files_have_the_published_names(container: str, published: str) -> None:
    assert certificates.key_file_name(container, "GUID") == f"{published}_GUID"


@recorded
@pytest.mark.parametrize("path", BLOBS, ids=lambda path: path.stem[-60:])
def test_recorded_blobs_agree_with_another_reader(path: Path) -> None:
    """The thumbprint is in the file's name; the rest is what the library cryptography reads."""
    blob = path.read_bytes()
    found = certificates.certificate(blob, "MY", NOW, FOLDER, "GUID")
    other = x509.load_der_x509_certificate(certificates.records(blob)[32])
    assert found["thumbprint"] == path.stem.rpartition("_")[2]
    assert found["thumbprint"] == other.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    assert found["not_after"] == other.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["key_bits"] == other.public_key().key_size  # type: ignore[union-attr]
    assert found["days_left"] == pytest.approx((other.not_valid_after_utc - NOW).total_seconds() / 86400, abs=0.1)


@recorded
def test_the_recorded_key_information_is_read() -> None:
    path = next(path for path in BLOBS if "__Root_" in path.name)
    found = certificates.certificate(path.read_bytes(), "Root", NOW, FOLDER, "GUID")
    key = found["private_key"]
    assert key is not None
    assert key["container"] == "2655f347b6b69a9c08890adc0a908581_94f748d5-d585-4309-9e7a-4be163cfc6d4"
    assert key["provider"] == "Microsoft Enhanced RSA and AES Cryptographic Provider"
    assert not key["cng"]


@recorded
def test_every_cut_of_a_recorded_blob_ends_in_one_error() -> None:
    blob = BLOBS[0].read_bytes()
    whole = len(certificates.records(blob))
    for length in range(1, len(blob), 7):
        try:
            assert len(certificates.records(blob[:length])) < whole
        except WindowsError as error:
            assert "blob" in str(error)


@pytest.mark.parametrize("blob", [b"", b"\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"])
def test_a_blob_without_certificate_is_refused(blob: bytes) -> None:
    with pytest.raises(WindowsError, match="property 32"):
        certificates.certificate(blob, "MY", NOW, FOLDER, "GUID")
