# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A conversation with one host: what to send, when to send it again, and when to give up."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import TypeVar
from xml.etree.ElementTree import Element

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope, faults, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header, Parameter
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.reply import Identity
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import (
    Patience,
    may_have_run,
    patience_with,
    patience_with_write,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import TlsSide, Transport

_T = TypeVar("_T")

# The host answers at the end of OperationTimeout; the answer needs time to arrive.
_HTTP_MARGIN = 10.0
# What one enumeration may bring. The largest that is asked for, all port filters of a firewall, is about 1 MB.
_MAX_PULLS = 1000
_MAX_ENUMERATION_BYTES = 16 * 1024 * 1024
_MAX_RELEASE_SECONDS = 5.0
# OperationTimeout may be over that often for one query, and that often long before its time for anything.
_MAX_TIMEOUTS = 5
_RETRY_SECONDS = 0.25
# http.sys closes an idle connection after 120 s (MEM: unverified). Opening a new one in time spares a method call
# from dying on a connection that is already gone, after which nobody could tell whether it ran.
_IDLE_SECONDS = 60.0
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


class Session:
    """Reads and method calls of one host over one transport.

    Every wait ends with the deadline. A read is repeated while the error is one that passes (:mod:`.retry`); a method
    call only where the error proves that the host has not carried it out, unless the caller says that running it
    twice does no harm.
    """

    def __init__(self, transport: Transport, host: str, deadline: Deadline, *, operation_timeout: float = 60.0) -> None:
        self.host = host
        self.deadline = deadline
        self.requests = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        # The shortest time from a request to its reply, in seconds: the round trip, and little work of the host.
        self.round_trip: float | None = None
        # Faults that said that WinRM has no room for more at the same time.
        self.quota_faults = 0
        # One of several connections to the host: it gives way where there is no room, and does not wait for some.
        self.spare = False
        self._transport = transport
        self._operation_timeout = operation_timeout
        self._last_used: float | None = None
        self._answered = False
        # Enumerations that a broken connection has left open on the host: namespace and context.
        self._left_open: list[tuple[str, str]] = []

    @property
    def tls(self) -> TlsSide | None:
        """Both ends of the connection, where it goes over HTTPS and something was sent."""
        return self._transport.tls

    def identify(self) -> Identity:
        """Ask who answers. Needs an account that may log on, and no rights in WMI."""
        operation = "identifying the WinRM service"
        return self.persist(lambda: self._understood(operation, self._identify(operation), reply.read_identity))

    def query(self, namespace: str, wql: str, operation: str = "") -> list[Instance]:
        """All rows of a WQL query."""
        found = _FROM.search(wql)
        class_name = found.group(1) if found else ""
        operation = operation or f"the query of {class_name or namespace} in {namespace}"
        return self.persist(lambda: self._enumerate(namespace, wql, class_name, operation))

    def get(self, namespace: str, class_name: str, keys: Mapping[str, str]) -> Instance:
        """One instance by its keys. A missing one is a WSManFault with ``is_not_found``."""
        operation = f"reading {class_name} in {namespace}"

        def once() -> Instance:
            body = self.exchange(operation, lambda header: envelope.get(header, namespace, class_name, keys))
            return self._understood(operation, body, lambda found: reply.read_object(found, class_name))

        return self.persist(once)

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        parameters: Mapping[str, Parameter] | None = None,
        keys: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> Instance:
        """Call a method and return its output; what its ReturnValue means is the caller's affair.

        An output without one says nothing of how it went, so it counts as no reply.
        """
        operation = f"the call of {class_name}.{method}"

        def read(body: Element) -> Instance:
            output = reply.read_output(body, method)
            output.return_value  # noqa: B018 - raises where there is none
            return output

        def once() -> Instance:
            def build(header: Header) -> bytes:
                return envelope.invoke(header, namespace, class_name, method, parameters or {}, keys=keys or {})

            body = self.exchange(operation, build)
            return self._understood(operation, body, read)

        if idempotent:
            return self.persist(once)
        sent = self.requests
        try:
            return self.persist(once, patience_with_write)
        except WSManError as error:
            error.in_doubt = self.requests > sent and may_have_run(error)
            raise

    def count(self, other: Session) -> None:
        """Add what another session to the same host has sent and received."""
        self.requests += other.requests
        self.bytes_sent += other.bytes_sent
        self.bytes_received += other.bytes_received
        self.quota_faults += other.quota_faults

    def close(self) -> None:
        """Close the connection. The next request opens a new one."""
        self._transport.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def exchange(self, operation: str, build: Callable[[Header], bytes], deadline: Deadline | None = None) -> Element:
        """Send one request, once, and return the SOAP body of its reply."""
        message_id = envelope.new_message_id()
        deadline = deadline or self.deadline
        patience = min(self._operation_timeout, deadline.remaining)
        try:
            request = build(Header(self._transport.endpoint, message_id, patience))
        except WSManError as error:
            error.located(self.host, operation)
            raise
        try:
            return reply.read_body(self._send(operation, request, deadline), message_id)
        except WSManFault as fault:
            self._answered = True
            self._own(fault, message_id, operation)
            fault.located(self.host, operation)
            self.quota_faults += fault.is_quota
            raise
        except WSManProtocolError as error:
            error.from_host = True
            error.located(self.host, operation)
            raise
        except WSManError as error:
            error.located(self.host, operation)
            raise

    def until_ready(
        self,
        operation: str,
        build: Callable[[Header], bytes],
        deadline: Deadline | None = None,
        *,
        most: int = _MAX_TIMEOUTS,
    ) -> Element:
        """Like :meth:`exchange`, asking again when the host says that OperationTimeout is over.

        ``most`` times in all, and never often for a host that says so long before its time.
        """
        deadline = deadline or self.deadline
        timeouts = early = 0
        while True:
            began = time.monotonic()
            given = min(self._operation_timeout, deadline.remaining)
            try:
                return self.exchange(operation, build, deadline)
            except WSManFault as fault:
                if not fault.is_timeout:
                    raise
                timeouts += 1
                early += time.monotonic() - began < given / 2
                if timeouts >= most or early >= _MAX_TIMEOUTS:
                    fault.final = True
                    fault.detail += f" (after {timeouts} tries)"
                    raise
            deadline.sleep(_RETRY_SECONDS)

    def _enumerate(self, namespace: str, wql: str, class_name: str, operation: str) -> list[Instance]:
        def read(body: Element) -> reply.Page:
            return self._understood(operation, body, lambda found: reply.read_page(found, class_name))

        limit = self.bytes_received + _MAX_ENUMERATION_BYTES
        page = read(self.until_ready(operation, partial(envelope.enumerate_wql, namespace=namespace, wql=wql)))
        items = page.items
        context = page.context
        pulls = 0
        try:
            while not page.ended:
                pulls += 1
                if not context or pulls > _MAX_PULLS or self.bytes_received > limit:
                    why = "never ends" if context else "has neither an end nor a context"
                    detail = f"the enumeration {why}; report this with the Windows version"
                    raise WSManProtocolError(detail, host=self.host, operation=operation)
                pull = partial(envelope.pull, namespace=namespace, context=context)
                page = read(self.until_ready(operation, pull))
                # A reply without a context leaves the last one valid (WS-Enumeration 3.2).
                context = page.context or context
                items += page.items
        except (WSManFault, WSManProtocolError) as error:
            if context and not (isinstance(error, WSManFault) and error.code in faults.ENUMERATION_GONE):
                self._release(namespace, context)
            raise
        except WSManError:
            if context:
                self._left_open.append((namespace, context))
            raise
        return items

    def _release(self, namespace: str, context: str) -> None:
        """Give the enumeration back. The error that led here is the one to tell, not one of this."""
        limit = self.deadline.sub(_MAX_RELEASE_SECONDS)
        try:
            request = partial(envelope.release, namespace=namespace, context=context)
            self.exchange("releasing an enumeration", request, limit)
        except WSManError:
            return

    def _identify(self, operation: str) -> Element:
        return self.exchange(operation, lambda _header: envelope.identify())

    def persist(self, once: Callable[[], _T], judge: Callable[..., Patience | None] = patience_with) -> _T:
        """Run a read, or what ``judge`` lets through, until it is done or there is no use in another try.

        A whole enumeration starts again: a Pull that is sent twice could skip rows.
        """
        began = time.monotonic()
        tried = 0
        while True:
            tried += 1
            try:
                return once()
            except WSManError as error:
                if self._gives_way(error):
                    # No fault: it is about this connection, and another one may have its answer.
                    raise WSManConnectionError(error.detail, host=self.host, operation=error.operation) from error
                patience = judge(error, answered=self._answered)
                if patience is None or tried >= patience.tries or not self._wait(patience, tried):
                    if tried > 1 and not error.final:
                        error.final = True
                        error.detail += f" (after {tried} tries in {time.monotonic() - began:.0f} s)"
                    raise
                if isinstance(error, (WSManProtocolError, WSManAuthError)):
                    # What is left of the connection is out of step, or no longer logged on.
                    self._transport.close()
                elif isinstance(error, WSManFault) and error.is_quota:
                    self._release_left_open()

    def _gives_way(self, error: WSManError) -> bool:
        return self.spare and isinstance(error, WSManFault) and error.is_quota

    def _wait(self, patience: Patience, tried: int) -> bool:
        """Wait before the next try; False when the deadline leaves no time for one."""
        seconds = patience.delay(tried, random.random())  # noqa: S311 - spreads load, guards nothing
        if seconds >= self.deadline.remaining:
            return False
        self.deadline.sleep(seconds)
        return True

    def _release_left_open(self) -> None:
        while self._left_open:
            self._release(*self._left_open.pop())

    def _send(self, operation: str, request: bytes, deadline: Deadline) -> bytes:
        deadline.check(operation)
        if self._last_used is not None and time.monotonic() - self._last_used > _IDLE_SECONDS:
            self._transport.close()
        self.requests += 1
        self.bytes_sent += len(request)
        began = time.monotonic()
        try:
            answer = self._transport.send(request, min(self._operation_timeout + _HTTP_MARGIN, deadline.remaining))
        except (WSManConnectionError, WSManTimeout):
            # What is left of the connection is out of step, and message encryption is bound to it.
            self._transport.close()
            raise
        finally:
            self._last_used = time.monotonic()
        took = time.monotonic() - began
        self.round_trip = took if self.round_trip is None else min(took, self.round_trip)
        self._answered = True
        self.bytes_received += len(answer)
        return answer

    def _own(self, fault: WSManFault, message_id: str, operation: str) -> None:
        try:
            reply.check_relation(fault.relates_to, message_id)
        except WSManProtocolError as error:
            error.from_host = True
            raise error.located(self.host, operation) from fault

    def _understood(self, operation: str, body: Element, read: Callable[[Element], _T]) -> _T:
        try:
            return read(body)
        except WSManProtocolError as error:
            error.from_host = True
            error.located(self.host, operation)
            raise
