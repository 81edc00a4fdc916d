# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The signatures that a server proves its private key with.

TLS 1.2 and 1.3 name a scheme: RFC 8446 4.2.3. Before them the key decides: RFC 4346 7.4.3, RFC 8422 5.4, and
RFC 6101 5.6.3.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves, hashes, rsa
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken, Unable
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_3
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.public_key import EcKey, PublicKey, RsaKey


class _Scheme(NamedTuple):
    kind: str  # PSS, RSA, ECDSA or DSA
    hash_name: str
    curve: Optional[curves.Weierstrass] = None  # TLS 1.3 binds ECDSA schemes to a curve, TLS 1.2 does not


# In the order of Windows 11 (value Functions of Cryptography\Configuration\Local\SSL\00010003, from a public note).
_SCHEMES: Dict[int, _Scheme] = {
    0x0804: _Scheme("PSS", "sha256"),
    0x0805: _Scheme("PSS", "sha384"),
    0x0806: _Scheme("PSS", "sha512"),
    0x0401: _Scheme("RSA", "sha256"),
    0x0501: _Scheme("RSA", "sha384"),
    0x0201: _Scheme("RSA", "sha1"),
    0x0403: _Scheme("ECDSA", "sha256", curves.P256),
    0x0503: _Scheme("ECDSA", "sha384", curves.P384),
    0x0203: _Scheme("ECDSA", "sha1"),
    0x0202: _Scheme("DSA", "sha1"),
    0x0601: _Scheme("RSA", "sha512"),
    0x0603: _Scheme("ECDSA", "sha512", curves.P521),
}
OFFERED: Tuple[int, ...] = tuple(_SCHEMES)


def check(version: int, key: PublicKey, scheme: Optional[int], data: bytes, signature: bytes) -> None:
    """Returns when ``signature`` over ``data`` fits ``key``; else raises Broken.

    ``scheme`` is the code point that TLS 1.2 and 1.3 send, None before them.
    """
    try:
        fits = _fits(key, _before_1_2(key) if scheme is None else _named(version, key, scheme), data, signature)
    except ValueError as error:
        raise Broken(f"its key can not check its signature: {error}") from error
    if not fits:
        raise Broken("its signature does not fit its certificate")


def _before_1_2(key: PublicKey) -> _Scheme:
    return _Scheme("RSA", "md5+sha1") if isinstance(key, RsaKey) else _Scheme("ECDSA", "sha1")


def _named(version: int, key: PublicKey, code: int) -> _Scheme:
    scheme = _SCHEMES.get(code)
    if scheme is None:
        raise Broken(f"it signs with the scheme 0x{code:04X}, which was not offered")
    if scheme.kind == "DSA":
        raise Unable("it signs with DSA, which can not be checked here")
    if isinstance(key, EcKey) != (scheme.kind == "ECDSA"):
        raise Broken(f"it signs with {scheme.kind}, but its certificate has another kind of key")
    # RFC 8446 4.2.3: no PKCS #1 v1.5, no SHA-1, and for ECDSA the curve of the scheme.
    if version == TLS_1_3 and (scheme.kind == "RSA" or isinstance(key, EcKey) and scheme.curve is not key.group):
        raise Broken(f"it signs with the scheme 0x{code:04X}, which TLS 1.3 does not allow for its key")
    return scheme


def _fits(key: PublicKey, scheme: _Scheme, data: bytes, signature: bytes) -> bool:
    names = scheme.hash_name.split("+")
    digest = b"".join(hashes.digest(name, data) for name in names)
    if isinstance(key, EcKey):
        return curves.ecdsa_verify(key.group, key.point, digest, signature)
    verify = rsa.verify_pss if scheme.kind == "PSS" else rsa.verify_pkcs1
    return verify(key.n, key.e, signature, digest, scheme.hash_name)
