# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a client certificate, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.client_certificate import has_expired
from tests.unit.wsman.transport.throwaway import DAY, NOW, make


@pytest.mark.parametrize("expected", [True, False])
def test_the_first_certificate_counts_beside_its_key_and_chain(tmp_path: Path, expected: bool) -> None:
    valid, old = make("CA"), make("old CA", start=NOW - 9 * DAY, end=NOW - 8 * DAY)
    own = make("ana", valid, end=NOW - DAY / 2 if expected else NOW + DAY)
    certificate, key = own.save(tmp_path, "own")
    chain, _key = (valid if expected else old).save(tmp_path, "chain")
    whole = tmp_path / "whole.pem"
    whole.write_text("".join(Path(part).read_text(encoding="ascii") for part in (key, certificate, chain)))
    assert has_expired(str(whole)) is expected


@pytest.mark.parametrize(
    "text",
    [None, "", "é", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["missing", "empty", "no PEM", "no certificate"],
)
def test_a_file_that_tells_nothing(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "it.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert not has_expired(str(path))
    assert not has_expired("")
