# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sc query, start, stop and config start=. Exit codes are Win32 errors."""

from __future__ import annotations

from tests.lab.model import services
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines

_STATES = {
    services.STOPPED: (1, "STOPPED"),
    services.START_PENDING: (2, "START_PENDING"),
    services.STOP_PENDING: (3, "STOP_PENDING"),
    services.RUNNING: (4, "RUNNING"),
}
# Win32_Service return code to Win32 error and its text.
_ERRORS = {
    services.DEPENDENTS_RUNNING: (
        1051,
        "A stop control has been sent to a service that other running services are dependent on.",
    ),
    services.INVALID_CONTROL: (1052, "The requested control is not valid for this service."),
    services.CANNOT_ACCEPT: (1062, "The service has not been started."),
    services.ALREADY_RUNNING: (1056, "An instance of the service is already running."),
    services.DEPENDENCY_FAILURE: (1068, "The dependency service or group failed to start."),
    services.DISABLED: (
        1058,
        "The service cannot be started, either because it is disabled or because it has no enabled devices associated "
        "with it.",
    ),
    services.INVALID_NAME: (1060, "The specified service does not exist as an installed service."),
    services.INVALID_PARAMETER: (87, "The parameter is incorrect."),
}
_MODES = {"auto": "Automatic", "demand": "Manual", "disabled": "Disabled", "boot": "Boot", "system": "System"}
_CALLS = {"query": "EnumQueryServicesStatus:OpenService", "start": "StartService", "stop": "ControlService"}


def _failed(verb: str, code: int) -> Result:
    error, text = _ERRORS.get(code, (code, "The operation failed."))
    call = _CALLS.get(verb, "OpenService") if code != services.INVALID_NAME or verb == "query" else "OpenService"
    return Result(error, lines(f"[SC] {call} FAILED {error}:", "", text, ""))


def _status(host: Host, name: str) -> str:
    service = host.services.find(name)
    if service is None:
        return ""
    number, text = _STATES[service.state]
    return lines(
        "",
        f"SERVICE_NAME: {service.name} ",
        "        TYPE               : 20  WIN32_SHARE_PROCESS  ",
        f"        STATE              : {number}  {text} ",
        "        WIN32_EXIT_CODE    : 0  (0x0)",
        "        SERVICE_EXIT_CODE  : 0  (0x0)",
        "        CHECKPOINT         : 0x0",
        "        WAIT_HINT          : 0x0",
    )


def run(host: Host, token: Token, words: list[str]) -> Result:
    if len(words) < 2 or words[0].lower() not in ("query", "start", "stop", "config"):
        return Result(
            87,
            lines(
                "DESCRIPTION:",
                "        SC is a command line program used for communicating with the",
                "        Service Control Manager and services.",
            ),
        )
    verb, name = words[0].lower(), words[1]
    if host.services.find(name) is None:
        return _failed(verb, services.INVALID_NAME)
    if verb == "query":
        return Result(0, _status(host, name))
    if verb == "config":
        mode = _MODES.get(words[3].lower()) if len(words) == 4 and words[2].lower() == "start=" else None
        code = services.INVALID_PARAMETER if mode is None else host.services.change_start_mode(name, mode)
        return Result(0, lines("[SC] ChangeServiceConfig SUCCESS")) if code == 0 else _failed(verb, code)
    code = host.services.start(name) if verb == "start" else host.services.stop(name)
    return Result(0, _status(host, name)) if code == 0 else _failed(verb, code)
