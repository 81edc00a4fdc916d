# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated TermService holds for its RDP-Tcp listener."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.lab.rdp.throttle import DEFAULT_LIMIT


@dataclass(frozen=True)
class Account:
    """One account that can be logged on with."""

    name: str
    password: str = field(repr=False)
    disabled: bool = False
    remote_desktop: bool = True
    """Whether it has the right to log on through Remote Desktop Services."""
    network_logon: bool = True
    """Whether it may log on over the network, which NLA is."""


@dataclass(frozen=True)
class ListenerState:
    """The settings that decide how the listener answers; ``None`` in place of a state means that nothing listens."""

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
    """Windows or IANA names in order of preference; ``None`` is every suite that OpenSSL has."""
    certificate_pem: bytes | None
    """``None``: there is no certificate at all."""
    key_pem: bytes | None = field(repr=False)
    """``None``: NETWORK SERVICE cannot use the private key."""
    hostname: str
    domain: str | None
    """The DNS name of the domain; ``None`` in a workgroup."""
    authority: str
    """The NetBIOS name that the accounts carry: the domain's, else the host's."""
    os_version: tuple[int, int, int]
    credssp_version: int = 6
    """The version that the host states in its TSRequests."""
    accounts: tuple[Account, ...] = ()
    clock_skew: float = 0.0
    """Seconds that the host's clock is ahead of this machine's."""
    legacy_no_negotiation: bool = False
    """Windows XP and Server 2003: every request is confirmed without negotiation data."""
    logons_denied: bool = False
    """Drain mode or disabled logons: the Early User Authorization Result tells, where the client asked for it; all
    else that they change comes later than this listener goes (MEM: unverified)."""
    credssp_offered: bool = True
    """Whether the security packages that CredSSP needs are loaded."""
    credssp_lowest_version: int = 2
    """The lowest version of a client that is taken: 5 with AllowEncryptionOracle 0."""
    delegation_denied: bool = False
    """``disabledomaincreds`` on a member of a domain: credentials cannot be stored for the session."""
    max_outstanding: int = DEFAULT_LIMIT
    """``MaxOutstandingConnections``."""
    outstanding: int = 0
    """Connections that others keep half-open all the time."""
    schannel_alerts: bool = True
    """Whether the alert about suites that do not fit reaches the client; else a reset does."""

    def restarts_with(self, other: ListenerState) -> bool:
        """Whether the change to `other` is a service restart: all but certificate and strangers' connections."""
        alike: dict[str, Any] = {"certificate_pem": None, "key_pem": None, "outstanding": 0}
        return replace(self, **alike) != replace(other, **alike)
