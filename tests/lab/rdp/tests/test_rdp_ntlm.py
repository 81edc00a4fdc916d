# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NTLM of the listener: published vectors, pyspnego as the client, and arbitrary bytes."""

from __future__ import annotations

import datetime as dt
import struct
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.ntlm import (
    AvId,
    Flags,
    LogonFailed,
    NtlmServer,
    Status,
    ntowf_v2,
    parse_authenticate,
    parse_av_pairs,
)
from tests.lab.rdp.ntlm_crypto import Rc4, md4
from tests.lab.rdp.tests.client import listener_state

PASSWORD = "secret"


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_of_rfc_1320(data: bytes, digest: str) -> None:
    assert md4(data).hex() == digest


def test_rc4_goes_on_where_it_was() -> None:
    stream = Rc4(b"Key")
    assert (stream.apply(b"Plain") + stream.apply(b"text")).hex() == "bbf316e8d940af0ad3"


def test_key_of_ms_nlmp_4_2_4() -> None:
    assert ntowf_v2("Password", "User", "Domain").hex() == "0c868a403bfd7a93a3001ef22ef02e3f"


def client(user: str = "user", password: str = PASSWORD) -> spnego.ContextProxy:
    return spnego.client(user, password, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def challenge(**changes: Any) -> bytes:
    negotiate = client().step()
    assert negotiate is not None
    return NtlmServer(listener_state(**changes)).challenge(negotiate)


def names(message: bytes) -> dict[int, str]:
    length, _maximum, start = struct.unpack_from("<HHI", message, 40)
    pairs = parse_av_pairs(message[start : start + length])
    return {number: value.decode("utf-16-le") for number, value in pairs.items() if number != AvId.TIMESTAMP}


@pytest.mark.parametrize(
    ("changes", "target", "kind", "expected"),
    [
        (
            {"hostname": "Lock", "authority": "LOCK"},
            "LOCK",
            Flags.TARGET_TYPE_SERVER,
            {
                AvId.NB_DOMAIN_NAME: "LOCK",
                AvId.NB_COMPUTER_NAME: "LOCK",
                AvId.DNS_DOMAIN_NAME: "Lock",
                AvId.DNS_COMPUTER_NAME: "Lock",
            },
        ),
        (
            {"hostname": "SRV1", "domain": "corp.example", "authority": "CORP"},
            "CORP",
            Flags.TARGET_TYPE_DOMAIN,
            {
                AvId.NB_DOMAIN_NAME: "CORP",
                AvId.NB_COMPUTER_NAME: "SRV1",
                AvId.DNS_DOMAIN_NAME: "corp.example",
                AvId.DNS_COMPUTER_NAME: "SRV1.corp.example",
                AvId.DNS_TREE_NAME: "corp.example",
            },
        ),
    ],
    ids=["workgroup", "domain"],
)
def test_names_in_the_challenge(changes: dict[str, Any], target: str, kind: Flags, expected: dict[int, str]) -> None:
    message = challenge(**changes)
    length, _maximum, start = struct.unpack_from("<HHI", message, 12)
    assert message[start : start + length].decode("utf-16-le") == target
    flags = Flags(int.from_bytes(message[20:24], "little"))
    assert flags & (Flags.TARGET_TYPE_DOMAIN | Flags.TARGET_TYPE_SERVER) == kind
    assert names(message) == expected


@pytest.mark.parametrize("version", [(6, 1, 7601), (10, 0, 26100)])
def test_version_in_the_challenge(version: tuple[int, int, int]) -> None:
    assert struct.unpack_from("<BBHxxxB", challenge(os_version=version), 48) == (*version, 15)


@pytest.mark.parametrize("skew", [0, 7200, -90])
def test_time_in_the_challenge(skew: int) -> None:
    message = challenge(clock_skew=skew)
    length, _maximum, start = struct.unpack_from("<HHI", message, 40)
    ticks = int.from_bytes(parse_av_pairs(message[start : start + length])[AvId.TIMESTAMP], "little")
    seconds = ticks / 10_000_000 - 11_644_473_600
    assert abs(seconds - skew - dt.datetime.now(dt.timezone.utc).timestamp()) < 5


def log_on(user: str, password: str, **changes: Any) -> tuple[NtlmServer, spnego.ContextProxy]:
    server, peer = NtlmServer(listener_state(**changes)), client(user, password)
    authenticate = peer.step(server.challenge(peer.step() or b""))
    assert authenticate is not None
    server.authenticate(authenticate)
    return server, peer


@pytest.mark.parametrize("user", ["user", "USER", "HOST1\\user", ".\\user", "ANYTHING\\user", "user@anything"])
def test_logon_and_sealing(user: str) -> None:
    server, peer = log_on(user, "secret")
    for number in range(3):
        text = b"message %d" % number
        assert server.unwrap(peer.wrap(text).data) == text
        assert peer.unwrap(server.wrap(text)).data == text


@pytest.mark.parametrize(
    ("user", "password", "domain", "status"),
    [
        ("user", "wrong", None, Status.LOGON_FAILURE),
        ("nobody", "secret", None, Status.LOGON_FAILURE),
        ("former", "secret", None, Status.ACCOUNT_DISABLED),
        ("former", "wrong", None, Status.LOGON_FAILURE),
        ("OTHER\\user", "secret", "corp.example", Status.LOGON_FAILURE),
    ],
)
def test_failed_logons(user: str, password: str, domain: str | None, status: Status) -> None:
    with pytest.raises(LogonFailed) as failure:
        log_on(user, password, domain=domain)
    assert failure.value.status is status


@pytest.mark.parametrize("user", ["CORP\\user", "corp.example\\user", "user@corp.example", "HOST1\\user"])
def test_domain_accounts(user: str) -> None:
    log_on(user, "secret", domain="corp.example", authority="CORP")


def test_changed_negotiate_breaks_the_mic() -> None:
    server, peer = NtlmServer(listener_state()), client()
    negotiate = bytearray(peer.step() or b"")
    negotiate[12] ^= Flags.SIGN
    authenticate = peer.step(server.challenge(bytes(negotiate)))
    with pytest.raises(LogonFailed):
        server.authenticate(authenticate or b"")


def test_changed_sealed_message_is_refused() -> None:
    server, peer = log_on("user", "secret")
    sealed = bytearray(peer.wrap(b"text").data)
    sealed[-1] ^= 1
    with pytest.raises(MalformedData, match="signature"):
        server.unwrap(bytes(sealed))


@given(st.binary(max_size=200))
def test_arbitrary_authenticate(tail: bytes) -> None:
    message = b"NTLMSSP\0\x03\0\0\0" + tail
    try:
        parse_authenticate(message)
    except MalformedData:
        return
    assert len(message) >= 64


@given(st.binary(max_size=80))
def test_arbitrary_av_pairs(data: bytes) -> None:
    assert all(len(value) <= len(data) for value in parse_av_pairs(data).values())
