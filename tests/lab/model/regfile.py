# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loader of `.reg` exports ("Windows Registry Editor Version 5.00"; ASCII, UTF-8, or UTF-16 with a byte order mark)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.lab.model.registry import (
    REG_BINARY,
    REG_DWORD,
    REG_EXPAND_SZ,
    REG_MULTI_SZ,
    REG_QWORD,
    REG_SZ,
    Data,
    KeyNotFound,
    Registry,
    ValueNotFound,
)

_HEADER = "Windows Registry Editor Version 5.00"
_HEX = re.compile(r"hex(?:\(([0-9a-fA-F]+)\))?:(.*)\Z", re.S)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HEX_TYPES = {1: REG_SZ, 2: REG_EXPAND_SZ, 3: REG_BINARY, 7: REG_MULTI_SZ, 0xB: REG_QWORD}


class RegFileError(ValueError):
    """The text is not a registry export; the message names the line."""


def load(registry: Registry, path: Path) -> int:
    """Apply an export to `registry`; returns the number of values set or deleted."""
    raw = path.read_bytes()
    text = raw.decode("utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else raw.decode("utf-8-sig")
    return apply(registry, text)


def apply(registry: Registry, text: str) -> int:
    """Apply the text of an export."""
    count = 0
    key: str | None = None
    lines = _logical_lines(text)
    first = next(lines, (0, ""))
    if first[1].strip() != _HEADER:
        raise RegFileError(f"line 1: expected {_HEADER!r}")
    for number, line in lines:
        if line.startswith("[-") and line.endswith("]"):
            key = None
            if registry.find(line[2:-1]) is not None:
                registry.delete_tree(line[2:-1])
        elif line.startswith("[") and line.endswith("]"):
            key = line[1:-1]
            try:
                registry.create_key(key)
            except KeyNotFound as error:
                raise RegFileError(f"line {number}: unknown root key in {key!r}") from error
        elif key is None:
            raise RegFileError(f"line {number}: a value outside a key")
        else:
            _apply_value(registry, key, line, number)
            count += 1
    return count


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and blanks; a line that ends in a backslash inside hex data goes on in the next."""
    pending = ""
    start = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip() if pending else raw.rstrip()
        if not pending:
            if not line or line.startswith(";"):
                continue
            start = number
        if line.endswith("\\") and not line.endswith('"') and ("=hex" in line or pending):
            pending += line[:-1]
            continue
        yield start, pending + line
        pending = ""
    if pending:
        raise RegFileError(f"line {start}: the value does not end")


def _apply_value(registry: Registry, key: str, line: str, number: int) -> None:
    if line.startswith("@="):
        name, rest = "", line[2:]
    else:
        match = _STRING.match(line)
        if match is None or line[match.end() : match.end() + 1] != "=":
            raise RegFileError(f"line {number}: not a value")
        name, rest = _unescape(match.group(1)), line[match.end() + 1 :]
    if rest == "-":
        try:
            registry.delete_value(key, name)
        except (KeyNotFound, ValueNotFound):
            return
        return
    type_, data = parse_data(rest, number)
    registry.set(key, name, type_, data)


def parse_data(text: str, number: int = 0) -> tuple[int, Data]:
    """The right side of a value line: a string, dword:, hex:, hex(2):, hex(7): or hex(b):."""
    text = text.strip()
    string = _STRING.fullmatch(text)
    if string is not None:
        return REG_SZ, _unescape(string.group(1))
    if text.startswith("dword:"):
        try:
            return REG_DWORD, int(text[6:], 16)
        except ValueError as error:
            raise RegFileError(f"line {number}: not a dword") from error
    match = _HEX.match(text)
    if match is None:
        raise RegFileError(f"line {number}: unknown kind of data")
    code = int(match.group(1) or "3", 16)
    try:
        raw = bytes(int(part, 16) for part in match.group(2).replace(" ", "").split(",") if part)
    except ValueError as error:
        raise RegFileError(f"line {number}: not a list of bytes") from error
    return _from_bytes(_HEX_TYPES.get(code, code), raw)


def _from_bytes(type_: int, raw: bytes) -> tuple[int, Data]:
    if type_ in (REG_SZ, REG_EXPAND_SZ):
        return type_, raw.decode("utf-16-le", "replace").rstrip("\0")
    if type_ == REG_MULTI_SZ:
        return type_, tuple(part for part in raw.decode("utf-16-le", "replace").split("\0") if part)
    if type_ == REG_QWORD:
        return type_, int.from_bytes(raw[:8], "little")
    if type_ == REG_DWORD:
        return type_, int.from_bytes(raw[:4], "little")
    return type_, raw


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
