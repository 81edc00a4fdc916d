# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS of WinRM as Schannel lets it be: the versions and cipher suites that http.sys took when Windows started.

http.sys owns the listener and its credential, not the service WinRM, so a restart of that service changes nothing;
Microsoft's articles on Schannel's protocols ask for a restart of the computer, and that a running http.sys keeps what
it has is MEM: unverified. Weaker than Windows: see rdp/tls.py for what OpenSSL cannot do; a client without a common
version or suite sees OpenSSL's alert before the end, and no event is logged.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from tests.lab.model.tls import ServerSettings
from tests.lab.pki import ServerTls
from tests.lab.rdp.suites import allowed_suites
from tests.lab.rdp.tls import TLS13_NAMES, build_context

_ANY_LEVEL = 0


@dataclass(frozen=True)
class HttpsListener:
    """One listener: `certificate` is DER, `context` None when no handshake can succeed."""

    certificate: bytes
    context: ssl.SSLContext | None
    suites: frozenset[str]

    def takes(self, suite: str) -> bool:
        """Whether a suite that OpenSSL has picked is one of the host's: those of TLS 1.3 cannot be set."""
        return suite not in TLS13_NAMES or suite in self.suites


def listener(tls: ServerTls, settings: ServerSettings) -> HttpsListener:
    """A listener with a certificate and what Schannel allows it."""
    suites = allowed_suites(settings.suites, _ANY_LEVEL)
    context = build_context(tls.certificate_pem, tls.key_pem, settings.versions, suites)
    if context is not None and tls.client_authority is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(tls.client_authority)
    return HttpsListener(tls.certificate, context, frozenset(suite.openssl for suite in suites))
