# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What one exchange over HTTP may take, under requests and urllib3: time, bytes, and which answers are passed on.

The time-outs of the libraries hold for each read, so a host that drips overruns them; and they read a reply of any
size into memory. Here the connection itself counts, below HTTP and TLS, so that status line, headers, chunks, the
answer of a proxy and every round trip of an authentication fall under the same limits. The libraries keep their
sessions; only the adapter is ours. Works with urllib3 1.26 and 2, and with whatever connection class a proxy asks for.
"""

from __future__ import annotations

import http.client
import io
import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManConnectionError,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import (
    Peer,
    bad_proxy,
    from_status,
    is_proxy,
    logged_off,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import TlsSide

try:
    from requests.adapters import HTTPAdapter
    from requests.utils import select_proxy
except ImportError:
    # Neither pywinrm nor pypsrp is there then, and connect.py says so.
    HTTPAdapter = object  # type: ignore[assignment, misc]

if TYPE_CHECKING:
    import requests
    from urllib3.connection import HTTPConnection as _Connection
else:
    _Connection = object

_ENCRYPTED = ("multipart/encrypted", "multipart/x-multi-encrypted")  # [MS-WSMV] 2.2.9.1


class ConnectionReplaced(Exception):
    """The kept connection is gone, and the message is encrypted for it. Nothing was sent."""


class Limits:
    """Deadline and size of the exchange that is going on over one HTTP session."""

    def __init__(self, peer: Peer, tls: TlsSide | None = None) -> None:
        self.peer = peer
        self.tls = tls
        # The host has answered to the message itself: whatever fails from there on, it was let in.
        self.answered = False
        self._seconds = 0.0
        self._deadline = Deadline(0)
        self._left = 0
        self._pinned = False

    def start(self, seconds: float, *, pinned: bool) -> None:
        """A new exchange. ``pinned``: over the open connection only, because its encryption belongs to that."""
        self.answered = False
        self._seconds = seconds
        self._deadline = Deadline(seconds)
        self._left = reply.MAX_BYTES
        self._pinned = pinned

    def remaining(self) -> float:
        """Seconds left; raise WSManTimeout when there are none."""
        left = self._deadline.remaining
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> WSManTimeout:
        return WSManTimeout(
            "",
            self._seconds,
            f"{self.peer.place} gave no complete answer within {self._seconds:.3g} s; look why the host or the network "
            "is slow, or raise the timeout",
        )

    def unconnected(self) -> WSManConnectionError:
        return WSManConnectionError(
            f"{self.peer.place} took the connection, but the TLS handshake or the proxy was not done within "
            f"{self._seconds:.3g} s; check that the port is that of WinRM, and the proxy"
        )

    def take(self, count: int) -> None:
        """Count what came in, headers and all; raise WSManProtocolError when it is more than a reply can have."""
        self._left -= count
        if self._left < 0:
            raise WSManProtocolError(
                f"{self.peer.place} sends more than {reply.MAX_BYTES} bytes for one request, which WinRM never does; "
                "check that the host and the port are those of WinRM"
            )

    def check_new_connection(self) -> None:
        if self._pinned:
            raise ConnectionReplaced


def mount(session: requests.Session, limits: Limits) -> requests.Session:
    """Put a session of requests under ``limits``; what is there already stays, with its open connection."""
    if isinstance(session.get_adapter("https://"), LimitedAdapter):
        return session
    # A compressed reply could be a thousand times as large as what came in; WinRM itself compresses nothing.
    session.headers["Accept-Encoding"] = "identity"
    # After the hooks of the authentication, which look below an unread reply for the certificate of the host.
    session.hooks["response"].append(partial(_check_reply, limits))
    for scheme in ("http://", "https://"):
        session.mount(scheme, LimitedAdapter(limits))
    return session


class LimitedAdapter(HTTPAdapter):
    """Sends over limited connections, and passes on only what the authentication and the decryption can use."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._limit(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            self._limit(manager)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        proxy = select_proxy(request.url or "", proxies)
        if proxy and not is_proxy(proxy):
            # What the libraries make of it shows parts of the password, or goes to another host.
            raise bad_proxy(self._limits.peer)
        response = super().send(request, stream, timeout, verify, cert, proxies)
        # Without a charset requests would guess one, for minutes where the reply is large.
        response.encoding = response.encoding or "utf-8"
        self._check_answer(request, response)
        self._limits.answered = bool(request.body) and response.status_code not in (401, 407)
        return response

    def _check_answer(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        """Raise for an answer that must not reach the libraries: they follow redirects, with a new log-on, decode
        error pages as UTF-8, and inflate."""
        peer = self._limits.peer
        status = response.status_code
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise WSManProtocolError(
                f"{peer.place} sends a compressed reply that nobody asked for; check for a proxy in between"
            )
        if status == 401 and _is_encrypted(request.headers):
            # Another log-on makes another key, so that what would be sent again could not be read.
            raise logged_off(peer)
        if 300 <= status < 400 or (status >= 400 and status not in (401, 407) and not _is_encrypted(response.headers)):
            raise from_status(status, response.content, peer, location=response.headers.get("Location", ""))

    def _limit(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: partial(_limited_pool, self._limits, pool_class)
            for scheme, pool_class in manager.pool_classes_by_scheme.items()
        }


def _check_reply(limits: Limits, response: requests.Response, **_options: Any) -> None:
    """Raise for a reply that is cut off, which urllib3 1.26 and http.client do not see, or that is not encrypted."""
    if response.status_code >= 300 or not response.request.body:
        return
    place, length = limits.peer.place, response.headers.get("Content-Length", "")
    expected = int(length) if length.isdigit() else 1  # a reply is never empty
    if len(response.content) < expected and "Transfer-Encoding" not in response.headers:
        raise WSManConnectionError(
            f"{place} closed the connection in the middle of its answer; try again, and look for a restart of WinRM",
            dropped=True,
        )
    if response.content and _is_encrypted(response.request.headers) and not _is_encrypted(response.headers):
        raise WSManProtocolError(
            f"{place} answers in the clear to an encrypted request; check that nothing between the controller and the "
            "host changes WinRM traffic"
        )


def _is_encrypted(headers: Mapping[str, str | bytes]) -> bool:
    kind = headers.get("Content-Type") or ""
    return (kind.decode("latin-1") if isinstance(kind, bytes) else kind).strip().lower().startswith(_ENCRYPTED)


def _limited_pool(limits: Limits, pool_class: Any, *args: Any, **kwargs: Any) -> Any:
    pool = pool_class(*args, **kwargs)
    base = pool.ConnectionCls
    pool.ConnectionCls = type(f"Limited{base.__name__}", (_LimitedConnection, base), {"limits": limits})
    return pool


class _LimitedConnection(_Connection):
    """What is put before the connection class of urllib3, be it for HTTP, HTTPS or a SOCKS proxy."""

    limits: Limits

    def _new_conn(self) -> Any:
        remaining = self.limits.remaining()
        self.timeout = min(self.timeout or remaining, remaining)
        sock = super()._new_conn()
        # For what follows before the first read: the TLS handshake, which keeps to it as a whole.
        sock.settimeout(self.limits.remaining())
        return sock

    def connect(self) -> None:
        self.limits.check_new_connection()
        try:
            super().connect()
        except (TimeoutError, WSManTimeout) as error:
            # Not a WSManTimeout: nothing of the request was sent, so nobody need doubt whether the host ran it.
            raise self.limits.unconnected() from error
        if isinstance(self.sock, ssl.SSLSocket):
            self.limits.tls = TlsSide(self.sock.context, self.sock.getpeercert(True) or b"")

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.limits.remaining())
        try:
            super().send(data)
        except TimeoutError as error:
            raise self.limits.over() from error

    def response_class(self, sock: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return http.client.HTTPResponse(_LimitedSocket(sock, self.limits), *args, **kwargs)  # type: ignore[arg-type]


class _LimitedSocket:
    """As much of a socket as http.client.HTTPResponse uses."""

    def __init__(self, sock: Any, limits: Limits) -> None:
        self._sock = sock
        self._limits = limits

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_LimitedReads(self._sock, self._limits))


class _LimitedReads(io.RawIOBase):
    """The bytes that come out of a socket, no more and no later than the limits say."""

    def __init__(self, sock: Any, limits: Limits) -> None:
        self._sock = sock  # under this name requests_ntlm, requests_kerberos and pypsrp find the certificate
        self._inner = sock.makefile("rb", 0)
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._limits.remaining())
        try:
            count: int | None = self._inner.readinto(buffer)
        except TimeoutError as error:
            raise self._limits.over() from error
        self._limits.take(count or 0)
        return count

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()
