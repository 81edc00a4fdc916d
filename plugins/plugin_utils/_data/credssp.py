# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The correction of CVE-2018-0886 ("CredSSP encryption oracle remediation") by the version of TSpkg.dll; its policy.

Versions: the table of Microsoft's "Error CredSSP encryption oracle remediation when you try to RDP to a Windows VM in
Azure" (KB4295591, 2023-08-25), which names the updates of May 2018. Those of March 2018 already had the new protocol,
with the old default (KB4093492); a host that was left between the two counts as not fixed here, as in that table.
Windows Vista, Server 2008, Windows 10 1507 and 1511 are in no such table: nothing is said of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# The version of %SystemRoot%\System32\TSpkg.dll that has the correction, by the build in it.
MINIMUM: Final[Mapping[int, tuple[int, int, int, int]]] = {
    7601: (6, 1, 7601, 24117),  # Windows 7 SP1, Server 2008 R2 SP1
    9200: (6, 2, 9200, 22432),  # Server 2012
    9600: (6, 3, 9600, 18999),  # Windows 8.1, Server 2012 R2
    14393: (10, 0, 14393, 2248),  # Windows 10 1607, Server 2016
    15063: (10, 0, 15063, 1088),  # Windows 10 1703
    16299: (10, 0, 16299, 431),  # Windows 10 1709
}
# The updates of May 2018 that bring it; where there are two, the monthly rollup and the security-only update.
UPDATES: Final[Mapping[int, tuple[str, ...]]] = {
    7601: ("KB4103718", "KB4103712"),
    9200: ("KB4103730", "KB4103726"),
    9600: ("KB4103725", "KB4103715"),
    14393: ("KB4103723",),
    15063: ("KB4103731",),
    16299: ("KB4103727",),
}
# Windows 10 1803. It and everything newer came out after March 2018 with the correction (MEM: no page says so of 1803).
BORN_FIXED: Final = 17134

# From this version on, CredSSP binds the server's key by a hash with a nonce ([MS-CSSP] 2.2.1, clientNonce). L: that
# this is the correction follows from the dates.
FIRST_FIXED_VERSION: Final = 5

# AllowEncryptionOracle, a DWORD: the place in Microsoft's KB4093492, and the one that Alibaba's support scripts look at
# as well, which no Microsoft page names.
ORACLE_VALUE: Final = "AllowEncryptionOracle"
ORACLE_KEYS: Final = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters",
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CredentialsDelegation",
)
ORACLE_MEANINGS: Final[Mapping[int, str]] = {0: "force_updated", 1: "mitigated", 2: "vulnerable"}

# "10.0.14393.2248 (rs1_release.180427-1804)": a branch behind the numbers is none of ours.
_VERSION = re.compile(r"\s*(\d{1,5})\.(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?!\d)", re.ASCII)


def is_fixed(version: str, build: int) -> bool | None:
    """Whether TSpkg.dll of this version has the correction; None: not known.

    ``version``: the file's, empty where it was not read. ``build``: that of Windows, such as 14393.
    """
    if build >= BORN_FIXED:
        return True
    match = _VERSION.match(version)
    if match is None:
        return None
    major, minor, own_build, revision = (int(part) for part in match.groups())
    least = MINIMUM.get(own_build)
    return None if least is None else (major, minor, own_build, revision) >= least
