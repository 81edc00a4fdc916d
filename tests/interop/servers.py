# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDP servers of others on free ports of 127.0.0.1: xrdp, and FreeRDP's shadow server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.identity import HOST, Identity
from tests.interop.processes import free_port, listening, need, running

# Who may log on to the shadow server over NLA.
USER, PASSWORD = "interop", "Password"
# The NT hash of "Password", as [MS-NLMP] 4.2.2.1.2 prints it.
_SAM = f"{USER}:::A4F49C406510BDCAB6824EE7C30FD852:::\n"
_RSA_KEYS = Path("/etc/xrdp/rsakeys.ini")  # of standard security; the place is compiled in


@dataclass(frozen=True)
class Server:
    """A server that listens, and the PEM file of the certificate that it should serve."""

    port: int
    certificate: Path


@contextmanager
def xrdp(
    folder: Path,
    identity: Identity,
    security_layer: str,
    *,
    crypt_level: str = "high",
    ssl_protocols: str = "TLSv1.2, TLSv1.3",
    tls_ciphers: str = "",
) -> Iterator[Server]:
    """xrdp with an ini of its own. It needs no session manager: nobody logs on."""
    program = need("xrdp", "xrdp")
    if security_layer != "tls" and not os.access(_RSA_KEYS, os.R_OK):
        pytest.skip(f"xrdp's {_RSA_KEYS} can not be read, so it has no key for standard security")
    port = free_port()
    config = folder / "xrdp.ini"
    config.write_text(
        f"""[Globals]
ini_version=1
fork=true
allow_channels=true
max_bpp=32
port=tcp://{HOST}:{port}
security_layer={security_layer}
crypt_level={crypt_level}
certificate={identity.certificate}
key_file={identity.key}
ssl_protocols={ssl_protocols}
{f"tls_ciphers={tls_ciphers}" if tls_ciphers else ""}
[Logging]
LogFile={folder / "xrdp.log"}
LogLevel=INFO
EnableSyslog=false
[Channels]
[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
port=-1
code=20
""",
        encoding="utf-8",
    )
    with listening([program, "--nodaemon", "--config", str(config)], port, folder / "xrdp.out"):
        yield Server(port, identity.certificate)


@contextmanager
def display(folder: Path) -> Iterator[str]:
    """An X server of its own; its name, ``:n``."""
    program = need("Xvfb", "xvfb")
    # Xvfb chooses a free number and writes it once it is ready.
    reader, writer = os.pipe()
    command = [program, "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"]
    with os.fdopen(reader, "rb") as told, running(command, folder / "xvfb.log", pass_fds=[writer]):
        os.close(writer)
        number = told.readline()
        assert number, (folder / "xvfb.log").read_text(encoding="utf-8")
        yield f":{int(number)}"


@contextmanager
def shadow(folder: Path, identity: Identity, sec: str, *, on: str, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """freerdp-shadow-cli with ``/sec:`` rdp, tls or nla, which shares the display ``on``.

    It takes its certificate and key from its user's folder, and makes them there where they are absent.
    """
    program = need("freerdp-shadow-cli", "freerdp2-shadow-x11")
    port = free_port()
    own = folder / ".config/freerdp/shadow"
    own.mkdir(parents=True)
    shutil.copy(identity.certificate, own / "shadow.crt")
    shutil.copy(identity.key, own / "shadow.key")
    sam = folder / "sam"
    sam.write_text(_SAM, encoding="ascii")
    command = [program, f"/port:{port}", f"/bind-address:{HOST}", f"/sec:{sec}", f"/sam-file:{sam}", *options]
    with listening(command, port, folder / "shadow.log", variables={"HOME": str(folder), "DISPLAY": on}):
        yield Server(port, identity.certificate)
