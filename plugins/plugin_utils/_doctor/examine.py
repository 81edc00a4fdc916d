# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""All that is found out before the logon, in the order in which one thing needs the other."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import connection, controller, kerberos, network
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.options import SUPPORTED
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Connection,
    Controller,
    Examination,
    skipped,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline

# A failure of one of these does not stand in the way of a logon, or does so for the libraries to say.
_NOT_IN_THE_WAY = ("controller.ansible_core", "controller.python", "network.certificate", "network.clock")


def before_logon(options: Connection, deadline: Deadline) -> Examination:
    """Everything but what the host says to the account. ``msg`` is the caller's to set."""
    found, checks = _controller(options, deadline)
    checks += connection.judge(options)
    reached = network.nothing()
    if options["plugin"] in SUPPORTED:
        reached, more = network.examine(options, deadline)
        checks += more
    return Examination(msg="", checks=checks, controller=found, connection=options, network=reached, service=None)


def in_the_way(checks: list[Check]) -> str:
    """Why a logon need not be tried; empty when it may be. Spares the host a password that cannot work."""
    for check in checks:
        if check["status"] == "failed" and check["name"] not in _NOT_IN_THE_WAY:
            return check["text"]
    return ""


def not_tried(why: str) -> Check:
    return skipped("service.logon", f"Not tried. {why}")


def _controller(options: Connection, deadline: Deadline) -> tuple[Controller, list[Check]]:
    versions = controller.versions()
    needs = controller.needs(options)
    packages = [controller.look_for(need) for need in needs]
    found = Controller(
        python=versions["python"],
        ansible_core=versions["ansible_core"],
        collection=versions["collection"],
        openssl=versions["openssl"],
        packages=packages,
        kerberos=None,
    )
    checks = controller.judge_versions(versions["python"], versions["ansible_core"])
    checks += [controller.judge_package(options, need, package) for need, package in zip(needs, packages, strict=True)]
    if "kerberos" in options["methods"]:
        environment = kerberos.environment()
        found["kerberos"] = tickets = kerberos.look(options, environment, deadline.remaining)
        checks += kerberos.judge(options, tickets, environment)
    return found, checks
