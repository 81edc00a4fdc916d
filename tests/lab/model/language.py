# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Languages of Windows: what a host of one language names and says differently.

English is what the rest of the lab is written in; another language is a file of replacements for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "languages"
ENGLISH = 1033


@dataclass(frozen=True)
class Language:
    """One language. `firewall` is resource string to text, `accounts` SID to (domain, name), `services` name to
    display name, `faults` code to text ("" for any other code), `tools` patterns of output lines with replacements,
    `events` (provider, number) to text, `levels` those of events, `service_states` the words of event 7036."""

    lcid: int
    tag: str
    country_code: str
    bits: str
    rule_status: str
    firewall: Mapping[str, str]
    services: Mapping[str, str]
    accounts: Mapping[str, tuple[str, str]]
    faults: Mapping[int | str, str]
    tools: tuple[tuple[re.Pattern[str], str], ...]
    events: Mapping[tuple[str, int], str]
    levels: Mapping[int, str]
    service_states: Mapping[str, str]

    @property
    def locale(self) -> str:
        """The LCID as Win32_OperatingSystem.Locale has it."""
        return f"{self.lcid:04x}"

    def fault_text(self, code: int | None, english: str) -> str:
        """The text of a fault. Numbers in it, such as a quota, are lost."""
        if not self.faults:
            return english
        return self.faults.get("must_understand" if code is None else code, self.faults[""])

    def event_text(self, provider: str, number: int) -> str:
        """The text of an event, English where the language has none; "" for one without a text."""
        english = self if self.lcid == ENGLISH else load_language(ENGLISH)
        key = provider, number
        return self.events.get(key) or english.events.get(key, "")

    def tool_output(self, text: str) -> str:
        """What a command line tool prints, line by line."""
        return "\r\n".join(self._line(line) for line in text.split("\r\n")) if self.tools else text

    def _line(self, line: str) -> str:
        for pattern, replacement in self.tools:
            if pattern.fullmatch(line):
                return pattern.sub(replacement, line, count=1)
        return line


def language_ids() -> list[int]:
    return sorted(int(path.stem) for path in FOLDER.glob("*.yml"))


@cache
def load_language(lcid: int) -> Language:
    """A language from its data file; ValueError when there is none of that number."""
    if lcid not in language_ids():
        raise ValueError(f"there is no language {lcid!r}; known are {', '.join(map(str, language_ids()))}")
    data: dict[str, Any] = yaml.safe_load((FOLDER / f"{lcid}.yml").read_text(encoding="utf-8"))
    return Language(
        lcid=lcid,
        tag=data["tag"],
        country_code=data["country_code"],
        bits=data["bits"],
        rule_status=data["rule_status"],
        firewall={f"@FirewallAPI.dll,-{number}": text for number, text in data["firewall"].items()},
        services=data.get("services", {}),
        accounts={sid: (domain, name) for sid, (domain, name) in data.get("accounts", {}).items()},
        faults=data.get("faults", {}),
        tools=tuple((re.compile(pattern), replacement) for pattern, replacement in data.get("tools", ())),
        events={
            (provider, number): text
            for provider, texts in data.get("events", {}).items()
            for number, text in texts.items()
        },
        levels=data["levels"],
        service_states=data.get("service_states", {}),
    )
