# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shape of the report that rdp_probe returns, version 1.

Every key is always there. A stage that was not reached has ``result`` "not_tried".
Times are milliseconds; dates are ISO 8601 in UTC with a trailing ``Z``.
"""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

SCHEMA_VERSION = 1


class Tcp(TypedDict):
    result: str  # open, refused, filtered (no answer), unreachable, reset, not_tried
    address: Optional[str]  # the address that answered, else the last one tried
    addresses: List[str]


class X224(TypedDict):
    # response: a protocol was selected. failure: refused with failure_code. no_negotiation: a confirm without
    # negotiation data (XP, 2003). closed, reset, timeout, garbage: no usable answer.
    result: str  # or not_tried
    requested: List[str]  # rdp, tls, credssp, credssp_early_auth
    selected: Optional[str]  # rdp, tls, credssp, credssp_early_auth, rdstls, entra
    flags: List[str]  # of the negotiation response
    failure_code: Optional[int]
    failure: Optional[str]  # Microsoft's name, e.g. SSL_CERT_NOT_ON_SERVER


class Certificate(TypedDict):
    sha1: str  # 40 upper-case hex digits: Windows' thumbprint
    sha256: str
    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    days_left: float  # by this machine's clock
    self_signed: bool
    key_algorithm: str  # RSA, EC, or an OID
    key_bits: Optional[int]
    signature_algorithm: str  # sha256WithRSAEncryption, or an OID
    eku: List[str]  # OIDs


class Tls(TypedDict):
    # completed: the handshake ended well, so the server can use its private key. closed, reset, timeout: after our
    # ClientHello. alert: refused, see alert. error: the peer broke the protocol, or this machine can not speak it.
    result: str  # or not_tried
    version: Optional[str]  # TLS 1.2
    cipher: Optional[str]
    alert: Optional[str]  # handshake_failure, protocol_version, ...
    detail: str
    certificate: Optional[Certificate]


class Report(TypedDict):
    schema: int
    host: str
    port: int
    stage: str  # dns, tcp, x224, tls, ready: where the connection ended
    ready: bool  # a client can go on to log on
    reason: str  # one line: why it ended there
    client_errors: List[str]  # what a user of mstsc would see: "0x904/0x7"
    tcp: Tcp
    x224: X224
    tls: Tls
    timings: Dict[str, float]  # dns, tcp, x224, tls, total
    connections: int  # TCP connections used
    warnings: List[str]
