# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""schtasks /create, /delete, /query, /run and /end, for tasks that wait for a start of Windows or for an hour.

Options: Microsoft, "Schtasks.exe" and "schtasks create". A name has at most 238 characters; /tr has at most 261 (the
tool's own words, measured before it does anything else; Microsoft's page says 262); /delay is mmmm:ss and for ONSTART
only (of the schedules here), /st for ONCE and needed there. /ru is "", SYSTEM or NT AUTHORITY\\SYSTEM, its SID is seen
in scripts. Without /f an existing task is asked about, which fails without an answer on standard input. Lines of
errors: what programs that run schtasks look for. Exit codes: 0, 1, and E_FAIL for a line that it cannot read
(chef-client#363).
MEM: unverified: /z without an end of the schedule is refused, since the task has no end boundary; a name whose folder
is missing gives the path's error; accounts that are not administrators may do nothing; the order of checks.
Not modelled: other schedules, other accounts than the system's and the caller's, /s, /xml as input, /change, /v1.
"""

from __future__ import annotations

import datetime as dt
import re

from tests.lab.model.host import Host
from tests.lab.model.security import SYSTEM
from tests.lab.model.tasks import AT_START, ONCE, ScheduledTask, full_path
from tests.lab.native import arguments, task_reports
from tests.lab.native.result import Call, Result, lines

E_FAIL = 0x80004005
LONGEST_NAME, LONGEST_COMMAND = 238, 261
_VALUED = {
    "create": {"/tn", "/tr", "/sc", "/ru", "/rp", "/rl", "/delay", "/st"},
    "delete": {"/tn"},
    "query": {"/tn", "/fo"},
    "run": {"/tn"},
    "end": {"/tn"},
}
_FLAGS = {
    "create": {"/f", "/z", "/np", "/it", "/hresult"},
    "delete": {"/f", "/hresult"},
    "query": {"/xml", "/v", "/nh", "/hresult"},
    "run": {"/hresult"},
    "end": {"/hresult"},
}
_SYSTEM_NAMES = ("", "system", "nt authority\\system", SYSTEM.lower())
_OTHER_SCHEDULES = ("MINUTE", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "ONLOGON", "ONIDLE", "ONEVENT")
_DELAY = re.compile(r"(\d{4}):([0-5]\d)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DENIED = "Access is denied."
_NO_FILE = "The system cannot find the file specified."
_NO_PATH = "The system cannot find the path specified."
_BAD_NAME = "The filename, directory name, or volume label syntax is incorrect."

Options = dict[str, str]


class Refused(Exception):
    """The command ends with this exit code after the lines on standard error."""

    def __init__(self, *text: str, code: int = 1) -> None:
        super().__init__(*text)
        self.result = Result(code, "", lines(f"ERROR: {text[0]}", *text[1:]))


def run(call: Call) -> Result:
    words = arguments.split(call.text)[1:]
    verb = words[0].lower().lstrip("/") if words and words[0].startswith("/") else "query"
    verbs = {"create": _create, "delete": _delete, "query": _query, "run": _start, "end": _end}
    try:
        if words and verb not in verbs:
            raise _unreadable(f"Invalid argument/option - '{words[0]}'.", "")
        options = _options(verb, words[1:])
        if not call.host.services.running("Schedule"):
            raise Refused("The service has not been started.")
        if not call.token.is_admin:
            raise Refused(_DENIED)
        return verbs[verb](call, options)
    except Refused as refused:
        return refused.result


def _unreadable(text: str, verb: str) -> Refused:
    return Refused(text, f'Type "SCHTASKS{verb and " /" + verb.upper()} /?" for usage.', code=E_FAIL)


def _options(verb: str, words: list[str]) -> Options:
    """Options by their name in lower case; Refused for one that is unknown, twice there or without its value."""
    found: Options = {}
    rest = iter(words)
    for word in rest:
        name = word.lower()
        if name not in _VALUED[verb] | _FLAGS[verb]:
            raise _unreadable(f"Invalid argument/option - '{word}'.", verb)
        if name in found:
            raise _unreadable(f"Invalid syntax. '{word}' option is not allowed more than '1' time(s).", verb)
        found[name] = ""
        if name in _VALUED[verb]:
            value = next(rest, None)
            if value is None or (value.startswith("/") and value.lower() in _VALUED[verb] | _FLAGS[verb]):
                raise _unreadable(f"Invalid syntax. Value expected for '{word}'.", verb)
            found[name] = value
            limit = {"/tr": LONGEST_COMMAND, "/tn": LONGEST_NAME}.get(name)
            if limit is not None and len(value) > limit:
                raise Refused(f"Value for '{word}' option cannot be more than {limit} character(s).", code=E_FAIL)
    return found


def _path(options: Options, verb: str) -> str:
    if "/tn" not in options:
        raise _unreadable("Invalid syntax. Mandatory option 'tn' is missing.", verb)
    path = full_path(options["/tn"])
    if path is None:
        raise Refused(_BAD_NAME)
    return path


def _found(host: Host, path: str) -> ScheduledTask:
    task = host.tasks.find(path)
    if task is None:
        raise Refused(_NO_FILE if host.tasks.has_folder(path.rpartition("\\")[0]) else _NO_PATH)
    return task


def _answered_yes(call: Call) -> bool:
    return (call.stdin or "").strip().lower().startswith("y")


def _create(call: Call, options: Options) -> Result:
    host, name = call.host, options.get("/tn", "")
    for needed in ("/tn", "/tr", "/sc"):
        if needed not in options:
            raise _unreadable(f"Invalid syntax. Mandatory option '{needed[1:]}' is missing.", "create")
    path = _path(options, "create")
    schedule = options["/sc"].upper()
    if schedule in _OTHER_SCHEDULES:
        raise Refused("The request is not supported.")
    if schedule not in (AT_START, ONCE):
        raise _unreadable("Invalid schedule type specified.", "create")
    if options.get("/rl", "limited").lower() not in ("limited", "highest"):
        raise _unreadable("Invalid value for /RL option.", "create")
    if "/z" in options:
        raise Refused("The task XML is missing a required element or attribute.", "(41,4):EndBoundary:")
    user, user_name = _account(call, options)
    warnings: list[str] = []
    at, delay = _moment(host, schedule, options, warnings), _delay(schedule, options)
    if host.tasks.find(path) is not None and "/f" not in options:
        question = f'WARNING: The task name "{name}" already exists. Do you want to replace it (Y/N)? '
        if not _answered_yes(call):
            return Result(1, lines(question))
        warnings.append(question)
    host.tasks.register(
        ScheduledTask(
            path=path,
            command=options["/tr"],
            schedule=schedule,
            user=user,
            user_name=user_name,
            author=call.token.name,
            created=host.now(),
            delay=delay,
            at=at,
            highest=options.get("/rl", "").lower() == "highest",
        )
    )
    return Result(0, lines(*warnings, f'SUCCESS: The scheduled task "{name}" has successfully been created.'))


def _account(call: Call, options: Options) -> tuple[str, str]:
    """(SID, name) that the task runs as."""
    if "/ru" not in options:
        return call.token.sids[0], call.token.name.rpartition("\\")[2]
    if options["/ru"].lower() in _SYSTEM_NAMES:
        return SYSTEM, "SYSTEM"
    known = options["/ru"].rpartition("\\")[2].lower() in call.host.users
    raise Refused(
        "The user name or password is incorrect."
        if known
        else "No mapping between account names and security IDs was done."
    )


def _delay(schedule: str, options: Options) -> int:
    if "/delay" not in options:
        return 0
    match = _DELAY.fullmatch(options["/delay"])
    if schedule != AT_START:
        raise _unreadable("Invalid syntax. /DELAY option is not allowed with this schedule type.", "create")
    if match is None:
        raise _unreadable("Invalid value for /DELAY option.", "create")
    return 60 * int(match[1]) + int(match[2])


def _moment(host: Host, schedule: str, options: Options, warnings: list[str]) -> dt.datetime | None:
    """When a task of ONCE runs: today, at /st of the host's clock."""
    if schedule != ONCE:
        if "/st" in options:
            raise _unreadable("Invalid syntax. /ST option is not allowed with this schedule type.", "create")
        return None
    if "/st" not in options:
        raise _unreadable("Invalid syntax. Mandatory option 'st' is missing.", "create")
    match = _TIME.fullmatch(options["/st"])
    if match is None:
        raise _unreadable("Invalid Starttime value.", "create")
    now = host.now()
    at = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if at < now:
        warnings.append("WARNING: The task may not run because /ST is earlier than current time.")
    return at


def _delete(call: Call, options: Options) -> Result:
    path, name = _path(options, "delete"), options["/tn"]
    if call.host.tasks.find(path) is None:
        raise Refused(f'The specified task name "{name}" does not exist in the system.')
    if "/f" not in options and not _answered_yes(call):
        return Result(1, lines(f'WARNING: Are you sure you want to remove the task "{name}" (Y/N)? '))
    call.host.tasks.delete(path)
    return Result(0, lines(f'SUCCESS: The scheduled task "{name}" was successfully deleted.'))


def _query(call: Call, options: Options) -> Result:
    host = call.host
    tasks = [_found(host, _path(options, "query"))] if "/tn" in options else host.tasks.all()
    form = options.get("/fo", "table").lower()
    if form not in ("table", "list", "csv") or ("/xml" in options and {"/fo", "/v", "/nh"} & set(options)):
        raise _unreadable("Invalid syntax.", "query")
    if not tasks:
        return Result(0, lines("INFO: There are no scheduled tasks presently available at your access level."))
    if "/xml" in options:
        return Result(0, "".join(task_reports.xml(task) for task in tasks), handed_on=True)
    return Result(0, task_reports.report(host, tasks, form, verbose="/v" in options, header="/nh" not in options))


def _start(call: Call, options: Options) -> Result:
    task = _found(call.host, _path(options, "run"))
    call.host.tasks.on_run(task)
    return Result(0, lines(f'SUCCESS: Attempted to run the scheduled task "{options["/tn"]}".'))


def _end(call: Call, options: Options) -> Result:
    task = _found(call.host, _path(options, "end"))
    call.host.tasks.on_end(task)
    text = f'SUCCESS: The scheduled task "{options["/tn"]}" has been terminated successfully.'
    return Result(0, lines(text))
