# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CredSSP as a server speaks it, without I/O: TSRequests in, TSRequests out ([MS-CSSP] 2.2.1 and 3.1.5).

Versions (2.2.1, notes 10, 12 and 25): the server states its own version and goes by the lower of both. From version 5
on the public key is bound by SHA-256 over the client's nonce, before by the key itself, sent back with its first byte
one higher. Only the versions 3, 4 and 6 have errorCode, and no Windows before 8.1 sends it; without it a failed logon
is a closed connection.

Decisions:
* A TSRequest that makes no sense, also one whose pubKeyAuth is not for this host's key, is answered with nothing and
  the connection is closed (MEM: unverified whether Windows sends an error code then).
* A client below the lowest version that AllowEncryptionOracle takes, and any client of a host without the package,
  is refused in the same way (Microsoft's encryption oracle article tells who is refused; how is MEM: unverified).
* disabledomaincreds on a member of a domain refuses the delegated credentials with STATUS_NO_SUCH_LOGON_SESSION
  (Microsoft, "cannot connect to an Azure VM": NLA fails; the code and the moment are MEM: unverified).
* Credentials are taken in the three forms (password, smart card, remote guard). They are parsed and dropped: whether
  they open a session is decided later than this listener goes.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lab.rdp import der
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.ntlm import LogonFailed, NtlmServer, Status
from tests.lab.rdp.spnego import Negotiation
from tests.lab.rdp.state import Account, ListenerState

MAX_TSREQUEST_LENGTH = 65536
"""A bound of this lab, not of Windows."""
_NONCE_LENGTH = 32
_HASHED_KEY_VERSION = 5
_WITH_ERROR_CODE = (3, 4, 6)
_WINDOWS_8_1 = (6, 3, 0)
_CLIENT_BINDING = b"CredSSP Client-To-Server Binding Hash\0"
_SERVER_BINDING = b"CredSSP Server-To-Client Binding Hash\0"
_PASSWORD, _SMART_CARD, _REMOTE_GUARD = 1, 2, 6


class Rejected(Exception):
    """The client may not go on; ``answer`` is to be sent before the connection is closed, ``b""`` for nothing."""

    def __init__(self, reason: str, answer: bytes, status: int = 0) -> None:
        super().__init__(reason)
        self.answer = answer
        self.status = status
        """The NTSTATUS of a refused logon, 0 for anything else."""


@dataclass(frozen=True)
class TsRequest:
    """One TSRequest; ``b""`` and ``None`` stand for fields that are not there."""

    version: int
    nego_token: bytes = b""
    auth_info: bytes = b""
    pub_key_auth: bytes = b""
    error_code: int | None = None
    client_nonce: bytes = b""

    def encode(self) -> bytes:
        members = [der.tlv(der.context(0), der.integer(self.version))]
        if self.nego_token:
            item = der.tlv(der.SEQUENCE, der.tlv(der.context(0), der.tlv(der.OCTET_STRING, self.nego_token)))
            members.append(der.tlv(der.context(1), der.tlv(der.SEQUENCE, item)))
        for number, value in ((2, self.auth_info), (3, self.pub_key_auth)):
            if value:
                members.append(der.tlv(der.context(number), der.tlv(der.OCTET_STRING, value)))
        if self.error_code is not None:
            members.append(der.tlv(der.context(4), der.integer(self.error_code)))
        if self.client_nonce:
            members.append(der.tlv(der.context(5), der.tlv(der.OCTET_STRING, self.client_nonce)))
        return der.tlv(der.SEQUENCE, *members)

    @staticmethod
    def decode(data: bytes) -> TsRequest:
        """MalformedData for what is no TSRequest."""
        members = der.fields(der.element(data, der.SEQUENCE))
        if 0 not in members or max(members) > 5:
            raise MalformedData("no TSRequest")
        strings = {number: der.element(members[number], der.OCTET_STRING) for number in (2, 3, 5) if number in members}
        token = b""
        if 1 in members:
            items = der.children(der.element(members[1], der.SEQUENCE))
            if len(items) != 1 or items[0][0] != der.SEQUENCE:
                raise MalformedData("NegoData without exactly one token")
            token = der.element(der.element(items[0][1], der.context(0)), der.OCTET_STRING)
        error = der.signed(der.element(members[4], der.INTEGER)) if 4 in members else None
        version = der.signed(der.element(members[0], der.INTEGER))
        return TsRequest(version, token, strings.get(2, b""), strings.get(3, b""), error, strings.get(5, b""))


class CredSspServer:
    """One CredSSP exchange; `receive` TSRequests until `credentials_received`."""

    def __init__(self, state: ListenerState) -> None:
        self._state = state
        self._ntlm = NtlmServer(state)
        self._negotiation = Negotiation(self._ntlm)
        self._bound = False
        self.credentials_received = False

    @property
    def account(self) -> Account | None:
        """Who logged on."""
        return self._negotiation.account

    @property
    def attempted(self) -> str:
        """The user of the last attempt to log on."""
        return self._ntlm.attempted

    def receive(self, data: bytes) -> bytes:
        """The TSRequest that answers one, ``b""`` when none does; raises Rejected."""
        try:
            return self._receive(TsRequest.decode(data))
        except MalformedData as error:
            raise Rejected(str(error), b"") from error

    def _receive(self, request: TsRequest) -> bytes:
        if not self._state.credssp_offered:
            raise MalformedData("the host has no CredSSP package")
        if request.version < self._state.credssp_lowest_version:
            raise MalformedData(f"CredSSP version {request.version}")
        if self._bound:
            self._take_credentials(request.auth_info)
            if self._state.delegation_denied:
                raise self._failed("credentials cannot be stored", request, Status.NO_SUCH_LOGON_SESSION)
            return b""
        token = self._negotiate(request) if request.nego_token else b""
        if request.pub_key_auth:
            answer = self._bind(request)
            return TsRequest(self._state.credssp_version, token, pub_key_auth=answer).encode()
        if not request.nego_token:
            raise MalformedData("a TSRequest without content")
        return TsRequest(self._state.credssp_version, token).encode() if token else b""

    def _negotiate(self, request: TsRequest) -> bytes:
        try:
            return self._negotiation.step(request.nego_token)
        except LogonFailed as failure:
            raise self._failed(str(failure), request, failure.status) from failure

    def _failed(self, reason: str, request: TsRequest, status: int) -> Rejected:
        own = self._state.credssp_version
        answer = b""
        if min(own, request.version) in _WITH_ERROR_CODE and self._state.os_version >= _WINDOWS_8_1:
            answer = TsRequest(own, error_code=status).encode()
        return Rejected(reason, answer, status)

    def _bind(self, request: TsRequest) -> bytes:
        if self.account is None:
            raise MalformedData("pubKeyAuth before the logon")
        key = subject_public_key(self._state.certificate_pem or b"")
        received = self._ntlm.unwrap(request.pub_key_auth)
        if min(request.version, self._state.credssp_version) >= _HASHED_KEY_VERSION:
            if len(request.client_nonce) != _NONCE_LENGTH:
                raise MalformedData("clientNonce is missing")
            expected, answer = (
                hashlib.sha256(words + request.client_nonce + key).digest()
                for words in (_CLIENT_BINDING, _SERVER_BINDING)
            )
        else:
            expected, answer = key, bytes([(key[0] + 1) & 0xFF]) + key[1:]
        if not hmac.compare_digest(received, expected):
            raise MalformedData("pubKeyAuth is for another key")
        self._bound = True
        return self._ntlm.wrap(answer)

    def _take_credentials(self, auth_info: bytes) -> None:
        if not auth_info:
            raise MalformedData("authInfo is missing")
        members = der.fields(der.element(self._ntlm.unwrap(auth_info), der.SEQUENCE))
        kind = der.signed(der.element(members.get(0, b""), der.INTEGER))
        if kind not in (_PASSWORD, _SMART_CARD, _REMOTE_GUARD):
            raise MalformedData(f"credentials of type {kind}")
        der.fields(der.element(der.element(members.get(1, b""), der.OCTET_STRING), der.SEQUENCE))
        self.credentials_received = True


def subject_public_key(certificate_pem: bytes) -> bytes:
    """The SubjectPublicKey bits of a certificate, which pubKeyAuth is about ([MS-CSSP] 3.1.5)."""
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    raise ValueError("the certificate has neither an RSA nor an EC key")
