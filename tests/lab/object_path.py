# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object paths of WMI: `Win32_Group.Domain="HOST",Name="Administrators"`, in queries and in reference properties.

Microsoft, "WMI Object Path Requirements": server and namespace may stand before the class; keys come in any order; a
text key is quoted with either quote, and a backslash escapes in it. Class and key names and their values ignore case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = re.compile(r"(?:\\\\[^\\]+\\)?(?:[\w\\/]+:)?(?P<cls>\w+)\.(?P<keys>.*)\Z", re.S)
_KEY = re.compile(
    r"""\s*(?P<name>\w+)\s*=\s*(?:(?P<quote>['"])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)|(?P<bare>\w+))\s*""",
    re.S,
)


@dataclass(frozen=True)
class ObjectPath:
    """A class and the values of its keys, spelled as they came."""

    class_name: str
    keys: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        listed = ",".join(
            f'{name}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'
            for name, value in self.keys
        )
        return f"{self.class_name}.{listed}"

    def key_set(self) -> frozenset[tuple[str, str]]:
        return frozenset((name.lower(), value.lower()) for name, value in self.keys)

    def same(self, other: ObjectPath) -> bool:
        return self.class_name.lower() == other.class_name.lower() and self.key_set() == other.key_set()


def parse_path(text: str) -> ObjectPath | None:
    """The path that a text is; None when it is none."""
    head = _HEAD.match(text.strip())
    if head is None:
        return None
    rest = head["keys"]
    keys: list[tuple[str, str]] = []
    while True:
        found = _KEY.match(rest)
        if found is None:
            return None
        value = found["bare"] if found["text"] is None else re.sub(r"\\(.)", r"\1", found["text"], flags=re.S)
        keys.append((found["name"], value))
        rest = rest[found.end() :]
        if not rest:
            return ObjectPath(head["cls"], tuple(keys))
        if not rest.startswith(","):
            return None
        rest = rest[1:]
