# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of the listener's certificate, its binding and the access to its key. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    KEY_FILE_ACL,
    MACHINE_KEYS_ACL,
    SELF_SIGNED_STORE,
    ExpectedAce,
    ExpectedAcl,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import (
    BINDING,
    RDP_TCP,
    SELF_SIGNED_STORE_VALUE,
    WINSTATIONS,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import self_signed
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Ace,
    Certificate,
    CertificateArea,
    MachineKeys,
    Security,
    System,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import REMOTE_DESKTOP, store_path


def renewal_reason(certificates: CertificateArea, keys: MachineKeys, min_days_left: float) -> str:
    """Why the self-signed certificate has to be made anew; empty when it is fine."""
    current = self_signed(certificates)
    if current is None:
        return "there is no self-signed certificate"
    if current["days_left"] <= min_days_left:
        return f"it ends on {current['not_after']}"
    if keys["status"] == "ok":
        for key in keys["keys"]:
            if key["thumbprint"] == current["thumbprint"] and not key["exists"]:
                return f"its key file {key['path']} is missing"
    if current["private_key"] is None:
        return "the store names no private key for it"
    return ""


def plan_deletion(current: Certificate, blob: Mapping[str, object]) -> Change:
    """Deletes a certificate from the store Remote Desktop, from where SessionEnv makes a new one.

    ``blob``: the values of its key, as ``change.to_json`` writes them.
    """
    if current["store"] != REMOTE_DESKTOP:
        raise Refused(f"only certificates of the store {REMOTE_DESKTOP} may be deleted, not from {current['store']}")
    key = rf"{store_path(REMOTE_DESKTOP)}\{current['thumbprint']}"
    return Change(kind="registry_key", target=key, name="", before=blob, after=None)


def plan_binding(
    certificates: CertificateArea, personal: Certificate | None, binding: str, system: System, *, force: bool
) -> list[Change]:
    """``binding``: "self_signed", or a thumbprint; ``personal`` is the certificate that has it, from MY."""
    current = certificates["bound_thumbprint"]
    wanted = None if binding == "self_signed" else binding.upper()
    if current == wanted:
        return []
    if "connection_broker" in system.get("rds_roles", []) and not force:
        raise Refused(
            "this host is an RD Connection Broker, which manages the listener's certificate itself: change it in the "
            "deployment's properties, or set force to true"
        )
    if wanted is not None:
        if personal is None:
            raise Refused(f"there is no certificate {wanted} in the machine's store MY (Personal): install it first")
        if personal["days_left"] <= 0:
            raise Refused(f"the certificate {wanted} expired on {personal['not_after']}")
        if personal["private_key"] is None:
            raise Refused(f"the certificate {wanted} has no private key on this host: install it with its key")
    return [
        Change(
            kind="registry_value",
            target=RDP_TCP,
            name=BINDING,
            before=None if current is None else {"type": "REG_BINARY", "data": current.lower()},
            after=None if wanted is None else {"type": "REG_BINARY", "data": wanted.lower()},
        )
    ]


def plan_store(certificates: CertificateArea, now: Mapping[str, object] | None) -> list[Change]:
    """Has Windows make the self-signed certificate where the listener looks for it. ``now``: SelfSignedCertStore, in
    the form of a change."""
    if store_is_right(certificates):
        return []
    after = {"type": "REG_SZ", "data": SELF_SIGNED_STORE}
    return [Change(kind="registry_value", target=WINSTATIONS, name=SELF_SIGNED_STORE_VALUE, before=now, after=after)]


def store_is_right(certificates: CertificateArea) -> bool:
    return (certificates.get("self_signed_store") or "").lower() == SELF_SIGNED_STORE.lower()


def plan_access(keys: MachineKeys) -> list[Change]:
    """Gives the RDP key files and the folder MachineKeys back the entries that Windows itself sets.

    Only what is missing is added and only what denies it is taken away; other entries and lists that could not be
    read stay as they are: see unread().
    """
    changes = _repair(keys["path"], keys["folder"], MACHINE_KEYS_ACL)
    for key in keys["keys"]:
        if key["security"] is not None:
            changes += _repair(key["path"], key["security"], KEY_FILE_ACL)
    return changes


def access_is_right(keys: MachineKeys) -> bool | None:
    """Whether nothing needs a repair; None when a list could not be read."""
    return None if unread(keys) else not plan_access(keys)


def unread(keys: MachineKeys) -> list[str]:
    """One sentence for each access list that could not be read."""
    lists = [(keys["path"], keys["folder"]), *((key["path"], key["security"]) for key in keys["keys"])]
    return [
        f"the access list of {path} could not be read ({security['reason']}), so it is left as it is"
        for path, security in lists
        if security is not None and security["status"] != "ok"
    ]


def _repair(path: str, security: Security, expected: ExpectedAcl) -> list[Change]:
    if security["status"] != "ok":
        return []
    needed = [ace for ace, _granted in acl.lacking(security["dacl"], expected)]
    if not needed:
        return []
    kept = [ace for ace in acl.explicit(security["dacl"]) if not _gives_way(ace, needed)]
    added = [acl.allow(ace.sid, ace.mask) for ace in needed]
    fixed = Security(
        status="ok", reason="", owner=security["owner"], protected=security["protected"], dacl=[*kept, *added]
    )
    return [Change(kind="security", target=path, name="", before=security, after=fixed)]


def _gives_way(ace: Ace, needed: list[ExpectedAce]) -> bool:
    """An entry that is replaced, or one that denies, to a group of the account as well, what is needed."""
    return any(
        ace["sid"] == each.sid or (ace["type"] == "deny" and ace["sid"] in each.token and ace["mask"] & each.mask)
        for each in needed
    )
