# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What fault codes mean for the person who reads our message, and what to do about them.

Three families reach a WS-Management client: codes of the WS-Management facility (symbols in :mod:`.codes`),
Win32 errors, plain or as HRESULT 0x8007xxxx ([MS-ERREF] 2.1.2), and WMI errors, HRESULT 0x8004xxxx
(WMI return codes, wbemcli.h). Windows' own text may be missing or in the language of the host, so each code
that a run can meet has a meaning of our own.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.codes import SYMBOLS

OPERATION_TIMED_OUT = 0x80338029
CANNOT_PROCESS_FILTER = 0x8033801A

ACCESS_DENIED = frozenset({5, 0x80070005, 0x80338104, 0x80338105, 0x80338106, 0x803381AC, 0x80041003, 0x80041062})
NOT_FOUND = frozenset({0x80338000, 0x80041002, 0x8004100E, 0x80041010})
INVALID_CLASS = frozenset({0x80041010})
QUOTA = frozenset(
    {0x8033803F, 0x803381A5, 0x803381A6, 0x803381A7, 0x803381A8, 0x803381AB}
    | set(range(0x803381E4, 0x803381EB))
    | {0x8004106C}
)
# Busy, aborted, shutting down, RPC server unavailable, out of memory: Win32 errors plain and as HRESULT, and WMI's own.
_BUSY_WIN32 = frozenset({8, 14, 170, 995, 1115, 1722})
BUSY = _BUSY_WIN32 | {0x80070000 | code for code in _BUSY_WIN32} | {0x80041006, 0x80041032, 0x80041033}
# An enumeration that the host itself has ended: there is nothing left to release.
ENUMERATION_GONE = frozenset({0x80338007, 0x8033801B, 0x8033801C, 0x80338084})

_WIN32_SYMBOLS = {
    1: "ERROR_INVALID_FUNCTION",
    2: "ERROR_FILE_NOT_FOUND",
    3: "ERROR_PATH_NOT_FOUND",
    5: "ERROR_ACCESS_DENIED",
    8: "ERROR_NOT_ENOUGH_MEMORY",
    14: "ERROR_OUTOFMEMORY",
    87: "ERROR_INVALID_PARAMETER",
    170: "ERROR_BUSY",
    206: "ERROR_FILENAME_EXCED_RANGE",
    995: "ERROR_OPERATION_ABORTED",
    1115: "ERROR_SHUTDOWN_IN_PROGRESS",
    1326: "ERROR_LOGON_FAILURE",
    1722: "RPC_S_SERVER_UNAVAILABLE",
}

_WMI_SYMBOLS = {
    0x80041001: "WBEM_E_FAILED",
    0x80041002: "WBEM_E_NOT_FOUND",
    0x80041003: "WBEM_E_ACCESS_DENIED",
    0x80041004: "WBEM_E_PROVIDER_FAILURE",
    0x80041005: "WBEM_E_TYPE_MISMATCH",
    0x80041006: "WBEM_E_OUT_OF_MEMORY",
    0x80041008: "WBEM_E_INVALID_PARAMETER",
    0x8004100A: "WBEM_E_CRITICAL_ERROR",
    0x8004100C: "WBEM_E_NOT_SUPPORTED",
    0x8004100E: "WBEM_E_INVALID_NAMESPACE",
    0x80041010: "WBEM_E_INVALID_CLASS",
    0x80041011: "WBEM_E_PROVIDER_NOT_FOUND",
    0x80041013: "WBEM_E_PROVIDER_LOAD_FAILURE",
    0x80041014: "WBEM_E_INITIALIZATION_FAILURE",
    0x80041016: "WBEM_E_INVALID_OPERATION",
    0x80041017: "WBEM_E_INVALID_QUERY",
    0x80041023: "WBEM_E_READ_ONLY",
    0x8004102B: "WBEM_E_VALUE_OUT_OF_RANGE",
    0x8004102E: "WBEM_E_INVALID_METHOD",
    0x8004102F: "WBEM_E_INVALID_METHOD_PARAMETERS",
    0x80041032: "WBEM_E_CALL_CANCELLED",
    0x80041033: "WBEM_E_SHUTTING_DOWN",
    0x80041062: "WBEM_E_PRIVILEGE_NOT_HELD",
    0x8004106C: "WBEM_E_QUOTA_VIOLATION",
}


class Meaning(NamedTuple):
    what: str  # continues "... failed: "
    advice: str  # an instruction, empty when there is none that always helps


_RIGHTS = "use an account that is an administrator of the host, or give it the WinRM and WMI rights"
_RESTART_WMI = "check the services Winmgmt and WinRM on the host"
_RAISE_QUOTA = "wait for other users of WinRM to finish, lower the number of forks, or raise the WinRM quota"
_NAMES = "check that this Windows version has the class, the object and the namespace"

_MEANINGS: dict[int, Meaning] = {
    2: Meaning("the host did not find a file that the request needs", "check the path in the request"),
    5: Meaning("access is denied", _RIGHTS),
    8: Meaning("the host is short of memory", "free memory on the host or restart it"),
    14: Meaning("the host is short of memory", "free memory on the host or restart it"),
    87: Meaning("the host rejects a parameter of the request", "check the values that were given"),
    170: Meaning("the host is still busy with the request before", "try again later"),
    206: Meaning("the command line or a file name is too long for Windows", "shorten it"),
    1115: Meaning("the host is shutting down", "try again when it is up"),
    1326: Meaning("the host rejects the user name or the password", "check the credentials of the connection"),
    0x80338000: Meaning("the host has no such class, object or namespace", _NAMES),
    0x8033800F: Meaning("the host rejects a header of the request", "report this with the Windows version"),
    0x80338010: Meaning("the host does not understand a mandatory header", "report this with the Windows version"),
    CANNOT_PROCESS_FILTER: Meaning("the host has no such class, or rejects the query", _NAMES),
    0x8033801B: Meaning("the host no longer knows the enumeration", "run the task again"),
    0x80338007: Meaning("the host has ended the enumeration", "run the task again"),
    OPERATION_TIMED_OUT: Meaning("the host did not finish within the time that it was given", "raise the timeout"),
    0x80338026: Meaning("the reply is larger than the host may send", "raise MaxEnvelopeSizekb of WinRM on the host"),
    0x8033803F: Meaning("a quota of WinRM is used up", _RAISE_QUOTA),
    0x80338041: Meaning("the host does not accept the format of the request", "report this with the Windows version"),
    0x80338048: Meaning("the reply is larger than the host may send", "raise MaxEnvelopeSizekb of WinRM on the host"),
    0x8033805B: Meaning(
        "the host does not know the shell, the command or the object that the request names", "run the task again"
    ),
    0x803380FA: Meaning("the class has keys and the request named none", "give the keys of the object"),
    0x80338102: Meaning("the WMI provider cannot perform the operation", _NAMES),
    0x80338104: Meaning("WMI denies access", _RIGHTS),
    0x80338105: Meaning("the WMI provider denies access", _RIGHTS),
    0x80338106: Meaning("WMI denies the connection to the namespace", _RIGHTS),
    0x8033811E: Meaning("the WMI provider rejects a parameter", "check the values that were given"),
    0x803381A5: Meaning("the account has as many remote shells open as it may", _RAISE_QUOTA),
    0x803381A6: Meaning("the account has as many operations running as it may", _RAISE_QUOTA),
    0x803381A7: Meaning("the account has used up its share of WinRM", _RAISE_QUOTA),
    0x803381A8: Meaning("the host has used up its capacity for WinRM requests", _RAISE_QUOTA),
    0x803381AB: Meaning("as many users have a remote shell open as may", _RAISE_QUOTA),
    0x803381AC: Meaning(
        "remote shells are switched off", "set the policy 'Allow Remote Shell Access', or use what needs no shell"
    ),
    0x803381DD: Meaning("WinRM is configured to refuse remote requests", "enable remote access to WinRM on the host"),
    0x80041001: Meaning("WMI failed without saying why", _RESTART_WMI),
    0x80041002: Meaning("WMI does not find the object", _NAMES),
    0x80041003: Meaning("WMI denies access", _RIGHTS),
    0x80041004: Meaning("the WMI provider failed", _RESTART_WMI),
    0x80041005: Meaning("a value has another type than WMI expects", "check the values that were given"),
    0x80041006: Meaning("WMI is short of memory", _RESTART_WMI),
    0x80041008: Meaning("WMI rejects a parameter", "check the values that were given"),
    0x8004100A: Meaning("WMI met a critical error", _RESTART_WMI),
    0x8004100C: Meaning("WMI does not support the operation", _NAMES),
    0x8004100E: Meaning("WMI has no such namespace", _NAMES),
    0x80041010: Meaning("WMI has no such class", _NAMES),
    0x80041011: Meaning("WMI does not find the provider of the class", _NAMES),
    0x80041013: Meaning("WMI cannot load the provider of the class", _RESTART_WMI),
    0x80041016: Meaning(
        "WMI refuses the operation, as it does for a setting under Group Policy", "look for the policy and change that"
    ),
    0x80041017: Meaning("WMI rejects the query", "report this with the Windows version"),
    0x80041023: Meaning("the property cannot be written", "report this with the Windows version"),
    0x8004102B: Meaning("a value is out of the range that WMI accepts", "check the values that were given"),
    0x8004102E: Meaning("the class has no such method", _NAMES),
    0x8004102F: Meaning("WMI rejects the parameters of the method", "check the values that were given"),
    0x80041033: Meaning("WMI is shutting down", "try again when the host is up"),
    0x80041062: Meaning("a privilege is missing", _RIGHTS),
    0x8004106C: Meaning("WMI has used up its quota of memory or handles", _RESTART_WMI),
}


def symbol_of(code: int) -> str:
    """The name of a code in the Windows headers, empty when we know none."""
    if code in SYMBOLS:
        return SYMBOLS[code]
    if code in _WMI_SYMBOLS:
        return _WMI_SYMBOLS[code]
    return _WIN32_SYMBOLS.get(_win32_of(code), "")


def meaning_of(code: int) -> Meaning | None:
    """Our own words for a code, None when we have none."""
    return _MEANINGS.get(code) or _MEANINGS.get(_win32_of(code))


def is_wmi(code: int) -> bool:
    """Whether a code is an HRESULT of WMI (facility ITF, 0x8004xxxx)."""
    return code >> 16 == 0x8004


def _win32_of(code: int) -> int:
    return code & 0xFFFF if code >> 16 == 0x8007 else code
