# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What can go wrong between us and a host, each with one clear sentence.

``str(error)`` says what failed, where, and what to do. It never holds a secret.
The pure parts of this package know neither host nor operation: the session adds them with :meth:`WSManError.located`.
"""

from __future__ import annotations

from typing import TypeVar

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults

_Error = TypeVar("_Error", bound="WSManError")


class WSManError(Exception):
    """Anything that a WS-Management conversation can fail with."""

    def __init__(self, detail: str, *, host: str = "", operation: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.host = host
        self.operation = operation
        self.final = False  # trying again is over
        self.in_doubt = False  # a write that ended so may have been carried out

    def located(self: _Error, host: str, operation: str) -> _Error:
        """Add where and during what it happened; what is already known stays."""
        self.host = self.host or host
        self.operation = self.operation or operation
        return self

    def __str__(self) -> str:
        detail = self.detail
        if self.in_doubt:
            detail += "; it is not known whether the host did it, so look before it is done again"
        if self.operation:
            place = f" on {self.host}" if self.host else ""
            return f"{_capital(self.operation)}{place} failed: {detail}."
        return f"{self.host}: {detail}." if self.host else f"{_capital(detail)}."


class WSManConnectionError(WSManError):
    """The host cannot be reached, refuses, or the connection broke.

    ``dropped`` is true when an open connection ended under the request: a read may be sent again on a new one.
    ``http_status`` is that of an answer that is an HTTP error without a SOAP fault in it.
    """

    def __init__(
        self,
        detail: str,
        *,
        dropped: bool = False,
        http_status: int | None = None,
        host: str = "",
        operation: str = "",
    ) -> None:
        super().__init__(detail, host=host, operation=operation)
        self.dropped = dropped
        self.http_status = http_status


class WSManAuthError(WSManError):
    """The host, or Kerberos, does not accept the user with the transport in force."""


class WSManProtocolError(WSManError):
    """A reply that is not what the protocol says, or a value that a request cannot carry.

    ``from_host``: it came with, or instead of, the reply to a request that was sent.
    """

    from_host = False


class ConnectionNotSupported(WSManError):
    """The connection of the host does not lead to WS-Management, or its Python package is missing."""


class WSManTimeout(WSManError):
    """The time for an operation is over; ``seconds`` is how much there was."""

    def __init__(self, operation: str, seconds: float, detail: str = "", *, host: str = "") -> None:
        self.seconds = seconds
        super().__init__(
            detail
            or f"the time limit of {round(seconds, 1):g} s is over; raise the timeout or look why the host is slow",
            host=host,
            operation=operation,
        )


class WSManFault(WSManError):
    """The host answered with a SOAP fault.

    ``code`` is the code of the WSManFault or MSFT_WmiError detail as an unsigned number, ``symbol`` its name in the
    Windows headers or else the SOAP subcode, ``reason`` the most precise text that the host gave (any language, may be
    empty), ``provider`` the plug-in that failed, ``wmi_code`` the HRESULT 0x8004xxxx of WMI where one is nested.
    """

    def __init__(
        self,
        code: int | None = None,
        symbol: str = "",
        reason: str = "",
        *,
        provider: str = "",
        wmi_code: int | None = None,
        http_status: int | None = None,
        subcode: str = "",
        relates_to: str = "",
        host: str = "",
        operation: str = "",
    ) -> None:
        self.code = code
        self.symbol = symbol or (faults.symbol_of(code) if code is not None else "") or subcode
        self.reason = reason
        self.provider = provider
        self.wmi_code = wmi_code
        self.http_status = http_status
        self.subcode = subcode
        self.relates_to = relates_to
        super().__init__(self._describe(), host=host, operation=operation)

    def _describe(self) -> str:
        meaning = None
        for code in (self.wmi_code, self.code):
            if meaning is None and code is not None:
                meaning = faults.meaning_of(code)
        names = []
        if self.symbol or self.code is not None:
            names.append(" ".join(part for part in (self.symbol, _hexadecimal(self.code)) if part))
        if self.wmi_code is not None and self.wmi_code != self.code:
            names.append(f"{faults.symbol_of(self.wmi_code)} {_hexadecimal(self.wmi_code)}".strip())
        if self.provider:
            names.append(f"from {self.provider}")
        reason = self.reason.rstrip(". ")
        what = meaning.what if meaning else "the host answered with a fault"
        if reason:
            names.append(f'Windows says "{reason}"')
        text = f"{what} ({', '.join(names)})" if names else what
        advice = meaning.advice if meaning else _ADVICE
        return f"{text}; {advice}" if advice else text

    @property
    def is_access_denied(self) -> bool:
        return self._has(faults.ACCESS_DENIED) or self.subcode == "AccessDenied"

    @property
    def is_not_found(self) -> bool:
        """No such object, class or namespace."""
        return self._has(faults.NOT_FOUND) or self.is_invalid_class or self.subcode == "DestinationUnreachable"

    @property
    def is_invalid_class(self) -> bool:
        """No such class. Windows sends the code of a bad filter for a query of a missing class (recorded for
        2008 R2 and WinRM 1.1), so that code counts unless WMI names another reason."""
        if self.wmi_code is not None:
            return self.wmi_code in faults.INVALID_CLASS
        return self.code == faults.CANNOT_PROCESS_FILTER

    @property
    def is_quota(self) -> bool:
        return self._has(faults.QUOTA) or self.subcode == "QuotaLimit"

    @property
    def is_busy(self) -> bool:
        """The host is shutting down, or cannot take the request right now."""
        return self._has(faults.BUSY)

    @property
    def is_timeout(self) -> bool:
        """The host did not finish within OperationTimeout; an enumeration or a command goes on, so ask again."""
        return self.code == faults.OPERATION_TIMED_OUT or (self.code is None and self.subcode == "TimedOut")

    def _has(self, codes: frozenset[int]) -> bool:
        return self.code in codes or self.wmi_code in codes


_ADVICE = "look into the event log Microsoft-Windows-WinRM/Operational of the host, and run the task again"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _hexadecimal(code: int | None) -> str:
    if code is None:
        return ""
    return f"0x{code:08X}" if code > 0xFFFF else str(code)
