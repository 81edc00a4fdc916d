# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The public key of a certificate: its SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279 2.3, RFC 5480 2)."""

from __future__ import annotations

from typing import Dict, NamedTuple, Union

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, oids
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves, rsa
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken, Unable

_VERSION = 0xA0
_CURVES: Dict[str, curves.Weierstrass] = {
    "1.2.840.10045.3.1.7": curves.P256,
    "1.3.132.0.34": curves.P384,
    "1.3.132.0.35": curves.P521,
}
_SMALLEST_MODULUS = 512  # bits; CNG makes keys of 512 to 16384


class RsaKey(NamedTuple):
    n: int
    e: int


class EcKey(NamedTuple):
    group: curves.Weierstrass
    point: bytes  # as it is encoded; it may not be on the curve


PublicKey = Union[RsaKey, EcKey]


def public_key(certificate: bytes) -> PublicKey:
    """The key in a DER certificate. Raises Broken when it can not be read, Unable when its kind is not known here."""
    try:
        return _public_key(certificate)
    except der.BadDer as error:
        raise Broken(f"its certificate can not be read: {error}") from error


def _public_key(certificate: bytes) -> PublicKey:
    outer = der.Reader(certificate)
    tbs = outer.enter(der.SEQUENCE).enter(der.SEQUENCE)
    outer.end()
    tbs.skip(_VERSION)
    tbs.take(der.INTEGER)  # the serial number
    for _part in ("signature algorithm", "issuer", "validity", "subject"):
        tbs.take(der.SEQUENCE)
    spki = tbs.enter(der.SEQUENCE)
    algorithm = spki.enter(der.SEQUENCE)
    key = spki.take(der.BIT_STRING)
    kind = der.oid(algorithm.take(der.OID))
    if kind == oids.RSA_KEY:
        return _rsa(der.bits(key))
    if kind == oids.EC_KEY:
        return _ec(algorithm, der.bits(key))
    raise Unable(f"its certificate has a key of the kind {kind}, which can not be checked here")


def _rsa(key: bytes) -> RsaKey:
    numbers = der.Reader(key).enter(der.SEQUENCE)
    n, e = der.integer(numbers.take(der.INTEGER)), der.integer(numbers.take(der.INTEGER))
    if n <= 0 or not _SMALLEST_MODULUS <= n.bit_length() <= rsa.LARGEST_MODULUS:
        raise der.BadDer(f"the RSA modulus has {n.bit_length()} bits")
    if e < 3 or e.bit_length() > rsa.LARGEST_EXPONENT:
        raise der.BadDer(f"the RSA exponent has {e.bit_length()} bits")
    return RsaKey(n, e)


def _ec(parameters: der.Reader, key: bytes) -> EcKey:
    name = der.oid(parameters.take(der.OID)) if not parameters.done and parameters.peek() == der.OID else "unnamed"
    if name not in _CURVES:
        raise Unable(f"its certificate has a key on the elliptic curve {name}, which can not be checked here")
    return EcKey(_CURVES[name], key)
