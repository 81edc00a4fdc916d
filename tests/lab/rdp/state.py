# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated TermService holds for its RDP-Tcp listener."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class ListenerState:
    """The settings that decide how the listener answers; ``None`` in place of a state means that nothing listens.

    ``logons_denied`` changes nothing before a logon: drain mode and disabled logons are answered after the
    connection sequence that this package stops in (MEM: unverified), so only the host model looks at it.
    """

    port: int
    security_layer: int
    """``SecurityLayer``: 0 RDP, 1 Negotiate, 2 TLS."""
    user_authentication: int
    """``UserAuthentication`` (NLA): 0 or 1."""
    min_encryption_level: int
    """``MinEncryptionLevel``: 1 low, 2 client compatible, 3 high, 4 FIPS."""
    tls_versions: tuple[str, ...]
    """Versions that Schannel gives the listener, such as ``("TLS 1.0", "TLS 1.2")``; ``()`` is none."""
    cipher_suites: tuple[str, ...] | None
    """Windows or IANA names in order of preference; ``None`` is every suite of the versions."""
    certificate_pem: bytes | None
    """``None``: there is no certificate at all."""
    key_pem: bytes | None = field(repr=False)
    """``None``: NETWORK SERVICE cannot use the private key."""
    hostname: str
    domain: str
    os_version: tuple[int, int, int]
    legacy_no_negotiation: bool = False
    """Windows XP and Server 2003: every request is confirmed without negotiation data."""
    logons_denied: bool = False

    def without_certificate(self) -> ListenerState:
        """This state with its certificate and key taken out, to tell a service restart from a certificate change."""
        return replace(self, certificate_pem=None, key_pem=None)
