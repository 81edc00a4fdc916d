# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults in every recorded form, and the sentences that they become."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.codes import SYMBOLS
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManTimeout
from tests.unit.wsman.samples import envelope, fault, needs_captures, sample

OMI = "microsoft-omi/extracted/test_wsmanparser__"
PYPSRP = "jborean93-pypsrp/extracted/test_wsman__test_raise_"
PYWINRM = "diyan-pywinrm/extracted/test_exceptions__test_wsman_fault_"
WINRB = "winrb-winrm/tests/spec/stubs/responses"
WINRMLIB = "ianclegg-winrmlib/winrmlib/tests/assets"
PLUGIN = "WMI Provider"


def raised(raw: bytes) -> WSManFault:
    with pytest.raises(WSManFault) as caught:
        reply.read_body(raw)
    return caught.value


@needs_captures
@pytest.mark.parametrize(
    ("path", "code", "symbol", "provider", "flags"),
    [
        ("zenoss-txwinrm/data_error/max_concurrent.xml", 2150859174, "ERROR_WSMAN_QUOTA_MAX_OPERATIONS", "", "quota"),
        (f"{WINRMLIB}/concurrent_operations_fault.xml", 2150859174, "ERROR_WSMAN_QUOTA_MAX_OPERATIONS", "", "quota"),
        (f"{WINRB}/wmi_error_v2.xml", 2150859173, "ERROR_WSMAN_QUOTA_MAX_SHELLS", "", "quota"),
        (f"{PYWINRM}wmi_error_detail_L192.xml", 2150859174, "ERROR_WSMAN_QUOTA_MAX_OPERATIONS", "", "quota"),
        (f"{OMI}OperationTimeoutFault.xml", 2150858793, "ERROR_WSMAN_OPERATION_TIMEDOUT", "", "timeout"),
        (f"{WINRMLIB}/operation_timeout.xml", 2150858793, "ERROR_WSMAN_OPERATION_TIMEDOUT", "", "timeout"),
        (f"{PYWINRM}known_fault_L100.xml", 2150858793, "ERROR_WSMAN_OPERATION_TIMEDOUT", "", "timeout"),
        (f"{OMI}TestInnerMessageFaultResponse.xml", 2150858752, "ERROR_WSMAN_RESOURCE_NOT_FOUND", PLUGIN, "not_found"),
        (f"{OMI}TestInternalErrorFaultResponse.xml", 2152992672, "InternalError", "microsoft.powershell", ""),
        (
            f"{WINRB}/soap_fault_v1.xml",
            2150858778,
            "ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER",
            "WMIv1 plugin for Windows Remote Management",
            "not_found invalid_class",
        ),
        (
            f"{WINRB}/soap_fault_v2.xml",
            2150858778,
            "ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER",
            PLUGIN,
            "not_found invalid_class",
        ),
        (f"{PYPSRP}native_wsman_fault_L338.xml", None, "MustUnderstand", "", ""),
        (f"{PYPSRP}native_wsman_fault_no_reason_L376.xml", None, "Unknown", "", ""),
        (f"{PYPSRP}wsman_fault_with_wsman_fault_L398.xml", 87, "ERROR_INVALID_PARAMETER", "Shell cmd plugin", ""),
        (f"{PYPSRP}wsman_fault_without_provider_L443.xml", 2150858817, "ERROR_WSMAN_SCHEMA_VALIDATION_ERROR", "", ""),
        (f"{PYWINRM}must_understand_L15.xml", None, "MustUnderstand", "", ""),
        (f"{PYWINRM}no_reason_L59.xml", None, "Unknown", "", ""),
        (
            "masterzen-winrm/extracted/fixture_test__executeCommandResponseWithError.xml",
            2147942606,
            "ERROR_FILENAME_EXCED_RANGE",
            "Shell cmd plugin",
            "",
        ),
        ("ms-wsmv-examples/4.10_Fault-Detail_2.xml", 32768, "DestinationUnreachable", "", "not_found"),
    ],
)
def test_recorded_faults(path: str, code: int | None, symbol: str, provider: str, flags: str) -> None:
    found = raised(sample(path))
    assert (found.code, found.symbol, found.provider) == (code, symbol, provider)
    known = ("access_denied", "not_found", "invalid_class", "quota", "timeout")
    assert [flag for flag in known if getattr(found, f"is_{flag}")] == sorted(flags.split(), key=known.index)
    assert found.wmi_code is None
    text = str(found.located("win01", "the query of X"))
    assert text.startswith("The query of X on win01 failed: ")
    assert text.endswith(".") and "\n" not in text and "  " not in text and ".)" not in text


@needs_captures
def test_the_german_style_fault_that_opennms_stored_broken() -> None:
    path = "opennms-wsman/itests/src/main/resources/__files/get-response-fault.xml"
    found = raised(sample(path).replace(b"http://schem\nas", b"http://schemas"))
    assert (found.code, found.provider) == (2150858752, PLUGIN)
    assert found.is_not_found


@needs_captures
def test_the_innermost_text_is_the_reason() -> None:
    assert raised(sample(f"{WINRB}/soap_fault_v2.xml")).reason == (
        "The specified class does not exist in the given namespace."
    )
    assert "15 concurrent operations" in raised(sample("zenoss-txwinrm/data_error/max_concurrent.xml")).reason
    assert raised(sample(f"{OMI}TestInternalErrorFaultResponse.xml")).reason.startswith("Error with error code")
    assert raised(sample(f"{PYPSRP}native_wsman_fault_no_reason_L376.xml")).reason == ""


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


@needs_captures
def test_symbols_are_those_of_the_header_file() -> None:
    rows = [line.split("\t") for line in sample("wsman-error-codes/wsman_errors.tsv").decode().splitlines()[1:]]
    assert {int(row[2]): row[0] for row in rows} == SYMBOLS
