# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Process; properties as in a recorded `select *` of Server 2008 R2. Create starts the modelled native tools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.host import Host
from tests.lab.model.processes import Process
from tests.lab.native.runner import known_program, run_command_line, split_words

PROCESS_SECONDS = 0.05
_ACCESS_DENIED, _INVALID_PARAMETER, _PATH_NOT_FOUND = 2, 21, 9
_PROTECTED = (0, 4, 632, 640)
_STRINGS = (
    "Caption CommandLine CreationClassName CSCreationClassName CSName Description ExecutablePath Handle Name "
    "OSCreationClassName OSName Status WindowsVersion"
)
_NUMBERS = (
    "ExecutionState HandleCount KernelModeTime MaximumWorkingSetSize MinimumWorkingSetSize OtherOperationCount "
    "OtherTransferCount PageFaults PageFileUsage ParentProcessId PeakPageFileUsage PeakVirtualSize PeakWorkingSetSize "
    "Priority PrivatePageCount ProcessId QuotaNonPagedPoolUsage QuotaPagedPoolUsage QuotaPeakNonPagedPoolUsage "
    "QuotaPeakPagedPoolUsage ReadOperationCount ReadTransferCount SessionId ThreadCount UserModeTime VirtualSize "
    "WorkingSetSize WriteOperationCount WriteTransferCount"
)
_TYPES = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys(_NUMBERS.split(), "uint64"),
    **dict.fromkeys("CreationDate InstallDate TerminationDate".split(), "datetime"),
}
_UNSET = ("ExecutionState", "MaximumWorkingSetSize", "MinimumWorkingSetSize")


def _processes(host: Host) -> list[Process]:
    services = [
        Process(
            service.pid,
            632,
            service.path.split(" -")[0].rpartition("\\")[2],
            service.path.split(" -")[0],
            service.path,
            host.boot_time,
        )
        for service in host.services.all()
        if service.pid
    ]
    return [*host.processes.all(), *services]


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    profile = host.profile
    for process in _processes(host):
        row: dict[str, Any] = {name: 0 for name in _NUMBERS.split() if name not in _UNSET}
        row |= {
            "Caption": process.name,
            "CommandLine": process.command_line,
            "CreationClassName": "Win32_Process",
            "CreationDate": process.created,
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": host.name.upper(),
            "Description": process.name,
            "ExecutablePath": process.path,
            "Handle": str(process.pid),
            "Name": process.name,
            "OSCreationClassName": "Win32_OperatingSystem",
            "OSName": f"{profile.caption}|C:\\Windows|\\Device\\Harddisk0\\Partition1",
            "ParentProcessId": process.parent,
            "ProcessId": process.pid,
            "SessionId": process.session,
            "ThreadCount": 1,
            "WindowsVersion": f"{profile.version[0]}.{profile.version[1]}.{host.build}",
        }
        yield row


def _create(call: Call) -> dict[str, Any]:
    """The command runs a moment later, with the rights of the caller; its process is listed until then."""
    line = call.arguments.get("CommandLine")
    if not line or not line.strip():
        return {"ReturnValue": _INVALID_PARAMETER}
    program = split_words(line)[0]
    if not known_program(program):
        return {"ReturnValue": _PATH_NOT_FOUND}
    host = call.host
    name = program.rpartition("\\")[2]
    name = name if name.lower().endswith(".exe") else f"{name}.exe"
    pid = host.processes.start(name, f"C:\\Windows\\system32\\{name}", line, host.now())

    def run() -> None:
        run_command_line(host, call.token, line)
        host.processes.end(pid)

    asyncio.get_running_loop().call_later(PROCESS_SECONDS, run)
    return {"ProcessId": pid, "ReturnValue": 0}


def _terminate(call: Call) -> dict[str, Any]:
    """A service's process or a program; those of the system itself are protected."""
    host, pid = call.host, int(call.selectors["Handle"])
    if not call.token.is_admin or pid in _PROTECTED:
        return {"ReturnValue": _ACCESS_DENIED}
    if not host.services.terminate(pid):
        host.processes.end(pid)
        host.on_listener_change()
    return {"ReturnValue": 0}


_METHODS = {
    "Terminate": Method({"Reason": "uint32"}, {}, _terminate),
    "Create": Method(
        {"CommandLine": "string", "CurrentDirectory": "string", "ProcessStartupInformation": "object"},
        {"ProcessId": "uint32"},
        _create,
        static=True,
    ),
}
CLASSES = (CimClass("Win32_Process", ("root/cimv2",), _TYPES, ("Handle",), _rows, _METHODS),)
