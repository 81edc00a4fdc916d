# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the answers to connection requests mean, for one security protocol and together. Pure."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import x224
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Offer

_WITH_TLS = ("tls", "credssp", "credssp_early_auth")


class Exchange(NamedTuple):
    """What came of one connection request: a confirm, or how it ended and a sentence on it."""

    confirm: Optional[x224.Confirm]
    result: str  # response, closed, reset, timeout, garbage
    reason: str


def answer_to(protocol: str, exchange: Exchange) -> Offer:
    """What the answer to a request for ``protocol`` means."""
    confirm = exchange.confirm
    answer: Offer = {"result": exchange.result, "selected": None, "failure_code": None, "failure": None}
    if confirm is None:
        return answer
    if confirm.failure_code is not None:
        answer["result"] = "failure"
        answer["failure_code"] = confirm.failure_code
        answer["failure"] = x224.failure_name(confirm.failure_code)
        return answer
    answer["selected"] = x224.PROTOCOLS[confirm.selected or x224.PROTOCOL_RDP]
    if confirm.selected is None:
        answer["result"] = "no_negotiation"
    else:
        answer["result"] = "accepted" if answer["selected"] == protocol else "other"
    return answer


def security_layer(offers: Dict[str, Offer]) -> Optional[str]:
    """What SecurityLayer seems to be: rdp, negotiate or tls; None where the answers do not tell.

    [MS-RDPBCGR] 2.2.1.2.2: a server that insists on TLS refuses standard security with code 1, one that has none
    refuses TLS with code 2. Required NLA (code 5) hides which of the two others it is. What a server answers to a
    request for RDSTLS or Entra alone, or where it has no certificate (code 3), says nothing of its settings.
    """
    with_tls = [one for name, one in offers.items() if name in _WITH_TLS]
    if any(one["failure_code"] == 2 or one["selected"] == "rdp" for one in with_tls):
        return "rdp"
    rdp, over_tls = offers.get("rdp"), offers.get("tls")
    if rdp is None:
        return None
    if rdp["failure_code"] == 1:
        return "tls"
    if rdp["result"] == "no_negotiation":
        return "rdp"
    if rdp["result"] == "accepted" and over_tls is not None:
        return "negotiate" if over_tls["result"] == "accepted" else None
    return None


def nla(offers: Dict[str, Offer]) -> Optional[str]:
    """Whether network level authentication is required, offered or off; None where the answers do not tell."""
    weaker = [offers[name] for name in ("rdp", "tls") if name in offers]
    if any(one["failure_code"] == 5 for one in weaker):
        return "required"
    strong = [offers[name] for name in ("credssp", "credssp_early_auth") if name in offers]
    if any((one["selected"] or "").startswith("credssp") for one in strong):
        return "offered" if any(one["result"] == "accepted" for one in weaker) else None
    without = [one["selected"] in ("tls", "rdp") or one["result"] == "no_negotiation" for one in strong]
    if any(without) or any(one["failure_code"] in (1, 2) for one in strong):
        return "off"
    return None
