# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that were not recorded, and the sentences that they become. tests/fidelity/test_faults.py has the others."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.codes import SYMBOLS
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManTimeout
from tests.unit.wsman.samples import envelope, fault


def raised(raw: bytes) -> WSManFault:
    with pytest.raises(WSManFault) as caught:
        reply.read_body(raw)
    return caught.value


def wmi_fault(inner: str) -> bytes:
    return envelope(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Detail>"
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150859010">'
        f"<f:Message>{inner}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )


@pytest.mark.parametrize(
    ("inner", "wmi_code", "flags"),
    [
        (
            "The WMI service or the WMI provider returned an unknown error: HRESULT 0x80041010",
            0x80041010,
            "invalid_class",
        ),
        ("<f:ProviderFault><f:WSManFault Code='2147749902'/></f:ProviderFault>", 0x8004100E, "not_found"),
        ("<f:ProviderFault><f:WSManFault Code='-2147217405'/></f:ProviderFault>", 0x80041003, "access_denied"),
        (
            "<f:ProviderFault><f:ExtendedError><__ExtendedStatus><StatusCode>2147749890</StatusCode>"
            "</__ExtendedStatus></f:ExtendedError></f:ProviderFault>",
            0x80041002,
            "not_found",
        ),
    ],
)
def test_a_nested_wmi_error_is_found(inner: str, wmi_code: int, flags: str) -> None:
    """Not recorded: the ways in which the texts of wsmerror.h and of __ExtendedStatus say that it comes."""
    found = raised(wmi_fault(inner))
    assert found.wmi_code == wmi_code
    assert getattr(found, f"is_{flags}")
    assert f"0x{wmi_code:08X}" in str(found)


@pytest.mark.parametrize("code", [5, 2147942405, 2150859012, 2150859013, 2150859014, 2150859180])
def test_access_denied_in_all_its_codes(code: int) -> None:
    found = raised(fault(code, "Zugriff verweigert"))
    assert found.is_access_denied and not found.is_not_found
    assert "Zugriff verweigert" in str(found)


def test_a_bad_query_is_no_missing_class() -> None:
    found = WSManFault(faults.CANNOT_PROCESS_FILTER, wmi_code=0x80041017)
    assert not found.is_invalid_class and not found.is_not_found


def test_a_sentence_says_what_where_and_what_to_do() -> None:
    found = raised(fault(2150859173, "30 concurrent shells.")).located("win01", "the command icacls")
    assert str(found) == (
        "The command icacls on win01 failed: the account has as many remote shells open as it may "
        '(ERROR_WSMAN_QUOTA_MAX_SHELLS 0x803381A5, Windows says "30 concurrent shells"); wait for other users of WinRM '
        "to finish, lower the number of forks, or raise the WinRM quota."
    )
    assert (found.host, found.operation) == ("win01", "the command icacls")
    assert found.located("other", "other").host == "win01"


def test_a_timeout_says_how_long() -> None:
    error = WSManTimeout("the query of X", 2.5, host="win01")
    assert str(error).startswith("The query of X on win01 failed: the time limit of 2.5 s is over; ")


def test_symbols() -> None:
    assert len(SYMBOLS) == 512
    assert all(symbol.startswith("ERROR_") for symbol in SYMBOLS.values())
    assert faults.symbol_of(0x80070005) == faults.symbol_of(5) == "ERROR_ACCESS_DENIED"
    assert faults.symbol_of(0x80041016) == "WBEM_E_INVALID_OPERATION"
    assert faults.symbol_of(0x12345678) == ""
    meant = faults.meaning_of(0x80041016)
    assert meant is not None and "Group Policy" in meant.what
