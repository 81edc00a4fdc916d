# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m tests.lab --scenarios FOLDER [--inventory FILE] [--control ADDRESS:PORT] [--base 127.10.0.0]
[--kerberos]`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from tests.lab import inventory
from tests.lab.control import Control
from tests.lab.kerberos import KerberosError, Realm
from tests.lab.runtime import DEFAULT_BASE, Lab, LabError
from tests.lab.scenario import ScenarioError, load_folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="Simulated Windows hosts on loopback.")
    parser.add_argument("--scenarios", type=Path, required=True, help="folder of scenario files")
    parser.add_argument("--inventory", type=Path, help="write an Ansible inventory here")
    parser.add_argument("--control", default="", help="ADDRESS:PORT of the control endpoint")
    parser.add_argument("--kerberos", action="store_true", help="start a KDC for hosts of the domain lab.example")
    parser.add_argument("--base", default=DEFAULT_BASE, help="the hosts take the loopback addresses after this one")
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    realm = Realm() if arguments.kerberos else None
    with realm or contextlib.nullcontext():
        await _run(arguments, realm, stop)


async def _run(arguments: argparse.Namespace, realm: Realm | None, stop: asyncio.Event) -> None:
    async with Lab(load_folder(arguments.scenarios), arguments.base, realm=realm) as lab:
        control = Control(lab)
        try:
            if arguments.control:
                address, _separator, port = arguments.control.rpartition(":")
                if not address or not port.isdigit():
                    raise LabError(f"--control needs ADDRESS:PORT, not {arguments.control!r}.")
                await control.start(address, int(port))
            if arguments.inventory is not None:
                arguments.inventory.write_text(inventory.text(lab), encoding="utf-8")
                print(f"lab: inventory in {arguments.inventory}")
            if realm is not None:
                print(f"lab: KRB5_CONFIG={realm.config}")
            for host in lab.hosts.values():
                print(f"lab: {host.address:<15} {host.name:<15} {host.model.profile.caption.strip()}")
            print(f"lab: ready, {len(lab.hosts)} hosts", flush=True)
            await stop.wait()
            for host in lab.hosts.values():
                counters, writes = host.model.counters, len(host.model.audit.writes)
                asked = f"{counters.requests} requests, {counters.shells_opened} shells"
                print(f"lab: {host.name:<15} {asked}, {writes} writes", flush=True)
        finally:
            await control.close()


def main() -> int:
    try:
        asyncio.run(_main(_arguments()))
    except (LabError, ScenarioError, KerberosError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
