# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS side of the listener: OpenSSL held to what Schannel would take, without any I/O of its own.

What a client sees when a handshake cannot go on: when no suite fits, alert 40 (handshake_failure) and the end of the
connection, since Schannel's events 36874 and 36888 (alert 40, "generated and sent") are recorded for it; in all other
cases a closed connection and no alert: a Schannel server (IIS 8.5) was seen to answer an unusable ClientHello with a
TCP reset (nmap/nmap#2109), and Microsoft describes a missing key the same way for RDP. The sources disagree about the
first: a client of a 3DES-less RDP listener reported a reset (rdesktop/rdesktop#97), [MS-RDPBCGR] 5.4.5.2.2 lists no
alert 40 for CredSSP. `schannel_alerts: false` gives that reading. A version that does not fit is logged as 36874 and
36888 with alert 40 too (FreeRDP/Remmina#684); that it ends with a reset here is MEM: unverified.

Weaker than Windows:
* OpenSSL speaks neither SSL 2.0/3.0 nor, as distributions build it, RC4, DES and 3DES. old_tls.py steps in for SSL 3.0,
  RC4 and 3DES; SSL 2.0 and DES are left out.
* Python cannot set the order of TLS 1.3 suites: OpenSSL picks one, and a pick that is not allowed ends the handshake,
  also when the client offered another that is.
* Curves of ECDHE are not limited, DHE uses one 2048-bit group, and no session is resumed.
* [MS-RDPBCGR] note 57 (a client must send its last handshake flight in one frame) is not enforced.
"""

from __future__ import annotations

import functools
import logging
import ssl
import tempfile
import warnings
from pathlib import Path

from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.suites import TLS13_SUITES, CipherSuite, allowed_suites

_LOG = logging.getLogger(__name__)

_VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}
_DISABLE = {
    "TLS 1.0": ssl.OP_NO_TLSv1,
    "TLS 1.1": ssl.OP_NO_TLSv1_1,
    "TLS 1.2": ssl.OP_NO_TLSv1_2,
    "TLS 1.3": ssl.OP_NO_TLSv1_3,
}
_DH_GROUP = Path(__file__).with_name("ffdhe2048.pem")
TLS13_NAMES = frozenset(suite.openssl for suite in TLS13_SUITES)
_CACHED_CONTEXTS = 256
_FULL_RECORD = 16384

TLS_HANDSHAKE_RECORD = 0x16
NO_SUITE, NO_VERSION = "NO_SHARED_CIPHER", "UNSUPPORTED_PROTOCOL"
MISMATCHES = (NO_SUITE, NO_VERSION, "VERSION_TOO_LOW", "WRONG_VERSION_NUMBER")
"""OpenSSL's reasons for a client that offers nothing that is taken."""
_ALERT_MARK = "_ALERT_"
_ALERTS = {
    "UNEXPECTED_MESSAGE": 10, "HANDSHAKE_FAILURE": 40, "BAD_CERTIFICATE": 42, "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46, "UNKNOWN_CA": 48, "ACCESS_DENIED": 49, "PROTOCOL_VERSION": 70, "INTERNAL_ERROR": 80,
}  # fmt: skip


class HandshakeRefused(Exception):
    """The handshake cannot go on, for OpenSSL's or a like reason; `alert` is the record to send before the end, ``b""``
    for a reset."""

    def __init__(self, reason: str, alert: bytes = b"") -> None:
        super().__init__(reason)
        self.alert = alert
        _version, mark, name = reason.partition(_ALERT_MARK)
        self.received = _ALERTS.get(name, 0) if mark else None
        """The number of the client's alert; None when it sent none."""


def server_context(state: ListenerState) -> ssl.SSLContext | None:
    """The context for a listener, shared between equal listeners.

    ``None`` when no ClientHello can succeed: no version, no suite, no certificate, or a key that cannot be used.
    """
    if state.certificate_pem is None or state.key_pem is None:
        return None
    suites = allowed_suites(state.cipher_suites, state.min_encryption_level)
    return _context(state.certificate_pem, state.key_pem, tuple(sorted(set(state.tls_versions))), suites)


@functools.lru_cache(maxsize=_CACHED_CONTEXTS)
def _context(
    certificate_pem: bytes, key_pem: bytes, versions: tuple[str, ...], suites: tuple[CipherSuite, ...]
) -> ssl.SSLContext | None:
    return build_context(certificate_pem, key_pem, versions, suites)


def build_context(
    certificate_pem: bytes, key_pem: bytes, versions: tuple[str, ...], suites: tuple[CipherSuite, ...]
) -> ssl.SSLContext | None:
    """A context of a server's own, for versions and suites that Schannel would take; None as for server_context."""
    usable = _usable_versions(versions, suites)
    if not usable:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Before the certificate is loaded: the default level refuses 1024-bit keys and SHA-1 signatures.
    older = [suite.openssl for suite in suites if suite.openssl in _openssl_ciphers().keys() - TLS13_NAMES]
    context.set_ciphers(":".join([*(older or ["ALL"]), "@SECLEVEL=0"]))
    with warnings.catch_warnings():
        # Python calls TLS 1.0 and 1.1 deprecated; a lab of old Windows hosts needs them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = min(_VERSIONS[version] for version in usable)
        context.maximum_version = max(_VERSIONS[version] for version in usable)
        for version, option in _DISABLE.items():
            if version not in usable:
                context.options |= option
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    context.num_tickets = 0
    context.load_dh_params(str(_DH_GROUP))
    try:
        _load_credential(context, certificate_pem, key_pem)
    except ssl.SSLError as error:
        _LOG.warning("certificate and key cannot be used together: %s", error.reason)
        return None
    return context


def _usable_versions(versions: tuple[str, ...], suites: tuple[CipherSuite, ...]) -> list[str]:
    """The versions that OpenSSL speaks and that have at least one suite."""
    # A version without a suite is left out: OpenSSL refuses every client when the version below a gap has none.
    names = [suite.openssl for suite in suites]
    with_suite = {version for name in names for version in _openssl_ciphers().get(name, ())}
    return [version for version in versions if version in with_suite]


@functools.lru_cache(maxsize=1)
def _openssl_ciphers() -> dict[str, tuple[str, ...]]:
    """The suites that this OpenSSL was built with, and the versions that have them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    found: dict[str, tuple[str, ...]] = {}
    for cipher in context.get_ciphers():
        if cipher["protocol"] == "TLSv1.3":
            found[cipher["name"]] = ("TLS 1.3",)
        elif cipher["protocol"] == "TLSv1.2":
            found[cipher["name"]] = ("TLS 1.2",)
        else:
            found[cipher["name"]] = ("TLS 1.0", "TLS 1.1", "TLS 1.2")
    return found


def _load_credential(context: ssl.SSLContext, certificate_pem: bytes, key_pem: bytes) -> None:
    # The ssl module reads certificates from files only.
    with tempfile.TemporaryDirectory(prefix="lab-rdp-") as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate.write_bytes(certificate_pem)
        key.write_bytes(key_pem)
        context.load_cert_chain(certificate, key)


class TlsServer:
    """One TLS connection over byte strings: what arrived goes in, what is to be sent comes out."""

    def __init__(self, context: ssl.SSLContext, allowed: tuple[CipherSuite, ...]) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._allowed = frozenset(suite.openssl for suite in allowed)
        self.established = False

    def receive(self, data: bytes) -> bytes:
        """Feed bytes from the client and return the bytes to send; raises HandshakeRefused."""
        self._incoming.write(data)
        if not self.established:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                raise self._refused(error.reason or "TLS error") from error
            else:
                self.established = True
            self._check_suite()
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """The bytes to send for application data of ours."""
        self._tls.write(data)
        return self._outgoing.read()

    def application_data(self) -> bytes:
        """One decrypted record that has arrived, ``b""`` for none yet.

        Raises ConnectionAbortedError after a close_notify and HandshakeRefused for a broken stream.
        """
        try:
            return self._tls.read(_FULL_RECORD)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError as error:
            raise ConnectionAbortedError("the client closed TLS") from error
        except ssl.SSLError as error:
            raise HandshakeRefused(error.reason or "TLS error") from error

    def _refused(self, reason: str) -> HandshakeRefused:
        return HandshakeRefused(reason, self._outgoing.read() if reason == NO_SUITE else b"")

    def _check_suite(self) -> None:
        chosen = self._tls.cipher()
        if chosen is not None and chosen[0] in TLS13_NAMES and chosen[0] not in self._allowed:
            raise HandshakeRefused(f"suite {chosen[0]} is not allowed")
