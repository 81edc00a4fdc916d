# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Requests of the Windows Remote Shell ([MS-WSMV] 3.1.4.5, examples in 4.7)."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import namespaces as ns
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header, envelope, text

UTF_8 = "65001"


def create(header: Header) -> bytes:
    """A shell of cmd.exe whose output is UTF-8, without loading a profile: that would write one at a first logon."""
    body = (
        f'<rsp:Shell xmlns:rsp="{ns.SHELL}"><rsp:InputStreams>stdin</rsp:InputStreams>'
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    options = {"WINRS_NOPROFILE": "TRUE", "WINRS_CODEPAGE": UTF_8}
    return envelope(header, f"{ns.TRANSFER}/Create", ns.CMD_SHELL, body, options=options)


def command(header: Header, shell_id: str, command_line: str) -> bytes:
    line = text(command_line, "the command line")
    body = f'<rsp:CommandLine xmlns:rsp="{ns.SHELL}"><rsp:Command>{line}</rsp:Command></rsp:CommandLine>'
    options = {"WINRS_CONSOLEMODE_STDIN": "TRUE", "WINRS_SKIP_CMD_SHELL": "FALSE"}
    selectors = {"ShellId": shell_id}
    return envelope(header, f"{ns.SHELL}/Command", ns.CMD_SHELL, body, selectors=selectors, options=options)


def receive(header: Header, shell_id: str, command_id: str) -> bytes:
    wanted = f'<rsp:DesiredStream CommandId="{text(command_id, "the command id")}">stdout stderr</rsp:DesiredStream>'
    body = f'<rsp:Receive xmlns:rsp="{ns.SHELL}">{wanted}</rsp:Receive>'
    return envelope(header, f"{ns.SHELL}/Receive", ns.CMD_SHELL, body, selectors={"ShellId": shell_id})


def terminate(header: Header, shell_id: str, command_id: str) -> bytes:
    identity = text(command_id, "the command id")
    body = f'<rsp:Signal xmlns:rsp="{ns.SHELL}" CommandId="{identity}"><rsp:Code>{ns.TERMINATE}</rsp:Code></rsp:Signal>'
    return envelope(header, f"{ns.SHELL}/Signal", ns.CMD_SHELL, body, selectors={"ShellId": shell_id})


def delete(header: Header, shell_id: str) -> bytes:
    return envelope(header, f"{ns.TRANSFER}/Delete", ns.CMD_SHELL, "", selectors={"ShellId": shell_id})
