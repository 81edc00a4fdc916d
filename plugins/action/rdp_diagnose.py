# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import DEPTHS, BadInput, check_input, probe
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.error_code import BadCode, Given, parse
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge, judge_unreachable
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import RISKS, Limits, UnknownCause, chosen
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import BadParty, one_client
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import BadRow, rows_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import AREAS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client, Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManAuthError, WSManConnectionError


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "host": {"type": "str"},
        "port": {"type": "int"},
        "probe": {"type": "bool", "default": True},
        "probe_depth": {"type": "str", "choices": list(DEPTHS), "default": "quick"},
        "probe_timeout": {"type": "float", "default": 10.0},
        "error_code": {"type": "str"},
        "extended_code": {"type": "str"},
        "client": {"type": "raw"},
        "causes": {"type": "list", "elements": "str", "default": []},
        "risk": {"type": "str", "choices": list(RISKS), "default": "high"},
        "allow_restart": {"type": "bool", "default": True},
        "allow_reboot": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "updates": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "kb": {"type": "str", "required": True},
                "build_from": {"type": "str", "required": True},
                "build_fixed": {"type": "str", "required": True},
                "fix_kb": {"type": "str", "required": True},
                "symptom": {"type": "str", "required": True},
                "product": {"type": "str", "choices": ["client", "server", "any"], "default": "any"},
                "role": {"type": "str", "choices": ["server", "client"], "default": "server"},
                "kir": {"type": "str", "default": ""},
                "source": {"type": "str", "default": "the option updates of this task"},
                "strength": {"type": "str", "choices": ["A", "B", "C"], "default": "C"},
            },
        },
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        port = 3389 if arguments["port"] is None else arguments["port"]
        try:
            check_input(arguments["host"] or "host", port, deadline=arguments["probe_timeout"])
        except BadInput as error:
            raise AnsibleActionFail(f"host, port or probe_timeout of the probe: {error}") from None
        try:
            _given(arguments)
            rows_of(arguments["updates"])
            _client(arguments)
            _limits(arguments)
        except (BadCode, BadRow, BadParty, UnknownCause) as error:
            raise AnsibleActionFail(str(error)) from None
        return arguments

    def guarded(self, arguments: Arguments) -> Result:
        try:
            return super().guarded(arguments)
        except (WSManConnectionError, WSManAuthError) as error:
            # Unreachable, but not empty-handed: the wire can still be asked.
            wire = self._probe(arguments, None)
            verdict = judge_unreachable(str(error), wire, given=_given(arguments))
            return {"unreachable": True, "msg": str(error), "changed": False, "verdict": verdict, "wire": wire}

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.gather(host, AREAS, arguments)
        client = _client(arguments)
        if client is not None:
            facts["client"] = client
        wire = self._probe(arguments, facts)
        verdict = judge(
            facts,
            wire,
            given=_given(arguments),
            extra_updates=rows_of(arguments["updates"]),
            limits=_limits(arguments),
        )
        return {
            "changed": False,
            "msg": verdict["summary"],
            "verdict": verdict,
            "wire": wire,
            "facts": facts,
            "requests": host.session.requests,
        }

    def _probe(self, arguments: Arguments, facts: Facts | None) -> Report | None:
        if not arguments["probe"]:
            return None
        address = arguments["host"] or self._connection.get_option("remote_addr")
        port = arguments["port"] or _listener_port(facts) or 3389
        return probe(str(address), port, depth=arguments["probe_depth"], deadline=arguments["probe_timeout"])


def _given(arguments: Arguments) -> Given | None:
    return parse(arguments["error_code"], arguments["extended_code"])


def _limits(arguments: Arguments) -> Limits:
    """How far the plan may go; UnknownCause for a cause that is none."""
    return Limits(
        causes=chosen(arguments["causes"]),
        risk=arguments["risk"],
        restart=arguments["allow_restart"],
        reboot=arguments["allow_reboot"],
        force=arguments["force"],
    )


def _client(arguments: Arguments) -> Client | None:
    """The client that the task names; BadParty for what is none."""
    return None if arguments["client"] is None else one_client(arguments["client"])


def _listener_port(facts: Facts | None) -> int | None:
    listener = None if facts is None else facts.get("listener")
    if listener is None or listener["status"] != "ok":
        return None
    port = listener["settings"]["port"]["value"]
    return port if isinstance(port, int) and 0 < port < 65536 else None
