# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the libraries raise becomes one sentence each, without a secret."""

from __future__ import annotations

import errno
import re
import ssl
import traceback
from dataclasses import replace

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import (
    Peer,
    is_proxy,
    translate,
    translated,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import patience_with
from tests.unit.wsman.samples import fault

requests_errors = pytest.importorskip("requests.exceptions")
winrm_errors = pytest.importorskip("winrm.exceptions")
pypsrp_errors = pytest.importorskip("pypsrp.exceptions")
spnego_errors = pytest.importorskip("spnego.exceptions")

PEER = Peer("win01", 5986, "kerberos", "ana@LAB.TEST", "s3cret")


def caused_by(cause: OSError) -> Exception:
    error: Exception = requests_errors.ConnectionError("('Connection aborted.', ...)")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            winrm_errors.InvalidCredentialsError("rejected"),
            WSManAuthError,
            "rejects the user ana@LAB.TEST with kerberos",
        ),
        (pypsrp_errors.AuthenticationError("rejected"), WSManAuthError, "rejects the user ana@LAB.TEST with kerberos"),
        (
            spnego_errors.NoCredentialError(context_msg="s3cret"),
            WSManAuthError,
            "Kerberos gives no way in for the user",
        ),
        (spnego_errors.FeatureMissingError(0), WSManAuthError, "Unknown option flag"),
        (ImportError("No module named 'gssapi'"), WSManAuthError, "the Python package gssapi is missing"),
        (NotImplementedError("encryption"), WSManAuthError, "a Python package (encryption) is missing"),
        (winrm_errors.WinRMError("unsupported auth method: x"), WSManAuthError, "unsupported auth method"),
        (winrm_errors.WinRMError("Encrypted length from server does not match"), WSManProtocolError, "cannot be read"),
        (KeyError("Content-Type"), WSManProtocolError, "cannot be read"),
        (PermissionError("Server did not respond with NTLM"), WSManAuthError, "cannot log on"),
        (winrm_errors.WinRMTransportError("http", 500, fault(5).decode()), WSManFault, "ERROR_ACCESS_DENIED"),
        (winrm_errors.WinRMTransportError("http", 500, ""), WSManConnectionError, "HTTP 500"),
        (pypsrp_errors.WinRMTransportError("http", 401, ""), WSManAuthError, "rejects"),
        (requests_errors.ConnectTimeout("x"), WSManConnectionError, "port 5986 does not answer"),
        (requests_errors.ReadTimeout("x"), WSManTimeout, "sent no answer for 7 s"),
        (requests_errors.ConnectionError("Read timed out."), WSManTimeout, "sent no answer for 7 s"),
        (requests_errors.ProxyError("http://u:p@proxy"), WSManConnectionError, "the proxy does not connect"),
        (requests_errors.InvalidURL("Failed to parse: 'u:s3cret' is no host"), WSManAuthError, "percent-encoded"),
        (requests_errors.InvalidProxyURL("Please check proxy URL. u:s3cret"), WSManAuthError, "URL of the proxy"),
        (
            requests_errors.InvalidSchema("Missing dependencies for SOCKS support."),
            WSManAuthError,
            "needs the Python pa",
        ),
        (
            ValueError("Invalid IPv6 URL"),
            WSManAuthError,
            "correct ansible_host and the path, or the proxy in the proxy of",
        ),
        (
            ValueError("'s3cret' does not appear to be an IPv4 or IPv6 address"),
            WSManAuthError,
            "cannot be read; correct",
        ),
        (requests_errors.ChunkedEncodingError("x"), WSManConnectionError, "closed the connection"),
        (caused_by(ConnectionRefusedError(errno.ECONNREFUSED, "x")), WSManConnectionError, "refuses connections"),
        (caused_by(OSError(errno.EHOSTUNREACH, "x")), WSManConnectionError, "no route"),
        (caused_by(ConnectionResetError(errno.ECONNRESET, "x")), WSManConnectionError, "closed the connection"),
        (BrokenPipeError(errno.EPIPE, "x"), WSManConnectionError, "closed the connection"),
        (
            requests_errors.SSLError(ssl.SSLError("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert (_ssl.c:1)")),
            WSManConnectionError,
            "TLSV1_ALERT_PROTOCOL_VERSION",
        ),
        (
            requests_errors.SSLError(
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
            ),
            WSManConnectionError,
            "self-signed and not known here; set the CA option of the connection to a file",
        ),
        (requests_errors.SSLError("[SSL: WRONG_VERSION_NUMBER] x"), WSManConnectionError, "does not speak TLS"),
        (requests_errors.SSLError("EOF occurred in violation of protocol"), WSManConnectionError, "TLS handshake"),
    ],
)
def test_errors_of_the_libraries(error: Exception, kind: type[WSManError], text: str) -> None:
    found = translate(error, PEER, 7.0)
    assert found.__class__ is kind
    assert found is not None and text in found.detail
    assert "s3cret" not in str(found) and "u:p@" not in str(found)


@pytest.mark.parametrize(
    "error",
    [
        requests_errors.ChunkedEncodingError("x"),
        caused_by(ConnectionResetError(errno.ECONNRESET, "x")),
        requests_errors.ConnectionError("('Connection aborted.', RemoteDisconnected(...))"),
        winrm_errors.WinRMTransportError("http", 400, ""),
    ],
)
def test_what_may_be_sent_again(error: Exception) -> None:
    found = translate(error, PEER, 7.0)
    assert isinstance(found, WSManConnectionError) and found.dropped


def test_kerberos_without_a_ticket() -> None:
    kerberos = pytest.importorskip("winrm.vendor.requests_kerberos.exceptions")
    found = translate(kerberos.KerberosExchangeError("authGSSClientInit() failed: No credentials cache"), PEER, 7.0)
    assert found.__class__ is WSManAuthError
    assert "Kerberos gives no way in for the user ana@LAB.TEST" in str(found) and "kinit" in str(found)


MAJOR = "Major (851968): Unspecified GSS failure. Minor code may provide more information"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"SpnegoError (13): {MAJOR}, Minor (2529638919): Server WSMAN/a@B not found, Context: Processing token",
            "gives no way in for the user ana@LAB.TEST with kerberos (Server WSMAN/a@B not found); get a ticket with "
            "kinit, and address the host by the name that its service principal has.",
        ),
        (
            "SpnegoError (7): Major (458752): No credentials, Minor (0): No error, Context: x",
            "kerberos (No credentials); ",
        ),
        ("SpnegoError (7): No credentials, Context: x", "kerberos (No credentials); get a ticket with kinit"),
        (
            f"{MAJOR}, Minor (2529638936): Preauthentication failed",
            "Kerberos rejects the user ana@LAB.TEST with kerberos (Preauthentication failed); check the user and the "
            "password.",
        ),
    ],
)
def test_kerberos_through_pyspnego(text: str, reason: str) -> None:
    class Failure(spnego_errors.SpnegoError):  # type: ignore[misc, name-defined]
        def __str__(self) -> str:
            return text

    found = translate(Failure(13), PEER, 7.0)
    assert found.__class__ is WSManAuthError
    assert reason in str(found)


LOGON_DENIED = -2146893044  # SEC_E_LOGON_DENIED
ACCOUNT_DISABLED = -1073741710  # STATUS_ACCOUNT_DISABLED, which pyspnego does not know


@pytest.mark.parametrize("code", [LOGON_DENIED, ACCOUNT_DISABLED])
def test_credssp_that_the_host_refuses(code: int) -> None:
    """The way of requests-credssp from the errorCode of the host to an exception."""
    credssp = pytest.importorskip("requests_credssp.exceptions")
    told = spnego_errors.SpnegoError(
        base_error=spnego_errors.NativeError("Received NTStatus in TSRequest from acceptor", winerror=code),
        context_msg="Public key exchange",
    )
    known = told.nt_status != 0xFFFFFFFF
    error = credssp.NTStatusException(code & 0xFFFFFFFF, str(told)) if known else credssp.AuthenticationException(told)
    assert known is (code == LOGON_DENIED)
    found = translate(error, replace(PEER, method="credssp"), 7.0)
    assert found.__class__ is WSManAuthError
    assert (
        found is not None and "5986 rejects the user ana@LAB.TEST with credssp; check the user, the p" in found.detail
    )


def test_credssp_that_fails_on_the_controller() -> None:
    credssp = pytest.importorskip("requests_credssp.exceptions")
    error = credssp.NTStatusException(0x8009030E, f"SpnegoError (7): {MAJOR}, Minor (1): No ticket, Context: x")
    found = translate(error, replace(PEER, method="credssp"), 7.0)
    assert "negotiation for the user ana@LAB.TEST with credssp failed (No ticket); check" in str(found)


@pytest.mark.parametrize("method", ["basic", "plaintext", "ntlm"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_basic_over_http_is_refused_by_default(method: str, scheme: str) -> None:
    found = translate(
        winrm_errors.InvalidCredentialsError("rejected"), replace(PEER, method=method, scheme=scheme), 7.0
    )
    in_the_clear = scheme == "http" and method != "ntlm"
    assert ("use https, or set the transport of the connection to ntlm or kerberos" in str(found)) is in_the_clear


@pytest.mark.parametrize(
    ("alert", "text"),
    [
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired", "because it has expired; renew it"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "to one whose issuer the host trusts"),
    ],
)
def test_a_client_certificate_that_an_alert_refuses(alert: str, text: str) -> None:
    peer = replace(PEER, method="certificate", certificate="/c.pem", certificate_option="cert_pem")
    found = translate(requests_errors.SSLError(ssl.SSLError(alert)), peer, 7.0)
    assert found is not None and patience_with(found, answered=False) is None
    assert "5986 rejects the client certificate /c.pem " in str(found) and "set cert_pem to" in str(found)
    assert text in str(found)


@pytest.mark.parametrize(
    "url",
    ["http://p", "http://p:1/", "p:1", "http://u:a%2Fb@p:1", "http://u:a@b@p:1", "http://[::1]:1", "socks5h://u:p@h:1"],
)
def test_a_proxy_that_all_read_alike(url: str) -> None:
    assert is_proxy(url)


@pytest.mark.parametrize(
    "url", ["http://u:a/b@p", "http://u:1/b@p", "http://u:a#b@p", "http://u:[a]@p", "http://p:none", "http://p:99999"]
)
def test_a_proxy_that_somebody_could_mistake(url: str) -> None:
    assert not is_proxy(url)


@pytest.mark.parametrize("text", ["to http://u:a/b@p:1", "//u:a#b@c@p, no", "http://u:a?b c@p"])
def test_a_url_is_shown_without_its_login(text: str) -> None:
    assert re.search(r"//p\b", PEER.clean(text))
    assert "u:" not in PEER.clean(text)


def test_the_text_of_a_bad_url_is_no_cause() -> None:
    with pytest.raises(WSManAuthError) as caught, translated(PEER, 7.0):
        raise requests_errors.InvalidURL("Failed to parse: 'u:pr0xy' is not a valid host or port")
    assert "pr0xy" not in "".join(traceback.format_exception(caught.value))


def test_the_host_is_named_and_the_cause_kept() -> None:
    cause = requests_errors.ConnectTimeout("x")
    with pytest.raises(WSManConnectionError) as caught, translated(PEER, 7.0):
        raise cause
    assert caught.value.host == "win01" and caught.value.__cause__ is cause


def test_a_bug_of_ours_stays_visible() -> None:
    with pytest.raises(ZeroDivisionError), translated(PEER, 7.0):
        raise ZeroDivisionError("ours")


def test_a_peer_shows_no_secret() -> None:
    assert "s3cret" not in repr(PEER)
