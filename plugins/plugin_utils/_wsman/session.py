# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A conversation with one host: what to send, when to send it again, and when to give up."""

from __future__ import annotations

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
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.reply import Identity
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import Transport

_T = TypeVar("_T")

# The host answers at the end of OperationTimeout; the answer needs time to arrive.
_HTTP_MARGIN = 10.0
_MAX_PULLS = 10_000
_MAX_RELEASE_SECONDS = 5.0
_RETRY_SECONDS = 0.25
# http.sys closes an idle connection after 120 s (MEM: unverified). Opening a new one in time spares a method call
# from dying on a connection that is already gone, after which nobody could tell whether it ran.
_IDLE_SECONDS = 60.0
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


class Session:
    """Reads and method calls of one host over one transport.

    Every wait ends with the deadline. Reads are sent once more when an open connection was dropped under them;
    a method call is not, unless the caller says that running it twice does no harm.
    """

    def __init__(self, transport: Transport, host: str, deadline: Deadline, *, operation_timeout: float = 60.0) -> None:
        self.host = host
        self.deadline = deadline
        self.requests = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self._transport = transport
        self._operation_timeout = operation_timeout
        self._last_used: float | None = None

    def identify(self) -> Identity:
        """Ask who answers. Needs an account that may log on, and no rights in WMI."""
        operation = "identifying the WinRM service"
        return self._read(lambda: self._understood(operation, self._identify(operation), reply.read_identity))

    def query(self, namespace: str, wql: str, operation: str = "") -> list[Instance]:
        """All rows of a WQL query."""
        found = _FROM.search(wql)
        class_name = found.group(1) if found else ""
        operation = operation or f"the query of {class_name or namespace} in {namespace}"
        return self._read(lambda: self._enumerate(namespace, wql, class_name, operation))

    def get(self, namespace: str, class_name: str, keys: Mapping[str, str]) -> Instance:
        """One instance by its keys. A missing one is a WSManFault with ``is_not_found``."""
        operation = f"reading {class_name} in {namespace}"

        def once() -> Instance:
            body = self.exchange(operation, lambda header: envelope.get(header, namespace, class_name, keys))
            return self._understood(operation, body, lambda found: reply.read_object(found, class_name))

        return self._read(once)

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
        """Call a method and return its output, ReturnValue among it; what that means is the caller's affair."""
        operation = f"the call of {class_name}.{method}"

        def once() -> Instance:
            def build(header: Header) -> bytes:
                return envelope.invoke(header, namespace, class_name, method, parameters or {}, keys=keys or {})

            body = self.exchange(operation, build)
            return self._understood(operation, body, lambda found: reply.read_output(found, method))

        if idempotent:
            return self._read(once)
        sent = self.requests
        try:
            return once()
        except WSManError as error:
            if self.requests > sent and _may_have_run(error):
                error.detail += "; it is not known whether the host ran it, so look before it is called again"
            raise

    def close(self) -> None:
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
            return reply.read_body(self._send(operation, request, deadline), message_id)
        except WSManFault as fault:
            self._own(fault, message_id, operation)
            fault.located(self.host, operation)
            raise
        except WSManError as error:
            error.located(self.host, operation)
            raise

    def until_ready(
        self, operation: str, build: Callable[[Header], bytes], deadline: Deadline | None = None
    ) -> Element:
        """Like :meth:`exchange`, asking again for as long as the host says that OperationTimeout is over."""
        deadline = deadline or self.deadline
        while True:
            try:
                return self.exchange(operation, build, deadline)
            except WSManFault as fault:
                if not fault.is_timeout:
                    raise
            deadline.sleep(_RETRY_SECONDS)

    def _enumerate(self, namespace: str, wql: str, class_name: str, operation: str) -> list[Instance]:
        def read(body: Element) -> reply.Page:
            return self._understood(operation, body, lambda found: reply.read_page(found, class_name))

        page = read(self.until_ready(operation, partial(envelope.enumerate_wql, namespace=namespace, wql=wql)))
        items = page.items
        context = page.context
        pulls = 0
        try:
            while not page.ended:
                pulls += 1
                if not context or pulls > _MAX_PULLS:
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

    def _read(self, once: Callable[[], _T]) -> _T:
        """Run a read, and once more from its start when the connection was dropped.

        A whole enumeration starts again: a Pull that is sent twice could skip rows.
        """
        try:
            return once()
        except WSManConnectionError as error:
            if not error.dropped:
                raise
        return once()

    def _send(self, operation: str, request: bytes, deadline: Deadline) -> bytes:
        deadline.check(operation)
        if self._last_used is not None and time.monotonic() - self._last_used > _IDLE_SECONDS:
            self._transport.close()
        self.requests += 1
        self.bytes_sent += len(request)
        try:
            answer = self._transport.send(request, min(self._operation_timeout + _HTTP_MARGIN, deadline.remaining))
        except (WSManConnectionError, WSManTimeout):
            # What is left of the connection is out of step, and message encryption is bound to it.
            self._transport.close()
            raise
        finally:
            self._last_used = time.monotonic()
        self.bytes_received += len(answer)
        return answer

    def _own(self, fault: WSManFault, message_id: str, operation: str) -> None:
        try:
            reply.check_relation(fault.relates_to, message_id)
        except WSManProtocolError as error:
            raise error.located(self.host, operation) from fault

    def _understood(self, operation: str, body: Element, read: Callable[[Element], _T]) -> _T:
        try:
            return read(body)
        except WSManProtocolError as error:
            error.located(self.host, operation)
            raise


def _may_have_run(error: WSManError) -> bool:
    """Whether a request that ended so may have reached the host and done its work."""
    if isinstance(error, WSManFault):
        return error.is_timeout
    if isinstance(error, WSManConnectionError):
        return error.dropped
    return isinstance(error, (WSManTimeout, WSManProtocolError))
