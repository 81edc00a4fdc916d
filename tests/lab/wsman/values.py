# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input parameters of methods: from XML to typed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from tests.lab.wsman import names

_RANGES = {
    "uint8": (0, 0xFF),
    "uint16": (0, 0xFFFF),
    "uint32": (0, 0xFFFFFFFF),
    "uint64": (0, 0xFFFFFFFFFFFFFFFF),
    "sint32": (-0x80000000, 0x7FFFFFFF),
}


class ValueProblem(ValueError):
    """A parameter that the method does not have, or text that its type does not take."""


def read_parameters(body: Element, types: Mapping[str, str]) -> dict[str, Any]:
    """Parameters by the schema's spelling. A missing one is absent, xsi:nil is None, arrays repeat the element."""
    spelled = {name.lower(): name for name in types}
    found: dict[str, Any] = {}
    for child in body:
        local = child.tag.rpartition("}")[2]
        name = spelled.get(local.lower())
        if name is None:
            raise ValueProblem(f"no parameter {local}")
        type_ = types[name]
        nil = child.get(f"{{{names.XSI}}}nil", "false").lower() in ("true", "1")
        if type_.endswith("[]"):
            values = found.setdefault(name, [])
            if not nil:
                values.append(convert(type_[:-2], child))
        elif name in found:
            raise ValueProblem(f"parameter {local} twice")
        else:
            found[name] = None if nil else convert(type_, child)
    return found


def convert(type_: str, element: Element) -> Any:
    """One value of a scalar type; the element itself for objects."""
    text = element.text or ""
    if type_ == "object":
        return element
    if type_ == "string":
        return text
    if type_ == "boolean":
        if text.strip().lower() not in ("true", "false", "1", "0"):
            raise ValueProblem(f"not a boolean: {text!r}")
        return text.strip().lower() in ("true", "1")
    low, high = _RANGES[type_]
    try:
        number = int(text.strip())
    except ValueError as error:
        raise ValueProblem(f"not a {type_}: {text!r}") from error
    if not low <= number <= high:
        raise ValueProblem(f"out of range for {type_}: {number}")
    return number
