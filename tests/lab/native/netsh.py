# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netsh advfirewall firewall: set rule (by group or name), add rule, delete rule, show rule by name.

Exit code 0 or 1. Messages follow Windows in English (MEM: unverified wording). A rule group may be given by its
resource string or by the display name of the group in the host's language.
"""

from __future__ import annotations

import uuid

from tests.lab.model import firewall
from tests.lab.model.firewall import Rule
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines

_PROTOCOLS = {"tcp": "6", "udp": "17", "any": ""}
_PROFILES = {"domain": "Domain", "private": "Private", "public": "Public"}
_NO_MATCH = Result(1, lines("", "No rules match the specified criteria."))


def run(host: Host, token: Token, words: list[str]) -> Result:
    lowered = [word.lower() for word in words]
    if lowered[:2] != ["advfirewall", "firewall"] or len(words) < 4 or lowered[3] != "rule":
        return Result(1, lines("The following command was not found: " + " ".join(words) + "."))
    verb = lowered[2]
    if verb == "set" and "new" in lowered:
        split = lowered.index("new")
        return _set(host, _pairs(words[4:split]), _pairs(words[split + 1 :]))
    if verb == "add":
        return _add(host, _pairs(words[4:]))
    if verb == "delete":
        return _delete(host, _pairs(words[4:]))
    if verb == "show":
        matched = _match(host, _pairs(words[4:]))
        rows = [f"Rule Name: {rule.get('Name')}\r\nEnabled: {'Yes' if rule.active else 'No'}" for rule in matched]
        return Result(0, lines("", *rows, "Ok.")) if matched else _NO_MATCH
    return Result(1, lines("A specified value is not valid."))


def _pairs(words: list[str]) -> dict[str, str]:
    return {name.lower(): value for name, sign, value in (word.partition("=") for word in words) if sign}


def _match(host: Host, wanted: dict[str, str]) -> list[Rule]:
    rules = [rule for rule in host.firewall.rules() if not rule.from_policy]
    if "group" in wanted:
        by_text = {text.lower(): resource for resource, text in host.language.firewall.items()}
        group = by_text.get(wanted["group"].lower(), wanted["group"])
        rules = [rule for rule in rules if (rule.group or "").lower() == group.lower()]
    elif "name" in wanted and wanted["name"].lower() != "all":
        rules = [rule for rule in rules if (rule.get("Name") or "").lower() == wanted["name"].lower()]
    elif "name" not in wanted:
        return []
    if "localport" in wanted:
        rules = [rule for rule in rules if wanted["localport"] in rule.all("LPort")]
    if "protocol" in wanted and wanted["protocol"].lower() != "any":
        number = _PROTOCOLS.get(wanted["protocol"].lower(), wanted["protocol"])
        rules = [rule for rule in rules if rule.get("Protocol") == number]
    if "dir" in wanted:
        rules = [rule for rule in rules if (rule.get("Dir") or "").lower() == wanted["dir"].lower()]
    return rules


def _set(host: Host, wanted: dict[str, str], new: dict[str, str]) -> Result:
    if set(new) - {"enable"} or new.get("enable", "").lower() not in ("yes", "no"):
        return Result(1, lines("A specified value is not valid."))
    matched = _match(host, wanted)
    if not matched:
        return _NO_MATCH
    active = new["enable"].lower() == "yes"
    for rule in matched:
        if rule.active != active:
            host.firewall.write(rule.with_active(active))
    return Result(0, lines("", f"Updated {len(matched)} rule(s).", "Ok.", ""))


def _add(host: Host, wanted: dict[str, str]) -> Result:
    action = {"allow": "Allow", "block": "Block"}.get(wanted.get("action", "").lower())
    direction = {"in": "In", "out": "Out"}.get(wanted.get("dir", "").lower())
    protocol = _PROTOCOLS.get(wanted.get("protocol", "any").lower(), wanted.get("protocol", ""))
    profiles = [part for part in wanted.get("profile", "any").lower().split(",") if part != "any"]
    known = {"name", "dir", "action", "protocol", "localport", "remoteip", "profile", "enable", "service", "program"}
    bad = (
        not wanted.get("name")
        or action is None
        or direction is None
        or (protocol and not protocol.isdigit())
        or any(part not in _PROFILES for part in profiles)
        or set(wanted) - known
    )
    if bad or action is None or direction is None:
        return Result(1, lines("A specified value is not valid."))
    fields = [("Action", action), ("Active", "FALSE" if wanted.get("enable", "").lower() == "no" else "TRUE")]
    fields.append(("Dir", direction))
    if protocol:
        fields.append(("Protocol", protocol))
    fields += [("Profile", _PROFILES[part]) for part in profiles]
    fields += [("LPort", part) for part in wanted.get("localport", "").split(",") if part and part.lower() != "any"]
    if "program" in wanted:
        fields.append(("App", wanted["program"]))
    if "service" in wanted:
        fields.append(("Svc", wanted["service"]))
    fields.append(("Name", wanted["name"]))
    rule_id = "{" + str(uuid.uuid4()).upper() + "}"
    host.firewall.write(Rule(rule_id, _version(host), tuple(fields)))
    return Result(0, lines("Ok.", ""))


def _version(host: Host) -> str:
    """The version that the host's own rules carry."""
    return next((rule.version for rule in host.firewall.rules()), "v2.10")


def _delete(host: Host, wanted: dict[str, str]) -> Result:
    matched = _match(host, wanted) if "name" in wanted else []
    if not matched:
        return _NO_MATCH
    for rule in matched:
        host.registry.delete_value(firewall.RULES, rule.id)
    return Result(0, lines("", f"Deleted {len(matched)} rule(s).", "Ok.", ""))
