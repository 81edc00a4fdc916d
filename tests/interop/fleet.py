# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server of each kind, all at once, for what is compared between tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.interop.identity import HOST, Identity
from tests.interop.servers import shadow, xrdp
from tests.interop.tls_servers import s_server
from tests.lab.rdp.tests.client import Lab, listener_state

Place = tuple[str, int]


@contextmanager
def on_this_host(server: AbstractContextManager[Any]) -> Iterator[Place]:
    with server as started:
        yield HOST, started.port


@contextmanager
def running(folder: Path, identity: Identity, screen: str) -> Iterator[dict[str, Place]]:
    """Every server, started."""
    with ExitStack() as stack:

        def own() -> Path:
            path = folder / str(len(list(folder.iterdir())))
            path.mkdir()
            return path

        old_too: dict[str, Any] = {"ssl_protocols": "TLSv1, TLSv1.1, TLSv1.2", "tls_ciphers": "ALL:@SECLEVEL=0"}
        starts = {
            "xrdp, negotiate": xrdp(own(), identity, "negotiate", **old_too),
            "xrdp, rdp": xrdp(own(), identity, "rdp", crypt_level="fips"),
            "xrdp, tls": xrdp(own(), identity, "tls"),
            "shadow, nla": shadow(own(), identity, "nla", on=screen),
            "shadow, rdp": shadow(own(), identity, "rdp", on=screen),
            "s_server": s_server(own(), identity, "-cipher", "ALL:@SECLEVEL=0"),
        }
        places = {name: stack.enter_context(on_this_host(server)) for name, server in starts.items()}
        lab = Lab()
        stack.callback(lab.stop)
        for name, changes in {
            "lab, layer 0": {"security_layer": 0},
            "lab, layer 1": {"security_layer": 1},
            "lab, layer 2 and NLA": {"user_authentication": 1},
        }.items():
            _listener, address = lab.start(listener_state(**changes))
            places[name] = address, 3389
        yield places
