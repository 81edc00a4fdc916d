# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area certificate: where Windows puts the self-signed certificate and its key.

WinStations\\SelfSignedCertificate, the thumbprint of the one in use, decides nothing here: a recorded Windows 8.1 has
the store and not that value.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import drop_facts, fact, finding, ok, remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding, Remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    MACHINE_KEYS_PATH_SUFFIX,
    SELF_SIGNED_STORE,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import SELF_SIGNED_STORE_VALUE, WINSTATIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CertificateArea, Facts

STORE = "certificate.store"

_PROGRAM_DATA = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\ProgramData"


def store_facts(facts: Facts, area: CertificateArea) -> list[Evidence]:
    """Registry values that send the certificate or its key elsewhere."""
    return [each for each in (store_fact(area), _folder_fact(facts)) if each is not None]


def store_fact(area: CertificateArea) -> Evidence | None:
    """A SelfSignedCertStore that is not Windows' own."""
    store = area.get("self_signed_store")
    if (store or "").lower() == SELF_SIGNED_STORE.lower():
        return None
    shown = "is not set" if store is None else f"is {store!r}"
    where = f"{WINSTATIONS}\\{SELF_SIGNED_STORE_VALUE}"
    return fact(f"SelfSignedCertStore {shown}; Windows needs {SELF_SIGNED_STORE!r}.", where)


def _folder_fact(facts: Facts) -> Evidence | None:
    keys = ok(facts.get("machine_keys"))
    path = "" if keys is None else keys.get("path", "")
    if not path or path.lower().endswith(MACHINE_KEYS_PATH_SUFFIX.lower()):
        return None
    return fact(
        f"ProgramData leads the machine keys to {path}; Windows expects %SystemDrive%\\ProgramData.", _PROGRAM_DATA
    )


def store(facts: Facts, wire: Report | None) -> Finding | None:
    """Windows is sent to another store, or another folder of keys, than the listener looks in."""
    area = ok(facts.get("certificate"))
    if area is None or not (area.get("remote_desktop") or area.get("bound_thumbprint")):
        return None  # certificate.not_created tells it as the reason
    evidence, folder = store_facts(facts, area), _folder_fact(facts)
    if not evidence:
        return None
    failing = bool(drop_facts(wire)) and not area.get("bound_thumbprint")
    remedies = put_store_right(area)
    return finding(
        STORE,
        "Windows keeps the self-signed certificate in another place than Remote Desktop needs",
        # The values are certain; that they are what fails now is not.
        confidence="likely" if failing else "proved",
        impact="breaks" if failing else "degrades",
        evidence=[*evidence, *drop_facts(wire)],
        explains=[SOCKET_CLOSED] if failing else [],
        remedies=remedies,
        blocked_by=farm_block(facts) if remedies else "",
        decision=""
        if folder is None
        else "Set ProgramData to %SystemDrive%\\ProgramData, and restart SessionEnv: it moves more than this key, so "
        "look first what else is in that folder.",
    )


def put_store_right(area: CertificateArea) -> list[Remedy]:
    """Nothing where SelfSignedCertStore is right."""
    if store_fact(area) is None:
        return []
    return [remedy("rdp_certificate", {"self_signed_store": True}, restart=["SessionEnv"])]
