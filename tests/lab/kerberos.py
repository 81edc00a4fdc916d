# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kerberos realm on loopback: MIT's own KDC in a temporary folder, without root and without touching /etc.

Clients reach it through the environment variable KRB5_CONFIG. Names are taken as given (no DNS, no reverse look-up), so
a service principal can be built from a host's full name, its short name or its address.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

REALM = "LAB.EXAMPLE"
SERVICES = ("HTTP", "WSMAN", "HOST", "host")
_START_SECONDS = 10.0
_COMMAND_SECONDS = 20.0
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin"


class KerberosError(RuntimeError):
    """The realm cannot do what was asked; the message is one sentence."""


@dataclass(frozen=True)
class HostKeys:
    """What a host needs to accept tickets."""

    config: Path
    keytab: Path


def missing() -> str:
    """What this machine lacks for a realm and for hosts that accept its tickets; empty when nothing."""
    programs = [name for name in _PROGRAMS if _program(name) is None]
    modules = [name for name in ("gssapi", "krb5") if find_spec(name) is None]
    return ", ".join([*programs, *(f"the Python module {name}" for name in modules)])


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")


class Realm:
    """A running realm; a context manager that gives itself. Users and hosts are added while it runs."""

    def __init__(self, name: str = REALM) -> None:
        self.name = name
        self._folder = Path()
        self._kdc: subprocess.Popen[bytes] | None = None
        self._principals: set[str] = set()
        self._keytabs: dict[tuple[str, ...], Path] = {}

    def __enter__(self) -> Realm:
        lacking = missing()
        if lacking:
            raise KerberosError(f"A Kerberos realm needs {lacking}.")
        self._folder = Path(tempfile.mkdtemp(prefix="winops-lab-realm-"))
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def config(self) -> Path:
        return self._folder / "krb5.conf"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment to find the realm."""
        return {"KRB5_CONFIG": str(self.config)}

    def add_user(self, name: str, password: str) -> None:
        """A user principal; an existing one gets the password."""
        principal = f"{name}@{self.name}"
        verb = "change_password" if principal in self._principals else "add_principal"
        self._principals.add(principal)
        self._admin([f"{verb} -pw {_quoted(password)} {_quoted(principal)}"])

    def host_keys(self, names: Sequence[str]) -> HostKeys:
        """Keys of the services HTTP, WSMAN and HOST under each name of a host."""
        known = tuple(sorted(set(names)))
        if known not in self._keytabs:
            keytab = self._folder / f"host-{len(self._keytabs)}.keytab"
            services = [f"{service}/{name}@{self.name}" for service in SERVICES for name in known]
            fresh = [service for service in services if service not in self._principals]
            self._principals.update(fresh)
            commands = [f"add_principal -randkey {_quoted(service)}" for service in fresh]
            commands += [f"ktadd -k {_quoted(str(keytab))} {_quoted(service)}" for service in services]
            self._admin(commands)
            self._keytabs[known] = keytab
        return HostKeys(self.config, self._keytabs[known])

    def ticket(self, user: str, password: str) -> Path:
        """A ticket cache that kinit made, for KRB5CCNAME; KerberosError when the KDC refuses."""
        cache = self._folder / f"ticket-{len(list(self._folder.glob('ticket-*')))}"
        environment = {**os.environ, **self.environment, "KRB5CCNAME": f"FILE:{cache}"}
        command = [_program("kinit") or "kinit", "-f", f"{user}@{self.name}"]
        done = subprocess.run(
            command,
            input=password.encode() + b"\n",
            env=environment,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            raise KerberosError(f"kinit for {user}@{self.name} failed: {done.stderr.decode(errors='replace').strip()}.")
        return cache

    def _start(self) -> None:
        port = _free_port()
        domain = self.name.lower()
        self.config.write_text(
            f"[libdefaults]\n default_realm = {self.name}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
            " rdns = false\n dns_canonicalize_hostname = false\n udp_preference_limit = 1\n forwardable = true\n"
            " default_rcache_name = none:\n"
            f"[realms]\n {self.name} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
            f"[domain_realm]\n {domain} = {self.name}\n .{domain} = {self.name}\n",
            encoding="utf-8",
        )
        (self._folder / "kdc.conf").write_text(
            f'[kdcdefaults]\n kdc_listen = ""\n kdc_tcp_listen = 127.0.0.1:{port}\n'
            f"[realms]\n {self.name} = {{\n  database_name = {self._folder}/principal\n"
            f"  key_stash_file = {self._folder}/stash\n  acl_file = {self._folder}/kadm5.acl\n"
            '  kdc_listen = ""\n'
            f"  kdc_tcp_listen = 127.0.0.1:{port}\n"
            "  supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n }\n"
            f"[logging]\n kdc = FILE:{self._folder}/kdc.log\n admin_server = FILE:{self._folder}/admin.log\n",
            encoding="utf-8",
        )
        self._command(["kdb5_util", "create", "-s", "-r", self.name, "-P", "lab-master-key"])
        log = (self._folder / "output.log").open("wb")
        with log:
            self._kdc = subprocess.Popen(
                [_program("krb5kdc") or "krb5kdc", "-n", "-r", self.name],
                env=self._kdc_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(port)

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._kdc is not None and self._kdc.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        told = (self._folder / "output.log").read_text(errors="replace").strip().splitlines()
        raise KerberosError(f"The KDC does not answer on port {port}: {told[-1] if told else 'it said nothing'}.")

    def _kdc_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment, "KRB5_KDC_PROFILE": str(self._folder / "kdc.conf")}

    def _admin(self, commands: Sequence[str]) -> None:
        told = self._command(["kadmin.local", "-r", self.name], "\n".join(commands) + "\n")
        problems = [line for line in told.splitlines() if "while " in line]
        if problems:
            raise KerberosError(f"kadmin.local: {problems[0].strip()}.")

    def _command(self, command: list[str], text: str = "") -> str:
        done = subprocess.run(
            [_program(command[0]) or command[0], *command[1:]],
            input=text,
            env=self._kdc_environment(),
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            raise KerberosError(f"{command[0]} failed: {done.stderr.strip()}.")
        return done.stderr

    def _stop(self) -> None:
        if self._kdc is not None:
            self._kdc.terminate()
            try:
                self._kdc.wait(5)
            except subprocess.TimeoutExpired:
                self._kdc.kill()
                self._kdc.wait(5)
            self._kdc = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _quoted(text: str) -> str:
    """A word for kadmin, which doubles quotes inside quotes."""
    return '"' + text.replace('"', '""') + '"'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
