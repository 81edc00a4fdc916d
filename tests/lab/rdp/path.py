# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and the listener and breaks connections that the host never hears of.

* `endpoint_agent`: a security product on the host resets a connection after the connection request, or after the
  ClientHello (`at`), before TermService logs it.
* `tunnel_gate`: a tunnel takes the connection and ends it with the first bytes, as its own authentication is missing.
* `reset_after_connect`: a device answers the SYN and resets.
* `mtu`: what a client sends in one piece of more than `largest` bytes never arrives, nor anything after it: a black
  hole for full-sized packets lets a small connection request through and loses a large ClientHello.
* `unstable`: every `every`-th connection is reset; the one of the number `first` is the first that is.
* `intercept`: a device ends TLS with a certificate of its own; CredSSP then fails, since it binds the host's key.

Reports behind the first two: section 1.2, row 9 of the project's knowledge (antivirus in a Microsoft article, the
gate of a tunnel in natfrp's discussion 683). How exactly each product ends a connection is MEM: unverified.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

KINDS = ("endpoint_agent", "tunnel_gate", "reset_after_connect", "mtu", "unstable", "intercept")
STAGES = ("request", "client_hello")
INTERCEPTOR_NAME = "Lab TLS Inspection"
_READ_SIZE = 4096


@dataclass(frozen=True)
class Path:
    """One thing in the path, see the module; `at` is for the agent, `largest` for `mtu`, `every` and `first` for
    `unstable`."""

    kind: str
    at: str = "request"
    largest: int = 1400
    every: int = 3
    first: int = 0

    @property
    def cuts_client_hello(self) -> bool:
        return self.kind == "endpoint_agent" and self.at == "client_hello"

    @property
    def longest(self) -> int | None:
        """The largest piece that arrives; None for any."""
        return self.largest if self.kind == "mtu" else None

    @property
    def credential(self) -> tuple[bytes, bytes] | None:
        """Certificate and key (PEM) that clients meet in place of the host's."""
        return _interceptor() if self.kind == "intercept" else None

    def drops(self, number: int) -> bool:
        """Whether the `number`-th connection is reset as soon as it is there."""
        if self.kind == "unstable":
            return number >= self.first and (number - self.first) % self.every == 0
        return self.kind == "reset_after_connect"


class CutInPath(Exception):
    """Something in the path ended the connection, with a reset or with FIN."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("cut in the path")
        self.reset = reset


async def before_the_host(path: Path | None, number: int, reader: asyncio.StreamReader, timeout: float) -> None:
    """What happens to a connection before TermService sees it; raises CutInPath when it ends there."""
    if path is None:
        return
    if path.drops(number):
        raise CutInPath(reset=True)
    gate = path.kind == "tunnel_gate"
    if gate or (path.kind == "endpoint_agent" and path.at == "request"):
        await asyncio.wait_for(reader.read(_READ_SIZE), timeout)
        raise CutInPath(reset=not gate)


class LossyReader(asyncio.StreamReader):
    """A reader whom nothing reaches from the first piece on that is longer than `longest` bytes."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest
        self._lost = False

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        data = bytes(data)
        self._lost = self._lost or len(data) > self._longest
        if not self._lost:
            super().feed_data(data)


@functools.cache
def _interceptor() -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, INTERCEPTOR_NAME)])
    now = dt.datetime.now(dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), pem
