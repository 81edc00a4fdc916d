# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which fault hits which request, and what a spoiled reply looks like. Going wrong on the wire is http.py's part."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.lab.model.faults import Injection
from tests.lab.wsman import faults, names
from tests.lab.wsman.envelope import new_id

_ACTION = re.compile(rb"<(?:\w+:)?Action\b[^>]*>\s*([^<\s]+)")
_IDENTIFY = re.compile(rb"<(?:\w+:)?Identify\b")
_RELATES_TO = re.compile(rb"(<a:RelatesTo>)[^<]*")
_KINDS = {
    names.ENUMERATE: "enumerate",
    names.PULL: "pull",
    names.RELEASE: "release",
    names.GET: "get",
    names.PUT: "put",
    names.CREATE: "create",
    names.COMMAND: "command",
    names.RECEIVE: "receive",
    names.SEND: "send",
    names.SIGNAL: "signal",
    names.DELETE: "delete",
}
_BOMB_LEVELS = 12


def operation_of(message: bytes) -> str:
    """The kind of a request (faults.OPERATIONS); a body without text is a step of authentication."""
    if not message:
        return "authenticate"
    found = _ACTION.search(message)
    if found is None:
        return "identify" if _IDENTIFY.search(message) else "invoke"
    return _KINDS.get(found.group(1).decode("utf-8", "replace"), "invoke")


@dataclass
class _Armed:
    """An injection that waits; `seen` counts the requests that it is aimed at."""

    injection: Injection
    seen: int = 0
    hits: int = 0


class Injector:
    """The faults of one running host. `hits` lists what was injected, as (fault, operation)."""

    def __init__(self, injections: tuple[Injection, ...] = ()) -> None:
        self._armed = [_Armed(item) for item in injections]
        self.hits: list[tuple[str, str]] = []
        self._stale = False

    def add(self, injection: Injection) -> None:
        self._armed.append(_Armed(injection))

    def clear(self) -> None:
        self._armed.clear()

    @property
    def waiting(self) -> list[Injection]:
        return [armed.injection for armed in self._armed]

    def take(self, operation: str) -> Injection | None:
        """The fault for this request, the first that was set; None for none."""
        chosen: _Armed | None = None
        for armed in self._armed:
            aimed = armed.injection.at
            if aimed != operation and (aimed != "any" or operation == "authenticate"):
                continue
            armed.seen += 1
            if chosen is None and armed.seen >= armed.injection.nth:
                chosen = armed
        if chosen is None:
            return None
        chosen.hits += 1
        if chosen.injection.times and chosen.hits >= chosen.injection.times:
            self._armed.remove(chosen)
        self.hits.append((chosen.injection.fault, operation))
        self._stale = chosen.injection.fault == "drop_idle"
        return chosen.injection

    def take_stale(self) -> bool:
        """Whether this request, the first after a dropped keep-alive, gets HTTP 400 at once."""
        stale, self._stale = self._stale, False
        return stale


def spoil(injection: Injection, reply: bytes) -> bytes:
    """The reply's XML as the fault makes it; unchanged when the fault is not one of the XML."""
    if injection.fault == "truncated":
        return reply[: len(reply) // 2]
    if injection.fault == "wrong_relates_to":
        return _RELATES_TO.sub(rb"\g<1>uuid:" + new_id().encode(), reply)
    if injection.fault == "xml_bomb":
        levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(_BOMB_LEVELS))
        return _with_entity(reply, f'<!DOCTYPE bomb [<!ENTITY l0 "lab">{levels}]>', f"&l{_BOMB_LEVELS};")
    if injection.fault == "dtd":
        return _with_entity(reply, '<!DOCTYPE r [<!ENTITY file SYSTEM "file:///etc/hostname">]>', "&file;")
    if injection.fault == "control_characters":
        return reply.replace(b"</s:Header>", b"</s:Header><!-- \x01\x0b -->").replace(
            b"<s:Body>", b"<s:Body>\x00\x08&#1;"
        )
    return reply


def _with_entity(reply: bytes, declaration: str, use: str) -> bytes:
    return declaration.encode() + reply.replace(b"<s:Body>", b"<s:Body>" + use.encode())


def fault_of(code: int) -> faults.Fault:
    """The fault that Windows gives with a code; any other code comes in the shape of an internal error."""
    known = {
        5: faults.access_denied(),
        2150858793: faults.timed_out(),
        2150859173: faults.shell_quota(5),
        2150859174: faults.operation_quota(15),
        2150858843: faults.shell_not_found(),
        2150858779: faults.invalid_enumeration_context(),
    }
    return known.get(code) or faults.internal_error(code)
