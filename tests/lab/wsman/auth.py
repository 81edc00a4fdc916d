# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication of one TCP connection: Basic, Negotiate, Kerberos, CredSSP and client certificates.

State belongs to the connection ([MS-WSMV] 2.2.9.1, RFC 4559): once it is complete, later requests on it need no
Authorization header. Basic and client certificates are sent with every request.

Decisions:
* Negotiate takes SPNEGO, raw NTLM and raw Kerberos tokens; the scheme Kerberos takes SPNEGO and raw Kerberos. The
  setting `kerberos` is about the scheme: Negotiate may still agree on Kerberos (MEM: unverified).
* Kerberos is offered by hosts in a domain only: of two dumps of the offers, the one with Kerberos came from a domain
  controller, the one without from a host outside (MEM: unverified). Order: Negotiate, Kerberos, Basic, CredSSP.
* A client certificate is not advertised; its user principal name `<user>@localhost` is mapped to the account of that
  name when the lab's authority has signed it ([MS-WSMV] 2.2.1.11 names the header, Ansible's guide the mapping).
* Channel bindings over HTTPS: `none` ignores them, `relaxed` (the default) checks them when the client sends some,
  `strict` demands them ("Installation and configuration for Windows Remote Management", CbtHardeningLevel).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

import spnego
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.lab.model.host import Host
from tests.lab.model.users import User
from tests.lab.wsman import encryption
from tests.lab.wsman.credentials import Credentials
from tests.lab.wsman.encryption import BadEncryption

CERTIFICATE_HEADER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_KERBEROS_MECHS = (
    bytes.fromhex("06092a864886f712010202"),  # 1.2.840.113554.1.2.2
    bytes.fromhex("06092a864882f712010202"),  # 1.2.840.48018.1.2.2, Microsoft's
)
_NTLM = b"NTLMSSP\0"
_AUTHENTICATE = _NTLM + struct.pack("<I", 3)
_AV_CHANNEL_BINDINGS = 10
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_PROTOCOLS = {"negotiate": encryption.SPNEGO, "kerberos": encryption.KERBEROS, "credssp": encryption.CREDSSP}


class Denied(Exception):
    """The credentials are wrong or missing: HTTP 401 with `challenges` as WWW-Authenticate headers. `fresh`: nothing of
    the exchange goes on, so the server closes the connection, as a recorded 401 shows."""

    def __init__(self, challenges: list[str], fresh: bool = True) -> None:
        super().__init__("401")
        self.challenges = challenges
        self.fresh = fresh


@dataclass(frozen=True)
class Channel:
    """The connection below HTTP. Certificates are DER; `server` is None over plain HTTP."""

    server: bytes | None = None
    client: bytes | None = None


@dataclass(frozen=True)
class Identity:
    """Who sent a request, what goes back in WWW-Authenticate, and whether the user came by Basic."""

    user: User
    token: str | None = None
    basic: bool = False


class ConnectionAuth:
    """Who talks on one connection."""

    def __init__(self, host: Host, credentials: Credentials, channel: Channel) -> None:
        self._host = host
        self._credentials = credentials
        self._channel = channel
        self._context: spnego.ContextProxy | None = None
        self._scheme = ""
        self._user: User | None = None

    @property
    def offers(self) -> list[str]:
        settings = self._host.settings.winrm
        offers = ["Negotiate"] if settings.negotiate else []
        if settings.kerberos and self._host.domain:
            offers.append("Kerberos")
        if settings.basic:
            offers.append('Basic realm="WSMAN"')
        return [*offers, "CredSSP"] if settings.credssp else offers

    def forget(self) -> None:
        """Lose what the connection has agreed on."""
        self._context = self._user = None

    def authenticate(self, header: str | None) -> Identity:
        """Who sends the request; Denied when that is open or wrong."""
        settings = self._host.settings.winrm
        if header is None:
            if self._user is None:
                raise Denied(self.offers)
            return Identity(self._user)
        if header == CERTIFICATE_HEADER:
            return Identity(self._certificate())
        scheme, _separator, rest = header.partition(" ")
        scheme = scheme.lower()
        if scheme == "basic" and settings.basic:
            return Identity(self._basic(rest), basic=True)
        enabled = {"negotiate": settings.negotiate, "kerberos": settings.kerberos, "credssp": settings.credssp}
        if not enabled.get(scheme, False):
            raise Denied(self.offers)
        token = self._step(scheme, rest)
        if self._user is None:
            raise Denied(self.offers)
        return Identity(self._user, token)

    def _basic(self, text: str) -> User:
        try:
            name, _separator, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Denied(self.offers) from error
        user = self._account(name.rpartition("\\")[2])
        if user is None or user.password != password:
            raise Denied(self.offers)
        return user

    def _account(self, name: str) -> User | None:
        user = self._host.users.get(name.lower())
        return None if user is None or user.disabled else user

    def _certificate(self) -> User:
        if self._channel.client is None or not self._host.settings.winrm.certificate_auth:
            raise Denied(self.offers)
        name, _separator, where = principal_name(self._channel.client).partition("@")
        user = self._account(name)
        if user is None or where.lower() != "localhost":
            raise Denied(self.offers)
        return user

    def _step(self, scheme: str, text: str) -> str | None:
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise Denied(self.offers) from error
        if self._context is None or self._context.complete or scheme != self._scheme:
            self.forget()
            self._scheme = scheme
            self._context = self._new_context(scheme, token)
        try:
            with self._credentials.in_environment():
                reply = self._context.step(token, channel_bindings=self._bindings(scheme, token))
        except (SpnegoError, ValueError, KeyError, struct.error, AttributeError) as error:
            # AttributeError: GSSAPI refused a ticket at once, and pyspnego asks the context for its flags all the same.
            self.forget()
            raise Denied(self.offers) from error
        spelled = {"credssp": "CredSSP"}.get(scheme, scheme.capitalize())
        encoded = f"{spelled} {base64.b64encode(reply).decode()}" if reply else None
        if not self._context.complete:
            raise Denied([encoded] if encoded else self.offers, fresh=encoded is None)
        name = (self._context.client_principal or "").rpartition("\\")[2].partition("@")[0]
        self._user = self._account(name)
        return encoded

    def _new_context(self, scheme: str, token: bytes) -> spnego.ContextProxy:
        """An acceptor for the kind of the first token; Denied when the host has none."""
        kerberos = token[:1] == b"\x60" and any(mech in token[:16] for mech in _KERBEROS_MECHS)
        if token.startswith(_NTLM):
            protocol, options = "ntlm", spnego.NegotiateOptions.use_ntlm
        elif kerberos:
            protocol, options = "kerberos", spnego.NegotiateOptions.use_gssapi
        else:
            protocol, options = "negotiate", spnego.NegotiateOptions.use_negotiate
        wrong = scheme == "kerberos" and protocol == "ntlm"
        if wrong or (kerberos and not self._credentials.kerberos):
            raise Denied(self.offers)
        if scheme == "credssp":
            protocol, options = "credssp", spnego.NegotiateOptions.use_negotiate
        try:
            with self._credentials.in_environment():
                return spnego.server(protocol=protocol, options=options)
        except (SpnegoError, ImportError) as error:
            raise Denied(self.offers) from error

    def _bindings(self, scheme: str, token: bytes) -> GssChannelBindings | None:
        """What the acceptor is to check. NTLM clients may leave the binding out or send zeros ([MS-NLMP] 2.2.2.1);
        GSSAPI itself lets a Kerberos client without bindings pass."""
        level = self._host.settings.winrm.cbt
        if self._channel.server is None or scheme == "credssp" or level == "none":
            return None
        start = token.find(_AUTHENTICATE)
        if start >= 0 and not ntlm_has_bindings(token[start:]):
            if level == "strict":
                raise ValueError("the client sent no channel binding")
            return None
        return GssChannelBindings(application_data=b"tls-server-end-point:" + endpoint_hash(self._channel.server))

    def decrypt(self, body: bytes) -> bytes:
        """The message inside an encrypted body."""
        context = self._context
        if context is None or not context.complete:
            raise BadEncryption("the connection has no key")
        try:
            return encryption.open_body(body, context.unwrap_winrm)
        except (SpnegoError, ValueError, struct.error) as error:
            raise BadEncryption("the signature does not fit") from error

    def encrypt(self, message: bytes) -> tuple[str, bytes]:
        """(Content-Type, body) of an encrypted reply."""
        context = self._context
        if context is None:
            raise BadEncryption("the connection has no key")

        def wrap(piece: bytes) -> tuple[bytes, bytes]:
            wrapped = context.wrap_winrm(piece)
            return wrapped.header, wrapped.data

        return encryption.seal_body(message, _PROTOCOLS[self._scheme], wrap)


def endpoint_hash(certificate: bytes) -> bytes:
    """The hash of tls-server-end-point (RFC 5929, 4.1): the signature's own, SHA-256 in place of MD5 and SHA-1."""
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    name = "sha256" if algorithm is None or algorithm.name in ("md5", "sha1") else algorithm.name
    return hashlib.new(name, certificate).digest()


def ntlm_has_bindings(message: bytes) -> bool:
    """Whether an AUTHENTICATE_MESSAGE carries a channel binding that is not zero: NtChallengeResponseFields at 20
    ([MS-NLMP] 2.2.1.3), in it the AV pairs after 16 bytes of proof and 28 of the challenge (2.2.2.7, 2.2.2.8)."""
    length, _maximum, offset = struct.unpack_from("<HHI", message, 20)
    pairs = message[offset + 44 : offset + length]
    while len(pairs) >= 4:
        kind, size = struct.unpack_from("<HH", pairs)
        if kind == _AV_CHANNEL_BINDINGS:
            return any(pairs[4 : 4 + size])
        if kind == 0:
            return False
        pairs = pairs[4 + size :]
    return False


def principal_name(certificate: bytes) -> str:
    """The user principal name in the subject alternative name of a certificate; empty when there is none."""
    try:
        names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return ""
    for name in names.value.get_values_for_type(x509.OtherName):
        if name.type_id == _UPN and len(name.value) > 2:
            return name.value[2:].decode("utf-8", "replace")  # a UTF8String shorter than 128 bytes
    return ""
