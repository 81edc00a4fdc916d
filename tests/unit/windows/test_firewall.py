# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules as Windows writes them into the registry."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import names_port, parse_rule

# Rules of Windows 10 1709, 7 and a made one with two ports and two profiles.
RULE_10 = (
    "v2.27|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|App=%SystemRoot%\\system32\\svchost.exe|"
    "Svc=termservice|Name=@FirewallAPI.dll,-28775|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|"
)
RULE_OWN = (
    "v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Public|LPort=3389|LPort=4000|Name=x|"
)


def test_a_rule_of_windows() -> None:
    assert parse_rule("RemoteDesktop-UserMode-In-TCP", RULE_10, "local") == {
        "id": "RemoteDesktop-UserMode-In-TCP",
        "enabled": False,
        "action": "allow",
        "protocol": "tcp",
        "ports": ["3389"],
        "profiles": ["domain", "private", "public"],
        "source": "local",
        "group": "@FirewallAPI.dll,-28752",
    }


def test_a_rule_of_an_administrator() -> None:
    rule = parse_rule("{1}", RULE_OWN, "policy")
    assert rule is not None
    assert (rule["enabled"], rule["action"], rule["group"], rule["source"]) == (True, "block", "", "policy")
    assert rule["ports"] == ["3389", "4000"]
    assert rule["profiles"] == ["domain", "public"]


def test_outbound_rules_do_not_count() -> None:
    assert parse_rule("x", RULE_10.replace("Dir=In", "Dir=Out"), "local") is None


@pytest.mark.parametrize(
    ("ports", "port", "named"),
    [
        (["3389"], 3389, True),
        (["3380-3390"], 3389, True),
        (["3390-3400"], 3389, False),
        (["RPC", "any"], 3389, False),
        (["80", "3389"], 3389, True),
        ([], 3389, False),
        (["33890"], 3389, False),
    ],
)
def test_which_ports_a_rule_names(ports: list[str], port: int, named: bool) -> None:
    assert names_port(ports, port) is named
