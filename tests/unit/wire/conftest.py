# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the wire probe share: recorded captures, and one key and certificate for TLS servers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.unit.wire import certificates


@pytest.fixture(scope="session")
def captures() -> Path:
    folder = os.environ.get("RDP_CAPTURES")
    if not folder:
        pytest.skip("RDP_CAPTURES does not name the folder of recorded captures")
    return Path(folder)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with the certificate and key of the stub servers."""
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path_factory.mktemp("identity") / "identity.pem"
    path.write_bytes(certificates.pem(certificates.make(key), key))
    return path


@pytest.fixture(scope="session")
def oldest_python() -> str:
    """The oldest Python that the probe runs on: on the PATH, or of pyenv."""
    managed = [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3.8"))]
    for interpreter in (shutil.which("python3.8"), *managed):
        # A shim of pyenv may be there and fail.
        if interpreter and subprocess.run([interpreter, "-c", ""], check=False, capture_output=True).returncode == 0:
            return interpreter
    pytest.skip("there is no Python 3.8, neither on the PATH nor of pyenv")
