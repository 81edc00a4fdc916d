# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules can fail: each is broken here, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.rules import WINDOWS, broken
from tests.lab.model.audit import Write

MACHINE = "HKEY_LOCAL_MACHINE"
RDP_TCP = rf"{MACHINE}\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
SSL3 = rf"{MACHINE}\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\SSL 3.0\Server"
KEYS = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys"
OTHER = rf"{KEYS}\6de9cb26d2b98c01ec4e9e8b34824aa2_0"
POLICY = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
MY = rf"{MACHINE}\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\{'A' * 40}"
GRACE = rf"{MACHINE}\SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\GracePeriod"


def write(target: str, before: Any, after: Any, kind: str = "registry.value.set", by: str = r"SRV\ansible") -> Write:
    sides = [{"type": "REG_DWORD", "data": each} if isinstance(each, int) else each for each in (before, after)]
    return Write(0.0, by, kind, target, *sides)


@pytest.mark.parametrize(
    "bad",
    [
        write(rf"{RDP_TCP}\SecurityLayer", 2, 1),
        write(rf"{RDP_TCP}\SecurityLayer", None, 0),
        write(rf"{RDP_TCP}\UserAuthentication", 1, 0),
        write(rf"{RDP_TCP}\MinEncryptionLevel", 3, 1),
        write(rf"{RDP_TCP}\MinEncryptionLevel", 7, 1),
        write(rf"{SSL3}\Enabled", None, 1),
        write(rf"{POLICY}\SecurityLayer", 0, 2),
        write(OTHER, {}, {}, kind="file.security"),
        write(rf"{KEYS}\f686aace6942fb7f7ceb231212eef4a4_0", {}, None, kind="file.delete"),
        write(MY, None, None, kind="registry.key.delete"),
        write(GRACE, None, None, kind="registry.key.delete"),
    ],
    ids=lambda bad: f"{bad.kind} {bad.target.rpartition(chr(92))[2]}",
)
def test_a_broken_rule_is_told(bad: Write) -> None:
    assert len(broken([bad])) == 1
    assert broken([Write(bad.time, WINDOWS, bad.kind, bad.target, bad.before, bad.after)]) == []


def test_what_was_there_before_may_come_back() -> None:
    raised, back = write(rf"{RDP_TCP}\SecurityLayer", 0, 2), write(rf"{RDP_TCP}\SecurityLayer", 2, 0)
    assert broken([raised, back]) == []
    assert len(broken([raised, back, write(rf"{RDP_TCP}\UserAuthentication", 1, 0)])) == 1


def test_the_level_that_windows_brings_may_replace_one_that_is_none() -> None:
    assert broken([write(rf"{RDP_TCP}\MinEncryptionLevel", 7, 2)]) == []


def test_its_own_keys_may_be_given_back() -> None:
    own = rf"{KEYS}\0123456789abcdef0123456789abcdef_0"
    assert broken([write(own, {}, {}, kind="file.security")], [own]) == []
    assert len(broken([write(own, {}, {}, kind="file.security")])) == 1
