# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes that only both sides together show: what the host is set to against what its port answers."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    active_certificate,
    certificate_where,
    fact,
    finding,
    listed,
    ok,
    setting,
    setting_fact,
    value,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import arrivals
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import of_key, of_version
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Certificate, Facts, Tls

INTERCEPTED = "network.intercepted"
NOT_AS_CONFIGURED = "listener.not_as_configured"

_COMPUTER = "Win32_ComputerSystem.Name"
_SYSTEM = "Win32_OperatingSystem.Version"
# A NetBIOS name has at most 15 characters.
_NETBIOS = 15
# A version that is answered so was refused. No answer in time, or a broken one, is no refusal.
_REFUSED = ("alert", "closed", "reset", "other")


def is_another_machine(facts: Facts, wire: Report | None) -> bool:
    """The port is answered by a computer of another name: the wire says nothing about this host then.

    CredSSP's NTLM challenge carries the NetBIOS name of the computer ([MS-NLMP] 2.2.2.1, MsvAvNbComputerName).
    """
    system = ok(facts.get("system"))
    shown = wire["credssp"]["netbios_computer"] if wire is not None else None
    own = system.get("hostname", "") if system is not None else ""
    return bool(shown and own) and str(shown)[:_NETBIOS].upper() != own.partition(".")[0][:_NETBIOS].upper()


def intercepted(facts: Facts, wire: Report | None) -> Finding | None:
    """Something else than this host answers on its Remote Desktop port."""
    if wire is None:
        return None
    system = ok(facts.get("system"))
    if system is not None and is_another_machine(facts, wire):
        challenge = wire["credssp"]
        name = challenge["dns_computer"] or challenge["netbios_computer"]
        evidence = [
            wire_fact(f"The computer that answers on {wire['host']}, port {wire['port']}, calls itself {name}."),
            fact(f"This host is {system.get('hostname', '')}.", _COMPUTER),
        ]
        version, own_version = challenge["os_version"], system.get("version", "")
        if version and own_version and version != own_version:
            evidence.append(fact(f"It runs Windows {version}, this host {own_version}.", _SYSTEM))
        return finding(
            INTERCEPTED,
            "Another computer answers on the Remote Desktop port",
            confidence="proved",
            impact="degrades",
            evidence=evidence,
            explains=[SOCKET_CLOSED],
            decision=(
                f"Find out why {wire['host']}, port {wire['port']}, leads elsewhere (a name, a port forwarding, a load "
                "balancer), or name the host that is meant with the option host; only its settings were judged here."
            ),
        )
    return _foreign_certificate(facts, wire)


def _foreign_certificate(facts: Facts, wire: Report) -> Finding | None:
    """The certificate that is shown is in no store of the host that was read."""
    served, active = wire["tls"]["certificate"], active_certificate(facts)
    if served is None or active is None or _on_the_host(facts, served["sha1"]) is not None:
        return None
    unseen = arrivals(facts).none
    return finding(
        INTERCEPTED,
        "The certificate on the Remote Desktop port is not the host's",
        confidence="likely" if unseen else "possible",
        impact="informs",
        evidence=[
            wire_fact(f"The port shows the certificate {served['sha1']} of {served['subject']}."),
            fact(f"The host should show {active['thumbprint']} of {active['subject']}.", certificate_where(active)),
            *unseen,
        ],
        decision=(
            "Look for a device that opens TLS on the way, such as a firewall with inspection or a gateway. Remote "
            "Desktop Services may also still use a certificate that was deleted: restart it at a quiet time."
        ),
    )


def _on_the_host(facts: Facts, thumbprint: str) -> Certificate | None:
    """The certificate of that thumbprint, out of those of the host that were read."""
    area = ok(facts.get("certificate"))
    if area is None:
        return None
    known = [area.get("active"), area.get("bound"), *area.get("remote_desktop", [])]
    return next((one for one in known if one is not None and one["thumbprint"].upper() == thumbprint.upper()), None)


def not_as_configured(facts: Facts, wire: Report | None) -> Finding | None:
    """This host answers in another way than its settings say: mostly they were changed and the service not restarted.

    Nothing is done about it: whether the settings or the answers are what was wanted, a person has to say.
    """
    if wire is None or is_another_machine(facts, wire):
        return None
    services = ok(facts.get("services"))
    if services is not None and services.get("restart_pending"):
        return None  # that explains it
    evidence = [*_certificate_facts(facts, wire), *_version_facts(facts, wire), *_security_facts(facts, wire)]
    if not evidence:
        return None
    return finding(
        NOT_AS_CONFIGURED,
        "Remote Desktop does not answer as it is configured",
        confidence="likely",
        impact="informs",
        evidence=evidence,
        decision=(
            "Check that these settings are meant; if so, restart Remote Desktop Services at a quiet time, which makes "
            "them count. If that changes nothing, look for a device between."
        ),
    )


def _certificate_facts(facts: Facts, wire: Report) -> list[Evidence]:
    served, active = wire["tls"]["certificate"], active_certificate(facts)
    if served is None or active is None or served["sha1"].upper() == active["thumbprint"].upper():
        return []
    if _on_the_host(facts, served["sha1"]) is None:
        return []  # network.intercepted speaks of it
    return [
        wire_fact(f"The port shows the certificate {served['sha1']}."),
        fact(f"The host should show {active['thumbprint']}.", certificate_where(active)),
    ]


def _version_facts(facts: Facts, wire: Report) -> list[Evidence]:
    """TLS versions that were answered and are off, or that are on and were refused when they were asked for alone."""
    tls = ok(facts.get("tls"))
    if tls is None or not wire["tls"]["key_proved"]:
        return []
    enabled = tls.get("rdp_versions", [])
    asked, chosen = wire["tls"]["versions"], wire["tls"]["version"]
    answered = {name for name, found in asked.items() if found["result"] == "accepted"}
    # A version that went through before and not when asked for again: the connections were cut, not the versions.
    is_cut = chosen in asked and chosen not in answered
    if chosen is not None:
        answered.add(chosen)
    # Whether Remote Desktop takes a version that is on and that its Windows is not known to use it for, nobody says.
    extra = sorted(name for name in answered - set(enabled) if not _is_on(tls, name))
    missing = [
        name
        for name in enabled
        if not is_cut and name in asked and asked[name]["result"] in _REFUSED and _has_suite(facts, name)
    ]
    evidence = []
    if extra:
        evidence.append(wire_fact(f"The port accepts {listed(extra)}."))
    if missing:
        evidence.append(wire_fact(f"The port does not accept {listed(missing)}."))
    where = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
    on = fact(f"The host lets Remote Desktop use {listed(enabled) or 'no version of TLS'}.", where)
    return [*evidence, on] if evidence else []


def _is_on(tls: Tls, version: str) -> bool:
    state = tls.get("protocols", {}).get(version, {}).get("server")
    return state is not None and state["state"] == "enabled"


def _has_suite(facts: Facts, version: str) -> bool:
    """Whether the host's settings and the key of its certificate leave a suite for ``version``; True where that is not
    known. With GCM suites alone, for one, TLS 1.0 and 1.1 are refused although they are on."""
    host = of_facts("", facts)
    return host["suites"] is None or bool(of_version(of_key(host["suites"], host["key"]), version))


def _security_facts(facts: Facts, wire: Report) -> list[Evidence]:
    """NLA and SecurityLayer, where the answers to connection requests tell what they are."""
    evidence = []
    nla, shown = setting(facts, "nla"), wire["x224"]["nla"]
    if nla is not None and shown is not None and value(facts, "security_layer") != "rdp":
        if nla["value"] is True and shown != "required":
            evidence += [wire_fact("The port lets clients in without NLA."), setting_fact("nla", nla)]
        if nla["value"] is False and shown == "required":
            evidence += [wire_fact("The port insists on NLA."), setting_fact("nla", nla)]
    layer, selected = setting(facts, "security_layer"), wire["x224"]["security_layer"]
    if layer is not None and selected is not None and layer["value"] != selected:
        text = f"The port answers as with the security layer {selected}."
        evidence += [wire_fact(text), setting_fact("security_layer", layer)]
    return evidence
