# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several commands in one command line: what each of them wrote, what failed, and what was not done in time."""

from __future__ import annotations

import re

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import HOST_QUESTIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import events, machine_keys
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import tcp
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import (
    MAX_COMMAND,
    Readings,
    ask,
    command_line,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult
from tests.unit.windows.eventlog import host, no_shell

COMMANDS = ("first.exe", "second.exe | third.exe")


def answered(text: str, exit_code: int | None = 0) -> Readings:
    """A shell that writes the text, with the mark of the run in place of MARK."""

    def shell(line: str) -> CommandResult:
        match = re.search(r"#\w+", line)
        assert match
        return CommandResult(text.replace("MARK", match[0]), "", exit_code)

    return ask(host(shell), COMMANDS)


def test_the_line_says_how_each_command_ended() -> None:
    assert command_line(COMMANDS, "#1") == (
        "first.exe && echo #1 0. || echo #1 0! & second.exe | third.exe && echo #1 1. || echo #1 1!"
    )


def test_all_that_a_diagnosis_asks_fits_into_one_line() -> None:
    old = host(build=7601)
    commands = [*tcp.commands(old), *events.commands(HOST_QUESTIONS), *machine_keys.commands(old)]
    assert len(command_line(commands, "#0123456789abcdef")) < MAX_COMMAND


@pytest.mark.parametrize(
    ("text", "texts", "failed"),
    [
        ("one\r\nMARK 0. \r\n42\r\nMARK 1.\r\n", {0: "one\r\n", 1: "42\r\n"}, ()),
        ("MARK 0. \r\nMARK 1. \r\n", {0: "", 1: ""}, ()),
        ("half\r\nMARK 0!\r\n42\r\nMARK 1. \r\n", {1: "42\r\n"}, (0,)),
        ("one\r\nMARK 0. \r\n42", {0: "one\r\n"}, ()),
        ("#0123456789abcdef 1. \r\nMARK 0. \r\n", {0: "#0123456789abcdef 1. \r\n"}, ()),
        ("", {}, ()),
    ],
)
def test_what_was_written_goes_to_its_command(text: str, texts: dict[int, str], failed: tuple[int, ...]) -> None:
    found = answered(text, None)
    assert found.texts == {COMMANDS[number]: each for number, each in texts.items()}
    assert list(found.failed) == [COMMANDS[number] for number in failed]
    assert found.refused is False


def test_a_host_without_a_shell_says_nothing() -> None:
    assert ask(host(no_shell), COMMANDS) == Readings(refused=True)
