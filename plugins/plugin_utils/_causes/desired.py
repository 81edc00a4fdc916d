# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Remedies that several causes ask for, and what forbids them."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok, remedy, service
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import RENEWAL_SERVICES, SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts


def farm_block(facts: Facts) -> str:
    """Why the certificate and TLS of this host must not be changed automatically; empty when they may.

    A connection broker hands its certificate to the farm, and one with an internal database needs TLS 1.0 (Microsoft
    support: RDS connection broker or RDMS fails caused by disabled TLS 1.0).
    """
    system = ok(facts.get("system"))
    # The roles are told by services: without those the list of roles is empty whatever the host is.
    services = facts.get("services")
    if system is None or (services is not None and services["status"] != "ok"):
        return "Whether this host is an RDS connection broker could not be read; there, certificate and TLS stay as is."
    if "connection_broker" in system.get("rds_roles", []):
        return "This host is an RDS connection broker: its certificate and TLS settings belong to the farm."
    return ""


def start(facts: Facts, name: str) -> Remedy:
    """The service runs and may start; its start mode is Windows' own where it is disabled now, else left."""
    found = service(facts, name)
    own = SERVICES[name].start_mode
    options = {"name": name, "state": "started"}
    if found is None or found["start_mode"] in ("disabled", own):
        options = {"name": name, "start_mode": own, "state": "started"}
    return remedy("rdp_service", options)


def restart_hung(name: str) -> Remedy:
    """The service starts anew, with its process ended where it does not stop."""
    return remedy("rdp_service", {"name": name, "state": "restarted", "end_hung": True}, risk="medium")


def idle_renewal_services(facts: Facts) -> list[str]:
    """The services without which Windows can not make a new self-signed certificate, and that can not start.

    A manual service that is merely stopped starts on demand; an automatic one that is stopped was stopped by someone.
    """
    idle = []
    for name in RENEWAL_SERVICES:
        found = service(facts, name)
        if found is None or not found["present"]:
            continue
        stopped_auto = found["start_mode"] == "auto" and found["state"] == "stopped"
        if found["start_mode"] == "disabled" or stopped_auto:
            idle.append(name)
    return idle


def renewal_evidence(facts: Facts) -> list[Evidence]:
    evidence: list[Evidence] = []
    for name in idle_renewal_services(facts):
        found = service(facts, name)
        if found is None:
            continue
        mode, state = found["start_mode"], found["state"]
        text = f"The service {name}, which {SERVICES[name].purpose}, is {state} and its start mode is {mode}."
        evidence.append({"text": text, "where": "Win32_Service"})
    return evidence


def renew_self_signed(facts: Facts) -> list[Remedy]:
    """Have Windows make a valid self-signed certificate, with the services that it needs for that."""
    return [
        *(start(facts, name) for name in idle_renewal_services(facts)),
        remedy("rdp_certificate", {"self_signed_valid": True}, restart=["SessionEnv"]),
    ]


def fall_back_to_self_signed(facts: Facts) -> list[Remedy]:
    """Remove the binding, so that Windows serves its self-signed certificate, which is made anew if none is usable."""
    certificates = ok(facts.get("certificate"))
    kept = [] if certificates is None else certificates.get("remote_desktop", [])
    usable = any(one["self_signed"] and one["days_left"] > 0 and one["private_key"] is not None for one in kept)
    binding = remedy(
        "rdp_certificate", {"binding": "self_signed"}, risk="medium", restart=["SessionEnv", "TermService"]
    )
    return [binding] if usable else [*renew_self_signed(facts), binding]
