# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The folder MachineKeys and the key files of the listener's certificates: do they exist, and who may read them.

How many files are in the folder is counted on the host: ``dir`` lists them without any words, and ``find /c`` counts
lines.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import self_signed
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Certificate,
    CertificateArea,
    KeyFile,
    MachineKeys,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import Readings


def commands(host: Host) -> list[str]:
    """What :func:`read` needs the output of."""
    return [f'dir /b /a-d "{host.key_folder}" 2>nul | find.exe /c /v ""']


def read(host: Host, certificates: CertificateArea, readings: Callable[[], Readings]) -> MachineKeys:
    guid = host.machine_guid
    if guid is None:
        raise WindowsError(r"HKLM\SOFTWARE\Microsoft\Cryptography\MachineGuid is missing: key files have no name")
    wanted: dict[str, Certificate] = {}
    for certificate in (certificates.get("active"), certificates.get("bound"), self_signed(certificates)):
        if certificate is not None and certificate["private_key"] and certificate["private_key"]["file"]:
            wanted.setdefault(certificate["private_key"]["file"], certificate)
    return MachineKeys(
        status="ok",
        reason="",
        path=host.key_folder,
        machine_guid=guid,
        folder=host.files.security(host.key_folder),
        keys=[_key_file(host, path, certificate) for path, certificate in wanted.items()],
        entries=_entries(host, readings),
    )


def _entries(host: Host, readings: Callable[[], Readings]) -> int | None:
    """None: no remote shell, not in time, or no file: ``find`` fails where it counts none, as in a folder that the
    account may not list."""
    (command,) = commands(host)
    try:
        digits = readings().texts.get(command, "").strip()
    except UNREAD:
        return None
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _key_file(host: Host, path: str, certificate: Certificate) -> KeyFile:
    # A list that could be read is a file that exists; nothing else proves that one is missing.
    security = host.files.security(path)
    exists = security["status"] == "ok" or host.files.exists(path)
    key = certificate["private_key"]
    return KeyFile(
        path=path,
        exists=exists,
        container="" if key is None else key["container"],
        thumbprint=certificate["thumbprint"],
        security=security if exists else None,
    )
