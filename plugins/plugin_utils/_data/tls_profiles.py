# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What can be switched below SCHANNEL, and two sets of settings that are offered by name.

Names of the switches: Microsoft, "How to restrict the use of certain cryptographic algorithms and protocols in
Schannel.dll" (KB245030); SHA256, SHA384, SHA512 and ECDH: "TLS registry settings". ``modern`` is without what
Microsoft's "TLS 1.0 and TLS 1.1 deprecation in Windows" is about; ``compatible`` has every version that a listener may
speak. What is broken: RFC 9325, 4.1 (NULL, RC4, less than 112 bits never, less than 128 bits better not).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

# By option of rdp_tls: the key below SCHANNEL, and the names below that. A name in STRONG is safe to have on.
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"ciphers": "Ciphers", "hashes": "Hashes", "key_exchange": "KeyExchangeAlgorithms"}
)
STRONG: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ciphers": ("AES 128/128", "AES 256/256"),
        "hashes": ("SHA", "SHA256", "SHA384", "SHA512"),
        "key_exchange": ("Diffie-Hellman", "ECDH", "PKCS"),
    }
)
BROKEN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ciphers": (
            "DES 56/56",
            "NULL",
            "RC2 40/128",
            "RC2 56/128",
            "RC2 128/128",
            "RC4 40/128",
            "RC4 56/128",
            "RC4 64/128",
            "RC4 128/128",
            "Triple DES 168",
        ),
        "hashes": ("MD5",),
        "key_exchange": (),
    }
)


class Profile(NamedTuple):
    """Protocols of the server's side and switches, by the state that they get."""

    protocols: Mapping[str, tuple[str, ...]]
    switches: Mapping[str, Mapping[str, tuple[str, ...]]]


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "modern": Profile(
            {"enabled": ("TLS 1.2", "TLS 1.3"), "disabled": ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1")},
            {"default": STRONG, "disabled": BROKEN},
        ),
        "compatible": Profile(
            {"enabled": ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"), "disabled": ("SSL 2.0", "SSL 3.0")},
            {"default": STRONG},
        ),
    }
)
