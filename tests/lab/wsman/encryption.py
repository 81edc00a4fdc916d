# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypted bodies ([MS-WSMV] 2.2.9.1): multipart/encrypted, or multipart/x-multi-encrypted in pieces of 16 KB for
CredSSP. Windows writes a TAB before the inner headers; requests are taken with and without it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

BOUNDARY = b"--Encrypted Boundary"
SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
KERBEROS = "application/HTTP-Kerberos-session-encrypted"
CREDSSP = "application/HTTP-CredSSP-session-encrypted"
PIECE = 16384
_OCTETS = b"Content-Type: application/octet-stream\r\n"
_LENGTH = re.compile(rb"OriginalContent:[^\r\n]*;Length=(\d+)")

Unwrap = Callable[[bytes, bytes], bytes]
Wrap = Callable[[bytes], tuple[bytes, bytes]]


class BadEncryption(Exception):
    """The encrypted body cannot be opened with the connection's key: HTTP 400."""


def is_encrypted(content_type: str) -> bool:
    """Whether a Content-Type says that the body is encrypted."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def open_body(body: bytes, unwrap: Unwrap) -> bytes:
    """The message inside; `unwrap(signature, sealed)` opens one piece. BadEncryption when the form is wrong."""
    parts = body.split(BOUNDARY)
    if len(parts) < 4 or len(parts) % 2 or parts[0] or not parts[-1].startswith(b"--"):
        raise BadEncryption("not an encrypted message of this connection")
    message = b""
    for head, data in zip(parts[1:-1:2], parts[2:-1:2], strict=True):
        message += _open_piece(head, data, unwrap)
    return message


def _open_piece(head: bytes, data: bytes, unwrap: Unwrap) -> bytes:
    length, start = _LENGTH.search(head), data.find(_OCTETS)
    sealed = data[start + len(_OCTETS) :]
    if length is None or start < 0 or len(sealed) < 4:
        raise BadEncryption("the encrypted part is missing")
    size = struct.unpack_from("<I", sealed)[0]
    return unwrap(sealed[4 : 4 + size], sealed[4 + size :])


def seal_body(message: bytes, protocol: str, wrap: Wrap) -> tuple[str, bytes]:
    """(Content-Type, body) of an encrypted reply; `wrap(message)` gives signature and sealed data."""
    pieces = [message]
    kind = "multipart/encrypted"
    if protocol == CREDSSP and len(message) > PIECE:
        pieces = [message[start : start + PIECE] for start in range(0, len(message), PIECE)]
        kind = "multipart/x-multi-encrypted"
    body = b"".join(_seal_piece(piece, protocol, wrap) for piece in pieces) + BOUNDARY + b"--\r\n"
    return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body


def _seal_piece(piece: bytes, protocol: str, wrap: Wrap) -> bytes:
    signature, sealed = wrap(piece)
    original = f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(piece)}\r\n"
    return (
        BOUNDARY
        + f"\r\n\tContent-Type: {protocol}\r\n{original}".encode()
        + BOUNDARY
        + b"\r\n\t"
        + _OCTETS
        + struct.pack("<I", len(signature))
        + signature
        + sealed
    )
