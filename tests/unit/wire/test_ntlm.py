# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NTLM messages, against the example of [MS-NLMP], pyspnego and arbitrary bytes."""

from __future__ import annotations

import struct
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spnego._ntlm_raw.messages import AvId, Challenge, FileTime, Negotiate, NegotiateFlags, TargetInfo, Version

from ansible_collections.winops.rdp.plugins.module_utils._wire import ntlm

# [MS-NLMP] 4.2.4.3.
DOCUMENTED = bytes.fromhex(
    "4e544c4d53535000 02000000 0c000c00 38000000 33828ae2 0123456789abcdef 0000000000000000 24002400 44000000"
    "060070170000000f 530065007200760065007200"
    "02000c00 44006f006d00610069006e00 01000c00 530065007200760065007200 00000000"
)
TIME = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=timezone.utc)
FLAGS = (
    NegotiateFlags.unicode | NegotiateFlags.request_target | NegotiateFlags.target_info | NegotiateFlags.version
)  # fmt: skip


def windows_challenge() -> bytes:
    """A challenge like that of a member server, made by an independent library."""
    info = TargetInfo()
    info[AvId.nb_domain_name] = "EXAMPLE"
    info[AvId.nb_computer_name] = "RDS01"
    info[AvId.dns_domain_name] = "example.com"
    info[AvId.dns_computer_name] = "rds01.example.com"
    info[AvId.dns_tree_name] = "forest.example.com"
    info[AvId.timestamp] = FileTime.from_datetime(TIME)
    packed: bytes = Challenge(
        flags=FLAGS, server_challenge=b"\1" * 8, target_name="EXAMPLE", target_info=info, version=Version(10, 0, 17763)
    ).pack()
    return packed


WINDOWS = windows_challenge()


def test_the_challenge_of_the_specification() -> None:
    assert ntlm.parse_challenge(DOCUMENTED) == ntlm.Challenge(
        flags=0xE28A8233,
        target_name="Server",
        netbios_computer="Server",
        netbios_domain="Domain",
        version=(6, 0, 6000),
    )


def test_the_challenge_of_another_implementation() -> None:
    assert ntlm.parse_challenge(WINDOWS) == ntlm.Challenge(
        flags=int(FLAGS),
        target_name="EXAMPLE",
        netbios_computer="RDS01",
        netbios_domain="EXAMPLE",
        dns_computer="rds01.example.com",
        dns_domain="example.com",
        dns_forest="forest.example.com",
        version=(10, 0, 17763),
        timestamp=TIME,
    )


def test_another_implementation_reads_our_message() -> None:
    message = Negotiate.unpack(ntlm.build_negotiate())
    assert message.domain_name is None
    assert message.workstation is None
    assert message.version is not None
    assert (message.version.major, message.version.minor, message.version.build) == (10, 0, 17763)
    assert message.version.revision == 15
    for flag in (
        NegotiateFlags.unicode,
        NegotiateFlags.request_target,
        NegotiateFlags.sign,
        NegotiateFlags.seal,
        NegotiateFlags.ntlm,
        NegotiateFlags.extended_session_security,
        NegotiateFlags.version,
        NegotiateFlags.key_128,
    ):
        assert message.flags & flag, flag
    # Nothing is said of a user, a domain or a computer, and nothing follows the fixed part.
    assert not message.flags & (NegotiateFlags.oem_domain_name_supplied | NegotiateFlags.oem_workstation_supplied)
    assert len(ntlm.build_negotiate()) == 40


def challenge(flags: int, *, target_info: bytes = b"", name: bytes = b"", fixed: int = 56) -> bytes:
    """A challenge by hand: its fixed part, cut to ``fixed`` bytes, then name and target information."""
    fields = struct.pack("<HHI", len(name), len(name), fixed)
    info = struct.pack("<HHI", len(target_info), len(target_info), fixed + len(name))
    version = struct.pack("<BBH3xB", 5, 2, 3790, 15)
    head = ntlm.SIGNATURE + struct.pack("<I", 2) + fields + struct.pack("<I8s8x", flags, b"\1" * 8) + info + version
    return head[:fixed] + name + target_info


def pair(identifier: int, value: bytes) -> bytes:
    return struct.pack("<HH", identifier, len(value)) + value


END = pair(0, b"")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (challenge(0, fixed=32), ntlm.Challenge(0)),
        (challenge(2, name=b"S\xe9rver", fixed=40), ntlm.Challenge(2, target_name="Sérver")),
        (challenge(0x02000000), ntlm.Challenge(0x02000000, version=(5, 2, 3790))),
        (challenge(0x00800000, target_info=END), ntlm.Challenge(0x00800000)),
        # Names of target information are Unicode always; unknown pairs, and an empty name, say nothing.
        (
            challenge(0x00800000, target_info=pair(3, "é".encode("utf-16-le")) + pair(9, b"xx") + pair(4, b"") + END),
            ntlm.Challenge(0x00800000, dns_computer="é"),
        ),
        (
            challenge(0x00800000, target_info=pair(1, "a\nb\x1b".encode("utf-16-le")) + END),
            ntlm.Challenge(0x00800000, netbios_computer="a\ufffdb\ufffd"),
        ),
    ],
)  # fmt: skip
def test_challenges_of_all_sorts(data: bytes, expected: ntlm.Challenge) -> None:
    assert ntlm.parse_challenge(data) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin with NTLMSSP"),
        (b"NTLMSSP\0", "ends after 8 bytes"),
        (ntlm.build_negotiate(), "type 1 instead of a challenge"),
        (challenge(0x00800000, fixed=40), "ends before the place of its target information"),
        (DOCUMENTED[:-1], "target information lies outside"),
        (challenge(0x02000000, fixed=48), "ends before its version"),
        (challenge(0x00800000), "target information has no end"),
        (challenge(0x00800000, target_info=pair(1, b"a\0")), "target information has no end"),
        (challenge(0x00800000, target_info=pair(1, b"a\0")[:-1]), "target information is cut short"),
        (challenge(0x00800000, target_info=pair(7, b"1234567") + END), "7 bytes instead of 8"),
        (challenge(0x00800000, target_info=pair(7, b"\xff" * 8) + END), "time is out of range"),
    ],
)
def test_what_is_no_challenge_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(ntlm.BadNtlm, match=why):
        ntlm.parse_challenge(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_behind_a_good_header(rest: bytes) -> None:
    try:
        ntlm.parse_challenge(ntlm.SIGNATURE + b"\2\0\0\0" + rest)
    except ntlm.BadNtlm as error:
        assert "\n" not in str(error)


@given(
    st.lists(st.tuples(st.integers(0, len(WINDOWS) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(WINDOWS)),
)
def test_changed_and_cut_challenges(changes: list[tuple[int, int]], end: int) -> None:
    changed = bytearray(WINDOWS)
    for at, value in changes:
        changed[at] = value
    for data in (bytes(changed), WINDOWS[:end]):
        try:
            found = ntlm.parse_challenge(data)
        except ntlm.BadNtlm as error:
            assert "\n" not in str(error)
        else:
            assert "\n" not in (found.dns_computer or "")
