# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that causes judge by."""

from __future__ import annotations

import hashlib
import re
import struct

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data import expected
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import (
    REGRESSIONS,
    Regression,
    regressions_of,
    split_build,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES


def test_the_folder_mask_is_that_of_both_microsoft_pages() -> None:
    assert expected.FILE_READ_WRITE == 0x0012019F


def test_the_service_sid_of_termservice() -> None:
    digest = hashlib.sha1("TERMSERVICE".encode("utf-16-le"), usedforsecurity=False).digest()
    assert expected.TERM_SERVICE == "S-1-5-80-" + "-".join(str(part) for part in struct.unpack("<5I", digest))


def test_expected_values_agree_with_each_other() -> None:
    assert set(expected.RENEWAL_SERVICES) < set(expected.SERVICES)
    assert expected.LISTENER["security_layer"] in expected.SECURITY_LAYERS
    assert expected.LISTENER["min_encryption_level"] in expected.ENCRYPTION_LEVELS
    known = {release.key for release in RELEASES}
    assert known >= expected.TLS_1_0_RELEASES | expected.TLS_1_0_ONLY_RELEASES
    one_version = {release.key for release in RELEASES if release.rdp_tls == ("TLS 1.0",)}
    assert one_version == expected.TLS_1_0_ONLY_RELEASES


@pytest.mark.parametrize("row", REGRESSIONS, ids=lambda row: f"{row.kb}-{row.build_from}")
def test_every_regression_is_a_range_of_one_build(row: Regression) -> None:
    first, fixed = split_build(row.build_from), split_build(row.build_fixed)
    assert first is not None and fixed is not None
    assert first[0] == fixed[0] and first[1] < fixed[1]
    assert re.fullmatch(r"KB\d{7}", row.kb) and re.fullmatch(r"KB\d{7}", row.fix_kb)
    assert row.source and row.symptom and not row.symptom.endswith(".")
    assert first[0] in {release.build for release in RELEASES if row.product in ("any", release.product)}
    assert regressions_of(row.build_from, row.product) == [row]
    assert row not in regressions_of(row.build_fixed, row.product)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("20348.2113", (20348, 2113)),
        ("7601", None),
        ("7601.", None),
        (".5", None),
        ("1.2.3", None),
        ("\u0661.\u0662", None),
        ("", None),
    ],
)
def test_split_build(text: str, split: tuple[int, int] | None) -> None:
    assert split_build(text) == split
