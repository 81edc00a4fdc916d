# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the HTTP and authentication libraries raise, as errors of ours.

Both connections of Ansible send through requests; pywinrm and pypsrp add their own exceptions for HTTP errors, and the
security libraries below them theirs. None of the texts of those libraries is passed on without a look for secrets.
"""

from __future__ import annotations

import errno
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManProtocolError,
    WSManTimeout,
)

try:
    from requests import exceptions as requests_errors
except ImportError:
    requests_errors = None  # type: ignore[assignment]


def _present(*names: str) -> tuple[type[BaseException], ...]:
    """The exception classes that are installed, each named ``module:class``."""
    found = []
    for name in names:
        module, _separator, attribute = name.partition(":")
        try:
            found.append(getattr(__import__(module, fromlist=[attribute]), attribute))
        except (ImportError, AttributeError):
            continue
    return tuple(found)


_REJECTED = _present("winrm.exceptions:InvalidCredentialsError", "pypsrp.exceptions:AuthenticationError")
_HTTP_ERRORS = _present("winrm.exceptions:WinRMTransportError", "pypsrp.exceptions:WinRMTransportError")
_LIBRARY_ERRORS = _present("winrm.exceptions:WinRMError", "pypsrp.exceptions:WinRMError")
_NO_TICKET = _present(
    "winrm.vendor.requests_kerberos.exceptions:KerberosExchangeError",
    "winrm.vendor.requests_kerberos.exceptions:MutualAuthenticationError",
    "kerberos:GSSError",
    "winkerberos:GSSError",
    "gssapi.exceptions:GSSError",
    "krb5:Krb5Error",
)
_NEGOTIATION = _present(
    "spnego.exceptions:SpnegoError",
    "spnego.exceptions:FeatureMissingError",
    "requests_credssp.exceptions:AuthenticationException",
)
_MISSING_PACKAGE = (ImportError, NotImplementedError)
# What the decryption of a reply in pywinrm and pypsrp raises when the reply is not the multipart that it expects.
_UNREADABLE = (AttributeError, KeyError, IndexError, TypeError, ValueError, struct.error)

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_BROKEN = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN, errno.ENOTCONN}


@dataclass(frozen=True)
class Peer:
    """Who talks to whom, for the messages. ``secret`` never gets into one."""

    host: str
    port: int
    method: str  # the transport in force: ntlm, kerberos, basic ...
    user: str
    secret: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        return f"port {self.port}"

    @property
    def login(self) -> str:
        return f"the user {self.user or '(none)'} with {self.method}"

    def clean(self, text: object) -> str:
        shown = " ".join(str(text).split()).rstrip(". ")
        shown = re.sub(r"//[^/@\s]+@", "//", shown)
        return shown.replace(self.secret, "********") if self.secret else shown


@contextmanager
def translated(peer: Peer, timeout: float) -> Iterator[None]:
    """Raise what the libraries raise inside as a WSManError that names the host."""
    try:
        yield
    except WSManError:
        raise
    except Exception as error:
        ours = translate(error, peer, timeout)
        if ours is None:
            raise
        ours.host = peer.host
        raise ours from error


def translate(error: Exception, peer: Peer, timeout: float) -> WSManError | None:
    """Our error for one of a library; None for what is none of theirs, which is a bug of ours."""
    if isinstance(error, _REJECTED):
        return _rejected(peer)
    if isinstance(error, _HTTP_ERRORS):
        return from_status(error.args[1], error.args[2], peer)
    if isinstance(error, _NO_TICKET):
        return WSManAuthError(
            f"Kerberos gives no way in for {peer.login} ({peer.clean(error)}); get a ticket with kinit, and address "
            "the host by the name that its service principal has"
        )
    if isinstance(error, _NEGOTIATION):
        return WSManAuthError(
            f"the negotiation for {peer.login} failed ({peer.clean(error)}); check the credentials and the transport"
        )
    if isinstance(error, _MISSING_PACKAGE):
        return WSManAuthError(
            f"{peer.login} cannot log on because a Python package is missing ({peer.clean(error)}); install it on the "
            "controller or choose another transport"
        )
    if isinstance(error, _LIBRARY_ERRORS):
        return _unreadable(peer) if "length" in str(error) else _misconfigured(peer, error)
    if requests_errors is not None and isinstance(error, requests_errors.RequestException):
        return _from_requests(error, peer, timeout)
    if isinstance(error, PermissionError):
        return _misconfigured(peer, error)  # requests_ntlm: the server wants no NTLM
    if isinstance(error, OSError):
        return _from_os(error, peer) or _dropped(peer, error)
    if isinstance(error, ValueError) and re.search(r"must be (specified|used)|\bauth\b|encryption=", str(error)):
        return _misconfigured(peer, error)  # pypsrp checks its options so
    if isinstance(error, _UNREADABLE):
        return _unreadable(peer)
    return None


def from_status(status: int, body: str, peer: Peer) -> WSManError:
    """An HTTP error: the fault in its body, or what the status says."""
    fault = reply.read_fault(body.encode("utf-8", errors="surrogatepass"), status) if body else None
    if fault is not None:
        return fault
    answer = f"{peer.place} answers with HTTP {status}"
    if status == 401:
        return _rejected(peer)
    if status == 400:
        # Windows says so to a message that is encrypted for another socket, which is what pywinrm and pypsrp send
        # when a kept connection is gone.
        return WSManConnectionError(
            f"{answer}, as WinRM does for a message that it cannot decrypt; run the task again", dropped=True
        )
    if status == 403:
        return WSManAuthError(f"{answer} to {peer.login}; give the account the right to use WinRM")
    if status == 404:
        return WSManConnectionError(f"{answer}; check that it is the port of WinRM and that the URL ends with /wsman")
    if status == 503:
        return WSManConnectionError(f"{answer}: WinRM is stopped, starting or overloaded; try again later")
    return WSManConnectionError(f"{answer} and no SOAP fault; check for a proxy in between, and the WinRM service")


def _rejected(peer: Peer) -> WSManAuthError:
    return WSManAuthError(
        f"{peer.place} rejects {peer.login}; check the user, the password, and that WinRM there allows this transport"
    )


def _misconfigured(peer: Peer, error: Exception) -> WSManAuthError:
    return WSManAuthError(
        f"{peer.login} cannot log on ({peer.clean(error)}); correct the connection variables of the host"
    )


def _unreadable(peer: Peer) -> WSManProtocolError:
    return WSManProtocolError(
        f"the encrypted reply from {peer.place} cannot be read; check that nothing between the controller and the "
        "host changes WinRM traffic"
    )


def _from_requests(error: Exception, peer: Peer, timeout: float) -> WSManError:
    if isinstance(error, requests_errors.SSLError):
        return _tls(error, peer)
    if isinstance(error, requests_errors.ProxyError):
        return WSManConnectionError(
            f"the proxy does not connect to {peer.place}; correct the proxy of the connection, or unset it"
        )
    if isinstance(error, requests_errors.ConnectTimeout):
        return WSManConnectionError(
            f"{peer.place} does not answer to a connection; check the address, the firewall and that WinRM runs"
        )
    if isinstance(error, requests_errors.ReadTimeout) or "Read timed out" in str(error):
        return WSManTimeout(
            "", timeout, f"{peer.place} took the request and sent no answer for {timeout:.0f} s; try again later"
        )
    if isinstance(error, (requests_errors.InvalidURL, requests_errors.InvalidSchema, requests_errors.MissingSchema)):
        return _misconfigured(peer, error)
    for cause in _causes(error):
        if isinstance(cause, OSError) and not isinstance(cause, requests_errors.RequestException):
            known = _from_os(cause, peer)
            if known is not None:
                return known
    return _dropped(peer, error)


def _from_os(error: OSError, peer: Peer) -> WSManConnectionError | None:
    if isinstance(error, socket.gaierror):
        return WSManConnectionError("the name cannot be resolved; correct ansible_host or the DNS")
    if isinstance(error, ConnectionRefusedError):
        return WSManConnectionError(f"{peer.place} refuses connections; check the port and that WinRM runs")
    if error.errno in _UNREACHABLE:
        return WSManConnectionError("there is no route to it; check the network and that the host is up")
    if isinstance(error, ConnectionError) or error.errno in _BROKEN:
        return _dropped(peer, error)
    return None


def _dropped(peer: Peer, error: Exception) -> WSManConnectionError:
    return WSManConnectionError(
        f"{peer.place} closed the connection before it answered ({type(error).__name__}); try again, and look for a "
        "restart of WinRM",
        dropped=True,
    )


def _tls(error: Exception, peer: Peer) -> WSManConnectionError:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        found = re.search(r"certificate verify failed: ([^(\"']+)", text)
        why = f" ({peer.clean(found.group(1))})" if found else ""
        return WSManConnectionError(
            f"the certificate of {peer.place} is not trusted{why}; give the connection the CA that signed it, and "
            "address the host by a name in the certificate"
        )
    if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text.lower():
        return WSManConnectionError(f"{peer.place} does not speak TLS; use http, or the port of the HTTPS listener")
    if "EOF occurred" in text or "UNEXPECTED_EOF" in text:
        return WSManConnectionError(
            f"{peer.place} closed the connection in the TLS handshake; check the HTTPS listener and its certificate"
        )
    return WSManConnectionError(
        f"TLS with {peer.place} failed ({_tls_reason(text)}); check which TLS versions host and controller allow"
    )


def _tls_reason(text: str) -> str:
    found = re.search(r"\[SSL: ([A-Z0-9_]+)\]", text)
    return found.group(1) if found else "no reason given"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything that it was made from; libraries hide the cause in their arguments."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        related = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        pending.extend(item for item in related if isinstance(item, BaseException))
