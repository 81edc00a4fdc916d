# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The folder MachineKeys and the key files of the listener's certificates: do they exist, and who may read them."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Certificate,
    CertificateArea,
    KeyFile,
    MachineKeys,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import key_file_name
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

# The container of the self-signed RDP certificate's key, as mimikatz and published clean-up lists name it.
RDP_CONTAINER = "TSSecKeySet1"


def read(host: Host, certificates: CertificateArea) -> MachineKeys:
    guid = host.machine_guid
    if guid is None:
        raise WindowsError(r"HKLM\SOFTWARE\Microsoft\Cryptography\MachineGuid is missing: key files have no name")
    wanted: dict[str, Certificate] = {}
    for certificate in (certificates.get("active"), certificates.get("bound"), _self_signed(certificates)):
        if certificate is not None and certificate["private_key"] and certificate["private_key"]["file"]:
            wanted.setdefault(certificate["private_key"]["file"], certificate)
    keys = [_key_file(host, path, certificate) for path, certificate in wanted.items()]
    prefix = key_file_name(RDP_CONTAINER, "")
    expected = rf"{host.key_folder}\{prefix}{guid}".lower()
    complete = bool(keys) and all(key["exists"] for key in keys)
    # The whole folder is listed only where a key is missing: it can hold very many files.
    listed = [] if complete else host.files.list(host.key_folder)
    return MachineKeys(
        status="ok",
        reason="",
        path=host.key_folder,
        machine_guid=guid,
        folder=host.files.security(host.key_folder),
        keys=keys,
        strays=[path for path in listed if _is_stray(path, prefix, expected)],
    )


def _self_signed(certificates: CertificateArea) -> Certificate | None:
    thumbprint = certificates.get("self_signed_thumbprint")
    return next((each for each in certificates.get("remote_desktop", []) if each["thumbprint"] == thumbprint), None)


def _key_file(host: Host, path: str, certificate: Certificate) -> KeyFile:
    exists = host.files.exists(path)
    key = certificate["private_key"]
    return KeyFile(
        path=path,
        exists=exists,
        container="" if key is None else key["container"],
        thumbprint=certificate["thumbprint"],
        security=host.files.security(path) if exists else None,
    )


def _is_stray(path: str, prefix: str, expected: str) -> bool:
    return path.lower().rpartition("\\")[2].startswith(prefix) and path.lower() != expected
