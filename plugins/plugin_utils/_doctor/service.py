# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the host answers to the account of the connection: who it is, its limits, and whether the account may read."""

from __future__ import annotations

import re
from collections.abc import Callable

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import kerberos
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.options import endpoint
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Connection,
    Limits,
    Service,
    failed,
    ok,
    skipped,
    warning,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import namespaces as ns
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

# The configuration of WinRM as a resource ([MS-WSMV] 2.2.4.9 and 4.2.1; recorded from a Windows host).
CONFIGURATION = "http://schemas.microsoft.com/wbem/wsman/1/config"
# What WinRM 2.0 has by default, which all that the collection does gets by with.
_LEAST_OPERATIONS, _LEAST_ENVELOPE_KB = 15, 150
_LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
# A logon that the host refuses may be refused for what already looked wrong.
_SUSPECTS = ("connection.authentication", "connection.credentials", "connection.encryption", "network.clock")
# What the session adds to the error of a read that it has repeated.
_TRIES = re.compile(r" \(after \d+ tries[^)]*\)(?=\.?$)")
_RIGHTS = "Use an account that is a local administrator of the host."


def examine(options: Connection, host: Host) -> tuple[Service, list[Check]]:
    """Every area on its own, so that one that fails loses no other. The first may raise WSManError: no logon."""
    identity = host.session.identify()
    service = Service(
        product_vendor=identity.product_vendor,
        product_version=identity.product_version,
        protocol_version=identity.protocol_version,
        windows="",
        limits=_no_limits(),
        authentication=[],
        allow_unencrypted=None,
        channel_bindings="",
        remote_shell=None,
    )
    areas = _Areas()
    checks = [ok("service.logon", f"The host accepts {options['user'] or 'the account'}: {_shown(identity)}.")]
    checks.append(areas.read("service.wmi", "WMI", lambda: _wmi(host, service)))
    checks.append(areas.read("service.firewall", "the namespace root/StandardCimv2", lambda: _firewall(host)))
    checks.append(areas.read("service.registry", "the registry", lambda: _registry(host)))
    checks += areas.read_all(
        ("service.limits", "service.shell"), "the configuration of WinRM", lambda: _configuration(host, service)
    )
    return service, checks


def no_logon(options: Connection, error: str, before: list[Check], *, refused: bool) -> Check:
    """``error`` is the sentence of a WSManError; ``refused``: it is about the account.

    What to do is what an earlier check has found wrong already, else what the sentence itself ends with.
    """
    text, todo = advice(error)
    known = kerberos.remedy(error)
    if known:
        return failed("service.logon", text, known)
    causes = [check for check in before if check["status"] == "failed" and check["todo"]]
    causes += [check for check in before if refused and check["status"] == "warning" and _is_suspect(check["name"])]
    if causes:
        todo = causes[0]["todo"]
    return failed("service.logon", text, todo or f"See what the event log of WinRM says about {endpoint(options)}.")


def _is_suspect(name: str) -> bool:
    return name in _SUSPECTS or name.startswith("kerberos.")


def advice(sentence: str) -> tuple[str, str]:
    """An error of WS-Management as two sentences: what, and what to do."""
    text, _semicolon, todo = _TRIES.sub("", sentence).rstrip(".").rpartition("; ")
    if not text:
        return sentence, ""
    return f"{text}.", f"{todo[:1].upper()}{todo[1:]}."


class _Areas:
    """Reads one area after the other until the host is gone."""

    def __init__(self) -> None:
        self._gone = ""

    def read(self, name: str, what: str, look: Callable[[], Check]) -> Check:
        return self.read_all((name,), what, lambda: [look()])[0]

    def read_all(self, names: tuple[str, ...], what: str, look: Callable[[], list[Check]]) -> list[Check]:
        if self._gone:
            return [skipped(name, f"Not asked, because of what happened before: {self._gone}") for name in names]
        try:
            return look()
        except (WSManConnectionError, WSManTimeout) as error:
            self._gone = str(error)
            text, todo = advice(str(error))
            first = failed(names[0], text, todo)
        except (WSManError, WindowsError) as error:
            first = _unread(names[0], what, error)
        return [first, *(skipped(name, f"Not found out: {first['text']}") for name in names[1:])]


def _unread(name: str, what: str, error: Exception) -> Check:
    denied = isinstance(error, (AccessDenied, WSManAuthError)) or (
        isinstance(error, WSManFault) and error.is_access_denied
    )
    if denied:
        return failed(name, f"The account may log on, and may not read {what}.", _RIGHTS)
    text, todo = advice(str(error))
    return failed(name, text, todo or f"Look on the host why {what} cannot be read.")


def _wmi(host: Host, service: Service) -> Check:
    system = host.operating_system
    service["windows"] = f"{system.text('Caption') or 'Windows'} {system.text('Version') or ''}".strip()
    return ok("service.wmi", f"The account may read WMI: this is {service['windows']}.")


def _firewall(host: Host) -> Check:
    """Firewall rules and TCP connections are read there, where Windows has it."""
    name = "service.firewall"
    if not host.has_firewall_classes:
        return skipped(name, "This Windows has no root/StandardCimv2; the firewall is read from the registry.")
    host.session.query("root/StandardCimv2", "SELECT NetworkCategory FROM MSFT_NetConnectionProfile")
    return ok(name, "The account may read the classes of network and firewall.")


def _registry(host: Host) -> Check:
    value = host.registry.dword(_LISTENER, "fDenyTSConnections")
    told = "does not say whether Remote Desktop is on" if value is None else f"Remote Desktop is {_switched(not value)}"
    return ok("service.registry", f"The account may read the registry: {told}.")


def _configuration(host: Host, service: Service) -> list[Check]:
    def get(header: envelope.Header) -> bytes:
        return envelope.envelope(header, f"{ns.TRANSFER}/Get", CONFIGURATION, "")

    read_configuration(reply.read_object(host.session.exchange("reading the configuration of WinRM", get)), service)
    return [judge_limits(service["limits"]), judge_shell(service["remote_shell"], service["limits"])]


def read_configuration(found: Instance, service: Service) -> None:
    """From the element cfg:Config into ``service``. What an old WinRM does not have stays None."""
    of_service = found.instance("Service") or Instance("Service")
    shells = found.instance("Winrs") or Instance("Winrs")
    methods = of_service.instance("Auth") or Instance("Auth")
    service["limits"] = Limits(
        max_envelope_kb=found.integer("MaxEnvelopeSizekb"),
        max_timeout_ms=found.integer("MaxTimeoutms"),
        max_operations_per_user=of_service.integer("MaxConcurrentOperationsPerUser"),
        max_connections=of_service.integer("MaxConnections"),
        max_shells_per_user=shells.integer("MaxShellsPerUser"),
    )
    service["authentication"] = [
        name for name in methods.names if name != "CbtHardeningLevel" and methods.boolean(name)
    ]
    service["channel_bindings"] = methods.text("CbtHardeningLevel") or ""
    service["allow_unencrypted"] = of_service.boolean("AllowUnencrypted")
    service["remote_shell"] = shells.boolean("AllowRemoteShellAccess")


def judge_limits(limits: Limits) -> Check:
    name, operations, envelopes = "service.limits", limits["max_operations_per_user"], limits["max_envelope_kb"]
    if operations is not None and operations < _LEAST_OPERATIONS:
        return warning(
            name,
            f"The host allows {operations} operations of an account at a time, fewer than any Windows does by default.",
            'On the host, run: winrm set winrm/config/service @{MaxConcurrentOperationsPerUser="1500"}',
        )
    if envelopes is not None and envelopes < _LEAST_ENVELOPE_KB:
        return warning(
            name,
            f"The host allows messages of {envelopes} KB, less than any Windows does by default.",
            'On the host, run: winrm set winrm/config @{MaxEnvelopeSizekb="500"}',
        )
    return ok(name, f"The limits of WinRM will do: {operations} operations of an account, messages of {envelopes} KB.")


def judge_shell(allowed: bool | None, limits: Limits) -> Check:
    """No failure either way: the collection has a second way, and PowerShell of other modules has none."""
    name, shells = "service.shell", limits["max_shells_per_user"]
    if allowed is None:
        return skipped(name, "The configuration of WinRM does not say whether remote shells are allowed.")
    if not allowed or shells == 0:
        return ok(
            name, "Remote shells are not allowed. This collection does without; modules that run PowerShell cannot."
        )
    return ok(name, f"Remote shells are allowed, {shells} for an account.")


def _shown(identity: reply.Identity) -> str:
    return " ".join(part for part in (identity.product_vendor, identity.product_version) if part) or "it does not say"


def _switched(on: bool) -> str:
    return "on" if on else "off"


def _no_limits() -> Limits:
    return Limits(
        max_envelope_kb=None,
        max_timeout_ms=None,
        max_operations_per_user=None,
        max_connections=None,
        max_shells_per_user=None,
    )
