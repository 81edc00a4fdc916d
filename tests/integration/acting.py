# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins run in this process, so that a test can run thousands of tasks, and end a controller anywhere."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.integration.test_host import connect
from tests.lab.runtime import LabHost

ACTIONS = "ansible_collections.winops.rdp.plugins.action"


class Killed(BaseException):
    """The controller is gone. No `except Exception` sees it, and nothing more is sent whatever `finally` tries."""


def load(*modules: str) -> list[ModuleType]:
    return [import_module(f"{ACTIONS}.{module}") for module in modules]


class Run:
    """One run of ansible-playbook: its tasks carry the same run id."""

    def __init__(self, host: LabHost) -> None:
        self._host = host
        self._uuid = uuid.uuid4()

    def task(self, module: str, arguments: Mapping[str, Any], *, check: bool = False) -> dict[str, Any]:
        """The result of one task."""
        plugin = load(module)[0].ActionModule
        task = SimpleNamespace(
            args=dict(arguments),
            action=f"winops.rdp.{module}",
            async_val=0,
            check_mode=check,
            diff=True,
            become=False,
            no_log=False,
            _uuid=str(self._uuid),
        )
        connection = connect(self._host, "winrm")
        result: dict[str, Any] = plugin(task, connection, None, None, None, None).run(task_vars={})
        return result


Gate = Callable[[str], None]
_GATES: dict[str, Gate] = {}
_LOCK = threading.Lock()


@contextmanager
def watched() -> Iterator[None]:
    """While this holds, each request asks the gate of its host first, if there is one."""
    original = Session._send

    def send(self: Session, operation: str, request: bytes, deadline: Any) -> bytes:
        gate = _GATES.get(self.host)
        if gate is not None:
            gate(operation)
        return original(self, operation, request, deadline)

    Session._send = send  # type: ignore[method-assign]
    try:
        yield
    finally:
        Session._send = original  # type: ignore[method-assign]
        _GATES.clear()


@contextmanager
def gate(address: str, passes: Gate) -> Iterator[None]:
    """A function that is called before each request to one host; it may raise."""
    with _LOCK:
        _GATES[address] = passes
    try:
        yield
    finally:
        with _LOCK:
            del _GATES[address]
