# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe as these tests run it, and what they compare of its report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.interop.identity import HOST

# Enough for a full survey on a busy machine; most take a second or two.
_DEADLINE = 30.0

# The suites of Windows, by Microsoft's pages "TLS Cipher Suites in Windows 7" to "... Windows Server 2022". OpenSSL and
# GnuTLS have more: CCM, Camellia, ARIA, anonymous ones, ChaCha20 before TLS 1.3.
_OF_WINDOWS = re.compile(
    r"TLS_(RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_AES_\d+_(GCM|CBC)_SHA\d*"
    r"|TLS_DHE_RSA_WITH_AES_\d+_(GCM_SHA\d+|CBC_SHA)"
    r"|TLS_DHE_DSS_WITH_AES_\d+_CBC_SHA\d*"
    r"|TLS_RSA_WITH_(3DES_EDE_CBC_SHA|RC4_128_SHA|RC4_128_MD5|NULL_MD5|NULL_SHA\d*)"
    r"|TLS_(AES_\d+_GCM_SHA\d+|CHACHA20_POLY1305_SHA256)"
)


def quick(port: int, host: str = HOST) -> Report:
    """A quick probe; the promise of at most three connections holds whatever the server is."""
    report = probe(host, port, deadline=_DEADLINE)
    assert report["connections"] <= 3, report
    assert report["complete"], report
    return report


def full(port: int, host: str = HOST) -> Report:
    """A full probe that came to its end."""
    report = probe(host, port, depth="full", deadline=_DEADLINE)
    assert report["complete"], report
    return report


def picked(report: Report, expected: Mapping[str, object]) -> dict[str, object]:
    """The report's values at the places of ``expected``, such as ``tls/versions/TLS 1.2/result``."""
    whole: Any = report
    return {place: reduce(lambda part, key: part[key], place.split("/"), whole) for place in expected}


def of_windows(suites: Sequence[str]) -> list[str]:
    """Those of the suites that Windows has too: no others are looked for."""
    return [suite for suite in suites if _OF_WINDOWS.fullmatch(suite)]


def accepted(report: Report) -> dict[str, list[str]]:
    """The suites by TLS version, of the versions that the server accepts."""
    versions = report["tls"]["versions"]
    return {name: found["ciphers"] for name, found in versions.items() if found["result"] == "accepted"}


def offers(report: Report) -> dict[str, str]:
    """What each security protocol came to, in a word: its result, or why it was refused, or what was chosen instead."""
    told = report["x224"]["protocols"]
    return {name: str(offer["failure"] or offer["selected"] or offer["result"]) for name, offer in told.items()}
