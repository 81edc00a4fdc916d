# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shape of the report that rdp_probe returns, version 2.

Every key is always there. A stage that was not reached, or not asked for, has ``result`` "not_tried".
Times are milliseconds; dates are ISO 8601 in UTC with a trailing ``Z``.

What ends an exchange has the same name in every stage: ``closed`` (FIN), ``reset`` (RST), ``timeout``, ``alert`` (a
TLS alert, named in ``alert``), ``error`` (the peer broke the protocol; ``detail`` says how).
"""

from __future__ import annotations

from typing import Dict, List, Optional, TypedDict

SCHEMA_VERSION = 2


class Tried(TypedDict):
    address: str
    result: str  # open, refused, filtered (no answer), unreachable
    milliseconds: float


class Tcp(TypedDict):
    result: str  # open, refused, filtered, unreachable, not_tried
    address: Optional[str]  # the address that answered, else the one with the most telling result
    addresses: List[str]  # all that the name has, in the order in which they are tried
    tried: List[Tried]
    own_address: bool  # the address is one of the machine that probes: mstsc there refuses with 0x708


class Offer(TypedDict):
    """The answer to a connection request that asks for one security protocol only."""

    result: str  # accepted, failure, no_negotiation, other (selected something else), closed, reset, timeout, garbage
    selected: Optional[str]
    failure_code: Optional[int]
    failure: Optional[str]


class X224(TypedDict):
    # response: a protocol was selected. failure: refused with failure_code. no_negotiation: a confirm without
    # negotiation data (XP, 2003). closed, reset, timeout, garbage: no usable answer.
    result: str  # or not_tried
    requested: List[str]  # rdp, tls, credssp, credssp_early_auth
    selected: Optional[str]  # rdp, tls, credssp, credssp_early_auth, rdstls, entra
    flags: List[str]  # of the negotiation response
    failure_code: Optional[int]
    failure: Optional[str]  # Microsoft's name, e.g. SSL_CERT_NOT_ON_SERVER
    # By protocol, in full depth: rdp, tls, credssp, credssp_early_auth, rdstls, entra. In quick depth: those asked.
    protocols: Dict[str, Offer]
    # Derived from the answers; None where they do not tell.
    security_layer: Optional[str]  # rdp, negotiate, tls
    nla: Optional[str]  # required, offered, off


class Certificate(TypedDict):
    sha1: str  # 40 upper-case hex digits: Windows' thumbprint
    sha256: str
    subject: str
    issuer: str
    names: List[str]  # DNS names and addresses of the subject alternative name
    serial: str
    not_before: str
    not_after: str
    days_left: float  # by this machine's clock
    self_signed: bool  # subject and issuer are the same and, where we can check it, its own key signed it
    key_algorithm: str  # RSA, EC, or an OID
    key_bits: Optional[int]
    signature_algorithm: str  # sha256WithRSAEncryption, or an OID
    eku: List[str]  # OIDs


class TlsVersion(TypedDict):
    """What one version of TLS came to, when a client offers nothing else."""

    result: str  # accepted, alert, closed, reset, timeout, error, other (answered with another version)
    alert: Optional[str]
    ciphers: List[str]  # IANA names of the suites accepted, in the order in which the server chose them
    preference: Optional[str]  # whose order decides: server, client; None with fewer than two suites


class Tls(TypedDict):
    # completed: the handshake ended well. Else closed, reset, timeout, alert, error.
    result: str  # or not_tried
    offer: Optional[str]  # the offer that result is about: modern, or everything after modern was refused
    version: Optional[str]  # SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3
    group: Optional[str]  # of the key exchange: x25519, secp256r1, DH 2048; None with RSA
    cipher: Optional[str]  # IANA name, which is Windows' name: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    alert: Optional[str]  # handshake_failure, protocol_version, ...
    detail: str
    key_proved: bool  # the server proved that it can use its private key
    certificate: Optional[Certificate]  # the server's own
    chain: List[Certificate]  # all that were sent, the server's own first
    name_match: Optional[bool]  # the certificate names the host as it was given; None without a certificate
    versions: Dict[str, TlsVersion]  # full depth only


class Credssp(TypedDict):
    """What the NTLM challenge says of the server; no credentials are sent for it."""

    result: str  # challenge, refused (a TSRequest with error_code), closed, reset, timeout, alert, error, not_tried
    version: Optional[int]  # of CredSSP, as the server says it
    error_code: Optional[str]  # NTSTATUS, 0xC000006D
    netbios_computer: Optional[str]
    netbios_domain: Optional[str]
    dns_computer: Optional[str]
    dns_domain: Optional[str]
    dns_forest: Optional[str]
    os_version: Optional[str]  # major.minor.build, 10.0.17763
    server_time: Optional[str]
    clock_skew: Optional[float]  # seconds; positive: the server's clock is ahead of this machine's
    detail: str


class Standard(TypedDict):
    """Standard RDP security, [MS-RDPBCGR] 5.3: tried where the server selected it."""

    result: str  # response, closed, reset, timeout, error, not_tried
    method: Optional[str]  # none, 40bit, 56bit, 128bit, fips: chosen when all are offered
    level: Optional[str]  # none, low, client_compatible, high, fips
    methods: List[str]  # full depth: each that is accepted when it alone is offered
    key_bits: Optional[int]  # of the server's RSA key
    detail: str


class Attempt(TypedDict):
    """One of the first connections: they go as far as a logon would."""

    offer: str  # of TLS: modern, everything
    stage: str  # where it ended: tcp, x224, tls, credssp, ready
    result: str  # the result of that stage; "ready"
    milliseconds: float


class Suspect(TypedDict):
    cause: str  # a cause id of this collection, such as machine_keys.acl
    why: str


class Report(TypedDict):
    schema: int
    host: str
    port: int
    depth: str  # quick, full
    stage: str  # dns, tcp, x224, tls, credssp, ready: where the connection ended
    ready: bool  # a current client can go on to log on
    reason: str  # one line: why it ended there
    client_errors: List[str]  # what a user of mstsc would see: "0x904/0x7"
    tcp: Tcp
    x224: X224
    tls: Tls
    credssp: Credssp
    standard: Standard
    attempts: List[Attempt]  # the first connection and its repetitions
    pattern: Optional[str]  # of the attempts: steady, intermittent; None with fewer than two to compare
    suspects: List[Suspect]  # what the network alone makes likely, most likely first
    timings: Dict[str, float]  # dns, tcp, x224, tls, credssp, standard, pauses, total
    connections: int  # TCP connections tried
    complete: bool  # False: the deadline came before all that was asked for had been tried
    warnings: List[str]
