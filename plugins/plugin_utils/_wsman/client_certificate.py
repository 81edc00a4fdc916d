# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the file of a client certificate tells when the host has not taken it and does not say why."""

from __future__ import annotations

import re
import ssl
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.winops.rdp.plugins.module_utils._wire import x509

_FIRST = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def has_expired(path: str) -> bool:
    """Whether the first certificate in a PEM file has, which is the client's own; False for what cannot be read."""
    try:
        found = _FIRST.search(Path(path).read_text(encoding="ascii", errors="replace"))
        return found is not None and _not_after(found.group()) < datetime.now(timezone.utc)
    except (OSError, ValueError):
        return False


def _not_after(pem: str) -> datetime:
    return x509.parse(ssl.PEM_cert_to_DER_cert(pem)).not_after
