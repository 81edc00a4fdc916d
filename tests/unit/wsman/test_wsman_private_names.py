# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What connect.py asks of Ansible's plugins, pywinrm and pypsrp exists in the versions that are installed.

Many are private. The names are read from connect.py itself, so none is forgotten; `make matrix` runs this with every
ansible-core that is supported.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("winrm")
pytest.importorskip("pypsrp")

from pypsrp.wsman import WSMan

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect
from tests.unit.wsman.connections import psrp_connection, winrm_connection


def winrm_objects() -> dict[str, Any]:
    """What WinRMTransport takes its names from, by the expression that it writes."""
    connection = winrm_connection(5985)
    connection._build_winrm_kwargs()
    connection.shell_id = "none"
    protocol = connection._winrm_connect()
    connection.shell_id = None
    return {
        "connection": connection,
        "self._connection": connection,
        "self._protocol": protocol,
        "self._protocol.transport": protocol.transport,
        "transport": protocol.transport,
    }


def psrp_objects() -> dict[str, Any]:
    connection = psrp_connection(5985)
    connection._build_kwargs()
    transport = WSMan(**connection._psrp_conn_kwargs).transport
    return {"connection": connection, "self._transport": transport, "transport": transport}


def names_used(class_name: str) -> set[tuple[str, str]]:
    """Pairs of an expression and the attribute that a class of connect.py asks it for."""
    tree = ast.parse(inspect.getsource(connect))
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    return {(ast.unparse(node.value), node.attr) for node in ast.walk(found) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(
    ("class_name", "objects", "surely"),
    [
        ("WinRMTransport", winrm_objects, {"_build_winrm_kwargs", "_winrm_connect", "_winrm_transport", "shell_id"}),
        ("PSRPTransport", psrp_objects, {"_build_kwargs", "_psrp_conn_kwargs", "encryption", "session"}),
    ],
)
def test_each_name_exists(class_name: str, objects: Callable[[], dict[str, Any]], surely: set[str]) -> None:
    known = objects()
    names = {pair for pair in names_used(class_name) if pair[0] in known}
    assert surely <= {name for _owner, name in names}
    missing = [f"{owner}.{name}" for owner, name in sorted(names) if not hasattr(known[owner], name)]
    assert missing == []
