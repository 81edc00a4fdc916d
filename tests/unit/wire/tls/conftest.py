# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates for the servers that the TLS client is tested with."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.unit.wire import certificates
from tests.unit.wire.tls import peers


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> peers.Identities:
    """PEM files with a certificate and its key, by the authentication that a suite's name asks for."""
    folder = tmp_path_factory.mktemp("identities")
    keys: dict[str, certificates.Key] = {
        "RSA": rsa.generate_private_key(65537, 2048),
        "ECDSA": ec.generate_private_key(ec.SECP256R1()),
    }
    found: dict[str, Path] = {}
    for kind, key in keys.items():
        found[kind] = folder / f"{kind}.pem"
        found[kind].write_bytes(certificates.pem(certificates.make(key), key))
    return {**found, "TLS13": found["RSA"]}
