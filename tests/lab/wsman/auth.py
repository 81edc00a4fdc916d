# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication of one TCP connection: Basic, and NTLM through Negotiate with message encryption.

NTLM state belongs to the connection ([MS-WSMV] 2.2.9.1, RFC 4559): once it is complete, later requests on it need no
Authorization header. Encrypted bodies are multipart/encrypted with a TAB before the inner headers, as Windows writes.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.model.host import Host
from tests.lab.model.users import User

BOUNDARY = b"--Encrypted Boundary"
SPNEGO_ENCRYPTED = "application/HTTP-SPNEGO-session-encrypted"
_OCTETS = b"Content-Type: application/octet-stream\r\n"


class Denied(Exception):
    """The credentials are wrong or missing: HTTP 401 with `challenges` as WWW-Authenticate headers."""

    def __init__(self, challenges: list[str]) -> None:
        super().__init__("401")
        self.challenges = challenges


class BadEncryption(Exception):
    """The encrypted body cannot be opened with the connection's key: HTTP 400."""


class Credentials:
    """The users of one host in the file form that pyspnego's NTLM acceptor reads, written when first needed."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._path: Path | None = None

    @property
    def path(self) -> str:
        if self._path is None:
            domains = {"", ".", self._host.name, self._host.authority, self._host.domain or ""}
            lines = [
                f"{domain}:{user.name}:{user.password}"
                for user in self._host.users.values()
                for domain in sorted(domains)
            ]
            handle, name = tempfile.mkstemp(prefix="winops-lab-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            self._path = Path(name)
        return str(self._path)

    @contextlib.contextmanager
    def in_environment(self) -> Iterator[None]:
        """pyspnego reads the path of the store from the environment, when a context is made and when it looks a user
        up; nothing awaits inside, so hosts do not see each other's."""
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = self.path
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before

    def close(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None


class ConnectionAuth:
    """Who talks on one connection."""

    def __init__(self, host: Host, credentials: Credentials) -> None:
        self._host = host
        self._credentials = credentials
        self._context: spnego.ContextProxy | None = None
        self._negotiated: User | None = None

    @property
    def offers(self) -> list[str]:
        settings = self._host.settings.winrm
        offers = ["Negotiate"] if settings.negotiate else []
        return [*offers, 'Basic realm="WSMAN"'] if settings.basic else offers

    def authenticate(self, header: str | None) -> tuple[User, str | None, bool]:
        """(user, WWW-Authenticate to send along with success, whether the user came by Basic)."""
        if header is None:
            if self._negotiated is None:
                raise Denied(self.offers)
            return self._negotiated, None, False
        scheme, _separator, rest = header.partition(" ")
        if scheme.lower() == "basic" and self._host.settings.winrm.basic:
            return self._basic(rest), None, True
        if scheme.lower() == "negotiate" and self._host.settings.winrm.negotiate:
            token = self._negotiate(rest)
            if self._negotiated is None:
                raise Denied(self.offers)
            return self._negotiated, token, False
        raise Denied(self.offers)

    def _basic(self, text: str) -> User:
        try:
            name, _separator, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Denied(self.offers) from error
        user = self._host.users.get(name.rpartition("\\")[2].lower())
        if user is None or user.password != password:
            raise Denied(self.offers)
        return user

    def _negotiate(self, text: str) -> str | None:
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise Denied(self.offers) from error
        if self._context is None or self._context.complete:
            self._negotiated = None
            self._context = self._new_context("ntlm" if token.startswith(b"NTLMSSP\0") else "negotiate")
        try:
            with self._credentials.in_environment():
                reply = self._context.step(token)
        except (SpnegoError, ValueError, KeyError, struct.error) as error:
            self._context = None
            raise Denied(self.offers) from error
        encoded = f"Negotiate {base64.b64encode(reply).decode()}" if reply else None
        if not self._context.complete:
            raise Denied([encoded or "Negotiate"])
        name = (self._context.client_principal or "").rpartition("\\")[2].partition("@")[0]
        self._negotiated = self._host.users.get(name.lower())
        return encoded

    def _new_context(self, protocol: str) -> spnego.ContextProxy:
        options = spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_negotiate
        with self._credentials.in_environment():
            return spnego.server(protocol=protocol, options=options)

    def decrypt(self, body: bytes) -> bytes:
        """The message inside a multipart/encrypted body."""
        parts = body.split(BOUNDARY)
        if self._context is None or len(parts) != 4 or b"OriginalContent:" not in parts[1]:
            raise BadEncryption("not an encrypted message of this connection")
        start = parts[2].find(_OCTETS)
        data = parts[2][start + len(_OCTETS) :]
        if start < 0 or len(data) < 4:
            raise BadEncryption("the encrypted part is missing")
        length = struct.unpack_from("<I", data)[0]
        signature, sealed = data[4 : 4 + length], data[4 + length :]
        try:
            return self._context.unwrap_winrm(signature, sealed)
        except (SpnegoError, ValueError, struct.error) as error:
            raise BadEncryption("the signature does not fit") from error

    def encrypt(self, message: bytes) -> tuple[str, bytes]:
        """(Content-Type, body) of an encrypted reply."""
        if self._context is None:
            raise BadEncryption("the connection has no key")
        wrapped = self._context.wrap_winrm(message)
        original = f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n".encode()
        body = (
            BOUNDARY
            + b"\r\n\tContent-Type: "
            + SPNEGO_ENCRYPTED.encode()
            + b"\r\n"
            + original
            + BOUNDARY
            + b"\r\n\t"
            + _OCTETS
            + struct.pack("<I", len(wrapped.header))
            + wrapped.header
            + wrapped.data
            + BOUNDARY
            + b"--\r\n"
        )
        return f'multipart/encrypted;protocol="{SPNEGO_ENCRYPTED}";boundary="Encrypted Boundary"', body
