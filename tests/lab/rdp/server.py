# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated TermService listener of one host: sockets, phases and deadlines.

Phases of a connection ([MS-RDPBCGR] 1.3.1.1): X.224 request and confirm, TLS and CredSSP where they were selected, MCS
Connect Initial and Response. Then the listener reads the client's next PDU and closes, like one whose session cannot be
created: nothing later is modelled, so nothing later is answered.

Decisions:
* A malformed request is answered with nothing and the connection is dropped ([MS-RDPBCGR] 3.3.5.3.1); here with a
  reset (MEM: unverified whether FIN or RST).
* After a negotiation failure the server closes ([MS-RDPBCGR] 3.3.5.3.2), with FIN. After CredSSP has failed it
  closes with FIN too, so that an error code arrives; a Connect Initial that is dropped ends with a reset (both
  MEM: unverified).
* A server that demands TLS or NLA confirms a request without negotiation data, and drops the Connect Initial that
  follows (published scans of such hosts find no encryption level).
* One TSRequest comes in one TLS record ([MS-CSSP] note 8), unless it is longer than a record; else it is refused. A
  first octet by itself is taken, as clients that split records in TLS 1.0 send it.
* With HYBRID_EX the Early User Authorization Result follows CredSSP ([MS-RDPBCGR] 2.2.10.2): access denied when
  logons are denied or when the account lacks the right (that drain mode and fLogonDisabled count here is
  MEM: unverified). Without HYBRID_EX such an account gets as far as any other here.
* RDSTLS begins with the server's capabilities ([MS-RDPBCGR] 5.4.5.3); the client's request is not answered.
* Without a usable key, version or suite the ClientHello is read and the connection reset without a ServerHello, as
  Microsoft describes a host whose RDP key cannot be read; which refusals send an alert: see tls.py.
* More outstanding connections than MaxOutstandingConnections: see throttle.py; one that gets no place is reset before
  its request is read (MEM: unverified).
* What is in the path (path.py) acts before the listener sees the connection, and the listener notices nothing.
* A first byte of 0x16 is the Direct Approach (5.4.2.2): TLS at once, CredSSP, and the X.224 request after that, which
  must ask for CredSSP too (else INCONSISTENT_FLAGS, 2.2.1.2.2). It works wherever TLS is possible; with SecurityLayer 0
  it is a malformed request (scanners report no TLS there: testssl/testssl.sh#1096).
* The service is restarted for every change but that of the certificate: the listening socket and all connections go,
  with a reset, as the sockets of an ended process do (MEM: unverified). A failing bind leaves nothing listening.
* A filtered port is a listening socket whose queue of one is full and never accepted, so that Linux drops every SYN.
  Connections that were open before a filter was set go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from dataclasses import replace

from tests.lab.rdp import der, mcs
from tests.lab.rdp import occupant as occupants
from tests.lab.rdp.channel import Channel, SocketChannel, TlsChannel
from tests.lab.rdp.credssp import MAX_TSREQUEST_LENGTH, CredSspServer, Rejected
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.observer import Happening, Observer, Seen, nobody
from tests.lab.rdp.occupant import Occupant
from tests.lab.rdp.old_tls import OldTlsServer, old_tls_server
from tests.lab.rdp.path import CutInPath, LossyReader, Path, before_the_host
from tests.lab.rdp.selection import Refused, allows_external_security, refuse, select, takes_standard_security
from tests.lab.rdp.standard_security import EncryptionMethod, choose_method
from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.suites import allowed_suites
from tests.lab.rdp.throttle import WAITS_SECONDS, Admission, Throttle
from tests.lab.rdp.tls import MISMATCHES, TLS_HANDSHAKE_RECORD, HandshakeRefused, TlsServer, server_context
from tests.lab.rdp.x224 import (
    TPKT_HEADER_LENGTH,
    ConnectionRequest,
    FailureCode,
    MalformedRequest,
    Protocol,
    parse_connection_request,
    tpkt_length,
)

_LOG = logging.getLogger(__name__)

DEFAULT_IDLE_TIMEOUT = 30.0
"""Seconds for each phase of a connection."""

_DEFAULT_PORT = 3389
_BACKLOG = 100
_FULL_RECORD = 16384
_RECORD_HEADER_LENGTH = 5
_MAX_RECORD_LENGTH = 16384 + 2048
_TURNS_FROM_ACCEPT_TO_HANDLER = 4
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CREDSSP = Protocol.HYBRID | Protocol.HYBRID_EX
_AUTHZ_SUCCESS, _AUTHZ_ACCESS_DENIED = 0, 5
_RDSTLS_CAPABILITIES = struct.pack("<4H", 1, 1, 1, 1)


class RdpServer:
    """The RDP listener at one address; a thousand of them share one event loop."""

    def __init__(
        self, address: str, *, idle_timeout: float = DEFAULT_IDLE_TIMEOUT, observer: Observer = nobody
    ) -> None:
        self._address = address
        self._idle_timeout = idle_timeout
        self._observer = observer
        self._state: ListenerState | Occupant | None = None
        self._path: Path | None = None
        self._arrived = 0
        self._throttle = Throttle()
        self._server: asyncio.base_events.Server | None = None
        self._filter: _FilteredPort | None = None
        self._port = _DEFAULT_PORT
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._applying = asyncio.Lock()
        self.connections = 0
        """Connections accepted so far."""

    async def apply(
        self, state: ListenerState | Occupant | None, *, filtered: bool = False, path: Path | None = None
    ) -> None:
        """Take over a state: restart, rebind or just use another certificate, as the change asks for.

        ``None`` means that nothing listens; with ``filtered`` SYNs get no answer whatever listens. What is in the
        ``path`` meets new connections. Raises OSError when the port cannot be bound.
        """
        async with self._applying:
            if self._needs_restart(state):
                await self._stop()
                self._throttle = Throttle()
            if state is not None:
                self._port = state.port
            self._state = state
            self._path = path
            await self._set_filter(filtered)
            if state is not None and not filtered and self._server is None:
                self._server = await asyncio.get_running_loop().create_server(
                    self._protocol, self._address, state.port, backlog=_BACKLOG, reuse_address=True
                )

    async def close(self) -> None:
        """Stop listening, reset the open connections and give every socket back."""
        async with self._applying:
            await self._stop()
            self._state = None
            await self._set_filter(False)

    def _needs_restart(self, state: ListenerState | Occupant | None) -> bool:
        if isinstance(self._state, ListenerState) and isinstance(state, ListenerState):
            return self._state.restarts_with(state)
        return self._state != state

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        longest = None if self._path is None else self._path.longest
        reader = asyncio.StreamReader() if longest is None else LossyReader(longest)
        return asyncio.StreamReaderProtocol(reader, self._accepted)

    async def _stop(self) -> None:
        await self._close_listener()
        # A reset transport ends its reads and writes, and with them the task.
        for writer in self._open.values():
            _reset(writer)
        if self._open:
            await asyncio.wait(set(self._open), timeout=self._idle_timeout)

    async def _close_listener(self) -> None:
        if self._server is None:
            return
        # asyncio loses a connection that it accepted in the turn in which its server is closed: accept no more, and let
        # those that were accepted reach their handlers first.
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        for _turn in range(_TURNS_FROM_ACCEPT_TO_HANDLER):
            await asyncio.sleep(0)
        self._server.close()
        self._server = None

    async def _set_filter(self, filtered: bool) -> None:
        if self._filter is not None and (not filtered or self._filter.port != self._port):
            self._filter.close()
            self._filter = None
        if filtered and self._filter is None:
            await self._close_listener()
            self._filter = _FilteredPort(self._address, self._port)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        state = self._state
        if task is None or state is None:
            _reset(writer)
            return
        self._arrived += 1
        self._open[task] = writer
        try:
            await before_the_host(self._path, self._arrived, reader, self._idle_timeout)
            self.connections += 1
            await self._serve(state, reader, writer)
        except CutInPath as cut:
            if cut.reset:
                _reset(writer)
        except (MalformedRequest, MalformedData, HandshakeRefused) as refusal:
            _LOG.debug("%s:%d dropped a connection: %s", self._address, state.port, refusal)
            _reset(writer)
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            _LOG.debug("%s:%d lost a connection: %s", self._address, state.port, type(error).__name__)
        finally:
            del self._open[task]
            writer.close()

    async def _serve(
        self, state: ListenerState | Occupant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if isinstance(state, Occupant):
            await occupants.serve(state, reader, writer, self._idle_timeout)
            return
        connection = _Connection(state, reader, writer, self._idle_timeout, self._path, self._observer)
        admission = self._throttle.admit(state.max_outstanding, state.outstanding, len(self._open))
        if admission is not Admission.PROCEEDS:
            connection.tell(Seen.THROTTLED)
            if admission is Admission.CLOSED:
                _reset(writer)
                return
            await asyncio.sleep(WAITS_SECONDS)
        connection.tell(Seen.ACCEPTED)
        await connection.run()


class _Connection:
    """One client from its first byte to the close."""

    def __init__(
        self,
        state: ListenerState,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timeout: float,
        path: Path | None,
        observer: Observer,
    ) -> None:
        self._state = state
        self._socket = SocketChannel(reader, writer, timeout)
        self._timeout = timeout
        self._path = path
        # What an agent on the host ends before TermService gets it is logged by nobody.
        self._observer = nobody if path is not None and path.cuts_client_hello else observer
        # None when the client has gone again before its address could be asked for.
        self._client: tuple[str, int] = (writer.get_extra_info("peername") or ("", 0))[:2]

    def tell(self, seen: Seen, number: int = 0, user: str = "") -> None:
        """Tell the observer."""
        self._observer(Happening(seen, self._client, number, user))

    async def run(self) -> None:
        start = await self._socket.read_exactly(TPKT_HEADER_LENGTH)
        if start[0] == TLS_HANDSHAKE_RECORD and allows_external_security(self._state):
            await self._direct(start)
            return
        request = await self._request(self._socket, start)
        answer = select(self._state, request)
        await self._socket.write(answer.confirm)
        if isinstance(answer, Refused):
            return
        requested = request.requested_protocols or Protocol.RDP
        if answer.protocol == Protocol.RDP:
            await self._connect(self._socket, answer.protocol, requested)
        else:
            await self._secured(await self._tls(b""), answer.protocol, requested)

    async def _request(self, channel: Channel, start: bytes) -> ConnectionRequest:
        return parse_connection_request(start + await channel.read_exactly(tpkt_length(start) - TPKT_HEADER_LENGTH))

    async def _direct(self, received: bytes) -> None:
        channel = await self._tls(received)
        if not await self._credssp(channel, early_result=False):
            return
        request = await self._request(channel, await channel.read_exactly(TPKT_HEADER_LENGTH))
        requested = request.requested_protocols or Protocol.RDP
        answer = select(self._state, request) if requested & _CREDSSP else refuse(FailureCode.INCONSISTENT_FLAGS)
        await channel.write(answer.confirm)
        if not isinstance(answer, Refused):
            await self._connect(channel, answer.protocol, requested)

    async def _secured(self, channel: TlsChannel, protocol: Protocol, requested: Protocol) -> None:
        if protocol == Protocol.RDSTLS:
            await channel.write(_RDSTLS_CAPABILITIES)
            await channel.read_record()
        elif not protocol & _CREDSSP or await self._credssp(channel, early_result=protocol == Protocol.HYBRID_EX):
            await self._connect(channel, protocol, requested)

    async def _credssp(self, channel: TlsChannel, *, early_result: bool) -> bool:
        """Whether the client may go on."""
        session = CredSspServer(self._state)
        while not session.credentials_received:
            try:
                await channel.write(session.receive(await self._ts_request(channel)))
            except Rejected as rejected:
                _LOG.debug("CredSSP ends: %s", rejected)
                self._rejected(session, rejected)
                await channel.write(rejected.answer)
                return False
        account = session.account
        self.tell(Seen.LOGGED_ON, user="" if account is None else account.name)
        denied = self._state.logons_denied or account is None or not account.remote_desktop
        if early_result:
            await channel.write(struct.pack("<I", _AUTHZ_ACCESS_DENIED if denied else _AUTHZ_SUCCESS))
        return not (early_result and denied)

    def _rejected(self, session: CredSspServer, rejected: Rejected) -> None:
        seen = Seen.LOGON_FAILED if rejected.status else Seen.SECURITY_FAILED
        self.tell(seen, rejected.status, session.attempted)

    async def _ts_request(self, channel: TlsChannel) -> bytes:
        data = record = await channel.read_record()
        if len(data) == 1:
            # Clients send the first octet by itself with CBC in TLS 1.0 and before.
            data += await channel.read_record()
        try:
            length = der.total_length(data)
        except MalformedData as error:
            raise Rejected(str(error), b"") from error
        if not data:
            raise ConnectionAbortedError("the client left CredSSP")
        if length is None or length > MAX_TSREQUEST_LENGTH:
            raise Rejected("no TSRequest in one record", b"")
        while len(data) < length and len(record) == _FULL_RECORD:
            record = await channel.read_record()
            data += record
        return data

    async def _connect(self, channel: Channel, protocol: Protocol, requested: Protocol) -> None:
        """Connect Initial and Response, and the end that follows."""
        start = await channel.read_exactly(TPKT_HEADER_LENGTH)
        pdu = start + await channel.read_exactly(mcs.pdu_length(start) - TPKT_HEADER_LENGTH)
        initial = mcs.parse_connect_initial(pdu)
        if initial.selected_protocol != protocol:
            raise MalformedData(f"serverSelectedProtocol is {initial.selected_protocol!r}")
        state, method = self._state, EncryptionMethod.NONE
        if protocol == Protocol.RDP:
            chosen = choose_method(
                state.min_encryption_level, initial.encryption_methods, initial.encryption_methods_french
            )
            if chosen is None or not takes_standard_security(state):
                raise MalformedData("Standard RDP Security is refused")
            method = chosen
        await channel.write(mcs.connect_response(state, initial, requested, method))
        await channel.read_record()

    async def _tls(self, received: bytes) -> TlsChannel:
        """TLS up to the end of the handshake; ``received`` is what was read of the ClientHello."""
        if self._path is not None and self._path.cuts_client_hello:
            await asyncio.wait_for(self._read_record(received), self._timeout)
            raise CutInPath(reset=True)
        state = self._tls_state()
        context = server_context(state)
        if context is not None:
            allowed = allowed_suites(state.cipher_suites, state.min_encryption_level)
            tls: TlsServer | OldTlsServer | None = TlsServer(context, allowed)
        else:
            tls = old_tls_server(state)
        if tls is None:
            await asyncio.wait_for(self._read_record(received), self._timeout)
            self.tell(Seen.NO_CREDENTIAL if state.tls_versions else Seen.NO_PROTOCOL)
            self.tell(Seen.SECURITY_FAILED)
            raise HandshakeRefused("no usable credential")
        try:
            tls = await asyncio.wait_for(self._handshake(state, tls, received), self._timeout)
        except HandshakeRefused as refused:
            await self._refuse(refused)
            raise
        return TlsChannel(self._socket, tls, self._timeout)

    def _tls_state(self) -> ListenerState:
        """The state with the credential that the client meets."""
        credential = None if self._path is None else self._path.credential
        if credential is None:
            return self._state
        return replace(self._state, certificate_pem=credential[0], key_pem=credential[1])

    async def _refuse(self, refused: HandshakeRefused) -> None:
        if refused.received is not None:
            self.tell(Seen.ALERT_RECEIVED, refused.received)
        elif str(refused) in MISMATCHES:
            self.tell(Seen.NO_SHARED_SUITE)
        self.tell(Seen.SECURITY_FAILED)
        if refused.alert and self._state.schannel_alerts:
            await self._socket.write(refused.alert)
            raise ConnectionAbortedError("no suite in common") from refused

    async def _handshake(
        self, state: ListenerState, tls: TlsServer | OldTlsServer, received: bytes
    ) -> TlsServer | OldTlsServer:
        data = received or await self._socket.read_record()
        hello, answered = b"", False
        while data:
            hello += b"" if answered else data
            try:
                answer = tls.receive(data)
            except HandshakeRefused as refused:
                older = None if answered or isinstance(tls, OldTlsServer) else old_tls_server(state)
                if older is None:
                    raise
                tls, answer = older, _first_of(older, hello, refused)
            answered = answered or bool(answer)
            await self._socket.write(answer)
            if tls.established:
                return tls
            data = await self._socket.read_record()
        raise ConnectionAbortedError("the client left the handshake")

    async def _read_record(self, received: bytes) -> None:
        header = received + await self._socket.read_exactly(_RECORD_HEADER_LENGTH - len(received))
        length = int.from_bytes(header[3:], "big")
        if length > _MAX_RECORD_LENGTH:
            raise HandshakeRefused("record too long")
        await self._socket.read_exactly(length)


def _first_of(older: OldTlsServer, hello: bytes, refused: HandshakeRefused) -> bytes:
    """What the server of old suites answers; when it has none either, the first refusal stands."""
    try:
        return older.receive(hello)
    except HandshakeRefused:
        raise refused from None


class _FilteredPort:
    """A port whose SYNs are dropped: one connection fills the queue of ``listen(0)`` and is never accepted."""

    def __init__(self, address: str, port: int) -> None:
        self.port = port
        with contextlib.ExitStack() as sockets:
            listener = sockets.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(0)
            filler = sockets.enter_context(socket.socket())
            filler.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            filler.settimeout(1.0)
            filler.connect((address, port))
            self._sockets = sockets.pop_all()

    def close(self) -> None:
        """Let the port answer again."""
        self._sockets.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a dropped connection of Windows ends."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
