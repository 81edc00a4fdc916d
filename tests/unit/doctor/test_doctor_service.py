# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rdp_doctor makes of the host's own words, of a logon that failed, and of everything together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import examine, options, schema, service
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Limits,
    Service,
    failed,
    ok,
    warning,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManFault,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.unit.wsman.samples import ScriptedTransport

RECORDED = "jborean93-pypsrp/tests/tests_pypsrp/responses/test_wsman_update_envelope_size_500.yml"
ENVELOPE = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>{}</s:Body></s:Envelope>'
IDENTITY = ENVELOPE.format(
    '<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    "<i:ProductVendor>Microsoft Corporation</i:ProductVendor><i:ProductVersion>OS: 10.0.17763</i:ProductVersion>"
    "</i:IdentifyResponse>"
).encode()


def empty() -> Service:
    return Service(
        product_vendor="",
        product_version="",
        protocol_version="",
        windows="",
        limits=service._no_limits(),
        authentication=[],
        allow_unencrypted=None,
        channel_bindings="",
        remote_shell=None,
    )


def limits(**given: int | None) -> Limits:
    found = service._no_limits()
    found.update(given)  # type: ignore[typeddict-item]
    return found


def test_the_recorded_configuration_of_a_windows_host() -> None:
    folder = os.environ.get("RDP_CAPTURES")
    if not folder:
        pytest.skip("RDP_CAPTURES does not name the folder of recorded captures")
    (message,) = yaml.safe_load((Path(folder) / RECORDED).read_text(encoding="utf-8"))["messages"]
    assert service.CONFIGURATION in message["request"]
    found = empty()
    service.read_configuration(reply.read_object(reply.read_body(message["response"].encode())), found)
    assert found["limits"] == Limits(
        max_envelope_kb=500,
        max_timeout_ms=60000,
        max_operations_per_user=1500,
        max_connections=300,
        max_shells_per_user=2147483647,
    )
    assert found["authentication"] == ["Basic", "Kerberos", "Negotiate", "CredSSP"]
    assert (found["channel_bindings"], found["allow_unencrypted"], found["remote_shell"]) == ("Relaxed", False, True)
    assert service.judge_limits(found["limits"])["status"] == "ok"


def test_a_configuration_that_says_nothing_leaves_everything_open() -> None:
    found = empty()
    service.read_configuration(reply.read_object(reply.read_body(ENVELOPE.format("<Config/>").encode())), found)
    assert found == empty()
    assert service.judge_shell(found["remote_shell"], found["limits"])["status"] == "skipped"


@pytest.mark.parametrize(
    ("given", "status", "todo"),
    [
        ({"max_operations_per_user": 1500, "max_envelope_kb": 500}, "ok", ""),
        ({"max_operations_per_user": 15, "max_envelope_kb": 150}, "ok", ""),
        ({"max_operations_per_user": 14, "max_envelope_kb": 150}, "warning", "MaxConcurrentOperationsPerUser"),
        ({"max_operations_per_user": 15, "max_envelope_kb": 149}, "warning", "MaxEnvelopeSizekb"),
        ({}, "ok", ""),
    ],
)
def test_limits(given: dict[str, int | None], status: str, todo: str) -> None:
    check = service.judge_limits(limits(**given))
    assert check["status"] == status
    assert todo in check["todo"]


@pytest.mark.parametrize(
    ("allowed", "shells", "text"),
    [(True, 30, "are allowed, 30"), (False, 30, "are not allowed"), (True, 0, "are not allowed")],
)
def test_a_host_without_remote_shells_is_well(allowed: bool, shells: int, text: str) -> None:
    check = service.judge_shell(allowed, limits(max_shells_per_user=shells))
    assert check["status"] == "ok"
    assert text in check["text"]


# -- a logon that fails ----------------------------------------------------------------------------------------------

WRONG_SCHEME = warning("connection.encryption", "Clear text.", "Use ntlm.")
NO_VALIDATION = warning("connection.validation", "Anybody.", "Validate.")
EXPIRED = failed("network.certificate", "It has expired.", "Renew it.")


@pytest.mark.parametrize(
    ("error", "before", "refused", "todo"),
    [
        ("X failed: it rejects the user; check the user.", [], True, "Check the user."),
        ("X failed: it rejects the user; check the user.", [WRONG_SCHEME], True, "Use ntlm."),
        ("X failed: it rejects the user; check the user.", [NO_VALIDATION], True, "Check the user."),
        ("X failed: it is closed; try again.", [WRONG_SCHEME], False, "Try again."),
        ("X failed: the certificate; give the CA.", [EXPIRED], False, "Renew it."),
        ("X failed: kinit: Preauthentication failed; get a ticket.", [WRONG_SCHEME], True, "Correct ansible_password."),
        ("X failed: Server not found in Kerberos database.", [], True, "Set ansible_host to the full DNS name"),
        ("X failed: kinit: Client 'a' not found in Kerberos database.", [], True, "Correct ansible_user."),
        ("X failed: Clock skew too great; get a ticket.", [], True, "Set the clocks"),
        ("X failed without a remedy.", [], True, "See what the event log of WinRM says"),
    ],
)
def test_what_to_do_about_a_logon_that_failed(error: str, before: list[Check], refused: bool, todo: str) -> None:
    check = service.no_logon(options._nothing("winrm"), error, before, refused=refused)
    assert (check["name"], check["status"]) == ("service.logon", "failed")
    assert check["todo"].startswith(todo)
    assert check["text"].endswith(".")


@pytest.mark.parametrize(
    ("error", "statuses", "todo"),
    [
        (WSManFault(5), ["failed", "failed", "failed", "failed", "skipped"], "local administrator"),
        (WSManAuthError("no"), ["failed", "failed", "failed", "failed", "skipped"], "local administrator"),
        (WSManFault(0x80041001), ["failed", "failed", "failed", "failed", "skipped"], "Winmgmt"),
        (WSManConnectionError("gone; look"), ["failed", "skipped", "skipped", "skipped", "skipped"], "Look."),
        (WSManTimeout("reading", 5), ["failed", "skipped", "skipped", "skipped", "skipped"], "Raise the timeout"),
    ],
)
def test_one_area_that_fails_loses_no_other(error: Exception, statuses: list[str], todo: str) -> None:
    """After a refusal the next area is asked; after the connection is gone none is."""
    transport = ScriptedTransport(IDENTITY, *[error] * 9)
    deadline = Deadline(2)
    asked = options._nothing("winrm")
    answered, checks = service.examine(asked, Host(Session(transport, "win01", deadline), deadline))
    assert answered["product_version"] == "OS: 10.0.17763"
    assert [check["status"] for check in checks] == ["ok", *statuses]
    assert todo in checks[1]["todo"]
    for check in checks:
        assert check["text"].endswith("."), check


# -- everything together ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ([ok("a", "A.")], "All is well"),
        ([warning("a", "A looks odd.", "Do a.")], "A looks odd. Do a."),
        ([warning("a", "A.", "Do a."), failed("b", "B is bad.", "Do b.")], "B is bad. Do b."),
        ([failed("a", "A.", "Do a."), failed("b", "B.", "Do b.")], "A. Do a. (1 more failed.)"),
    ],
)
def test_the_message_is_the_first_thing_to_do(checks: list[Check], message: str) -> None:
    assert schema.summary(checks).startswith(message)


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("controller.pywinrm", False),
        ("controller.ansible_core", True),
        ("connection.credentials", False),
        ("kerberos.kinit", False),
        ("network.tcp", False),
        ("network.authentication", False),
        ("network.certificate", True),
        ("network.clock", True),
    ],
)
def test_no_password_is_sent_where_it_would_be_in_vain(name: str, tried: bool) -> None:
    checks = [ok("a", "A."), failed(name, "It is so.", "Do it.")]
    why = examine.in_the_way(checks)
    assert why == ("" if tried else "It is so.")
    assert examine.not_tried(why)["status"] == "skipped"


def test_a_connection_of_no_use_is_examined_without_the_network() -> None:
    found = examine.before_logon(options._nothing("ssh"), Deadline(5))
    assert found["network"]["tcp"] == "not_tried"
    wrong: list[Any] = [check for check in found["checks"] if check["status"] != "ok"]
    assert [check["name"] for check in wrong] == ["connection.plugin"]
