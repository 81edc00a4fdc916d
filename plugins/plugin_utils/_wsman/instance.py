# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One CIM instance as a reply carries it: a row of a query, the output of a method, or an object inside of either.

On the wire everything is text and the type of a property is not told, so the reader names the type it expects.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Union

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError

Value = Union[None, str, "Instance"]

_XS_DATETIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)
# DSP0004 5.2.4: yyyymmddhhmmss.mmmmmmsutc, utc in minutes, asterisks where a part is not known.
_CIM_DATETIME = re.compile(r"(\d{8})(\d{6})\.(\d{1,6}|\*{6})\**([+-])(\d{3}|\*{3})", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_SHOWN = 80


class Instance:
    """Properties by name, in any letter case.

    A property that is null and one that is absent read the same: Windows leaves out null and empty arrays.
    """

    def __init__(self, class_name: str, properties: Mapping[str, Value | Sequence[Value]] | None = None) -> None:
        self.class_name = class_name
        self._names: dict[str, str] = {}
        self._values: dict[str, list[Value]] = {}
        for name, value in (properties or {}).items():
            several = isinstance(value, Sequence) and not isinstance(value, str)
            for item in value if several else [value]:  # type: ignore[union-attr]
                self.add(name, item)  # type: ignore[arg-type]

    def add(self, name: str, value: Value) -> None:
        """Add a value; a name that comes again makes an array."""
        self._names.setdefault(name.lower(), name)
        self._values.setdefault(name.lower(), []).append(value)

    @property
    def names(self) -> list[str]:
        """The properties that the reply carries, as it spells them."""
        return list(self._names.values())

    def has(self, name: str) -> bool:
        """Whether the reply carries the property, be it null: tells an old Windows that lacks it from an unset one."""
        return name.lower() in self._values

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._one(name)
        if value is None:
            return default
        if isinstance(value, Instance):
            raise self._unfit(name, f"an object of class {value.class_name}", "text")
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        return default if value is None else self._integer(name, value)

    @property
    def return_value(self) -> int:
        """ReturnValue of a method as an unsigned number; WSManProtocolError where the output has none."""
        value = self.integer("ReturnValue")
        if value is None:
            raise WSManProtocolError(
                "the output of the method has no ReturnValue, so it is not known how it went; report this with the "
                "Windows version"
            )
        return value & 0xFFFFFFFF

    def boolean(self, name: str, default: bool | None = None) -> bool | None:
        value = self.text(name)
        if value is None:
            return default
        known = {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
        if known is None:
            raise self._unfit(name, value, "a boolean")
        return known

    def datetime(self, name: str) -> dt.datetime | None:
        """The time in UTC. Both forms that Windows knows are read: xs:dateTime and the CIM datetime."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return _datetime(value.strip())
        except (ValueError, OverflowError) as error:
            raise self._unfit(name, value, "a date and time") from error

    def texts(self, name: str) -> list[str]:
        found = [value for value in self._values.get(name.lower(), []) if value is not None]
        for value in found:
            if isinstance(value, Instance):
                raise self._unfit(name, f"an object of class {value.class_name}", "text")
        return [value for value in found if isinstance(value, str)]

    def integers(self, name: str) -> list[int]:
        return [self._integer(name, value) for value in self.texts(name)]

    def instance(self, name: str) -> Instance | None:
        value = self._one(name)
        if isinstance(value, str):
            raise self._unfit(name, value, "an object")
        return value

    def instances(self, name: str) -> list[Instance]:
        found = [value for value in self._values.get(name.lower(), []) if value is not None]
        for value in found:
            if isinstance(value, str):
                raise self._unfit(name, value, "an object")
        return [value for value in found if isinstance(value, Instance)]

    def __repr__(self) -> str:
        return f"Instance({self.class_name}: {', '.join(self.names)})"  # names only: a value can be a secret

    def _one(self, name: str) -> Value:
        values = self._values.get(name.lower(), [])
        if len(values) > 1:
            raise self._unfit(name, f"{len(values)} values", "one value")
        return values[0] if values else None

    def _integer(self, name: str, value: str) -> int:
        if not _INTEGER.fullmatch(value.strip()):
            raise self._unfit(name, value, "a number")
        return int(value)

    def _unfit(self, name: str, found: str, wanted: str) -> WSManProtocolError:
        shown = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
        shown = shown.encode("unicode_escape").decode("ascii")
        return WSManProtocolError(
            f"the property {self._names.get(name.lower(), name)} of {self.class_name} is {shown!r}, not {wanted}; "
            "report this with the Windows version"
        )


def _datetime(value: str) -> dt.datetime:
    match = _XS_DATETIME.fullmatch(value)
    if match:
        *parts, fraction, zone = match.groups()
        moment = dt.datetime(*map(int, parts), tzinfo=dt.timezone.utc)  # type: ignore[misc, arg-type]
        moment += dt.timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
        if zone and zone != "Z":
            hours, minutes = int(zone[1:3]), int(zone[4:])
            offset = dt.timedelta(hours=hours, minutes=minutes)
            moment -= offset if zone[0] == "+" else -offset
        return moment
    match = _CIM_DATETIME.fullmatch(value)
    if not match:
        raise ValueError("neither xs:dateTime nor a CIM datetime")
    day, clock, fraction, sign, zone = match.groups()
    moment = dt.datetime.strptime(day + clock, "%Y%m%d%H%M%S").replace(tzinfo=dt.timezone.utc)
    if fraction.isdigit():
        moment += dt.timedelta(microseconds=int(fraction.ljust(6, "0")))
    if zone.isdigit():
        offset = dt.timedelta(minutes=int(zone))
        moment -= offset if sign == "+" else -offset
    return moment
