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
import warnings
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ansible.errors import AnsibleError

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    ConnectionNotSupported,
    WSManAuthError,
    WSManError,
    WSManFault,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import (
    Peer,
    missing_package,
    translated,
    unreadable,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_limits import ConnectionReplaced, Limits, mount
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.reply import HAS_DEFUSEDXML
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import TlsSide, Transport
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.watchdog import within

if TYPE_CHECKING:
    from ansible.plugins.connection import ConnectionBase

# Imported here and not on use: Ansible imports an action plugin once, before it forks a worker for each host.
try:
    import winrm
except ImportError:
    winrm = None  # type: ignore[assignment]
else:
    # It tells of a proxy in the environment with the whole URL, password included.
    warnings.filterwarnings("ignore", message="'pywinrm' will use an environment defined proxy")
try:
    from pypsrp.wsman import WSMan
except ImportError:
    WSMan = None  # type: ignore[assignment, misc]
else:
    # It logs each time-out with a traceback, which without any handler would go to stderr.
    logging.getLogger("pypsrp").addHandler(logging.NullHandler())

__all__ = ["Transport", "fresh_session", "open_session", "open_transport"]

# Takes the place of a shell id, so that the winrm plugin believes that it has opened its shell already.
_NO_SHELL = "none: winops.rdp needs no shell"
_CONNECT_SECONDS = 30.0
# A session that falls back to its next method builds again, in whatever thread it is used.
_BUILDING = Lock()
# The method that the host has accepted on an earlier session of the same connection.
_ACCEPTED: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def open_session(connection: ConnectionBase, deadline: Deadline, *, operation_timeout: float = 60.0) -> Session:
    """A session with the host of ``connection``, whose options it takes and whose state it leaves alone.

    Nothing is sent yet, so wrong credentials show at the first request; kinit runs where the plugin manages the ticket.
    """
    transport = open_transport(connection, deadline)
    host = str(connection.get_option("remote_addr"))
    return Session(transport, host, deadline, operation_timeout=operation_timeout)


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


def open_transport(connection: ConnectionBase, deadline: Deadline) -> Transport:
    """The road to the host of ``connection``; ConnectionNotSupported where there is none."""
    kind = _kind(connection)
    host = str(connection.get_option("remote_addr")) if kind else ""
    if kind and not HAS_DEFUSEDXML:
        raise _missing("defusedxml", host)
    if kind == "winrm":
        if winrm is None:
            raise _missing("pywinrm", host)
        return WinRMTransport(connection, host, deadline)
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


class _HTTPTransport:
    """What both connections have in common: each exchange within its time and size, over one HTTP session.

    pywinrm and pypsrp build their session on first use, and send over it at once where messages are encrypted.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._limits = Limits(Peer(host, 0, "", ""))

    def _exchange(self, peer: Peer, envelope: bytes, limit: Deadline) -> bytes:
        try:
            return self._once(peer, envelope, limit)
        except ConnectionReplaced:
            # The host has closed the connection that the encryption belongs to, before anything was sent.
            self.close()
            return self._once(peer, envelope, limit)

    def _once(self, peer: Peer, envelope: bytes, limit: Deadline) -> bytes:
        seconds = limit.remaining
        self._limits.peer = peer
        self._limits.start(seconds, pinned=self._encrypts())
        try:
            with translated(peer, seconds):
                return within(seconds, partial(self._post, envelope, seconds), partial(_late, peer, seconds))
        except WSManFault:
            raise
        except WSManError as error:
            # What is left of the connection is out of step, and a session that is half built would not encrypt.
            answered = self._limits.answered
            self.close()
            if answered and isinstance(error, WSManAuthError):
                # The security libraries say the same of a reply that they cannot decrypt as of a bad log-on.
                raise unreadable(peer) from error
            raise

    def close(self) -> None:
        # A thread that was given up keeps the old limits, whose time is over.
        self._limits = Limits(self._limits.peer, self._limits.tls)
        self._drop()

    @property
    def tls(self) -> TlsSide | None:
        return self._limits.tls

    def _drop(self) -> None:
        raise NotImplementedError

    def _encrypts(self) -> bool:
        raise NotImplementedError

    def _post(self, envelope: bytes, seconds: float) -> bytes:
        raise NotImplementedError


def _late(peer: Peer, seconds: float) -> WSManTimeout:
    return WSManTimeout(
        "",
        seconds,
        f"finding {peer.place} of the host and logging on to it took longer than {seconds:.3g} s; check the DNS, and "
        "that the controller reaches the domain controllers",
    )


class WinRMTransport(_HTTPTransport):
    """The winrm connection: pywinrm built by the plugin itself, one authentication method after the other."""

    def __init__(self, connection: Any, host: str, deadline: Deadline) -> None:
        super().__init__(host)
        self._connection = connection
        self._proven = False
        self._protocol: Any = None
        try:
            connection._build_winrm_kwargs()
        except AnsibleError as error:
            raise WSManAuthError(
                f"the options of the winrm connection do not fit ({self._peer('winrm').clean(error)}); correct them",
                host=host,
            ) from error
        # One logon that fails before each that works would cost time on every connection, and could lock the account.
        accepted = _ACCEPTED.get(connection)
        self._methods = sorted(map(str, connection._winrm_transport), key=lambda method: method != accepted)
        self._method = ""
        self._next_method(deadline)

    @property
    def endpoint(self) -> str:
        return str(self._protocol.transport.endpoint)

    def send(self, envelope: bytes, timeout: float) -> bytes:
        limit = Deadline(timeout)
        first: WSManAuthError | None = None
        others: list[str] = []
        while True:
            try:
                answer = self._exchange(self._peer(self._method), envelope, limit)
            except WSManAuthError as error:
                # Several methods in ansible_winrm_transport mean: the first that the host accepts.
                if self._proven or limit.remaining <= 0:
                    raise
                first, others = first or error, others or list(self._methods)
                if not self._has_next(limit):
                    raise _none_accepted(first, others) from None
                continue
            except WSManFault:
                self._proven = True
                raise
            self._proven = True
            _ACCEPTED[self._connection] = self._method
            return answer

    def _has_next(self, limit: Deadline) -> bool:
        try:
            self._next_method(limit)
        except WSManAuthError:
            return False
        return True

    def _drop(self) -> None:
        self._protocol.transport.close_session()
        self._protocol.transport.encryption = None

    def _encrypts(self) -> bool:
        return self._protocol.transport.encryption is not None

    def _post(self, envelope: bytes, seconds: float) -> bytes:
        transport: Any = self._protocol.transport
        limits = self._limits
        # requests takes a pair: to connect, and between two pieces of the reply.
        transport.read_timeout_sec = (min(self._connect_seconds, seconds), seconds)
        if transport.session is None:
            set_up = type(transport).setup_encryption

            def limited_set_up(*arguments: Any) -> None:
                begun: Any = transport.session
                mount(begun, limits)
                set_up(transport, *arguments)

            # Building the session already sends a message where messages are encrypted.
            transport.setup_encryption = limited_set_up
            transport.build_session()
            built: Any = transport.session
            mount(built, limits)
        return bytes(transport.send_message(envelope))

    def _next_method(self, limit: Deadline) -> None:
        reasons = []
        while self._methods:
            self._method = self._methods.pop(0)
            peer = self._peer(self._method)
            seconds = limit.remaining
            try:
                build = partial(self._build, self._method)
                self._protocol = within(seconds, build, partial(_late, peer, seconds))
            except AnsibleError as error:
                reasons.append(peer.clean(error))
                continue
            self._connect_seconds = min(_CONNECT_SECONDS, float(self._protocol.read_timeout_sec))
            return
        peer = self._peer(self._method or "no transport")
        missing = missing_package(reasons[0], peer) if len(reasons) == 1 else None
        if missing:
            raise missing.located(self._host, "")
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
        with _BUILDING:
            return self._borrowed(connection, method)

    def _borrowed(self, connection: Any, method: str) -> Any:
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
            ca_option="ansible_winrm_ca_trust_path",
            method_option="ansible_winrm_transport",
            proxy_option="ansible_winrm_proxy",
            certificate_option="ansible_winrm_cert_pem",
            scheme=self.endpoint.partition(":")[0] if self._protocol else "",
            certificate=str((option("_extras") or {}).get("ansible_winrm_cert_pem") or ""),
        )


def _none_accepted(first: WSManAuthError, others: list[str]) -> WSManAuthError:
    """The refusal of the first method, which is the one that is meant to work, naming those that came after it."""
    if others:
        what, separator, todo = first.detail.partition("; ")
        first.detail = f"{what}, and no other method that is set leads in ({', '.join(others)}){separator}{todo}"
    return first


class PSRPTransport(_HTTPTransport):
    """The psrp connection: the WSMan transport of pypsrp, without a runspace."""

    def __init__(self, connection: Any, host: str) -> None:
        super().__init__(host)
        option = connection.get_option
        self._peer = Peer(
            host=host,
            port=int(option("port") or 5986),
            method=str(option("auth")),
            user=str(option("remote_user") or ""),
            secret=str(option("remote_password") or ""),
            ca_option="ansible_psrp_ca_cert",
            method_option="ansible_psrp_auth",
            proxy_option="ansible_psrp_proxy",
            certificate_option="ansible_psrp_certificate_pem",
            certificate=str(option("certificate_pem") or ""),
        )
        with translated(self._peer, 0):
            connection._build_kwargs()
            # Retries are ours to make: those of pypsrp know no deadline.
            self._transport: Any = WSMan(**{**connection._psrp_conn_kwargs, "reconnection_retries": 0}).transport
        url = urlsplit(self.endpoint)
        self._peer = replace(self._peer, port=url.port or self._peer.port, scheme=url.scheme)
        self._connect_seconds = min(_CONNECT_SECONDS, float(self._transport.connection_timeout))

    @property
    def endpoint(self) -> str:
        return str(self._transport.endpoint)

    def send(self, envelope: bytes, timeout: float) -> bytes:
        return self._exchange(self._peer, envelope, Deadline(timeout))

    def _drop(self) -> None:
        self._transport.close()
        # pypsrp keeps both, and an encryption that is bound to the connection which is gone.
        self._transport.session = None
        self._transport.encryption = None

    def _encrypts(self) -> bool:
        return self._transport.encryption is not None

    def _post(self, envelope: bytes, seconds: float) -> bytes:
        transport, limits = self._transport, self._limits
        transport.connection_timeout = min(self._connect_seconds, seconds)
        transport.read_timeout = seconds
        build = type(transport)._build_session
        transport._build_session = lambda: mount(build(transport), limits)
        return bytes(transport.send(envelope))
