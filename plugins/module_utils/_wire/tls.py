# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""TLS as the probe needs it: a client that still speaks with old servers, and a look at records before encryption.

Record layout: RFC 5246 6.2.1 and RFC 8446 5.1. Alerts: RFC 5246 7.2, RFC 8446 6 and their forerunners.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from typing import Dict, List, Optional, Tuple

ALERTS: Dict[int, str] = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

VERSIONS: Dict[int, str] = {0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}

# Python's names of the negotiated version.
_PYTHON_VERSIONS = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}

# OpenSSL's reasons that speak of what this machine can or may do, not of what the peer did wrong.
_LOCAL_REASONS = frozenset(
    (
        "BAD_DH_VALUE",
        "DH_KEY_TOO_SMALL",
        "EE_KEY_TOO_SMALL",
        "INVALID_DIGEST",
        "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED",
        "MD_TOO_WEAK",
        "NO_CIPHERS_AVAILABLE",
        "NO_PROTOCOLS_AVAILABLE",
        "NO_SUITABLE_DIGEST_ALGORITHM",
        "NO_SUITABLE_SIGNATURE_ALGORITHM",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
        "UNSUPPORTED_PROTOCOL",
    )
)

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 20, 21, 22
_RECORD_HEADER = 5
_CLIENT_HELLO = 1
_SUPPORTED_VERSIONS = 43
_ALERT_REASON = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
# ssl has a name for it since Python 3.12 only; the value is OpenSSL's.
_OP_LEGACY_SERVER_CONNECT = 0x4


def client_context() -> ssl.SSLContext:
    """A context that takes every certificate and offers everything this machine's OpenSSL can, from TLS 1.0 on.

    Nothing secret is ever sent over it, so weakness is no danger here and refusing it would hide the server's state.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # OP_NO_SSLv3, set by Python, keeps the floor at TLS 1.0.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    # Servers from before the fix of CVE-2009-3555 know no secure renegotiation.
    context.options |= _OP_LEGACY_SERVER_CONNECT
    try:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    except ssl.SSLError:
        # Libraries without security levels need none lowered.
        context.set_ciphers("DEFAULT")
    return context


def server_name(host: str) -> Optional[str]:
    """The name for the server_name extension: none for an address (RFC 6066 3)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.rstrip(".") or None
    return None


def version_name(python_name: Optional[str]) -> Optional[str]:
    """The report's name of SSLObject.version()."""
    return _PYTHON_VERSIONS.get(python_name, python_name) if python_name else None


def records(stream: bytes) -> List[Tuple[int, bytes]]:
    """The whole records at the start of ``stream``, as type and content."""
    found = []
    at = 0
    while at + _RECORD_HEADER <= len(stream):
        end = at + _RECORD_HEADER + _u16(stream, at + 3)
        if end > len(stream):
            break
        found.append((stream[at], stream[at + _RECORD_HEADER : end]))
        at = end
    return found


def plain_alert(stream: bytes) -> Optional[str]:
    """The first unencrypted alert in what a server sent, by name (or "alert_N"); None when there is none."""
    for kind, content in records(stream):
        if kind == _CHANGE_CIPHER_SPEC:
            return None
        if kind == _ALERT and len(content) == 2:
            return ALERTS.get(content[1], f"alert_{content[1]}")
    return None


def alert_of(reason: Optional[str]) -> Optional[str]:
    """The alert that an OpenSSL reason such as TLSV1_ALERT_PROTOCOL_VERSION tells of, None for other reasons."""
    match = _ALERT_REASON.fullmatch(reason or "")
    name = match.group(1).lower() if match else None
    return name if name in ALERTS.values() else None


def reason_text(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words, such as "unsupported protocol"."""
    return error.reason.replace("_", " ").lower() if error.reason else str(error)


def is_local(reason: Optional[str]) -> bool:
    """Whether an OpenSSL reason is about this machine's own limits."""
    return reason in _LOCAL_REASONS


def offered_versions(client_hello: bytes) -> List[str]:
    """The versions that a ClientHello record offers, oldest first.

    Without the supported_versions extension only the highest is written down, so only that one is listed. Bytes that
    are no ClientHello give an empty list.
    """
    try:
        return _offered_versions(client_hello)
    except IndexError:
        return []


def _offered_versions(record: bytes) -> List[str]:
    if record[0] != _HANDSHAKE or record[_RECORD_HEADER] != _CLIENT_HELLO:
        return []
    at = _RECORD_HEADER + 4
    highest = _u16(record, at)
    at += 2 + 32
    at += 1 + record[at]  # session id
    at += 2 + _u16(record, at)  # cipher suites
    at += 1 + record[at]  # compression methods
    found = [highest]
    end = at + 2 + _u16(record, at) if at < len(record) else at
    at += 2
    while at < end:
        kind, size = _u16(record, at), _u16(record, at + 2)
        if kind == _SUPPORTED_VERSIONS:
            found = [_u16(record, n) for n in range(at + 5, at + 5 + record[at + 4] - 1, 2)]
        at += 4 + size
    return [VERSIONS[version] for version in sorted(found) if version in VERSIONS]


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]
