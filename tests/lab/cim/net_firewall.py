# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/StandardCimv2: the firewall's classes, derived from the registry's rule strings.

Property lists: Microsoft's wfascimprov pages and the recorded table of Get-NetFirewallRule; the property set of a real
`select *` is MEM: unverified.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.firewall import PROFILE_BITS, Rule
from tests.lab.model.host import Host
from tests.lab.wsman import faults

_NAMESPACE = ("root/standardcimv2",)
_NOT_FOUND = 0x80041002
_PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMPv4", 58: "ICMPv6"}
_RULE = {
    **dict.fromkeys(
        (
            "Caption Description DisplayGroup DisplayName ElementName InstanceID Owner PolicyStoreSource RuleGroup "
            "Status"
        ).split(),
        "string",
    ),
    **dict.fromkeys(
        (
            "Action Direction EdgeTraversalPolicy Enabled PolicyStoreSourceType PrimaryStatus Profiles StatusCode"
        ).split(),
        "uint32",
    ),
    **dict.fromkeys("LocalOnlyMapping LooseSourceMapping".split(), "boolean"),
    "EnforcementStatus": "uint16[]",
    "Platforms": "string[]",
}
_FILTER = {
    **dict.fromkeys("Caption Description ElementName InstanceID Protocol".split(), "string"),
    **dict.fromkeys("IcmpType LocalPort RemotePort".split(), "string[]"),
    "DynamicTarget": "uint32",
}
_PROFILE = {
    **dict.fromkeys("Caption Description ElementName InstanceID LogFileName Name".split(), "string"),
    **dict.fromkeys(
        (
            "AllowInboundRules AllowLocalFirewallRules DefaultInboundAction DefaultOutboundAction Enabled "
            "NotifyOnListen LogAllowed LogBlocked"
        ).split(),
        "uint16",
    ),
    "LogMaxSizeKilobytes": "uint64",
}
_ALLOW, _BLOCK = 2, 4
_NOT_CONFIGURED = 2


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    texts = host.language.firewall
    for rule in host.firewall.rules():
        name = rule.get("Name")
        group = rule.group
        text = texts.get(name or "", name)
        yield {
            "Action": _ALLOW if rule.allows else _BLOCK,
            "Caption": None,
            "Description": rule.get("Desc"),
            "Direction": 1 if rule.inbound else 2,
            "DisplayGroup": texts.get(group or "", group),
            "DisplayName": text,
            "EdgeTraversalPolicy": int(rule.get("Edge") == "TRUE"),
            "ElementName": text,
            "Enabled": 1 if rule.active else 2,
            "EnforcementStatus": [0],
            "InstanceID": rule.id,
            "LocalOnlyMapping": False,
            "LooseSourceMapping": False,
            "PolicyStoreSource": "GroupPolicy" if rule.from_policy else "PersistentStore",
            "PolicyStoreSourceType": 2 if rule.from_policy else 1,
            "PrimaryStatus": 1,
            "Profiles": sum(PROFILE_BITS.get(profile, 0) for profile in rule.all("Profile")),
            "RuleGroup": group,
            "Status": host.language.rule_status,
            "StatusCode": 65536,
        }


def _filter_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for rule in host.firewall.rules():
        protocol = rule.protocol
        yield {
            "DynamicTarget": 0,
            "InstanceID": rule.id,
            "LocalPort": rule.all("LPort") or ["Any"],
            "Protocol": "Any" if protocol is None else _PROTOCOLS.get(protocol, str(protocol)),
            "RemotePort": rule.all("RPort") or ["Any"],
            "IcmpType": ["Any"],
        }


def _profile_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for name in PROFILE_BITS:
        inbound = host.firewall.setting(name, "DefaultInboundAction")
        merge = host.firewall.setting(name, "AllowLocalPolicyMerge")
        yield {
            "AllowInboundRules": _NOT_CONFIGURED,
            "AllowLocalFirewallRules": _NOT_CONFIGURED if merge is None else int(merge != 0),
            "DefaultInboundAction": _ALLOW if inbound == 0 else _BLOCK,
            "DefaultOutboundAction": _ALLOW,
            "ElementName": name,
            "Enabled": int(host.firewall.enabled(name)),
            "InstanceID": f"MSFT|FW|FirewallProfile|{name}",
            "LogFileName": "%systemroot%\\system32\\LogFiles\\Firewall\\pfirewall.log",
            "LogMaxSizeKilobytes": 4096,
            "Name": name,
            "NotifyOnListen": 0,
        }


def _rule_of(call: Call) -> Rule:
    rule = call.host.firewall.find(call.selectors["InstanceID"])
    if rule is None:
        raise faults.wmi_error(_NOT_FOUND, "Not found ")
    return rule


def _enable(call: Call) -> dict[str, Any]:
    call.host.firewall.write(_rule_of(call).with_active(True))
    return {"ReturnValue": 0}


def _disable(call: Call) -> dict[str, Any]:
    call.host.firewall.write(_rule_of(call).with_active(False))
    return {"ReturnValue": 0}


_METHODS = {"Enable": Method({}, {}, _enable), "Disable": Method({}, {}, _disable)}
CLASSES = (
    CimClass("MSFT_NetFirewallRule", _NAMESPACE, _RULE, ("InstanceID",), _rows, _METHODS),
    CimClass("MSFT_NetProtocolPortFilter", _NAMESPACE, _FILTER, ("InstanceID",), _filter_rows),
    CimClass("MSFT_NetFirewallProfile", _NAMESPACE, _PROFILE, ("InstanceID",), _profile_rows),
)
