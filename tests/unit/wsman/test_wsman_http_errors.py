# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the libraries raise becomes one sentence each, without a secret."""

from __future__ import annotations

import errno
import ssl

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import Peer, translate, translated
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
        (spnego_errors.NoCredentialError(context_msg="s3cret"), WSManAuthError, "negotiation for the user"),
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
        (requests_errors.InvalidURL("http://[bad"), WSManAuthError, "correct the connection variables"),
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
