# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""logon.domain_credentials, logon.credssp_package and logon.force_guest."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.lsa import (
    credssp_package,
    domain_credentials,
    force_guest,
)
from tests.unit.causes.healthy import dropped, facts_of, ready, settings, unread

NO_DOMAIN = {"part_of_domain": False}
OLD_LIST = ["kerberos", "msv1_0", "schannel", "wdigest", "pku2u"]


@pytest.mark.parametrize("wire", [None, ready(), dropped()])
def test_domain_credentials_are_a_note(wire: Any) -> None:
    found = domain_credentials(facts_of(logon={"disable_domain_creds": True}), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("logon.domain_credentials", "possible", "informs")
    assert found["contradicts"] and found["decision"] and not found["remedies"]
    assert found["evidence"][0]["where"].endswith("\\Lsa\\disabledomaincreds")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"logon": {"disable_domain_creds": True}, "system": NO_DOMAIN},
        {"logon": {"disable_domain_creds": True}, "listener": settings(nla=False)},
        {"logon": {"disable_domain_creds": True}, "listener": unread()},
        {"logon": {"disable_domain_creds": True}, "system": unread()},
        {"logon": unread()},
        {"logon": None},
    ],
)
def test_domain_credentials_do_not_count(changes: dict[str, Any]) -> None:
    assert domain_credentials(facts_of(**changes), None) is None


@pytest.mark.parametrize("wire", [None, dropped()])
def test_the_package_of_credssp_is_missing(wire: Any) -> None:
    found = credssp_package(facts_of(logon={"security_packages": OLD_LIST}), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("logon.credssp_package", "likely", "breaks")
    assert "pku2u" in found["evidence"][0]["text"] and found["explains"] == ["0x1807/0x0"]


def test_a_host_that_answers_credssp_has_the_package() -> None:
    found = credssp_package(facts_of(logon={"security_packages": OLD_LIST}), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "informs")
    assert found["contradicts"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # Newer releases have their own built in, and name what others have added.
        {"logon": {"security_packages": ['""']}},
        {"logon": {"security_packages": []}},
        {"logon": {"security_packages": ["vendorssp"]}},
        {"logon": {"security_packages": ["msv1_0", '"TSpkg"']}},
        {"logon": {"security_packages": OLD_LIST}, "listener": settings(nla=False)},
        {"logon": {"security_packages": OLD_LIST}, "listener": None},
        {"logon": unread()},
    ],
)
def test_the_package_of_credssp_is_there_or_not_needed(changes: dict[str, Any]) -> None:
    assert credssp_package(facts_of(**changes), dropped()) is None


def test_guests_outside_a_domain() -> None:
    found = force_guest(facts_of(logon={"force_guest": True}, system=NO_DOMAIN), ready())
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("logon.force_guest", "possible", "degrades")
    assert found["contradicts"][0]["where"] == "WinRM"


@pytest.mark.parametrize(
    "changes",
    [
        {"system": NO_DOMAIN},
        {"logon": {"force_guest": True}},
        {"logon": {"force_guest": True}, "system": unread()},
        {"logon": {"force_guest": True}, "system": NO_DOMAIN, "listener": settings(nla=False)},
        {"logon": unread(), "system": NO_DOMAIN},
    ],
)
def test_no_guests(changes: dict[str, Any]) -> None:
    assert force_guest(facts_of(**changes), None) is None
