# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Whether a certificate was signed with the key that it holds.

Checked for RSA with PKCS#1 v1.5 and PSS, and for ECDSA on P-256, P-384 and P-521. It costs some milliseconds.
"""

from __future__ import annotations

from typing import Dict, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import der
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves, hashes, rsa
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.public_key import EcKey, public_key

# RFC 3279, RFC 4055, RFC 5758 and, the last of RSA, an OIW identifier of old Windows.
_RSA_HASHES: Dict[str, str] = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.3.14.3.2.29": "sha1",
}
_RSA_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_PSS_HASH, _PSS_MASK, _PSS_SALT = 0xA0, 0xA1, 0xA2
_EC_HASHES: Dict[str, str] = {
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_HASHES: Dict[str, str] = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def holds(certificate: bytes, algorithm: str, parameters: der.Reader, signed: bytes, signature: bytes) -> bool:
    """Whether the key in ``certificate`` verifies its ``signature``; True also where that can not be checked here.

    All are of that certificate: ``parameters`` stands behind the OID ``algorithm``, ``signed`` is the tbsCertificate.
    """
    try:
        key = public_key(certificate)
        if isinstance(key, EcKey):
            name = _EC_HASHES.get(algorithm)
            return name is None or curves.ecdsa_verify(key.group, key.point, hashes.digest(name, signed), signature)
        if algorithm == _RSA_PSS:
            name = _pss_hash(parameters)
            return name is None or rsa.verify_pss(key.n, key.e, signature, hashes.digest(name, signed), name)
        name = _RSA_HASHES.get(algorithm)
        return name is None or rsa.verify_pkcs1(key.n, key.e, signature, hashes.digest(name, signed), name)
    except (Broken, ValueError):
        return True  # a key, or parameters, that nobody uses


def _pss_hash(parameters: der.Reader) -> Optional[str]:
    """The hash of RSASSA-PSS-params (RFC 4055 3.1); None unless it is also the mask's and the salt has its length."""
    values = parameters.enter(der.SEQUENCE)
    name: Optional[str] = "sha1"
    mask: Optional[str] = "sha1"
    salt = 20
    if not values.done and values.peek() == _PSS_HASH:
        name = _HASHES.get(der.oid(values.enter(_PSS_HASH).enter(der.SEQUENCE).take(der.OID)))
    if not values.done and values.peek() == _PSS_MASK:
        generator = values.enter(_PSS_MASK).enter(der.SEQUENCE)
        if der.oid(generator.take(der.OID)) != _MGF1:
            return None
        mask = _HASHES.get(der.oid(generator.enter(der.SEQUENCE).take(der.OID)))
    if not values.done and values.peek() == _PSS_SALT:
        salt = der.integer(values.enter(_PSS_SALT).take(der.INTEGER))
    return name if name is not None and mask == name and salt == hashes.new(name).digest_size else None
