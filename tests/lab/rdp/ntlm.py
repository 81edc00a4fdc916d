# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NTLM as a server speaks it: CHALLENGE_MESSAGE, the check of NTLMv2 responses, and sealed messages ([MS-NLMP]).

Sources: 2.2.1 (messages), 2.2.2.1 (AV_PAIR), 2.2.2.10 (VERSION), 3.2.5.1.1 (what a server puts into the challenge),
3.2.5.1.2 (AUTHENTICATE), 3.3.2 (NTLMv2), 3.4 (session security).

Decisions:
* A host of a workgroup names itself as its domain, in NetBIOS and in DNS, and has no tree name; a member names its
  domain as the forest too. Published outputs of rdp-ntlm-info show both.
* The order of the names is that of Windows: NetBIOS domain and computer, DNS domain, computer and tree, time
  (MEM: unverified). VERSION is always filled in (MEM: unverified for a client that does not ask for it).
* Only NTLMv2 with extended session security and 128-bit keys logs on; anything less is a failed logon, as with
  LmCompatibilityLevel 5 (Windows below that level takes NTLMv1 too).
* A wrong password and an unknown account cannot be told apart (STATUS_LOGON_FAILURE); that an account is disabled is
  said only to those who know its password (MEM: unverified). So is STATUS_LOGON_TYPE_NOT_GRANTED, for an account
  that must not log on over the network (the right: MicrosoftDocs/windowsserverdocs#6811; the code MEM: unverified).
* A member of a domain knows its own names, its domain's and none (UPNs end in the DNS domain); any other domain name
  is a failed logon. A host of a workgroup takes every domain name for its own.
* The client's clock and its channel bindings are not looked at.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.ntlm_crypto import Rc4, md4
from tests.lab.rdp.state import Account, ListenerState

SIGNATURE = b"NTLMSSP\0"
SEAL_SIGNATURE_LENGTH = 16
_REVISION_W2K3 = 15
_CHALLENGE_HEADER_LENGTH = 56
_MIC = slice(72, 88)
_TIME_ZERO = dt.datetime(1601, 1, 1, tzinfo=dt.timezone.utc)
_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3
_MIC_PRESENT = 0x2
_LONGEST_MESSAGE = 65536


class Flags(IntFlag):
    """NEGOTIATE flags (2.2.2.5) that the server looks at or sets."""

    UNICODE = 0x00000001
    REQUEST_TARGET = 0x00000004
    SIGN = 0x00000010
    SEAL = 0x00000020
    NTLM = 0x00000200
    ALWAYS_SIGN = 0x00008000
    TARGET_TYPE_DOMAIN = 0x00010000
    TARGET_TYPE_SERVER = 0x00020000
    EXTENDED_SESSIONSECURITY = 0x00080000
    TARGET_INFO = 0x00800000
    VERSION = 0x02000000
    KEY_128 = 0x20000000
    KEY_EXCH = 0x40000000
    KEY_56 = 0x80000000


_ALWAYS = (
    Flags.UNICODE
    | Flags.REQUEST_TARGET
    | Flags.NTLM
    | Flags.ALWAYS_SIGN
    | Flags.EXTENDED_SESSIONSECURITY
    | Flags.TARGET_INFO
    | Flags.VERSION
)
_IF_ASKED = Flags.SIGN | Flags.SEAL | Flags.KEY_128 | Flags.KEY_EXCH | Flags.KEY_56
_NEEDED = Flags.UNICODE | Flags.EXTENDED_SESSIONSECURITY | Flags.KEY_128


class AvId(IntEnum):
    """AV_PAIR ids (2.2.2.1)."""

    EOL = 0
    NB_COMPUTER_NAME = 1
    NB_DOMAIN_NAME = 2
    DNS_COMPUTER_NAME = 3
    DNS_DOMAIN_NAME = 4
    DNS_TREE_NAME = 5
    FLAGS = 6
    TIMESTAMP = 7


class Status(IntEnum):
    """NTSTATUS of a failed logon ([MS-ERREF] 2.3.1), signed as an ASN.1 INTEGER carries it."""

    LOGON_FAILURE = 0xC000006D - (1 << 32)
    ACCOUNT_DISABLED = 0xC0000072 - (1 << 32)
    LOGON_TYPE_NOT_GRANTED = 0xC000015B - (1 << 32)
    NO_SUCH_LOGON_SESSION = 0xC000005F - (1 << 32)


class LogonFailed(Exception):
    """The client's credentials do not log on."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True)
class Authenticate:
    """The parts of an AUTHENTICATE_MESSAGE that the server uses."""

    nt_response: bytes
    domain: str
    user: str
    encrypted_session_key: bytes
    flags: Flags
    message: bytes

    @property
    def has_mic(self) -> bool:
        """Whether MsvAvFlags of the NTLMv2 response says that a MIC is there."""
        flags = parse_av_pairs(self.nt_response[44:]).get(AvId.FLAGS, b"")
        return len(flags) == 4 and bool(int.from_bytes(flags, "little") & _MIC_PRESENT)


class NtlmServer:
    """One NTLM exchange: `challenge`, then `authenticate`, then sealing under the keys that came out of it."""

    def __init__(self, state: ListenerState) -> None:
        self._state = state
        self._negotiate = b""
        self._challenge = b""
        self._nonce = secrets.token_bytes(8)
        self._out: _Direction | None = None
        self._in: _Direction | None = None
        self.attempted = ""
        """The user of the last attempt."""

    def challenge(self, negotiate: bytes) -> bytes:
        """The CHALLENGE_MESSAGE that answers a NEGOTIATE_MESSAGE."""
        if len(negotiate) < 16 or _message_type(negotiate) != _NEGOTIATE:
            raise MalformedData("no NEGOTIATE_MESSAGE")
        asked = Flags(int.from_bytes(negotiate[12:16], "little"))
        state = self._state
        kind = Flags.TARGET_TYPE_DOMAIN if state.domain else Flags.TARGET_TYPE_SERVER
        name = state.authority.encode("utf-16-le")
        info = target_info(state)
        major, minor, build = state.os_version
        self._negotiate = negotiate
        self._challenge = b"".join(
            [
                SIGNATURE,
                struct.pack("<IHHI", _CHALLENGE, len(name), len(name), _CHALLENGE_HEADER_LENGTH),
                struct.pack("<I", _ALWAYS | kind | (asked & _IF_ASKED)),
                self._nonce,
                bytes(8),
                struct.pack("<HHI", len(info), len(info), _CHALLENGE_HEADER_LENGTH + len(name)),
                struct.pack("<BBHxxxB", major, minor, build, _REVISION_W2K3),
                name,
                info,
            ]
        )
        return self._challenge

    def authenticate(self, message: bytes) -> Account:
        """The account that an AUTHENTICATE_MESSAGE proves to know the password of; raises LogonFailed."""
        if not self._challenge:
            raise MalformedData("AUTHENTICATE_MESSAGE before a challenge")
        received = parse_authenticate(message)
        self.attempted = received.user
        account = self._account(received)
        if account is None or received.flags & _NEEDED != _NEEDED or len(received.nt_response) < 44:
            raise LogonFailed(Status.LOGON_FAILURE)
        key = ntowf_v2(account.password, received.user, received.domain)
        proof, client_data = received.nt_response[:16], received.nt_response[16:]
        if not hmac.compare_digest(_hmac_md5(key, self._nonce + client_data), proof):
            raise LogonFailed(Status.LOGON_FAILURE)
        session_key = _hmac_md5(key, proof)
        if received.flags & Flags.KEY_EXCH:
            if len(received.encrypted_session_key) != 16:
                raise MalformedData("no encrypted session key")
            session_key = Rc4(session_key).apply(received.encrypted_session_key)
        if received.has_mic:
            self._check_mic(session_key, received.message)
        if account.disabled:
            raise LogonFailed(Status.ACCOUNT_DISABLED)
        if not account.network_logon:
            raise LogonFailed(Status.LOGON_TYPE_NOT_GRANTED)
        self._in = _Direction(session_key, "client-to-server", received.flags)
        self._out = _Direction(session_key, "server-to-client", received.flags)
        return account

    def _account(self, received: Authenticate) -> Account | None:
        state = self._state
        name, _at, suffix = received.user.partition("@")
        domain = received.domain or suffix
        own = {"", ".", state.hostname.lower(), state.authority.lower(), (state.domain or "").lower()}
        if state.domain and domain.lower() not in own:
            return None
        return next((account for account in state.accounts if account.name.lower() == name.lower()), None)

    def _check_mic(self, session_key: bytes, message: bytes) -> None:
        blank = message[: _MIC.start] + bytes(16) + message[_MIC.stop :]
        expected = _hmac_md5(session_key, self._negotiate + self._challenge + blank)
        if not hmac.compare_digest(expected, message[_MIC]):
            raise LogonFailed(Status.LOGON_FAILURE)

    def wrap(self, data: bytes) -> bytes:
        """Signature and sealed data, as CredSSP carries them."""
        if self._out is None:
            raise MalformedData("nobody has logged on")
        sealed = self._out.seal.apply(data)
        return self._out.signature(data) + sealed

    def unwrap(self, data: bytes) -> bytes:
        """The data of signature and sealed data; MalformedData when the signature is wrong."""
        if self._in is None:
            raise MalformedData("nobody has logged on")
        signature, sealed = data[:SEAL_SIGNATURE_LENGTH], data[SEAL_SIGNATURE_LENGTH:]
        plain = self._in.seal.apply(sealed)
        if not hmac.compare_digest(self._in.signature(plain), signature):
            raise MalformedData("the signature does not fit")
        return plain

    def check_mech_list_mic(self, mech_types: bytes, mic: bytes) -> None:
        """Check the MIC of SPNEGO; the key stream then starts anew ([MS-SPNG] 3.3.5.1)."""
        if self._in is None or not hmac.compare_digest(self._in.signature(mech_types), mic):
            raise MalformedData("mechListMIC does not fit")
        self._in.restart()

    def mech_list_mic(self, mech_types: bytes) -> bytes:
        """The MIC of SPNEGO; the key stream then starts anew."""
        if self._out is None:
            raise MalformedData("nobody has logged on")
        mic = self._out.signature(mech_types)
        self._out.restart()
        return mic


class _Direction:
    """Keys, key stream and sequence number of one direction (3.4.4.2, 3.4.5.2, 3.4.5.3; 128-bit keys)."""

    def __init__(self, session_key: bytes, direction: str, flags: Flags) -> None:
        words = f"session key to {direction} %s key magic constant\0"
        self._sign_key = _md5(session_key + (words % "signing").encode())
        self._seal_key = _md5(session_key + (words % "sealing").encode())
        self._encrypt_checksum = bool(flags & Flags.KEY_EXCH)
        self._sequence = 0
        self.restart()

    def restart(self) -> None:
        """The key stream from its beginning; the sequence number goes on."""
        self.seal = Rc4(self._seal_key)

    def signature(self, data: bytes) -> bytes:
        number = struct.pack("<I", self._sequence)
        self._sequence += 1
        checksum = _hmac_md5(self._sign_key, number + data)[:8]
        if self._encrypt_checksum:
            checksum = self.seal.apply(checksum)
        return struct.pack("<I", 1) + checksum + number


def target_info(state: ListenerState) -> bytes:
    """The AV_PAIRs of a host, with its clock of now."""
    dns_computer = f"{state.hostname}.{state.domain}" if state.domain else state.hostname
    pairs = [
        (AvId.NB_DOMAIN_NAME, state.authority),
        (AvId.NB_COMPUTER_NAME, state.hostname.upper()),
        (AvId.DNS_DOMAIN_NAME, state.domain or state.hostname),
        (AvId.DNS_COMPUTER_NAME, dns_computer),
    ]
    if state.domain:
        pairs.append((AvId.DNS_TREE_NAME, state.domain))
    now = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=state.clock_skew)
    encoded = [(number, text.encode("utf-16-le")) for number, text in pairs]
    encoded.append((AvId.TIMESTAMP, struct.pack("<Q", (now - _TIME_ZERO) // dt.timedelta(microseconds=1) * 10)))
    encoded.append((AvId.EOL, b""))
    return b"".join(struct.pack("<HH", number, len(value)) + value for number, value in encoded)


def parse_av_pairs(data: bytes) -> dict[int, bytes]:
    """AV_PAIRs by id, up to the end mark."""
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        number, length = struct.unpack_from("<HH", data)
        if number == AvId.EOL:
            break
        found[number] = data[4 : 4 + length]
        data = data[4 + length :]
    return found


def parse_authenticate(message: bytes) -> Authenticate:
    """An AUTHENTICATE_MESSAGE; MalformedData for anything else."""
    if not 64 <= len(message) <= _LONGEST_MESSAGE or _message_type(message) != _AUTHENTICATE:
        raise MalformedData("no AUTHENTICATE_MESSAGE")

    def field(offset: int) -> bytes:
        length, _maximum, start = struct.unpack_from("<HHI", message, offset)
        if start + length > len(message):
            raise MalformedData("a field lies outside of the AUTHENTICATE_MESSAGE")
        return message[start : start + length]

    flags = Flags(int.from_bytes(message[60:64], "little"))
    encoding = "utf-16-le" if flags & Flags.UNICODE else "ascii"
    try:
        domain, user = field(28).decode(encoding), field(36).decode(encoding)
    except UnicodeDecodeError as error:
        raise MalformedData("a name is not text") from error
    return Authenticate(field(20), domain, user, field(52), flags, message)


def ntowf_v2(password: str, user: str, domain: str) -> bytes:
    """NTOWFv2 (3.3.2): the key of NTLMv2 responses."""
    return _hmac_md5(md4(password.encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"))


def _message_type(message: bytes) -> int:
    return int.from_bytes(message[8:12], "little") if message.startswith(SIGNATURE) else 0


def _hmac_md5(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, "md5").digest()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
