# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How a TLS handshake with a peer fails."""

from __future__ import annotations


class Refused(Exception):
    """The peer ended TLS with an alert: a fatal one, or close_notify while the handshake was under way."""

    def __init__(self, alert: str) -> None:
        super().__init__(f"the TLS alert {alert}")
        self.alert = alert


class Broken(Exception):
    """The peer does not keep to the protocol. The text says how, in a part of a sentence: "it sends ..."."""


class Unable(Broken):
    """The peer keeps to the protocol, but chose something that this engine does not implement; the text says what."""
