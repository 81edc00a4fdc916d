# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The first CredSSP message of a client and the server's answer to it, [MS-CSSP] 2.2.1, inside of TLS.

Pure: bytes in, values out. The client's message holds an NTLM NEGOTIATE_MESSAGE and nothing of a user; the answer holds
the server's NTLM challenge, or says why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Dict, Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, ntlm
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Credssp

# The version of today's Windows; an older server answers with its own. [MS-CSSP] 2.2.1: version.
VERSION = 6

# Enough of a message to tell its length: no TSRequest is shorter than 7 bytes.
HEADER = 6
# An answer with a challenge has some 300 bytes; its names could hold at most 64 KiB.
LARGEST = 1 << 16

# Context tags of TSRequest, and of NegTokenResp in RFC 4178 4.2.2.
_VERSION, _NEGO_TOKENS, _AUTH_INFO, _PUB_KEY_AUTH, _ERROR_CODE = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4
_NEG_TOKEN_RESP = 0xA1
_NEG_STATE, _SUPPORTED_MECH, _RESPONSE_TOKEN = 0xA0, 0xA1, 0xA2
_ENUMERATED = 0x0A
_REJECT = b"\x02"

# [MS-ERREF] 2.3.1 and 2.1: what an answer without a challenge can say of it.
_STATUS: Dict[int, str] = {
    0xC000000D: "STATUS_INVALID_PARAMETER",
    0xC0000022: "STATUS_ACCESS_DENIED",
    0xC000005E: "STATUS_NO_LOGON_SERVERS",
    0xC000006D: "STATUS_LOGON_FAILURE",
    0xC00000BB: "STATUS_NOT_SUPPORTED",
    0xC0000418: "STATUS_NTLM_BLOCKED",
    0x80090302: "SEC_E_UNSUPPORTED_FUNCTION",
    0x80090305: "SEC_E_SECPKG_NOT_FOUND",
    0x80090308: "SEC_E_INVALID_TOKEN",
}


class BadTsRequest(ValueError):
    """The peer's answer is not a TSRequest of CredSSP; the text says why, in a part of a sentence."""


@dataclass(frozen=True)
class TsRequest:
    """A server's answer to a first message. ``rejected``: SPNEGO says that the server takes none of what we offer."""

    version: int
    challenge: Optional[ntlm.Challenge] = None
    error_code: Optional[int] = None  # NTSTATUS, from version 3 of CredSSP on
    rejected: bool = False


def build_request() -> bytes:
    """A TSRequest with an NTLM NEGOTIATE_MESSAGE that is not wrapped in SPNEGO.

    [MS-CSSP] 2.2.1.1 lets NTLM messages stand there as they are. So mstsc and FreeRDP send them where no Kerberos is
    at hand (IronRDP#1143), and so does nmap's rdp-ntlm-info; Windows then answers in the same form.
    """
    token = der.build(der.SEQUENCE, der.build(0xA0, der.build(der.OCTET_STRING, ntlm.build_negotiate())))
    return der.build(
        der.SEQUENCE,
        der.build(_VERSION, der.build(der.INTEGER, bytes([VERSION])))
        + der.build(_NEGO_TOKENS, der.build(der.SEQUENCE, token)),
    )


def request_length(header: bytes) -> int:
    """The length of the whole TSRequest, from its first six bytes. Raises BadTsRequest when it can not be one."""
    if len(header) < HEADER:
        raise BadTsRequest(f"it ends after {len(header)} bytes")
    if header[0] != der.SEQUENCE:
        raise BadTsRequest(f"it begins with {header[:HEADER].hex(' ').upper()}")
    try:
        length = der.whole_length(header)
    except der.BadDer as error:
        raise BadTsRequest(f"it is malformed: {error}") from error
    if not HEADER < length <= LARGEST:
        raise BadTsRequest(f"its length of {length} bytes does not fit a TSRequest")
    return length


def parse_request(data: bytes) -> TsRequest:
    """The TSRequest in ``data``, which must be exactly one. Raises BadTsRequest."""
    try:
        return _parse(data)
    except der.BadDer as error:
        raise BadTsRequest(f"it is malformed: {error}") from error
    except ntlm.BadNtlm as error:
        raise BadTsRequest(f"its NTLM challenge is malformed: {error}") from error


def describe(answer: TsRequest, received: datetime, round_trip: float) -> Credssp:
    """The answer as the report shows it.

    ``received`` is this machine's time (aware) when the answer came, ``round_trip`` the seconds since the request was
    sent: the server is taken to have read its clock half way.
    """
    challenge = answer.challenge or ntlm.Challenge(flags=0)
    skew = None
    if challenge.timestamp is not None:
        skew = (challenge.timestamp - (received - timedelta(seconds=round_trip / 2))) / timedelta(seconds=1)
    return {
        "result": _result(answer),
        "version": answer.version,
        "error_code": None if answer.error_code is None else f"0x{answer.error_code:08X}",
        "netbios_computer": challenge.netbios_computer,
        "netbios_domain": challenge.netbios_domain,
        "dns_computer": challenge.dns_computer,
        "dns_domain": challenge.dns_domain,
        "dns_forest": challenge.dns_forest,
        "os_version": None if challenge.version is None else ".".join(str(number) for number in challenge.version),
        "server_time": None if challenge.timestamp is None else _iso(challenge.timestamp),
        "clock_skew": None if skew is None else round(skew, 3),
        "detail": _detail(answer),
    }


def _result(answer: TsRequest) -> str:
    if answer.challenge is not None:
        return "challenge"
    return "refused" if answer.rejected or answer.error_code is not None else "error"


def _detail(answer: TsRequest) -> str:
    if answer.error_code is not None:
        return _STATUS.get(answer.error_code, "")
    if answer.challenge is not None:
        return ""
    return "the server rejects NTLM" if answer.rejected else "the answer holds neither a challenge nor an error code"


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _parse(data: bytes) -> TsRequest:
    outer = der.Reader(data)
    request = outer.enter(der.SEQUENCE)
    outer.end()
    version = _number(request.enter(_VERSION))
    challenge, rejected, error_code = None, False, None
    if not request.done and request.peek() == _NEGO_TOKENS:
        tokens = request.enter(_NEGO_TOKENS).enter(der.SEQUENCE)
        token = tokens.enter(der.SEQUENCE).enter(0xA0).take(der.OCTET_STRING)
        message, rejected = (token, False) if token.startswith(ntlm.SIGNATURE) else _unwrap(token)
        challenge = None if message is None else ntlm.parse_challenge(message)
    request.skip(_AUTH_INFO)
    request.skip(_PUB_KEY_AUTH)
    if not request.done and request.peek() == _ERROR_CODE:
        error_code = _number(request.enter(_ERROR_CODE))
    return TsRequest(version, challenge, error_code, rejected)


def _number(reader: der.Reader) -> int:
    """An unsigned number of 32 bits; one with its highest bit set may be written as a negative number."""
    content = reader.take(der.INTEGER)
    if len(content) > 5:
        raise der.BadDer(f"a number of {len(content)} bytes is not expected")
    return der.integer(content) & 0xFFFFFFFF


def _unwrap(token: bytes) -> Tuple[Optional[bytes], bool]:
    """The mechanism's message in a NegTokenResp of SPNEGO (RFC 4178 4.2.2), and whether it is a rejection."""
    response = der.Reader(token).enter(_NEG_TOKEN_RESP).enter(der.SEQUENCE)
    rejected = False
    if not response.done and response.peek() == _NEG_STATE:
        rejected = response.enter(_NEG_STATE).take(_ENUMERATED) == _REJECT
    response.skip(_SUPPORTED_MECH)
    if not response.done and response.peek() == _RESPONSE_TOKEN:
        return response.enter(_RESPONSE_TOKEN).take(der.OCTET_STRING), rejected
    return None, rejected
