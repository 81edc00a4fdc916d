# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""From the connection that the inventory has to a session: the one file that knows Ansible's connection plugins.

Some names that it uses are private to the plugins. They are the same in ansible-core 2.16 to 2.21 with pywinrm 0.5.0
and pypsrp 0.9.1. Authentication, message encryption, Kerberos tickets and proxies stay the business of the plugins and
their libraries; only the envelopes are ours. Neither a remote shell nor a runspace is opened.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible.errors import AnsibleError

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    ConnectionNotSupported,
    WSManAuthError,
    WSManFault,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import Peer, translated
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.reply import HAS_DEFUSEDXML
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import Transport

if TYPE_CHECKING:
    from ansible.plugins.connection import ConnectionBase

# Imported here and not on use: Ansible imports an action plugin once, before it forks a worker for each host.
try:
    import winrm
except ImportError:
    winrm = None  # type: ignore[assignment]
try:
    from pypsrp.wsman import WSMan
except ImportError:
    WSMan = None  # type: ignore[assignment, misc]
else:
    # It logs each time-out with a traceback, which without any handler would go to stderr.
    logging.getLogger("pypsrp").addHandler(logging.NullHandler())

__all__ = ["Transport", "fresh_session", "open_session"]

# Takes the place of a shell id, so that the winrm plugin believes that it has opened its shell already.
_NO_SHELL = "none: winops.rdp needs no shell"
_CONNECT_SECONDS = 30.0


def open_session(connection: ConnectionBase, deadline: Deadline, *, operation_timeout: float = 60.0) -> Session:
    """A session with the host of ``connection``, whose options it takes and whose state it leaves alone.

    Nothing is sent yet, so wrong credentials show at the first request; kinit runs where the plugin manages the ticket.
    """
    host = str(connection.get_option("remote_addr")) if _kind(connection) else ""
    return Session(_transport(connection, host), host, deadline, operation_timeout=operation_timeout)


def fresh_session(connection: ConnectionBase, deadline: Deadline) -> Session:
    """A session over a new connection that has just logged on and had an answer.

    Beside the session that is there already, and without touching it: to prove that a change did not cut us off.
    """
    session = open_session(connection, deadline)
    session.identify()
    return session


def _kind(connection: ConnectionBase) -> str:
    name = str(getattr(connection, "transport", ""))
    return name if name in ("winrm", "psrp") else ""


def _transport(connection: ConnectionBase, host: str) -> Transport:
    kind = _kind(connection)
    if kind and not HAS_DEFUSEDXML:
        raise _missing("defusedxml", host)
    if kind == "winrm":
        if winrm is None:
            raise _missing("pywinrm", host)
        return WinRMTransport(connection, host)
    if kind == "psrp":
        if WSMan is None:
            raise _missing("pypsrp", host)
        return PSRPTransport(connection, host)
    name = str(getattr(connection, "transport", "") or type(connection).__name__)
    raise ConnectionNotSupported(
        f"the connection {name} does not lead to WinRM; set ansible_connection to winrm or psrp for this host"
    )


def _missing(package: str, host: str) -> ConnectionNotSupported:
    return ConnectionNotSupported(
        f"the Python package {package} is not installed on the controller; install it for the Python of Ansible",
        host=host,
    )


class WinRMTransport:
    """The winrm connection: pywinrm built by the plugin itself, one authentication method after the other."""

    def __init__(self, connection: Any, host: str) -> None:
        self._connection = connection
        self._host = host
        self._proven = False
        try:
            connection._build_winrm_kwargs()
        except AnsibleError as error:
            raise WSManAuthError(
                f"the options of the winrm connection do not fit ({self._peer('winrm').clean(error)}); correct them",
                host=host,
            ) from error
        self._methods = [str(method) for method in connection._winrm_transport]
        self._protocol: Any = None
        self._method = ""
        self._next_method()

    @property
    def endpoint(self) -> str:
        return str(self._protocol.transport.endpoint)

    def send(self, envelope: bytes, timeout: float) -> bytes:
        limit = Deadline(timeout)
        while True:
            try:
                answer = self._post(envelope, limit.remaining)
            except WSManAuthError:
                # Several methods in ansible_winrm_transport mean: the first that the host accepts.
                if self._proven or not self._methods or limit.remaining <= 0:
                    raise
                self.close()
                self._next_method()
                continue
            except WSManFault:
                self._proven = True
                raise
            self._proven = True
            return answer

    def close(self) -> None:
        self._protocol.transport.close_session()
        self._protocol.transport.encryption = None

    def _post(self, envelope: bytes, timeout: float) -> bytes:
        transport = self._protocol.transport
        # requests takes a pair: to connect, and between two pieces of the reply.
        transport.read_timeout_sec = (min(self._connect_seconds, timeout), timeout)
        with translated(self._peer(self._method), timeout):
            return bytes(transport.send_message(envelope))

    def _next_method(self) -> None:
        reasons = []
        while self._methods:
            self._method = self._methods.pop(0)
            try:
                self._protocol = self._build(self._method)
            except AnsibleError as error:
                reasons.append(self._peer(self._method).clean(error))
                continue
            self._connect_seconds = min(_CONNECT_SECONDS, float(self._protocol.read_timeout_sec))
            return
        peer = self._peer(self._method or "no transport")
        raise WSManAuthError(
            f"{peer.login} cannot log on ({', '.join(reasons) or 'no transport is set'}); correct the credentials, the "
            "ticket or ansible_winrm_transport",
            host=self._host,
        )

    def _build(self, method: str) -> Any:
        """A pywinrm Protocol from the options of the plugin, by the plugin, without its shell.

        The plugin would keep it as its own; a protocol without a shell would break a later PowerShell module.
        """
        connection = self._connection
        kept = connection.protocol, connection.shell_id, connection._winrm_transport
        connection.protocol, connection.shell_id, connection._winrm_transport = None, _NO_SHELL, [method]
        try:
            return connection._winrm_connect()
        finally:
            connection.protocol, connection.shell_id, connection._winrm_transport = kept

    def _peer(self, method: str) -> Peer:
        option = self._connection.get_option
        return Peer(
            host=self._host,
            port=int(option("port") or 5986),
            method=method,
            user=str(option("remote_user") or ""),
            secret=str(option("remote_password") or ""),
        )


class PSRPTransport:
    """The psrp connection: the WSMan transport of pypsrp, without a runspace."""

    def __init__(self, connection: Any, host: str) -> None:
        option = connection.get_option
        self._peer = Peer(
            host=host,
            port=int(option("port") or 5986),
            method=str(option("auth")),
            user=str(option("remote_user") or ""),
            secret=str(option("remote_password") or ""),
        )
        with translated(self._peer, 0):
            connection._build_kwargs()
            # Retries are ours to make: those of pypsrp know no deadline.
            self._transport: Any = WSMan(**{**connection._psrp_conn_kwargs, "reconnection_retries": 0}).transport
        self._peer = _at_port(self._peer, self._transport.endpoint)
        self._connect_seconds = min(_CONNECT_SECONDS, float(self._transport.connection_timeout))

    @property
    def endpoint(self) -> str:
        return str(self._transport.endpoint)

    def send(self, envelope: bytes, timeout: float) -> bytes:
        self._transport.connection_timeout = min(self._connect_seconds, timeout)
        self._transport.read_timeout = timeout
        with translated(self._peer, timeout):
            return bytes(self._transport.send(envelope))

    def close(self) -> None:
        self._transport.close()
        # pypsrp keeps both, and an encryption that is bound to the connection which is gone.
        self._transport.session = None
        self._transport.encryption = None


def _at_port(peer: Peer, endpoint: str) -> Peer:
    return Peer(peer.host, urlsplit(endpoint).port or peer.port, peer.method, peer.user, peer.secret)
