# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
r"""Plans changes of a machine that people connect from. Pure.

Places: the policy key of the client (Microsoft, TerminalServer.admx); AllowEncryptionOracle (KB4093492); CertHash of
Servers\<host> in a user's hive, and MSLicensing\Store (Microsoft's MSRD-Collect). A license is a key LICENSE000, ...
without subkeys (C: datadr.net); without it the client asks for one again under the same hardware id, which stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import ORACLE_KEYS, ORACLE_MEANINGS, ORACLE_VALUE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.udp import CLIENT_POLICY, DISABLE_UDP
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Policies, System
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.ownership import check_free
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

DEFAULT: Final = "default"


class Switch(NamedTuple):
    """One number of the registry that an option is about; ``default``: no value."""

    option: str
    key: str
    name: str
    meanings: Mapping[int, str]
    weaker: tuple[str, ...]  # what needs allow_weaker
    reboot: bool  # it counts after a restart of Windows


SWITCHES: Final = (
    Switch("encryption_oracle", ORACLE_KEYS[0], ORACLE_VALUE, ORACLE_MEANINGS, ("vulnerable",), reboot=True),
    Switch("udp", CLIENT_POLICY, DISABLE_UDP, {0: "enabled", 1: "disabled"}, (), reboot=False),
    Switch(
        "redirection_warning",
        CLIENT_POLICY,
        "RedirectionWarningDialogVersion",
        {1: "previous", 2: "current"},
        ("previous",),
        reboot=False,
    ),
)


class Memory(NamedTuple):
    """The certificate that a user's profile keeps of a server: the key, its CertHash as a change has it."""

    sid: str
    server: str
    key: str
    value: dict[str, Any]


class License(NamedTuple):
    """A license that the machine was given: its key, and the values in it as a change has them."""

    name: str
    key: str
    values: dict[str, Any]
    subkeys: bool


def meaning(switch: Switch, number: int | None) -> str:
    return DEFAULT if number is None else switch.meanings.get(number, str(number))


def switch_changes(
    wanted: Mapping[str, str],
    found: Mapping[str, dict[str, Any] | None],
    policies: Policies,
    system: System,
    *,
    allow_weaker: bool,
    force: bool,
) -> list[Change]:
    """``wanted``: meanings by option; ``found``: the values by option, as a change has them."""
    changes = []
    for switch in SWITCHES:
        if switch.option not in wanted:
            continue
        state = wanted[switch.option]
        after = None if state == DEFAULT else dword(_number(switch, state))
        if found[switch.option] == after:
            continue
        if state in switch.weaker and not allow_weaker:
            raise Refused(
                f"{switch.option} {state} makes this machine weaker; set allow_weaker to true if it is really wanted"
            )
        check_free(rf"{switch.key}\{switch.name}", policies, system, force=force)
        changes.append(
            Change(
                kind="registry_value",
                target=switch.key,
                name=switch.name,
                before=found[switch.option],
                after=after,
            )
        )
    return changes


def memory_changes(memories: Iterable[Memory]) -> list[Change]:
    return [
        Change(kind="registry_value", target=one.key, name="CertHash", before=one.value, after=None) for one in memories
    ]


def license_changes(licenses: Iterable[License]) -> list[Change]:
    changes = []
    for one in licenses:
        if one.subkeys:
            raise Refused(f"{one.key} has keys below it, so it is no license as Windows keeps it: look at it by hand")
        changes.append(Change(kind="registry_key", target=one.key, name="", before=one.values, after=None))
    return changes


def needs_reboot(changes: Sequence[Change]) -> bool:
    names = {switch.name for switch in SWITCHES if switch.reboot}
    return any(change["name"] in names for change in changes)


def _number(switch: Switch, state: str) -> int:
    return next(number for number, meaning in switch.meanings.items() if meaning == state)
