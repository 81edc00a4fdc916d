# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's programs in copies of a process that has loaded them: loading takes longer than most of what is tested.

``python -m tests.integration.warm SOCKET`` serves until its standard input ends. Each connection is one run: a line of
JSON (``command``, ``environment``, and ``stdout`` and ``stderr``, names of files) is answered with the number of the
process and, when that is done, with its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import secrets
import select
import socketserver
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

PROGRAMS = {"ansible": "ansible.cli.adhoc", "ansible-playbook": "ansible.cli.playbook"}
# What connection plugins import when they are loaded, which Ansible does with each that it has.
LIBRARIES = ("winrm", "pypsrp.powershell", "pypsrp.wsman")
POLL = 0.005  # seconds
PLUGINS = "ansible_collections.winops.rdp.plugins"


def load() -> None:
    """Everything that each run would load anew."""
    for name in (*PROGRAMS.values(), *LIBRARIES):
        importlib.import_module(name)
    loader = importlib.import_module("ansible.plugins.loader")
    loader.init_plugin_loader()
    for each in (loader.connection_loader, loader.shell_loader, loader.become_loader):
        list(each.all(class_only=True))
    action = importlib.import_module(f"{PLUGINS}.action")
    for module in pkgutil.iter_modules(action.__path__):
        importlib.import_module(f"{PLUGINS}.action.{module.name}")
    # It warns when it is asked for a second time.
    importlib.import_module("ansible.cli").init_plugin_loader = lambda *_: None  # type: ignore[attr-defined]
    # Between two looks at its workers Ansible sleeps for a tenth of a millisecond, which keeps a core busy.
    strategy = importlib.import_module("ansible.plugins.strategy")
    strategy.time = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: time.sleep(max(seconds, POLL))})  # type: ignore[attr-defined]
    # What is there already is not looked at by collections of garbage, which would write to memory that is shared.
    gc.collect()
    gc.freeze()


def become(wanted: dict[str, Any]) -> NoReturn:
    """This process becomes a run."""
    os.setsid()
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, wanted["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, wanted["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    # Drawn once a process, to tell the tasks of one run from those of another.
    importlib.import_module("ansible.utils.vars").random_int = secrets.token_hex(4)  # type: ignore[attr-defined]
    sys.argv = wanted["command"]
    code: object = 1
    try:
        importlib.import_module(PROGRAMS[Path(sys.argv[0]).name]).main(sys.argv)
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """A copy of this process for each connection, which makes another for the run and waits for it."""

    def service_actions(self) -> None:
        super().service_actions()
        if select.select([0], [], [], 0)[0] and not os.read(0, 1):
            sys.exit()


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        wanted = json.loads(self.rfile.readline())
        child = os.fork()
        if child == 0:
            become(wanted)
        self.wfile.write(f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.wfile.write(f"{code}\n".encode())


def main() -> None:
    load()
    with Server(sys.argv[1], Handler) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
