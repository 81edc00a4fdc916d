# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CredSSP of the listener on real sockets, with pyspnego as the client: versions, forms, refusals, what follows."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from hashlib import sha256
from typing import Any

import pytest
import spnego
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from spnego._credssp_structures import NegoData, TSCredentials, TSPasswordCreds, TSRequest

from tests.lab.rdp import Account
from tests.lab.rdp.credssp import CredSspServer, Rejected, TsRequest
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.tests.client import (
    TIMEOUT,
    Lab,
    connect_initial,
    connection_request,
    ended,
    exchange,
    listener_state,
    read_tpkt,
    server_blocks,
    tls_client,
)

HYBRID, HYBRID_EX = 2, 8
PASSWORD = "secret"
LOGON_FAILURE, ACCOUNT_DISABLED = -0x3FFFFF93, -0x3FFFFF8E


class Client:
    """CredSSP over a connection that TLS was put on; one version, raw NTLM or SPNEGO."""

    def __init__(
        self, lab: Lab, *, protocols: int = 3, version: int = 6, user: str = "user", password: str = PASSWORD,
        spnego_tokens: bool = True, **changes: Any,
    ) -> None:  # fmt: skip
        _listener, address = lab.start(listener_state(user_authentication=1, **changes))
        connection, confirm = exchange(address, connection_request(protocols))
        self.selected = int.from_bytes(confirm[15:], "little")
        self.tls: ssl.SSLSocket = tls_client(connection)
        self.version = version
        self._nonce = os.urandom(32)
        protocol, option = ("negotiate", "use_negotiate") if spnego_tokens else ("ntlm", "use_ntlm")
        options = spnego.NegotiateOptions[option]
        self._context = spnego.client(user, password, protocol=protocol, options=options)

    def ask(self, **members: Any) -> TSRequest | None:
        self.tls.sendall(TSRequest(self.version, **members).pack())
        answer = self.tls.recv(16384)
        return TSRequest.unpack(answer) if answer else None

    def log_on(self, key: bytes | None = None, words: bytes = b"CredSSP Client-To-Server Binding Hash\0") -> TSRequest:
        """Up to the answer to pubKeyAuth; a failure is the last answer."""
        token = self._context.step()
        while True:
            answer = self.ask(nego_tokens=NegoData(token or b""))
            assert answer is not None and answer.nego_tokens
            token = self._context.step(answer.nego_tokens[0].nego_token)
            assert token is not None
            if b"NTLMSSP\0\x03" in token:
                break
        hashed = min(self.version, answer.version) >= 5
        key = self.key if key is None else key
        bound = sha256(words + self._nonce + key).digest() if hashed else key
        sealed = self._context.wrap(bound).data
        final = self.ask(nego_tokens=NegoData(token), pub_key_auth=sealed, client_nonce=self._nonce if hashed else None)
        return final or TSRequest(0)

    @property
    def key(self) -> bytes:
        certificate = x509.load_der_x509_certificate(self.tls.getpeercert(binary_form=True) or b"")
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    def check_binding(self, answer: TSRequest) -> None:
        if answer.nego_tokens:
            self._context.step(answer.nego_tokens[0].nego_token)
        opened = self._context.unwrap(answer.pub_key_auth or b"").data
        if min(self.version, answer.version) >= 5:
            assert opened == sha256(b"CredSSP Server-To-Client Binding Hash\0" + self._nonce + self.key).digest()
        else:
            assert opened == bytes([self.key[0] + 1]) + self.key[1:]

    def send_credentials(self) -> None:
        credentials = TSCredentials(TSPasswordCreds("", "user", "secret")).pack()
        self.tls.sendall(TSRequest(self.version, auth_info=self._context.wrap(credentials).data).pack())

    def connect(self) -> dict[int, bytes]:
        self.tls.sendall(connect_initial(methods=0, selected=self.selected))
        return server_blocks(read_tpkt(self.tls))


@pytest.mark.parametrize("spnego_tokens", [True, False], ids=["spnego", "ntlm"])
@pytest.mark.parametrize(("own", "version"), [(6, 6), (6, 5), (6, 2), (3, 6), (2, 6), (6, 9)])
def test_logon_reaches_mcs(lab: Lab, own: int, version: int, spnego_tokens: bool) -> None:
    client = Client(lab, version=version, spnego_tokens=spnego_tokens, credssp_version=own)
    with client.tls:
        assert client.selected == HYBRID
        answer = client.log_on()
        assert answer.version == own
        client.check_binding(answer)
        client.send_credentials()
        assert client.connect()[0x0C02] == bytes(8)


@pytest.mark.parametrize(
    ("user", "password", "changes", "result"),
    [
        ("user", "secret", {}, 0),
        ("user", "secret", {"logons_denied": True}, 5),
        ("guest", "x", {}, 5),
    ],
    ids=["granted", "drained", "no-right"],
)
def test_early_user_authorization(lab: Lab, user: str, password: str, changes: dict[str, Any], result: int) -> None:
    client = Client(lab, protocols=11, user=user, password=password, **changes)
    with client.tls:
        assert client.selected == HYBRID_EX
        client.check_binding(client.log_on())
        client.send_credentials()
        assert struct.unpack("<I", client.tls.recv(16)) == (result,)
        if result:
            assert ended(client.tls) == "FIN"
        else:
            assert 0x0C01 in client.connect()


def test_without_the_early_result_the_right_is_not_asked(lab: Lab) -> None:
    client = Client(lab, user="guest", password="x")
    with client.tls:
        client.check_binding(client.log_on())
        client.send_credentials()
        assert 0x0C01 in client.connect()


@pytest.mark.parametrize("spnego_tokens", [True, False], ids=["spnego", "ntlm"])
@pytest.mark.parametrize(
    ("user", "password", "code"),
    [("user", "wrong", LOGON_FAILURE), ("nobody", "secret", LOGON_FAILURE), ("former", "secret", ACCOUNT_DISABLED)],
)
def test_error_code(lab: Lab, user: str, password: str, code: int, spnego_tokens: bool) -> None:
    client = Client(lab, user=user, password=password, spnego_tokens=spnego_tokens)
    with client.tls:
        answer = client.log_on()
        assert (answer.error_code, answer.pub_key_auth) == (code, None)
        assert ended(client.tls) == "FIN"


def test_account_that_must_not_log_on_over_the_network(lab: Lab) -> None:
    client = Client(lab, accounts=(Account("user", "secret", network_logon=False),))
    with client.tls:
        assert client.log_on().error_code == 0xC000015B - (1 << 32)
        assert ended(client.tls) == "FIN"


def test_credentials_that_cannot_be_stored(lab: Lab) -> None:
    client = Client(lab, delegation_denied=True)
    with client.tls:
        client.check_binding(client.log_on())
        client.send_credentials()
        assert TSRequest.unpack(client.tls.recv(16384)).error_code == 0xC000005F - (1 << 32)
        assert ended(client.tls) == "FIN"


@pytest.mark.parametrize(("version", "changes"), [(2, {"credssp_lowest_version": 5}), (6, {"credssp_offered": False})])
def test_clients_that_credssp_does_not_take(lab: Lab, version: int, changes: dict[str, Any]) -> None:
    client = Client(lab, version=version, **changes)
    with client.tls, pytest.raises(AssertionError):
        client.log_on()


@pytest.mark.parametrize(
    ("version", "changes"),
    [(2, {}), (5, {}), (6, {"credssp_version": 2}), (6, {"os_version": (6, 1, 7601)})],
)
def test_versions_without_an_error_code(lab: Lab, version: int, changes: dict[str, Any]) -> None:
    client = Client(lab, version=version, password="wrong", **changes)
    with client.tls:
        assert client.log_on().version == 0


@pytest.mark.parametrize("version", [2, 6])
def test_binding_to_another_key_is_refused(lab: Lab, version: int) -> None:
    client = Client(lab, version=version)
    with client.tls:
        assert client.log_on(key=client.key[:-1] + b"\0").version == 0


def test_binding_of_the_other_direction_is_refused(lab: Lab) -> None:
    client = Client(lab)
    with client.tls:
        assert client.log_on(words=b"CredSSP Server-To-Client Binding Hash\0").version == 0


def test_pyspnego_as_the_whole_client(lab: Lab) -> None:
    # With TLS 1.3 it waits for an answer to its Finished, which nothing but a ticket would be.
    _listener, address = lab.start(listener_state(user_authentication=1, tls_versions=("TLS 1.2",)))
    connection, _confirm = exchange(address, connection_request(3))
    client = spnego.client("user", "secret", protocol="credssp")
    with connection:
        token = client.step()
        while not client.complete:
            connection.sendall(token or b"")
            token = client.step(connection.recv(65536))
        connection.sendall(token or b"")
        connection.sendall(client.wrap(connect_initial(methods=0, selected=HYBRID)).data)
        answer = client.unwrap(connection.recv(65536)).data
        assert 0x0C01 in server_blocks(answer)


@pytest.mark.parametrize(("protocols", "code"), [(3, None), (1, 4)])
def test_direct_approach(lab: Lab, protocols: int, code: int | None) -> None:
    client = Client(lab)
    client.tls.close()
    _listener, address = lab.start(listener_state(user_authentication=1))
    client.tls = tls_client(socket.create_connection((address, 3389), TIMEOUT))
    with client.tls:
        client.check_binding(client.log_on())
        client.send_credentials()
        client.tls.sendall(connection_request(protocols))
        confirm = read_tpkt(client.tls)
        if code is None:
            assert confirm[11] == 2
            assert 0x0C01 in client.connect()
        else:
            assert (confirm[11], confirm[15]) == (3, code)
            assert ended(client.tls) == "FIN"


def test_tsrequest_in_two_records_is_refused(lab: Lab) -> None:
    client = Client(lab)
    with client.tls:
        token = spnego.client("user", "secret", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm).step()
        data = TSRequest(6, nego_tokens=NegoData(token or b"")).pack()
        client.tls.sendall(data[:20])
        client.tls.sendall(data[20:])
        assert client.tls.recv(100) == b""


@pytest.mark.parametrize("size", [1, 1100, 20000])
def test_tsrequest_sizes(lab: Lab, size: int) -> None:
    client = Client(lab)
    with client.tls:
        token = spnego.client("user", "secret", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm).step()
        answer = client.ask(nego_tokens=NegoData((token or b"") + bytes(size)))
        assert answer is not None and answer.nego_tokens
        assert answer.nego_tokens[0].nego_token.startswith(b"NTLMSSP\0\2")


def test_first_octet_by_itself(lab: Lab) -> None:
    client = Client(lab)
    with client.tls:
        token = spnego.client("user", "secret", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm).step()
        data = TSRequest(6, nego_tokens=NegoData(token or b"")).pack()
        client.tls.sendall(data[:1])
        client.tls.sendall(data[1:])
        assert TSRequest.unpack(client.tls.recv(16384)).nego_tokens


def test_silence_in_credssp_ends(lab: Lab) -> None:
    _listener, address = lab.start(listener_state(user_authentication=1), idle_timeout=0.3)
    connection, _confirm = exchange(address, connection_request(3))
    with tls_client(connection) as secure:
        token = spnego.client("user", "secret", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm).step()
        secure.sendall(TSRequest(6, nego_tokens=NegoData(token or b"")).pack())
        assert TSRequest.unpack(secure.recv(16384)).nego_tokens
        assert ended(secure) == "FIN"


def test_rdstls_begins_with_the_capabilities(lab: Lab) -> None:
    _listener, address = lab.start(listener_state(user_authentication=1))
    connection, confirm = exchange(address, connection_request(4))
    assert confirm[15] == 4
    with tls_client(connection) as secure:
        assert secure.recv(100).hex() == "0100010001000100"
        secure.sendall(b"\1\0\2\0\1\0")
        assert ended(secure) == "FIN"


@given(st.binary(max_size=120))
def test_arbitrary_tsrequests(data: bytes) -> None:
    for whole in (data, b"\x30" + bytes([len(data)]) + data):
        try:
            decoded = TsRequest.decode(whole)
        except MalformedData:
            continue
        assert TsRequest.decode(decoded.encode()) == decoded


@given(st.binary(max_size=120), st.booleans())
def test_arbitrary_tokens(token: bytes, initial: bool) -> None:
    body = (b"\x60" if initial else b"\xa1") + bytes([len(token)]) + token
    for candidate in (token, body, b"NTLMSSP\0\1\0\0\0" + token):
        server = CredSspServer(listener_state())
        try:
            server.receive(TsRequest(6, candidate).encode())
        except Rejected as rejected:
            assert rejected.answer == b""
