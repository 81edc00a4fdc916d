# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The sentence that tells a user why a connection ended where it did. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import x224

_ALERTS = {
    "handshake_failure": "the server found no cipher suite or signature that both sides know",
    "insufficient_security": "the server found no cipher suite that is strong enough for it",
    "internal_error": "the server failed inside, which it also does when it can not use its certificate's private key",
    "protocol_version": "the server shares no TLS version with this client",
}


def _time(seconds: float) -> str:
    return f"{max(round(seconds, 1), 0.1):g} s"


def tcp(result: str, where: str, detail: str, addresses: int) -> str:
    """No connection to ``where``, "192.0.2.7 port 3389", the most telling one of ``addresses``."""
    others = f" (none of {addresses} addresses let us connect)" if addresses > 1 else ""
    return {
        "refused": f"{where} refused the TCP connection: nothing listens there, or a firewall rejects it{others}",
        "filtered": f"{where} did not answer the TCP connection: a firewall drops it, or the host is down{others}",
        "unreachable": f"There is no way to {where}: {detail}{others}",
    }[result]


def x224_ended(result: str, received: int, seconds: float) -> str:
    """The connection ended while the confirm was waited for, after ``received`` bytes of it."""
    if result == "timeout":
        what = f"Only {received} bytes of an answer" if received else "No answer"
        return (
            f"{what} to our X.224 connection request came within {_time(seconds)}: "
            "Remote Desktop Services hangs, or another program holds the port"
        )
    if received:
        return f"The connection was {result} in the middle of the answer to our X.224 connection request"
    if result == "reset":
        return "The connection was reset after our X.224 connection request, by the server or by something in between"
    return "The server accepted the TCP connection and closed it before it had answered our X.224 connection request"


def failure(code: int) -> str:
    """A negotiation failure in a part of a sentence."""
    known = x224.FAILURES.get(code)
    return f"{known.name}, {known.meaning}" if known else f"the unknown failure code 0x{code:X}"


def tls(result: str, answered: bool, detail: str, seconds: float) -> str:
    """The handshake did not complete; ``answered`` tells whether any byte came after our ClientHello.

    ``detail`` is the name of the alert, or what was wrong.
    """
    if result == "alert":
        meaning = f": {_ALERTS[detail]}" if detail in _ALERTS else ""
        return f"The server refused our TLS handshake with the alert {detail}{meaning}"
    if result == "error":
        return f"The TLS handshake could not go on: {detail}"
    where = "in the middle of the TLS handshake" if answered else "after our TLS ClientHello"
    if result == "timeout":
        return f"The server stopped answering {where}: the handshake had not ended within {_time(seconds)}"
    if result == "reset":
        return (
            f"The connection was reset {where}: the server can not use its certificate's private key or shares no "
            "TLS version with this client, or something in between cut the connection"
        )
    if answered:
        return f"The server closed the connection {where}"
    return (
        f"The server closed the connection {where}: it can not use its certificate's private key, "
        "or shares no TLS version with this client"
    )


def old_only(version: Optional[str], cipher: Optional[str]) -> str:
    """TLS completed, but not for a current client."""
    return (
        f"The server completed TLS only with {version} and {cipher}, which current clients do not offer: "
        "it shares no TLS version or cipher suite with them"
    )


def credssp(result: str, detail: str, seconds: float) -> str:
    """The first step of CredSSP got no challenge."""
    if result == "refused":
        return f"CredSSP refused its first step with {detail}"
    if result == "error":
        return f"its answer to CredSSP can not be used: {detail}"
    if result == "alert":
        return f"it ended CredSSP with the TLS alert {detail}"
    if result == "timeout":
        return f"CredSSP was not answered within {_time(seconds)}"
    how = "reset" if result == "reset" else "closed"
    return f"the connection was {how} when CredSSP began: the server may take Kerberos only, or CredSSP fails there"


def standard(result: str, detail: str, seconds: float) -> str:
    """Standard RDP security was selected, and its first exchange failed."""
    selected = "The server selected standard RDP security"
    if result == "error":
        return f"{selected}, but its MCS answer can not be used: {detail}"
    if result == "timeout":
        return f"{selected}, but did not answer the MCS connection within {_time(seconds)}"
    return f"{selected}, but the connection was {result} at the MCS connection"
