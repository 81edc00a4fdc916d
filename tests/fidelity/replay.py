# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's own session over recorded replies."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_RELATES_TO = re.compile(rb"(RelatesTo[^>]*>)[^<]*(<)")
_MESSAGE_ID = re.compile(rb"MessageID[^>]*>([^<]+)<")


class Replay:
    """A transport that gives the recorded replies in their order, each as the reply to what was just sent."""

    endpoint = "http://recorded:5985/wsman"
    tls = None

    def __init__(self, replies: Iterable[bytes]) -> None:
        self._replies = list(replies)
        self.sent: list[bytes] = []

    def send(self, envelope: bytes, timeout: float) -> bytes:
        self.sent.append(envelope)
        assert self._replies, f"one request too many: {envelope!r}"
        found = _MESSAGE_ID.search(envelope)
        identity = found[1] if found else b""
        return _RELATES_TO.sub(lambda match: match[1] + identity + match[2], self._replies.pop(0))

    def close(self) -> None:
        """Nothing is open."""

    @property
    def left(self) -> int:
        return len(self._replies)

    def session(self) -> Session:
        return Session(self, "recorded", Deadline(20))
