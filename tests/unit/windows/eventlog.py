# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as wevtutil prints them, and a host whose remote shell answers from a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult
from tests.unit.windows.fake import FakeSession

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
NOW = "2026-11-22T20:00:00.000000+00:00"

Answer = Callable[[str], CommandResult | None]


def event(
    log: str,
    provider: str,
    number: int,
    *strings: str,
    time: str = "2026-11-22T18:30:00.1234567Z",
    binary: str = "",
    **named: str,
) -> str:
    """One event, with data that has names, data that has none, and binary data in hexadecimal digits."""
    data = "".join(f"<Data>{escape(text)}</Data>" for text in strings)
    data += "".join(f"<Data Name='{name}'>{escape(text)}</Data>" for name, text in named.items())
    data += f"<Binary>{binary}</Binary>" if binary else ""
    return (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='{provider}'/>"
        f"<EventID Qualifiers='49152'>{number}</EventID><Level>2</Level>"
        f"<TimeCreated SystemTime='{time}'/><EventRecordID>7</EventRecordID>"
        f"<Channel>{log}</Channel><Computer>win01</Computer></System>"
        f"<EventData>{data}</EventData></Event>\r\n"
    )


def wevtutil(*events: str, failing: tuple[str, ...] = (), late: tuple[str, ...] = ()) -> Answer:
    """Prints the events with each question, which fails for the logs of ``failing``; the time is over at ``late``."""

    def answer(line: str) -> CommandResult:
        written = ""
        for log, mark in re.findall(r"qe (\S+) .*?&& echo (#\w+ \d+)\.", line):
            if log in late:
                return CommandResult(written, "", None)
            written += f"{mark}!\r\n" if log in failing else "".join(events) + f"{mark}. \r\n"
        return CommandResult(written, "", 0)

    return answer


def no_shell(_line: str) -> None:
    return None


class ShellHost:
    """A host of a build, with a shell, rows by class, and keys of the registry that exist."""

    def __init__(
        self,
        shell: Answer = no_shell,
        rows: dict[str, Callable[[str], list[Instance]]] | None = None,
        *,
        build: int = 20348,
        product_type: int = 3,
        keys: tuple[str, ...] = (),
    ) -> None:
        self.lines: list[str] = []
        self.session = FakeSession(rows=rows)
        self.deadline = Deadline(60)
        self.build = build
        self.has_firewall_classes = build >= 9200
        self.key_folder = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys"
        self.operating_system = Instance(
            "Win32_OperatingSystem", {"LocalDateTime": NOW, "ProductType": str(product_type)}
        )
        self.tools = SimpleNamespace(output=self._output)
        self.registry = SimpleNamespace(exists=lambda path: path in keys)
        self._shell = shell

    def _output(self, line: str, deadline: Deadline) -> CommandResult | None:
        assert deadline.remaining <= 120
        self.lines.append(line)
        return self._shell(line)


def host(*arguments: Any, **options: Any) -> Any:
    """For readers that want a Host."""
    return ShellHost(*arguments, **options)


def at(hour: int) -> datetime:
    return datetime(2026, 11, 22, hour, tzinfo=timezone.utc)


def refuse(error: Exception | None = None) -> Callable[[str], list[Instance]]:
    def rows(_wql: str) -> list[Instance]:
        raise error or WindowsError("refused")

    return rows
