# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The error code that a user sees at the client: what it says, and how what was found agrees with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import listed, wire_fact
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import ClientError, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errinfo import EXTENDED, PROTOCOL_RANGE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CODES,
    GATEWAY,
    PAIRS,
    REPORTED,
    Code,
    Where,
)

_LARGEST: Final = 0xFFFFFFFF
# The last byte of a code names its kind, the first ones count.
_KIND: Final = 0xFF
_SSL_KIND: Final = 0x07
_LARGEST_WITH_A_KIND: Final = 0xFFFF

_WAY: Final = ("dns", "tcp", "x224", "tls", "credssp", "ready")
# The first and the last stage of the wire report at which a connection can end with such a code.
_SPANS: Final[dict[Where, tuple[str, str]]] = {
    "name": ("dns", "dns"),
    "connect": ("tcp", "tcp"),
    "timeout": ("tcp", "tls"),
    "closed": ("x224", "credssp"),
    "protocol": ("x224", "ready"),
    "certificate": ("tls", "ready"),
    "account": ("credssp", "ready"),
    "license": ("credssp", "ready"),
    "session": ("credssp", "ready"),
}


class BadCode(ValueError):
    """What was given is no error code; the text is one sentence."""


class Given(NamedTuple):
    """What the client shows."""

    code: int
    extended: int | None  # None: not given

    def __str__(self) -> str:
        """``0x904/0x7``, as this collection writes such pairs."""
        return f"0x{self.code:X}" if self.extended is None else f"0x{self.code:X}/0x{self.extended:X}"


def parse(error_code: str | None, extended_code: str | None) -> Given | None:
    """The codes as numbers; None when there is none. BadCode for what can not be one."""
    if error_code is None:
        if extended_code is not None:
            raise BadCode("extended_code needs error_code: clients show both, such as 0x904 and 0x7")
        return None
    return Given(
        _number("error_code", error_code), None if extended_code is None else _number("extended_code", extended_code)
    )


def _number(option: str, text: str) -> int:
    found = re.fullmatch(r"(-?)(0x[0-9a-f]+|[0-9]+)", text.strip().lower(), re.ASCII)
    if found is None:
        raise BadCode(f"{option} must be a number such as 0x904 or 2308, not {text!r}")
    digits = found[2]
    base = 16 if digits.startswith("0x") else 10
    number = int(digits, base) if len(digits) <= 32 else _LARGEST + 1  # int() refuses thousands of digits
    if found[1] or number > _LARGEST:
        raise BadCode(f"{option} must be from 0 to 0x{_LARGEST:X}, not {text.strip()}")
    return number


def explains(found: Finding, where: Where) -> bool:
    """Whether a finding lets connections end where a code says that one did."""
    return where in FITS and _makes(found["explains"], where)


def _makes(pairs: Iterable[str], where: Where) -> bool:
    return any(where_of(_pair(pair)) == where for pair in pairs)


def where_of(given: Given) -> Where:
    """Where a connection ends with these codes; the extended one decides where the first says little."""
    first = _error(given.code).where
    second = _extended(given.extended).where if given.extended is not None else "unknown"
    return second if second != "unknown" and first in ("closed", "session", "unknown") else first


def client_error(given: Given, findings: Sequence[Finding], wire: Report | None) -> ClientError:
    """What Microsoft's lists say of the codes, and which of ``findings`` explain them.

    ``wire`` None: no probe was made, or another computer answered it.
    """
    first = _error(given.code)
    codes = [first]
    meanings = [first.meaning if first.name else f"Microsoft does not document the error code 0x{given.code:X}."]
    extended_name = ""
    if given.extended is not None:
        second = _extended(given.extended)
        codes.append(second)
        extended_name = second.name
        if not second.name:
            meanings.append(f"Microsoft does not document the extended code 0x{given.extended:X}.")
        elif given.extended:
            meanings.append(second.meaning)
    where = where_of(given)
    explaining = [found for found in findings if explains(found, where)]
    ids = [found["id"] for found in explaining]
    is_proved_otherwise = any(found["impact"] == "breaks" for found in explaining)
    return {
        "code": str(given),
        "name": first.name,
        "extended_name": extended_name,
        "meaning": " ".join(meanings),
        "source": "; ".join(dict.fromkeys(code.source for code in codes)),
        "strength": max(code.strength for code in codes),
        "documented": all(code.name for code in codes),
        "hint": " ".join(_hints(given)),
        "fits": list(FITS.get(where, ())),
        "explained_by": ids,
        "not_explained_by": [found["id"] for found in findings if found["id"] not in ids],
        "contradicts": [] if is_proved_otherwise else _contradictions(where, wire),
    }


def sentence(error: ClientError) -> str:
    """One line on how the code agrees with what was found."""
    code = error["code"]
    if error["contradicts"]:
        return f"The error code {code} does not agree with that: {error['contradicts'][0]['text']}"
    if error["explained_by"]:
        return f"The error code {code} is explained by {listed(error['explained_by'])}."
    unknown = "" if error["documented"] else ", which Microsoft does not document"
    return f"Nothing that was found explains the error code {code}{unknown}."


def _pair(text: str) -> Given:
    code, extended = text.split("/")
    return Given(int(code, 16), int(extended, 16))


def _unlisted() -> Code:
    return Code("", "", "unknown", "Its place among Microsoft's codes", "L")


def _error(number: int) -> Code:
    """An error code. Clients also show extended codes alone, so what only their list has is looked up there."""
    return CODES.get(number) or EXTENDED.get(number) or REPORTED.get(number) or _unlisted()


def _extended(number: int) -> Code:
    return EXTENDED.get(number) or _unlisted()


def _hints(given: Given) -> list[str]:
    """What is no meaning and may help all the same."""
    hints = []
    first = _error(given.code)
    if not first.name:
        hints.append(first.meaning or _neighbours(given.code))
    elif given.code not in CODES:
        hints.append("It is a number that hosts send, and that clients also show alone.")
    if given.extended is not None:
        second = _extended(given.extended)
        if not second.name and second.meaning:
            hints.append(second.meaning)
        elif not second.name and given.extended in PROTOCOL_RANGE:
            hints.append("The extended code is an error of the protocol: the event log of the host says more.")
        hints.append(PAIRS.get((given.code, given.extended), ""))
    return [hint for hint in hints if hint]


def _neighbours(number: int) -> str:
    """Where an unknown number stands among the known ones."""
    if number in GATEWAY:
        return "Numbers from 0x3000000 on are said to come from a Remote Desktop Gateway: look at its event log."
    if number in PROTOCOL_RANGE and number & _KIND != _SSL_KIND:
        return "As an extended code it is an error of the protocol: the event log of the host says more."
    if number > _LARGEST_WITH_A_KIND:
        return ""
    if number & _KIND == _SSL_KIND:
        return "Codes that end in 07 belong to authentication and certificates."
    read_as_hex = int(str(number), 16)
    if read_as_hex in CODES:
        return f"Clients show codes in hexadecimal: 0x{read_as_hex:X} is documented."
    kind = [code for code in CODES if code & _KIND == number & _KIND] or list(CODES)
    near = [
        max((code for code in kind if code < number), default=None),
        min((c for c in kind if c > number), default=None),
    ]
    shown = [f"0x{code:X} ({CODES[code].name})" for code in near if code is not None]
    return f"Microsoft's nearest codes are {listed(shown)}."


def _contradictions(where: Where, wire: Report | None) -> list[Evidence]:
    """What the wire shows that a connection which ends so would not."""
    if wire is None or where not in _SPANS or wire["stage"] not in _WAY:
        return []
    first, last = (_WAY.index(stage) for stage in _SPANS[where])
    reached = _WAY.index(wire["stage"])
    tried = f"A connection from the controller to {wire['host']}, port {wire['port']},"
    if reached > last:
        how = "reached the logon" if wire["ready"] else f"got further and ended at {wire['stage']}"
        return [wire_fact(f"{tried} {how}.")]
    if reached < first:
        return [wire_fact(f"{tried} did not get as far as that: it ended at {wire['stage']}.")]
    served = wire["tls"]["certificate"]
    if where == "certificate" and served is not None and served["days_left"] > 0:
        return [wire_fact(f"The host serves a certificate that is valid until {served['not_after']}.")]
    return []


def _fits() -> dict[Where, tuple[str, ...]]:
    """By where a connection ends, the causes whose data names a code of that kind; no code tells of the unknown."""
    known = [(cause, BY_ID[cause].explains) for cause, _check in CAUSES if cause in BY_ID]
    places = dict.fromkeys(where_of(_pair(pair)) for _cause, pairs in known for pair in pairs)
    return {
        where: tuple(cause for cause, pairs in known if _makes(pairs, where)) for where in places if where != "unknown"
    }


# The causes that can make a client show such a code, in the order of a connection's way.
FITS: Final = _fits()
