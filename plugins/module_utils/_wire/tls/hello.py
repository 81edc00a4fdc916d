# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The ClientHello and the answers to it: RFC 8446 4.1, RFC 5246 7.4.1, RFC 6101 5.6.1. Pure."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import signatures
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import Fields, u16, vector
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    SSL_3_0,
    TLS_1_2,
    TLS_1_3,
    Offer,
    version_name,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import SUITES, Suite

_SERVER_NAME, _SUPPORTED_GROUPS, _POINT_FORMATS, _SIGNATURE_ALGORITHMS = 0, 10, 11, 13
_EXTENDED_MASTER_SECRET, _SUPPORTED_VERSIONS, _COOKIE, _KEY_SHARE, _RENEGOTIATION = 23, 43, 44, 51, 0xFF01
_EMPTY_RENEGOTIATION_SCSV = 0x00FF  # RFC 5746 3.3
_RANDOM = 32
# RFC 8446 4.1.3: the random of a ServerHello that is in truth a HelloRetryRequest.
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
# The same section: how a server marks that it could do better than TLS 1.2, or than TLS 1.1.
_COULD_1_3, _COULD_1_2 = b"DOWNGRD\x01", b"DOWNGRD\x00"


class Share(NamedTuple):
    """A group's code point and a public key in it."""

    group: int
    public: bytes


class Request(NamedTuple):
    """What a ClientHello says beyond its offer. ``cookie`` is what a HelloRetryRequest gave, or empty."""

    random: bytes
    session: bytes
    groups: Sequence[int]
    shares: Sequence[Share]
    cookie: bytes = b""


class Answer(NamedTuple):
    """A ServerHello, or a HelloRetryRequest when ``retry``: then the share, if any, has a group and no key."""

    version: int
    suite: Suite
    random: bytes
    session: bytes
    retry: bool
    extended_master_secret: bool
    share: Optional[Share]
    cookie: bytes


def legacy_version(offer: Offer) -> int:
    """The version that a ClientHello's own field names: the highest one offered, but never beyond TLS 1.2."""
    return min(max(offer.versions), TLS_1_2)


def build(offer: Offer, request: Request) -> bytes:
    """The body of a ClientHello. An offer of SSL 3.0 alone has no extensions, which some old servers do not bear."""
    bare = max(offer.versions) == SSL_3_0
    suites = (*offer.suites, _EMPTY_RENEGOTIATION_SCSV) if bare else offer.suites
    hello = u16(legacy_version(offer)) + request.random + vector(1, request.session)
    hello += vector(2, b"".join(u16(code) for code in suites)) + vector(1, b"\0")
    return hello if bare else hello + vector(2, _extensions(offer, request))


def _extensions(offer: Offer, request: Request) -> bytes:
    found: List[Tuple[int, bytes]] = []
    highest = max(offer.versions)
    name = _host_name(offer.server_name)
    if name:
        found.append((_SERVER_NAME, vector(2, b"\0" + vector(2, name))))
    elliptic = any(SUITES[code].key_exchange == "ECDHE" for code in offer.suites if code in SUITES)
    if elliptic or highest == TLS_1_3:
        found.append((_SUPPORTED_GROUPS, vector(2, b"".join(u16(group) for group in request.groups))))
    if elliptic:
        found.append((_POINT_FORMATS, vector(1, b"\0")))
    if highest >= TLS_1_2:
        found.append((_SIGNATURE_ALGORITHMS, vector(2, b"".join(u16(code) for code in signatures.OFFERED))))
    if min(offer.versions) <= TLS_1_2:
        found.append((_EXTENDED_MASTER_SECRET, b""))
        found.append((_RENEGOTIATION, vector(1, b"")))
    if highest == TLS_1_3:
        versions = sorted(offer.versions, reverse=True)
        found.append((_SUPPORTED_VERSIONS, vector(1, b"".join(u16(version) for version in versions))))
        shares = b"".join(u16(share.group) + vector(2, share.public) for share in request.shares)
        found.append((_KEY_SHARE, vector(2, shares)))
        if request.cookie:
            found.append((_COOKIE, vector(2, request.cookie)))
    return b"".join(u16(kind) + vector(2, content) for kind, content in found)


def _host_name(name: Optional[str]) -> bytes:
    """The name as RFC 6066 3 wants it; empty for one that resolves but can not stand there, as with an empty label."""
    try:
        return (name or "").rstrip(".").encode("idna")
    except UnicodeError:
        return b""


def parse(body: bytes, offer: Offer) -> Answer:
    """The ServerHello in ``body``, checked against what was offered. Raises Broken."""
    fields = Fields(body, "ServerHello")
    version = fields.integer(2)
    random = fields.take(_RANDOM)
    session = fields.vector(1)
    code = fields.integer(2)
    compression = fields.integer(1)
    extensions = _read_extensions(fields)
    if _SUPPORTED_VERSIONS in extensions:
        version = _selected(extensions[_SUPPORTED_VERSIONS], version)
    if version not in offer.versions:
        raise OtherVersion(version, offer)
    if code not in offer.suites or code not in SUITES:
        raise Broken(f"it chooses the cipher suite 0x{code:04X}, which was not offered")
    suite = SUITES[code]
    if version not in suite.versions:
        raise Broken(f"it chooses {suite.name}, which does not exist in {version_name(version)}")
    if compression != 0:
        raise Broken(f"it chooses the compression method {compression}, which was not offered")
    retry = version == TLS_1_3 and random == _RETRY
    _check_extensions(extensions, version, offer, retry)
    _check_downgrade(version, offer, random)
    return Answer(
        version=version,
        suite=suite,
        random=random,
        session=session,
        retry=retry,
        extended_master_secret=_EXTENDED_MASTER_SECRET in extensions,
        share=_share(extensions.get(_KEY_SHARE), retry),
        cookie=_cookie(extensions.get(_COOKIE)),
    )


class OtherVersion(Broken):
    """The server answers with a version that was not offered: for versions below, its way to say that it has no other.

    ``version`` is the one of its answer.
    """

    def __init__(self, version: int, offer: Offer) -> None:
        highest = version_name(max(offer.versions))
        super().__init__(f"it answers an offer of up to {highest} with {version_name(version)}, which was not offered")
        self.version = version


def extensions_of(fields: Fields) -> Dict[int, bytes]:
    """The extensions that stand next, by type. Raises Broken for one that is there twice."""
    found: Dict[int, bytes] = {}
    block = fields.inner(2)
    while not block.done:
        kind = block.integer(2)
        if kind in found:
            raise Broken(f"it sends the extension {kind} twice")
        found[kind] = block.vector(2)
    return found


def _read_extensions(fields: Fields) -> Dict[int, bytes]:
    found = {} if fields.done else extensions_of(fields)
    fields.end()
    return found


def _selected(content: bytes, legacy: int) -> int:
    fields = Fields(content, "supported_versions extension")
    version = fields.integer(2)
    fields.end()
    if legacy != TLS_1_2 or version != TLS_1_3:
        raise Broken(f"its supported_versions extension chooses {version_name(version)}, where only TLS 1.3 can be")
    return version


def _check_extensions(extensions: Dict[int, bytes], version: int, offer: Offer, retry: bool) -> None:
    if version == TLS_1_3:
        allowed = {_SUPPORTED_VERSIONS, _KEY_SHARE} | ({_COOKIE} if retry else set())
    else:
        allowed = {_RENEGOTIATION}
        # A server that knows SSL 3.0 and extensions answers those of an offer that goes beyond it (tlslite-ng does).
        if max(offer.versions) != SSL_3_0:
            allowed |= {_SERVER_NAME, _POINT_FORMATS, _EXTENDED_MASTER_SECRET, _SUPPORTED_GROUPS}
    unasked = sorted(set(extensions) - allowed)
    if unasked:
        raise Broken(f"its ServerHello has the extension {unasked[0]}, which was not asked for")
    if extensions.get(_RENEGOTIATION, b"\0") != b"\0":
        raise Broken("it takes the first handshake for a renegotiation")


def _check_downgrade(version: int, offer: Offer, random: bytes) -> None:
    highest, mark = max(offer.versions), random[-8:]
    if highest == TLS_1_3 and version < TLS_1_3 and mark in (_COULD_1_3, _COULD_1_2):
        raise Broken(f"it marks {version_name(version)} as less than it can: something in between changed the offer")
    if highest == TLS_1_2 and version < TLS_1_2 and mark == _COULD_1_2:
        raise Broken(f"it marks {version_name(version)} as less than it can: something in between changed the offer")


def _share(content: Optional[bytes], retry: bool) -> Optional[Share]:
    if content is None:
        return None
    fields = Fields(content, "key_share extension")
    share = Share(fields.integer(2), b"" if retry else fields.vector(2))
    fields.end()
    return share


def _cookie(content: Optional[bytes]) -> bytes:
    if content is None:
        return b""
    fields = Fields(content, "cookie extension")
    cookie = fields.vector(2)
    fields.end()
    return cookie
