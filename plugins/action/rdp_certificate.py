# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import SELF_SIGNED_STORE_VALUE, WINSTATIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.certificate import find
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import self_signed
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import certificate, renewal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import RemedyError
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import PERSONAL
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

# TermService takes up a repaired key or another binding when it starts; a new self-signed certificate it is handed by
# SessionEnv.
RESTART = ("TermService",)
_LONGEST_DAYS_LEFT = 180
_AREAS = ("services", "system", "certificate", "machine_keys")
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "self_signed_valid": {"type": "bool", "default": False},
        "min_days_left": {"type": "float", "default": 0.0},
        "machine_keys_acl": {"type": "bool", "default": False},
        "self_signed_store": {"type": "bool", "default": False},
        "binding": {"type": "str"},
        "force": {"type": "bool", "default": False},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        binding = arguments["binding"]
        if binding is not None and binding != "self_signed" and not _THUMBPRINT.fullmatch(binding):
            raise AnsibleActionFail(f"binding must be self_signed or a thumbprint of 40 hex digits, not {binding!r}")
        asked = ("self_signed_valid", "machine_keys_acl", "self_signed_store", "binding")
        if not any(arguments[option] for option in asked) and binding is None:
            raise AnsibleActionFail(f"nothing to do: give {', '.join(asked[:-1])}, {asked[-1]}, or several")
        if not 0 <= arguments["min_days_left"] < _LONGEST_DAYS_LEFT:
            raise AnsibleActionFail(
                f"min_days_left must be from 0 to less than {_LONGEST_DAYS_LEFT}, since Windows makes its certificate "
                f"for about 183 days, not {arguments['min_days_left']:g}"
            )
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.read(host, *_AREAS)
        before = _state(facts, arguments)
        store = _plan_store(host, facts) if arguments["self_signed_store"] else []
        access = certificate.plan_access(facts["machine_keys"]) if arguments["machine_keys_acl"] else []
        binding = self._plan_binding(host, facts, arguments) if arguments["binding"] is not None else []
        reason = self._renewal_reason(facts, arguments)
        if reason or store:
            _check_renewal(facts, force=arguments["force"], check_mode=self._task.check_mode)
        after = _wanted(before, arguments)
        if self._task.check_mode:
            deletion = renewal.plan(host, self_signed(facts["certificate"])) if reason else []
            changes = [*store, *access, *binding, *deletion]
        else:
            reason = self._apply(host, facts, store, [*access, *binding], reason, arguments)
            changes = self.made
            if changes or reason:
                after = _state(self.read(host, *_AREAS), arguments)
        result = self.outcome(
            changes,
            before,
            after,
            journal=self.journal_path,
            restart_required=RESTART if access or binding else (),
        )
        result["changed"] = bool(changes or reason)
        result["renewed"] = reason
        result["unread"] = certificate.unread(facts["machine_keys"])
        return result

    def _apply(
        self,
        host: Host,
        facts: Facts,
        store: list[Change],
        changes: list[Change],
        reason: str,
        arguments: Arguments,
    ) -> str:
        """Makes the changes, then renews; why it was renewed, empty when it was not.

        The store and access come first, and whether a renewal is due is asked once more after that: a key that could
        not be seen is not a key that is gone.
        """
        journal = self.journal(host, RESTART if changes else ())
        if store or changes:
            with self.restart_noted(host, RESTART if changes else ()):
                self.apply(host, [*store, *changes], journal)
            if reason:
                facts = self.read(host, *_AREAS)
                reason = self._renewal_reason(facts, arguments)
        if reason:
            deletion = renewal.plan(host, self_signed(facts["certificate"]))
            self.hold(host)
            try:
                self.made += renewal.renew(
                    host,
                    deletion,
                    journal,
                    lambda: self.restart(host, renewal.SERVICE),
                    arguments["min_days_left"],
                )
            except RemedyError as error:
                raise RemedyError(str(error), [*self.made, *error.done]) from error
            finally:
                self.journal_path = journal.path
        elif store and host.services.get(renewal.SERVICE).state == "running":
            self.restart(host, renewal.SERVICE)
        self.prove(host)
        return reason

    def _plan_binding(self, host: Host, facts: Facts, arguments: Arguments) -> list[Change]:
        binding = arguments["binding"]
        now = host.operating_system.datetime("LocalDateTime") or datetime.now(timezone.utc)
        personal = None if binding == "self_signed" else find(host, PERSONAL, binding.upper(), now)
        return certificate.plan_binding(
            facts["certificate"], personal, binding, facts["system"], force=arguments["force"]
        )

    def _renewal_reason(self, facts: Facts, arguments: Arguments) -> str:
        if not arguments["self_signed_valid"]:
            return ""
        return certificate.renewal_reason(facts["certificate"], facts["machine_keys"], arguments["min_days_left"])


def _plan_store(host: Host, facts: Facts) -> list[Change]:
    now = host.registry.values(WINSTATIONS, [SELF_SIGNED_STORE_VALUE]).get(SELF_SIGNED_STORE_VALUE)
    return certificate.plan_store(facts["certificate"], to_json(now))


def _check_renewal(facts: Facts, *, force: bool, check_mode: bool) -> None:
    if "connection_broker" in facts["system"]["rds_roles"] and not force:
        raise Refused(
            "this host is an RD Connection Broker: renew its certificate in the deployment's properties, or set force "
            "to true"
        )
    service = facts["services"]["services"][renewal.SERVICE]
    # In check mode an earlier task may only have announced that it would enable the service.
    if service["start_mode"] == "disabled" and not check_mode:
        raise Refused(
            "SessionEnv, which makes the certificate, is disabled: enable it first (rdp_service name=SessionEnv "
            "start_mode=manual)"
        )


def _state(facts: Facts, arguments: Arguments) -> dict[str, Any]:
    """What the options describe, as it is."""
    keys, certificates = facts["machine_keys"], facts["certificate"]
    current = self_signed(certificates)
    return {
        "binding": certificates["bound_thumbprint"] or "self_signed",
        "self_signed_valid": not certificate.renewal_reason(certificates, keys, arguments["min_days_left"]),
        "self_signed_thumbprint": None if current is None else current["thumbprint"],
        "self_signed_not_after": None if current is None else current["not_after"],
        "machine_keys_acl": certificate.access_is_right(keys),
        "self_signed_store": certificate.store_is_right(certificates),
    }


def _wanted(before: dict[str, Any], arguments: Arguments) -> dict[str, Any]:
    """What the options ask for; which certificate a renewal makes is not known before."""
    wanted = dict(before)
    for option in ("self_signed_valid", "machine_keys_acl", "self_signed_store"):
        wanted[option] = before[option] or arguments[option]
    if arguments["binding"] is not None:
        wanted["binding"] = (
            arguments["binding"] if arguments["binding"] == "self_signed" else arguments["binding"].upper()
        )
    return wanted
