# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MCS of the listener: recorded Connect Initials get the recorded answers, methods and levels, arbitrary bytes."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.rdp import ListenerState, mcs
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.mcs import DomainParameters, merge, parse_connect_initial
from tests.lab.rdp.standard_security import EncryptionMethod, choose_method, proprietary_certificate
from tests.lab.rdp.tests.client import (
    Lab,
    connect_initial,
    connection_request,
    ended,
    exchange,
    listener_state,
    read_tpkt,
    recorded_flows,
    server_blocks,
    tls_client,
)
from tests.lab.rdp.x224 import Protocol

RECORDED = ["RDP-003.pcap", "rdp-proprietary-encryption.pcap"]
PARAMETERS = DomainParameters(34, 2, 0, 1, 0, 1, 65535, 2)
MINIMUM = DomainParameters(1, 1, 1, 1, 0, 1, 1056, 2)
MAXIMUM = DomainParameters(65535, 64535, 65535, 1, 0, 1, 65535, 2)


def recorded_exchange(name: str) -> tuple[bytes, bytes]:
    flow = next(flow for flow in recorded_flows(name) if len(flow.client) > 1)
    return flow.client[1], flow.server[1]


def recorded_key(answer: bytes) -> rsa.RSAPublicNumbers:
    at = answer.index(b"RSA1")
    length = int.from_bytes(answer[at + 4 : at + 8], "little")
    return rsa.RSAPublicNumbers(65537, int.from_bytes(answer[at + 20 : at + 20 + length], "little"))


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_certificate(name: str) -> None:
    _request, answer = recorded_exchange(name)
    assert answer.endswith(proprietary_certificate(recorded_key(answer)))


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("RDP-003.pcap", listener_state(legacy_no_negotiation=True, os_version=(5, 0, 2195), min_encryption_level=2)),
        ("rdp-proprietary-encryption.pcap", listener_state(os_version=(6, 0, 6002), min_encryption_level=3)),
    ],
)
def test_recorded_answer_but_for_key_and_random(
    name: str, state: ListenerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, answer = recorded_exchange(name)
    recorded = answer[answer.index(bytes.fromhex("020cec00")) + 4 :]
    monkeypatch.setattr(mcs, "server_security_data", lambda level, method: recorded)
    built = mcs.connect_response(state, parse_connect_initial(request), Protocol.RDP, EncryptionMethod.RC4_128)
    assert built.hex() == answer.hex()


@pytest.mark.parametrize(
    ("name", "methods", "channels"),
    [
        ("RDP-003.pcap", 0x0B, [b"rdpdr", b"cliprdr", b"rdpsnd"]),
        ("rdp-proprietary-encryption.pcap", 0x1B, [b"rdpdr", b"rdpsnd", b"drdynvc", b"cliprdr"]),
        ("rdp-x509.pcap", 0x1B, [b"rdpdr", b"rdpsnd", b"cliprdr", b"drdynvc"]),
    ],
)
def test_recorded_requests(name: str, methods: int, channels: list[bytes]) -> None:
    initial = parse_connect_initial(recorded_exchange(name)[0])
    assert initial.encryption_methods == methods
    assert [channel.rstrip(b"\0") for channel in initial.channels] == channels
    assert initial.parameters == DomainParameters(34, 3, 0, 1, 0, 1, 65528, 2)


@pytest.mark.parametrize(
    ("level", "offered", "chosen"),
    [
        (1, 0x1B, 0x02),
        (2, 0x1B, 0x02),
        (2, 0x09, 0x08),
        (2, 0x01, 0x01),
        (2, 0x10, 0x10),
        (2, 0x00, None),
        (3, 0x1B, 0x02),
        (3, 0x10, 0x10),
        (3, 0x09, None),
        (4, 0x1B, 0x10),
        (4, 0x0B, None),
    ],
)
def test_method(level: int, offered: int, chosen: int | None) -> None:
    assert choose_method(level, offered, 0) == chosen
    assert choose_method(level, 0, offered) == chosen


@pytest.mark.parametrize(
    ("target", "minimum", "maximum"),
    [
        (replace(PARAMETERS, max_channel_ids=3), MINIMUM, replace(MAXIMUM, max_channel_ids=3)),
        (PARAMETERS, MINIMUM, replace(MAXIMUM, max_user_ids=2)),
        (PARAMETERS, replace(MINIMUM, num_priorities=2), MAXIMUM),
        (replace(PARAMETERS, max_height=2), replace(MINIMUM, max_height=2), MAXIMUM),
        (replace(PARAMETERS, max_mcs_pdu_size=100), MINIMUM, replace(MAXIMUM, max_mcs_pdu_size=100)),
        (PARAMETERS, replace(MINIMUM, max_mcs_pdu_size=70000), MAXIMUM),
        (replace(PARAMETERS, protocol_version=3), replace(MINIMUM, protocol_version=3), MAXIMUM),
    ],
)
def test_parameters_that_cannot_be_merged(
    target: DomainParameters, minimum: DomainParameters, maximum: DomainParameters
) -> None:
    with pytest.raises(MalformedData):
        merge(target, minimum, maximum)


@given(st.binary(max_size=300), st.integers(0, 420))
def test_arbitrary_connect_initial(noise: bytes, at: int) -> None:
    pdu = connect_initial(methods=0x1B)
    broken = pdu[:at] + noise + pdu[at + len(noise) :]
    try:
        parse_connect_initial(broken)
    except MalformedData:
        return
    assert len(broken) == len(pdu)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("method", [0x01, 0x02, 0x08, 0x10])
def test_standard_security_on_the_wire(lab: Lab, level: int, method: int) -> None:
    _listener, address = lab.start(listener_state(security_layer=0, min_encryption_level=level))
    connection, _confirm = exchange(address, connection_request(0))
    with connection:
        connection.sendall(connect_initial(methods=method))
        if choose_method(level, method, 0) is None:
            assert ended(connection) == "RST"
            return
        security = server_blocks(read_tpkt(connection))[0x0C02]
        chosen, reported, random_length, certificate_length = struct.unpack_from("<IIII", security)
        assert (chosen, reported, random_length) == (method, level, 32)
        assert len(security) == 16 + random_length + certificate_length
        connection.sendall(bytes.fromhex("0300000c02f0800401000100"))
        assert ended(connection) == "FIN"


@pytest.mark.parametrize(
    ("changes", "protocols"),
    [({}, None), ({"security_layer": 1, "user_authentication": 1}, None)],
    ids=["tls-demanded", "nla-demanded"],
)
def test_without_negotiation_where_more_is_demanded(lab: Lab, changes: dict[str, int], protocols: int | None) -> None:
    _listener, address = lab.start(listener_state(**changes))
    connection, confirm = exchange(address, connection_request(protocols))
    with connection:
        assert len(confirm) == 11
        connection.sendall(connect_initial(methods=0x1B))
        assert ended(connection) == "RST"


def test_under_tls_there_is_no_method(lab: Lab) -> None:
    _listener, address = lab.start(listener_state())
    connection, _confirm = exchange(address, connection_request(1))
    with tls_client(connection) as secure:
        secure.sendall(connect_initial(methods=0, selected=1))
        blocks = server_blocks(read_tpkt(secure))
        assert blocks[0x0C02] == bytes(8)
        assert struct.unpack("<III", blocks[0x0C01]) == (0x0008000E, 1, 7)
        assert struct.unpack("<HHHH", blocks[0x0C03]) == (1003, 1, 1004, 0)
        secure.sendall(bytes.fromhex("0300000c02f0800401000100"))
        assert ended(secure) == "FIN"


def test_wrong_selected_protocol(lab: Lab) -> None:
    _listener, address = lab.start(listener_state())
    connection, _confirm = exchange(address, connection_request(1))
    with tls_client(connection) as secure:
        secure.sendall(connect_initial(methods=0, selected=0))
        assert ended(secure) == "RST"
