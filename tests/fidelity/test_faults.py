# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded faults by name: what each means to the client, and the sentence that it becomes."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from tests.fidelity import samples
from tests.fidelity.samples import Message, sample

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


def test_the_german_style_fault_that_opennms_stored_broken() -> None:
    path = "opennms-wsman/itests/src/main/resources/__files/get-response-fault.xml"
    found = raised(samples.messages(path)[0].raw)
    assert (found.code, found.provider) == (2150858752, PLUGIN)
    assert found.is_not_found


def test_the_innermost_text_is_the_reason() -> None:
    assert raised(sample(f"{WINRB}/soap_fault_v2.xml")).reason == (
        "The specified class does not exist in the given namespace."
    )
    assert "15 concurrent operations" in raised(sample("zenoss-txwinrm/data_error/max_concurrent.xml")).reason
    assert raised(sample(f"{OMI}TestInternalErrorFaultResponse.xml")).reason.startswith("Error with error code")
    assert raised(sample(f"{PYPSRP}native_wsman_fault_no_reason_L376.xml")).reason == ""


def recorded(conversation: str) -> WSManFault:
    """The one fault of a conversation."""
    answers = [exchange.reply for exchange in samples.exchanges(f"{samples.PYPSRP}/{conversation}.yml")]
    faults = [each for each in answers if isinstance(each, Message) and b"<s:Fault>" in each.raw]
    return raised(faults[0].raw)


@pytest.mark.parametrize(
    ("conversation", "code", "words"),
    [
        ("test_winrs_bad_cmd_id", 2150858843, "the host does not know the shell, the command or the object"),
        ("test_winrs_fail_poll_process", 87, "the host rejects a parameter"),
        ("test_winrs_no_cmd_shell", 2147942402, "the host did not find a file"),
        ("test_winrs_operation_timeout", 2150858793, "the host did not finish within the time"),
        ("test_psrp_is_alive_other_wsman_error", 2150858767, "the host rejects a header"),
    ],
)
def test_faults_of_conversations(conversation: str, code: int, words: str) -> None:
    found = recorded(conversation)
    assert found.code == code
    assert found.detail.startswith(words)
