# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the acceptors of one host know: passwords for NTLM and, in a realm, the keys of its service principals."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab.kerberos import HostKeys
from tests.lab.model.host import Host


class Credentials:
    """The users of one host in the file form that pyspnego's NTLM acceptor reads, written when first needed."""

    def __init__(self, host: Host, keys: HostKeys | None = None) -> None:
        self._host = host
        self._keys = keys
        self._path: Path | None = None

    @property
    def kerberos(self) -> bool:
        """Whether the host can accept a ticket at all."""
        return self._keys is not None

    @property
    def path(self) -> str:
        if self._path is None:
            host = self._host
            domains = {"", ".", host.name, host.authority, host.domain or ""}
            lines = [
                f"{domain}:{user.name}:{user.password}" for user in host.users.values() for domain in sorted(domains)
            ]
            if host.domain:
                # A user principal name goes into the user field, with an empty domain ([MS-NLMP] 2.2.1.3).
                realms = sorted({host.domain, host.domain.upper(), host.domain.lower()})
                lines += [f":{user.name}@{realm}:{user.password}" for user in host.users.values() for realm in realms]
            handle, name = tempfile.mkstemp(prefix="winops-lab-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            self._path = Path(name)
        return str(self._path)

    @contextlib.contextmanager
    def in_environment(self) -> Iterator[None]:
        """pyspnego and GSSAPI read the paths of their stores from the environment, when a context is made and when it
        looks something up; nothing awaits inside, so hosts do not see each other's."""
        wanted = {"NTLM_USER_FILE": self.path}
        if self._keys is not None:
            wanted |= {"KRB5_CONFIG": str(self._keys.config), "KRB5_KTNAME": f"FILE:{self._keys.keytab}"}
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def close(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
