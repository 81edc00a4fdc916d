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
import http.client
import re
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import client_certificate, reply
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
    "requests_credssp.exceptions:NTStatusException",
    "requests_credssp.exceptions:InvalidConfigurationException",
)
# How requests-credssp and pyspnego tell the errorCode in a TSRequest of the host ([MS-CSSP] 2.2.1).
_REFUSED_BY_HOST = re.compile(r"error status from the server|NTStatus in TSRequest from acceptor")
# What GSSAPI tells through gssapi and pyspnego: "SpnegoError (7): Major (851968): a, Minor (252963): b, Context: c".
_GSSAPI = re.compile(
    r"Major \(\d+\): (?P<major>.+?), Minor \((?P<code>\d+)\): (?P<minor>.*?)(?:, Context: |$)", re.DOTALL
)
_SPNEGO = re.compile(r"^SpnegoError \(\d+\): |, Context: .*$", re.DOTALL)
# krb5 to the user whose key the KDC does not accept.
_WRONG_KEY = re.compile(r"password incorrect|preauthentication failed", re.IGNORECASE)
_URL_ERRORS = _present(
    "requests.exceptions:InvalidURL", "requests.exceptions:InvalidSchema", "requests.exceptions:MissingSchema"
)
_MISSING_PACKAGE = (ImportError, NotImplementedError)
# As pywinrm, pypsrp, pyspnego and Ansible name what is not there, and as it is installed.
_PACKAGES = {
    "requests-credssp": "requests-credssp",
    "requests_credssp": "requests-credssp",
    "kerberos library": "pykerberos",
    "pykerberos": "pykerberos",
    "requests_ntlm": "requests-ntlm",
    "gssapi": "gssapi",
    "krb5": "krb5",
}
# What the decryption of a reply in pywinrm and pypsrp raises when the reply is not the multipart that it expects.
_UNREADABLE = (AttributeError, KeyError, IndexError, TypeError, ValueError, struct.error)

# What requests says before it connects: "Could not find the TLS certificate file, invalid path: x".
_FILE = re.compile(r"Could not find (?:a suitable |the )?(.+?), invalid path: (\S+)")

# How urllib.parse, urllib3 and requests refuse a URL. Their texts show parts of it, and so of a password in it.
_NO_URL = re.compile(r"Failed to parse|IPv[46]|\bnetloc\b|\bPort\b|Invalid URL|URL has an invalid label")
# A proxy as everybody reads it in the same way: what has a meaning in a URL is nowhere in user and password.
_PROXY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#\[\]\\]*@)?[^@]*")

# The size of a chunk that is no number, or without end; an empty one means that the connection ended.
_NOT_CHUNKS = re.compile(r"got length b'(?!')|chunk size line exceeded")

# OpenSSL, x509_vfy.h: X509_V_ERR_*.
_X509_NOT_YET_VALID = 9
_X509_EXPIRED = {10, 12}
_X509_SELF_SIGNED = {18, 19}
_X509_NO_ISSUER = {2, 20, 21}
_X509_NAME = {62, 64}
_X509_STRICT = range(79, 95)  # what X509_V_FLAG_X509_STRICT adds

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
    # The variables of the inventory that are to be set right.
    ca_option: str = "the CA option of the connection"
    method_option: str = "the transport of the connection"
    proxy_option: str = "the proxy of the connection"
    certificate_option: str = "the client certificate of the connection"
    scheme: str = "https"
    certificate: str = ""  # the file with that of the client

    @property
    def place(self) -> str:
        return f"port {self.port}"

    @property
    def login(self) -> str:
        if self.method == "certificate":
            return "the client certificate"
        return f"the user {self.user or '(none)'} with {self.method}"

    def clean(self, text: object) -> str:
        shown = " ".join(str(text).split()).rstrip(". ")
        shown = re.sub(r"//.*@", "//", shown)
        return shown.replace(self.secret, "********") if self.secret else shown


@contextmanager
def translated(peer: Peer, timeout: float) -> Iterator[None]:
    """Raise what the libraries raise inside as a WSManError that names the host."""
    try:
        yield
    except WSManError as error:
        error.host = error.host or peer.host
        raise
    except Exception as error:
        ours = translate(error, peer, timeout)
        if ours is None:
            raise
        ours.host = peer.host
        raise ours from (None if _refuses_url(error) else error)


def translate(error: Exception, peer: Peer, timeout: float) -> WSManError | None:
    """Our error for one of a library; None for what is none of theirs, which is a bug of ours."""
    if isinstance(error, _REJECTED):
        return _rejected(peer)
    if isinstance(error, _HTTP_ERRORS):
        return from_status(error.args[1], str(error.args[2]).encode("utf-8", errors="surrogatepass"), peer)
    if isinstance(error, _NO_TICKET):
        return _no_way_in(peer, str(error))
    if isinstance(error, _NEGOTIATION):
        return _not_negotiated(error, peer)
    if _refuses_url(error):
        return _bad_url(error, peer)
    if isinstance(error, _MISSING_PACKAGE):
        return missing_package(str(error), peer) or _missing(f"a Python package ({peer.clean(error)})", peer)
    if isinstance(error, _LIBRARY_ERRORS):
        if "length" in str(error):
            return unreadable(peer)
        return missing_package(str(error), peer) or _misconfigured(peer, error)
    if requests_errors is not None and isinstance(error, requests_errors.RequestException):
        return _from_requests(error, peer, timeout)
    if isinstance(error, PermissionError):
        return _misconfigured(peer, error)  # requests_ntlm: the server wants no NTLM
    if isinstance(error, OSError):
        return _from_os(error, peer) or _dropped(peer, error)
    if isinstance(error, ValueError) and re.search(r"must be (specified|used)|\bauth\b|encryption=", str(error)):
        return _misconfigured(peer, error)  # pypsrp checks its options so
    if isinstance(error, _UNREADABLE):
        return unreadable(peer)
    return None


def from_status(status: int, body: bytes, peer: Peer, *, location: str = "") -> WSManError:
    """An HTTP answer that is no reply: the fault in its body, or what the status says."""
    fault = reply.read_fault(body, status) if body and status >= 400 else None
    if fault is not None:
        return fault
    if status == 401:
        return _rejected(peer)
    answer = f"{peer.place} answers with HTTP {status}"
    if status == 403:
        return WSManAuthError(f"{answer} to {peer.login}; give the account the right to use WinRM")
    return WSManConnectionError(
        f"{answer}{_meaning(status, location, peer)}", dropped=status == 400, http_status=status
    )


def _meaning(status: int, location: str, peer: Peer) -> str:
    if 300 <= status < 400:
        to = f" to {peer.clean(location)[:200]}" if location else ""
        return (
            f", a redirect{to}, which is never followed because the credentials would go along; address WinRM itself, "
            "with the right port and scheme"
        )
    if status == 400:
        # Windows says so to a message that is encrypted for another socket, which is what pywinrm and pypsrp send
        # when a kept connection is gone.
        return ", as WinRM does for a message that it cannot decrypt; run the task again"
    if status == 404:
        return "; check that it is the port of WinRM and that the URL ends with /wsman"
    if status == 407:
        return f": a proxy wants credentials; give them in {peer.proxy_option}, or take the host out of the proxy"
    if status in (502, 504):
        return f": a proxy in between does not reach WinRM; correct {peer.proxy_option}, or take the host out of it"
    if status == 503:
        return ": WinRM is stopped, starting or overloaded; try again later"
    return " and no SOAP fault; check for a proxy in between, and the WinRM service"


def logged_off(peer: Peer) -> WSManAuthError:
    """HTTP 401 on a connection that was logged on."""
    return WSManAuthError(
        f"{peer.place} no longer knows {peer.login} in the middle of the session (HTTP 401), so it did not take the "
        "request; run the task again"
    )


def missing_package(text: str, peer: Peer) -> WSManAuthError | None:
    """The error for a library that says in ``text`` that another one is not there, None when it does not say so."""
    if not re.search(r"not installed|No module named|requires the Python|not available on the installed", text):
        return None
    for mark, package in _PACKAGES.items():
        if mark in text:
            return _missing(f"the Python package {package}", peer)
    return None


def is_proxy(url: str) -> bool:
    """Whether this URL of a proxy has a host that nobody can mistake."""
    try:
        return urlsplit(url).port != 0 and _PROXY.fullmatch(url) is not None
    except ValueError:
        return False


def bad_proxy(peer: Peer) -> WSManAuthError:
    return WSManAuthError(
        f"the URL of the proxy cannot be read; correct {peer.proxy_option} or the proxy in the environment, and "
        "percent-encode special characters in its user and its password"
    )


def _refuses_url(error: Exception) -> bool:
    return isinstance(error, _URL_ERRORS) or (isinstance(error, ValueError) and bool(_NO_URL.search(str(error))))


def _bad_url(error: Exception, peer: Peer) -> WSManAuthError:
    if isinstance(error, requests_errors.InvalidProxyURL):
        return bad_proxy(peer)
    if isinstance(error, requests_errors.InvalidSchema) and "SOCKS" in str(error):
        return WSManAuthError(
            "a SOCKS proxy needs the Python package PySocks, which is missing on the controller; install it for the "
            f"Python of Ansible, or correct {peer.proxy_option} or the proxy in the environment"
        )
    return WSManAuthError(
        "the URL of WinRM or of the proxy cannot be read; correct ansible_host and the path, or the proxy in "
        f"{peer.proxy_option} or the environment, where special characters must be percent-encoded"
    )


def _no_way_in(peer: Peer, text: str) -> WSManAuthError:
    """Kerberos has given no ticket for the host, or the host takes none."""
    reason = peer.clean(_without_codes(text))
    if _WRONG_KEY.search(reason):
        return WSManAuthError(f"Kerberos rejects {peer.login} ({reason}); check the user and the password")
    return WSManAuthError(
        f"Kerberos gives no way in for {peer.login} ({reason}); get a ticket with kinit, and address the host by the "
        "name that its service principal has"
    )


def _not_negotiated(error: Exception, peer: Peer) -> WSManAuthError:
    text = " ".join(str(part) for part in (error, *error.args))
    # A failure of GSSAPI on the controller comes in the same exception.
    if _REFUSED_BY_HOST.search(text) and not _GSSAPI.search(text):
        return _rejected(peer)
    if peer.method == "kerberos":
        return _no_way_in(peer, str(error))
    told = next((part for part in error.args if _GSSAPI.search(str(part))), error)
    return WSManAuthError(
        f"the negotiation for {peer.login} failed ({peer.clean(_without_codes(str(told)))}); check the credentials and "
        "the transport"
    )


def _without_codes(text: str) -> str:
    """The words of GSSAPI and pyspnego alone: those of the mechanism, and where it has none those of GSSAPI."""
    found = _GSSAPI.search(text)
    if found:
        return found["minor"] if int(found["code"]) and found["minor"] else found["major"]
    return _SPNEGO.sub("", text)


def _missing(what: str, peer: Peer) -> WSManAuthError:
    return WSManAuthError(
        f"{peer.login} cannot log on because {what} is missing on the controller; install it for the Python of "
        f"Ansible, or set {peer.method_option} to another method"
    )


def _rejected(peer: Peer) -> WSManAuthError:
    if peer.scheme == "http" and peer.method in ("basic", "plaintext"):
        return WSManAuthError(
            f"{peer.place} rejects {peer.login} over http, as WinRM does by default because nothing is encrypted; use "
            f"https, or set {peer.method_option} to ntlm or kerberos, and check the user and the password"
        )
    return WSManAuthError(
        f"{peer.place} rejects {peer.login}; check the user, the password, and that WinRM there allows this transport"
    )


def _misconfigured(peer: Peer, error: Exception) -> WSManAuthError:
    return WSManAuthError(
        f"{peer.login} cannot log on ({peer.clean(error)}); correct the connection variables of the host"
    )


def unreadable(peer: Peer) -> WSManProtocolError:
    return WSManProtocolError(
        f"the encrypted reply from {peer.place} cannot be read; check that nothing between the controller and the "
        "host changes WinRM traffic"
    )


def _from_requests(error: Exception, peer: Peer, timeout: float) -> WSManError:
    if isinstance(error, requests_errors.SSLError):
        return _tls(error, peer)
    if isinstance(error, requests_errors.ProxyError):
        told = re.search(r"Tunnel connection failed: (\d{3})", str(error))
        if told:
            return WSManConnectionError(f"a proxy answers with HTTP {told.group(1)}{_tunnel(told.group(1), peer)}")
        return WSManConnectionError(
            f"the proxy does not connect to {peer.place}; correct {peer.proxy_option} or the proxy in the environment, "
            "or take the host out of it"
        )
    if isinstance(error, requests_errors.ConnectTimeout):
        return WSManConnectionError(
            f"{peer.place} does not answer to a connection; check the address, the firewall and that WinRM runs"
        )
    if isinstance(error, requests_errors.ReadTimeout) or "Read timed out" in str(error):
        return WSManTimeout(
            "", timeout, f"{peer.place} took the request and sent no answer for {timeout:.3g} s; try again later"
        )
    for cause in _causes(error):
        # RemoteDisconnected is both: an end without an answer.
        if isinstance(cause, http.client.HTTPException) and not isinstance(
            cause, (http.client.RemoteDisconnected, http.client.IncompleteRead)
        ):
            return _not_http(peer)
        if isinstance(cause, OSError) and not isinstance(cause, requests_errors.RequestException):
            known = _from_os(cause, peer)
            if known is not None:
                return known
    if isinstance(error, requests_errors.InvalidHeader) or _NOT_CHUNKS.search(str(error)):
        return _not_http(peer)
    return _dropped(peer, error)


def _tunnel(status: str, peer: Peer) -> str:
    if status == "407":
        return f" because it wants credentials; give them in {peer.proxy_option}, or take the host out of the proxy"
    return f" and does not connect to {peer.place}; correct {peer.proxy_option}, or take the host out of the proxy"


def _not_http(peer: Peer) -> WSManProtocolError:
    return WSManProtocolError(
        f"what {peer.place} sends is not HTTP as WinRM speaks it; check that the host and the port are those of WinRM"
    )


def _from_os(error: OSError, peer: Peer) -> WSManError | None:
    file = _FILE.search(str(error))
    if file:
        what, path = file.groups()
        option = peer.ca_option if "CA" in what else "the client certificate and its key in the connection variables"
        return WSManAuthError(f"the file {path} does not exist; correct {option}")
    if isinstance(error, socket.gaierror):
        return WSManConnectionError("the name cannot be resolved; correct ansible_host or the DNS")
    if isinstance(error, ConnectionRefusedError):
        return WSManConnectionError(f"{peer.place} refuses connections; check the port and that WinRM runs")
    if error.errno in _UNREACHABLE:
        return WSManConnectionError("there is no route to it; check the network and that the host is up")
    if isinstance(error, ConnectionError) or error.errno in _BROKEN:
        return _dropped(peer, error)
    return None


def _dropped(peer: Peer, error: Exception) -> WSManError:
    if _has_expired(peer):
        return _expired(peer)
    return WSManConnectionError(
        f"{peer.place} closed the connection before it answered ({type(error).__name__}); try again, and look for a "
        "restart of WinRM",
        dropped=True,
    )


def _has_expired(peer: Peer) -> bool:
    return peer.method in ("certificate", "ssl") and client_certificate.has_expired(peer.certificate)


def _expired(peer: Peer) -> WSManAuthError:
    return WSManAuthError(
        f"{peer.place} rejects the client certificate{_file(peer)} because it has expired; renew it, and set "
        f"{peer.certificate_option} to the new one"
    )


def _file(peer: Peer) -> str:
    return f" {peer.certificate}" if peer.certificate else ""


def _tls(error: Exception, peer: Peer) -> WSManError:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text or "not valid for" in text:
        return WSManConnectionError(_untrusted(error, peer))
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text or "record layer failure" in text.lower():
        return WSManConnectionError(f"{peer.place} does not speak TLS; use http, or the port of the HTTPS listener")
    if "CERTIFICATE_REQUIRED" in text:
        return WSManConnectionError(
            f"{peer.place} wants a client certificate in the TLS handshake; set {peer.method_option} to certificate, "
            "with a certificate and its key"
        )
    ended = "EOF occurred" in text or "UNEXPECTED_EOF" in text
    # The alert certificate_expired (RFC 8446, 6.2); or an end without an alert, where the file must tell.
    if "ALERT_CERTIFICATE_EXPIRED" in text or (ended and _has_expired(peer)):
        return _expired(peer)
    if "UNKNOWN_CA" in text or "BAD_CERTIFICATE" in text or "CERTIFICATE_UNKNOWN" in text:
        return WSManConnectionError(
            f"{peer.place} rejects the client certificate{_file(peer)} in the TLS handshake; set "
            f"{peer.certificate_option} to one whose issuer the host trusts"
        )
    if ended:
        return WSManConnectionError(
            f"{peer.place} closed the connection in the TLS handshake; check the HTTPS listener and its certificate, "
            "and whether it wants a client certificate"
        )
    if re.search(r"no certificate or crl found|NO_CERTIFICATE|X509.* PEM lib", text, re.IGNORECASE):
        return WSManConnectionError(f"the file of CA certificates cannot be read; correct {peer.ca_option}")
    if re.search(r"PEM lib|KEY_VALUES_MISMATCH|private key is encrypted|key_load|\[PEM\b", text):
        return WSManConnectionError(
            "the client certificate and its key cannot be used; give a certificate, and its key without a password, "
            "as PEM files that belong together"
        )
    return WSManConnectionError(
        f"TLS with {peer.place} failed ({_tls_reason(text)}); check which TLS versions host and controller allow"
    )


def _untrusted(error: Exception, peer: Peer) -> str:
    """Why the certificate of the host does not count, from the code of OpenSSL or from the words of urllib3."""
    certificate = f"the certificate of {peer.place}"
    failure = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    code = int(getattr(failure, "verify_code", 0))
    text = str(error)
    if code in _X509_NAME or re.search(r"[Hh]ostname mismatch|IP address mismatch|doesn't match|not valid for", text):
        return (
            f"{certificate} is for another name than {peer.host}; set ansible_host to a name in the certificate, or "
            "give the HTTPS listener a certificate for this one"
        )
    if code in _X509_EXPIRED or "certificate has expired" in text:
        return (
            f"{certificate} has expired; renew it and bind the new one to the HTTPS listener ({peer.ca_option} must "
            "then name the CA that issued it), and check the clock of the controller"
        )
    if code == _X509_NOT_YET_VALID or "not yet valid" in text:
        return f"{certificate} is not yet valid; check the clocks of the host and of the controller"
    if code in _X509_SELF_SIGNED or "self-signed" in text or "self signed" in text:
        return (
            f"{certificate} is not trusted because it, or the root of its chain, is self-signed and not known here; "
            f"set {peer.ca_option} to a file with that certificate"
        )
    if code in _X509_NO_ISSUER or "unable to get" in text:
        return (
            f"{certificate} is not trusted because its issuer is not known here; set {peer.ca_option} to a file with "
            "the CA certificates up to the root"
        )
    found = re.search(r"certificate verify failed: ([^(\"']+)", text)
    if code in _X509_STRICT and found:
        return (
            f"{certificate} is not trusted because Python 3.13 and newer check strictly "
            f"({peer.clean(found.group(1))}); issue the CA certificate and that of the host anew as RFC 5280 wants "
            f"them, and set {peer.ca_option} to a file with the CA certificate"
        )
    why = f" ({peer.clean(found.group(1))})" if found else ""
    return f"{certificate} is not trusted{why}; set {peer.ca_option} to a file with the CA that signed it"


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
