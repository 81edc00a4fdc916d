# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Names, sockets and one deadline for all of them."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import Any, List, NamedTuple, Optional, Tuple, Union

# How long a finished connection waits for the peer's own end, so that it ends with FIN and not with RST.
LINGER = 0.25


class Deadline:
    """The moment at which all must be over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self._end - time.monotonic())


class Target(NamedTuple):
    """One address of the host: what socket.socket and connect take."""

    family: int
    sockaddr: Tuple[Any, ...]

    @property
    def address(self) -> str:
        return str(self.sockaddr[0])


class NotResolved(Exception):
    """The name has no usable address; the text says why, in a part of a sentence."""


class NotConnected(Exception):
    """No TCP connection. ``result`` is refused, filtered or unreachable."""

    def __init__(self, result: str, detail: str) -> None:
        super().__init__(detail)
        self.result = result


class Ended(Exception):
    """An open connection ended. ``result`` is closed, reset or timeout; ``received`` came before, in vain."""

    def __init__(self, result: str, received: bytes = b"") -> None:
        super().__init__(result)
        self.result = result
        self.received = received


def resolve(host: str, port: int, family: int, deadline: Deadline) -> List[Target]:
    """The addresses of ``host`` in the resolver's order, without doubles. Raises NotResolved.

    The resolver knows no timeout of its own, so it runs in a daemon thread that is left behind when it is late.
    """
    answers: List[Union[List[Any], Exception]] = []

    def ask() -> None:
        try:
            answers.append(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        except (OSError, ValueError) as error:  # ValueError: a label that IDNA can not encode
            answers.append(error)

    thread = threading.Thread(target=ask, name="winops.rdp resolver", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not answers:
        raise NotResolved("the resolver did not answer in time")
    answer = answers[0]
    if isinstance(answer, Exception):
        raise NotResolved(str(answer.args[-1]) if answer.args else str(answer)) from answer
    targets = [Target(found[0], found[4]) for found in answer]
    if not targets:
        raise NotResolved("the resolver has no address for it")
    return list(dict.fromkeys(targets))


def is_own_address(target: Target) -> bool:
    """Whether ``target`` is an address of this machine that mstsc would take for its own.

    Connecting a datagram socket sends nothing; the source that the kernel picks for an own address is that address.
    Of the loopback addresses only the usual ones count: 127.0.0.2 is what users take to get around 0x708.
    """
    address = ipaddress.ip_address(target.address.partition("%")[0])
    if address.is_loopback:
        return str(address) in ("127.0.0.1", "::1")
    try:
        with socket.socket(target.family, socket.SOCK_DGRAM) as datagram:
            datagram.connect(target.sockaddr)
            return bool(datagram.getsockname()[0] == target.address)
    except OSError:
        return False


def is_address(host: str) -> bool:
    """Whether ``host`` is an address and no name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def server_name(host: str) -> Optional[str]:
    """The name for TLS's server_name extension: none for an address (RFC 6066 3) or what can not stand in it."""
    if is_address(host):
        return None
    try:
        return host.rstrip(".").encode("idna").decode("ascii") or None
    except UnicodeError:
        return None


def can_bind(source: str) -> bool:
    """Whether connections can be made from the address ``source`` of this machine."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as stream:
            stream.bind((source, 0))
    except OSError:
        return False
    return True


class Connection:
    """A TCP connection whose every wait ends at the deadline."""

    def __init__(self, stream: socket.socket, deadline: Deadline, *, was_reset: bool = False) -> None:
        self._stream = stream
        self._deadline = deadline
        self._was_reset = was_reset

    @classmethod
    def open(cls, target: Target, source: Optional[str], deadline: Deadline) -> Connection:
        """Connects before the deadline, which then holds for the connection. Raises NotConnected."""
        try:
            stream = socket.socket(target.family, socket.SOCK_STREAM)
        except OSError as error:
            raise NotConnected("unreachable", _text(error)) from error
        try:
            if source is not None:
                stream.bind((source, 0))
            # Zero would make the socket non-blocking.
            stream.settimeout(max(deadline.left(), 0.001))
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.connect(target.sockaddr)
        except (ConnectionResetError, ConnectionAbortedError):
            # A SYN that is answered with RST is a refusal (RFC 9293 3.10.7.3). This one was answered with SYN and ACK,
            # and whether the RST after it overtakes our first look at the socket is luck.
            return cls(stream, deadline, was_reset=True)
        except OSError as error:
            stream.close()
            raise NotConnected(_connect_result(error), _text(error)) from error
        return cls(stream, deadline)

    @property
    def patience(self) -> float:
        """The seconds that this connection was given."""
        return self._deadline.seconds

    def keep_until(self, deadline: Deadline) -> None:
        """From now on, ``deadline`` holds."""
        self._deadline = deadline

    def send(self, data: bytes) -> None:
        """Sends all of ``data`` at once. Raises Ended."""
        if not data:
            return  # sending nothing would take a pending reset away from the next receive
        self._arm(self._deadline)
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise Ended(_end_result(error)) from error

    def receive(self, limit: int = 16384) -> bytes:
        """What has come, at least one byte. Raises Ended."""
        self._arm(self._deadline)
        try:
            data = self._stream.recv(limit)
        except OSError as error:
            raise Ended(_end_result(error)) from error
        if not data:
            raise Ended("closed")
        return data

    def receive_exactly(self, count: int) -> bytes:
        """The next ``count`` bytes. Raises Ended."""
        data = b""
        while len(data) < count:
            try:
                data += self.receive(count - len(data))
            except Ended as ended:
                raise Ended(ended.result, data) from ended
        return data

    def try_to_send(self, data: bytes) -> None:
        """Sends a last word, to a peer that may be gone already."""
        try:
            self.send(data)
        except Ended:
            return

    def finish(self) -> None:
        """Says that we are done and waits shortly for the peer to be done too.

        Closing with unread data would send RST, which a server may count as an attack.
        """
        linger = Deadline(min(LINGER, self._deadline.left()))
        try:
            self._stream.shutdown(socket.SHUT_WR)
            while linger.left() > 0:
                self._arm(linger)
                if not self._stream.recv(65536):
                    return
        except (OSError, Ended):
            # The peer was faster or does not care: there is nothing left to be polite about.
            return

    def close(self) -> None:
        self._stream.close()

    def _arm(self, deadline: Deadline) -> None:
        left = deadline.left()
        if left <= 0:
            raise Ended("timeout")
        if self._was_reset:
            raise Ended("reset")
        self._stream.settimeout(left)


def _connect_result(error: OSError) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "filtered"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "unreachable"


def _end_result(error: OSError) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timeout"
    if isinstance(error, BrokenPipeError):
        return "closed"
    return "reset"


def _text(error: OSError) -> str:
    return error.strerror or str(error)
