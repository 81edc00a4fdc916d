# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SPNEGO around NTLM, and NTLM without it, as negoTokens of CredSSP bring them (RFC 4178, [MS-SPNG]).

Windows clients wrap NTLM in SPNEGO; others send it bare and get bare answers. Kerberos is not there: a client that
prefers it is told to go on with NTLM, and then both sides owe a mechListMIC (RFC 4178 section 5).
"""

from __future__ import annotations

from tests.lab.rdp import der
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.ntlm import SIGNATURE, NtlmServer
from tests.lab.rdp.state import Account

SPNEGO_OID = bytes.fromhex("2b0601050502")
NTLM_OID = bytes.fromhex("2b06010401823702020a")
_INITIAL_TOKEN = 0x60
_ACCEPT_COMPLETED, _ACCEPT_INCOMPLETE, _REQUEST_MIC = 0, 1, 3


class Negotiation:
    """The security context of one connection: `step` until `account` is known."""

    def __init__(self, ntlm: NtlmServer) -> None:
        self._ntlm = ntlm
        self._mech_types = b""
        self._ntlm_first = True
        self._challenged = False
        self.account: Account | None = None

    def step(self, token: bytes) -> bytes:
        """The token that answers one of the client, ``b""`` for none; raises LogonFailed and MalformedData."""
        if self.account is not None:
            raise MalformedData("a token after the logon")
        if token.startswith(SIGNATURE):
            return self._inner(token)
        return self._initial(token) if token[:1] == bytes([_INITIAL_TOKEN]) else self._response(token)

    def _inner(self, token: bytes) -> bytes:
        if not self._challenged:
            self._challenged = True
            return self._ntlm.challenge(token)
        self.account = self._ntlm.authenticate(token)
        return b""

    def _initial(self, token: bytes) -> bytes:
        parts = der.children(der.element(token, _INITIAL_TOKEN))
        if len(parts) != 2 or parts[0] != (der.OBJECT_IDENTIFIER, SPNEGO_OID) or parts[1][0] != der.context(0):
            raise MalformedData("no NegTokenInit")
        if self._mech_types:
            raise MalformedData("a second NegTokenInit")
        members = der.fields(der.element(parts[1][1], der.SEQUENCE))
        self._mech_types = members.get(0, b"")
        offered = [oid for _tag, oid in der.children(der.element(self._mech_types, der.SEQUENCE))]
        if NTLM_OID not in offered:
            raise MalformedData("the client offers no NTLM")
        self._ntlm_first = offered[0] == NTLM_OID
        if self._ntlm_first and 2 in members:
            answer = self._inner(der.element(members[2], der.OCTET_STRING))
            return _response(_ACCEPT_INCOMPLETE, NTLM_OID, answer)
        return _response(_ACCEPT_INCOMPLETE if self._ntlm_first else _REQUEST_MIC, NTLM_OID)

    def _response(self, token: bytes) -> bytes:
        members = der.fields(der.element(der.element(token, der.context(1)), der.SEQUENCE))
        if not self._mech_types or 2 not in members:
            raise MalformedData("no NegTokenResp with a token")
        answer = self._inner(der.element(members[2], der.OCTET_STRING))
        if self.account is None:
            return _response(_ACCEPT_INCOMPLETE, b"", answer)
        if 3 not in members:
            if not self._ntlm_first:
                raise MalformedData("mechListMIC is missing")
            return _response(_ACCEPT_COMPLETED)
        self._ntlm.check_mech_list_mic(self._mech_types, der.element(members[3], der.OCTET_STRING))
        return _response(_ACCEPT_COMPLETED, mic=self._ntlm.mech_list_mic(self._mech_types))


def _response(state: int, mechanism: bytes = b"", token: bytes = b"", mic: bytes = b"") -> bytes:
    """NegTokenResp."""
    members = [der.tlv(der.context(0), der.integer(state, der.ENUMERATED))]
    if mechanism:
        members.append(der.tlv(der.context(1), der.tlv(der.OBJECT_IDENTIFIER, mechanism)))
    if token:
        members.append(der.tlv(der.context(2), der.tlv(der.OCTET_STRING, token)))
    if mic:
        members.append(der.tlv(der.context(3), der.tlv(der.OCTET_STRING, mic)))
    return der.tlv(der.context(1), der.tlv(der.SEQUENCE, *members))
