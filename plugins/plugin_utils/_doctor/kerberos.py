# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Kerberos on the controller: its configuration, the program kinit, and the ticket that there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Connection,
    Kerberos,
    failed,
    ok,
    skipped,
    warning,
)

# MIT's default; KRB5_CONFIG names others, with colons between (krb5.conf(5)).
_DEFAULT_FILE = "/etc/krb5.conf"
_SECTION = re.compile(r"\s*\[(\w+)\]")
_REALM = re.compile(r"\s*default_realm\s*=\s*(\S+)")
_INCLUDE = re.compile(r"\s*(include|includedir)\s+(\S+)")
# What klist writes: MIT, then Heimdal.
_PRINCIPAL = re.compile(r"^(?:Default principal|\s*Principal):\s*(\S+)", re.MULTILINE)
_KLIST_SECONDS = 5.0
# Messages of MIT Kerberos (krb5_err.et), which kinit and the libraries hand on.
_ERRORS = (
    ("Cannot contact any KDC", "Let the controller reach port 88 of the domain controllers of the realm."),
    ("Cannot find KDC", "Correct the realm in ansible_user, or name its servers in the configuration of Kerberos."),
    ("Preauthentication failed", "Correct ansible_password."),
    ("Password incorrect", "Correct ansible_password."),
    ("Server not found in Kerberos database", "Set ansible_host to the full DNS name that the host has in its domain."),
    ("not found in Kerberos database", "Correct ansible_user."),
    ("Clock skew too great", "Set the clocks of controller, host and domain controller right."),
    ("reply did not match expectations", "Write the realm in ansible_user in upper case."),
)


def look(options: Connection, environment: Mapping[str, str], timeout: float) -> Kerberos:
    """What is there. Nothing is sent: klist reads the ticket cache only."""
    files = [Path(name) for name in environment.get("KRB5_CONFIG", _DEFAULT_FILE).split(":") if name]
    managed = options["kerberos_mode"] == "managed"
    found = Kerberos(
        managed=managed,
        configuration=[str(path) for path in files if path.is_file()],
        default_realm=next((realm for path in files for realm in _realms(path)), ""),
        kinit=shutil.which(options["kinit"]) or "" if options["kinit"] else "",
        cache=environment.get("KRB5CCNAME", ""),
        ticket="not_needed",
        principal="",
    )
    if not managed:
        found["ticket"], found["principal"] = _ticket(min(_KLIST_SECONDS, timeout))
    return found


def judge(options: Connection, found: Kerberos, environment: Mapping[str, str]) -> list[Check]:
    checks = [_configuration(options, found)]
    if found["managed"] and options["kinit"]:
        checks.append(_kinit(options, found, environment))
    if not found["managed"]:
        checks.append(_judge_ticket(options, found))
    return checks


def remedy(error: str) -> str:
    """What to do about an error of Kerberos; empty for any other."""
    return next((todo for text, todo in _ERRORS if text in error), "")


def _configuration(options: Connection, found: Kerberos) -> Check:
    name, files = "kerberos.configuration", ", ".join(found["configuration"])
    if not files:
        return warning(
            name,
            "There is no configuration of Kerberos on the controller, so the domain's servers must be found by DNS.",
            f"Write {_DEFAULT_FILE} with the realm of the domain and its servers.",
        )
    if not found["default_realm"] and "@" not in options["user"]:
        return warning(
            name,
            f"{files} sets no default_realm, and the user {options['user'] or '(none)'} names no realm.",
            "Write ansible_user as user@REALM, with the DNS name of the domain in upper case.",
        )
    return ok(name, f"Kerberos is configured in {files}; the default realm is {found['default_realm'] or 'not set'}.")


def _kinit(options: Connection, found: Kerberos, environment: Mapping[str, str]) -> Check:
    name = "kerberos.kinit"
    if not found["kinit"]:
        judged = failed if options["methods"] == ["kerberos"] else warning
        return judged(
            name,
            f"The program {options['kinit']}, which gets the ticket, is not on the controller.",
            "Install the Kerberos client programs, krb5-user on Debian and krb5-workstation on Red Hat.",
        )
    if "KRB5_CONFIG" in environment and "KRB5_CONFIG" not in options["kinit_environment"]:
        return warning(
            name,
            "KRB5_CONFIG is set, and the winrm connection does not hand it on to kinit.",
            "Add KRB5_CONFIG to ansible_winrm_kinit_env_vars.",
        )
    return ok(name, f"Ansible gets the ticket itself, with {found['kinit']}.")


def _judge_ticket(options: Connection, found: Kerberos) -> Check:
    name, user, principal = "kerberos.ticket", options["user"], found["principal"]
    cache = found["cache"] or "the default cache"
    wanted = user or "the user"
    if found["ticket"] == "unknown":
        return skipped(name, "Whether there is a ticket is not known, because the program klist did not tell.")
    if found["ticket"] == "none":
        # No failure: a client keytab gives the libraries a ticket when they ask for one.
        return warning(name, f"There is no valid ticket in {cache}.", f"Run kinit {wanted} on the controller.")
    if user and principal and not _same(user, principal):
        return warning(
            name,
            f"The ticket in {cache} is that of {principal}, and the connection is for {user}.",
            f"Run kinit {wanted} on the controller, or set ansible_user to {principal}.",
        )
    return ok(name, f"There is a valid ticket of {principal or 'somebody'} in {cache}.")


def _same(user: str, principal: str) -> bool:
    """A user without a realm means the default one."""
    return user.lower() == (principal if "@" in user else principal.rpartition("@")[0]).lower()


def _realms(path: Path) -> Iterator[str]:
    """Every default_realm of a file and of those that it includes, one level deep."""
    lines = _lines(path)
    for line in _with_included(lines):
        found = _REALM.match(line)
        if found:
            yield found.group(1)


def _with_included(lines: list[str]) -> Iterator[str]:
    section = ""
    for line in lines:
        heading, include = _SECTION.match(line), _INCLUDE.match(line)
        if heading:
            section = heading.group(1)
        elif include and include.group(1) == "include":
            yield from _lines(Path(include.group(2)))
        elif include:
            folder = Path(include.group(2))
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                yield from _lines(path)
        elif section == "libdefaults":
            yield line


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _ticket(timeout: float) -> tuple[str, str]:
    """``klist -s`` ends with 0 only when there is a ticket that has not expired (klist(1))."""
    program = shutil.which("klist")
    if program is None or timeout <= 0:
        return "unknown", ""
    try:
        valid = subprocess.run([program, "-s"], check=False, capture_output=True, timeout=timeout)  # noqa: S603
        told = subprocess.run([program], check=False, capture_output=True, timeout=timeout)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "unknown", ""
    principal = _PRINCIPAL.search(told.stdout.decode("utf-8", "replace"))
    return "valid" if valid.returncode == 0 else "none", principal.group(1) if principal else ""


def environment() -> Mapping[str, str]:
    return os.environ
