# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS: certificates of the host and of the client, channel binding, proxies; through the options of the plugins."""

from __future__ import annotations

import re
import ssl
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManAuthError, WSManConnectionError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import patience_with
from tests.unit.wsman.connections import BOTH, PASSWORD, psrp_connection, winrm_connection
from tests.unit.wsman.ntlm_server import NTLMServer
from tests.unit.wsman.samples import envelope
from tests.unit.wsman.transport.conftest import Scheme
from tests.unit.wsman.transport.raw_server import Caller, RawServer, reply
from tests.unit.wsman.transport.throwaway import DAY, NOW, Made, make, server_context

BODY = envelope("")
CERTIFICATE = {"ansible_winrm_transport": ["certificate"], "ansible_psrp_auth": "certificate"}


def script(caller: Caller) -> None:
    while True:
        caller.request()
        caller.send(reply(BODY))


def options(trusted: str | None) -> dict[str, Any]:
    found = {"ansible_winrm_scheme": "https", "ansible_psrp_protocol": "https"}
    if trusted:
        found.update(ansible_winrm_ca_trust_path=trusted, ansible_psrp_ca_cert=trusted)
    return found


def option_of(build: Callable[..., Any]) -> str:
    return "ansible_winrm_ca_trust_path" if build is winrm_connection else "ansible_psrp_ca_cert"


def send(connection: Any) -> bytes:
    return connect.open_transport(connection, Deadline(5)).send(b"<a/>", 5)


@BOTH
def test_a_certificate_of_a_known_authority(build: Callable[..., Any], https: Scheme) -> None:
    with RawServer(script, https.tls).running() as server:
        transport = connect.open_transport(build(server.port, **https.options), Deadline(5))
        assert [transport.send(b"<a/>", 5) for _unused in range(3)] == [BODY] * 3
        assert len(server.callers) == 1


CA = make("Lab CA")
BAD: dict[str, tuple[Callable[[], Made], Made | None, str]] = {
    "expired": (lambda: make("127.0.0.1", CA, start=NOW - 9 * DAY, end=NOW - DAY), CA, "has expired; renew it"),
    "not yet valid": (lambda: make("127.0.0.1", CA, start=NOW + DAY, end=NOW + 2 * DAY), CA, "is not yet valid"),
    "another name": (lambda: make("win01.lab.test", CA), CA, "is for another name than 127.0.0.1; set ansible_host"),
    "unknown issuer": (lambda: make("127.0.0.1", CA), make("Other CA"), "its issuer is not known here; set OPTION to"),
    "self-signed": (lambda: make("127.0.0.1"), CA, "self-signed and not known here; set OPTION to a file"),
    "by default": (lambda: make("127.0.0.1", CA), None, "is not known here; set OPTION to"),
}


@BOTH
@pytest.mark.parametrize("kind", BAD)
def test_a_certificate_that_does_not_count(
    build: Callable[..., Any], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    made, authority, text = BAD[kind]
    trusted = authority.save(tmp_path, "ca")[0] if authority else None
    with (
        RawServer(script, server_context(made(), tmp_path)).running() as server,
        pytest.raises(WSManConnectionError) as caught,
    ):
        send(build(server.port, **options(trusted)))
    assert f"the certificate of port {server.port} " in str(caught.value)
    assert text.replace("OPTION", option_of(build)) in str(caught.value)
    assert "ignore" not in str(caught.value)


@BOTH
def test_validation_that_is_switched_off(build: Callable[..., Any], tmp_path: Path) -> None:
    off = {"ansible_winrm_server_cert_validation": "ignore", "ansible_psrp_cert_validation": "ignore"}
    with RawServer(script, server_context(make("other.lab.test"), tmp_path)).running() as server:
        assert send(build(server.port, **options(None), **off)) == BODY


@BOTH
def test_a_file_of_authorities_that_is_not_there_or_is_none(
    build: Callable[..., Any], https: Scheme, tmp_path: Path
) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("nothing")
    with RawServer(script, https.tls).running() as server:
        with pytest.raises(WSManAuthError, match=f"missing.pem does not exist; correct {option_of(build)}"):
            send(build(server.port, **options(str(missing))))
        with pytest.raises(WSManConnectionError, match=f"cannot be read; correct {option_of(build)}"):
            send(build(server.port, **options(str(empty))))


@BOTH
def test_a_client_certificate(build: Callable[..., Any], https: Scheme, tmp_path: Path) -> None:
    assert https.tls
    https.tls.verify_mode = ssl.CERT_REQUIRED
    https.tls.load_verify_locations(CA.save(tmp_path, "clients")[0])
    given: dict[str, Any] = {}
    for name, issuer in (("good", CA), ("bad", None)):
        certificate, key = make("ana", issuer).save(tmp_path, name)
        given[name] = {
            **https.options,
            **CERTIFICATE,
            "ansible_winrm_cert_pem": certificate,
            "ansible_winrm_cert_key_pem": key,
            "ansible_psrp_certificate_pem": certificate,
            "ansible_psrp_certificate_key_pem": key,
        }
    mixed = {**given["good"], "ansible_winrm_cert_key_pem": key, "ansible_psrp_certificate_key_pem": key}
    with RawServer(script, https.tls).running() as server:
        assert send(build(server.port, **given["good"])) == BODY
        with pytest.raises(WSManConnectionError, match="client certificate"):
            send(build(server.port, **given["bad"]))
        with pytest.raises(WSManConnectionError, match="wants a client certificate|closed the connection"):
            send(build(server.port, **https.options))
        with pytest.raises(WSManConnectionError, match="the client certificate and its key cannot be used"):
            send(build(server.port, **mixed))


@BOTH
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda each: each.name)
@pytest.mark.parametrize("alert", [True, False], ids=["alert", "no alert"])
def test_a_client_certificate_that_has_expired(
    build: Callable[..., Any], alert: bool, version: ssl.TLSVersion, https: Scheme, tmp_path: Path
) -> None:
    """Some servers end the connection without a word; then the file tells. Nothing is sent twice."""
    assert https.tls
    https.tls.minimum_version = https.tls.maximum_version = version
    if alert:
        https.tls.verify_mode = ssl.CERT_REQUIRED
        https.tls.load_verify_locations(CA.save(tmp_path, "clients")[0])
    certificate, key = make("ana", CA, start=NOW - 9 * DAY, end=NOW - DAY).save(tmp_path, "ana")
    given = {
        **https.options,
        **CERTIFICATE,
        "ansible_winrm_cert_pem": certificate,
        "ansible_winrm_cert_key_pem": key,
        "ansible_psrp_certificate_pem": certificate,
        "ansible_psrp_certificate_key_pem": key,
    }
    with (
        RawServer(lambda caller: caller.reset(), https.tls).running() as server,
        pytest.raises(WSManAuthError) as caught,
    ):
        send(build(server.port, **given))
    option = "ansible_winrm_cert_pem" if build is winrm_connection else "ansible_psrp_certificate_pem"
    assert str(caught.value) == (
        f"127.0.0.1: port {server.port} rejects the client certificate {certificate} because it has expired; renew it, "
        f"and set {option} to the new one."
    )
    assert patience_with(caught.value, answered=False) is None


@BOTH
def test_an_authority_without_a_key_usage(build: Callable[..., Any], tmp_path: Path) -> None:
    """Python 3.13 and newer want one, OpenSSL alone does not."""
    authority = make("Old CA", usage=None)
    given = options(authority.save(tmp_path, "ca")[0])
    with RawServer(script, server_context(make("127.0.0.1", authority), tmp_path)).running() as server:
        if sys.version_info < (3, 13):
            assert send(build(server.port, **given)) == BODY
            return
        with pytest.raises(WSManConnectionError) as caught:
            send(build(server.port, **given))
    assert "check strictly (CA cert does not include key usage extension); issue the CA" in str(caught.value)
    assert f"set {option_of(build)} to" in str(caught.value)


PROXY_PASSWORDS = ("Gate-5R/u", "Gate-5R#u", "Gate-5R?u", "Gate-5R[u", "[Gate-5R]u", "5353/Gate-5R", "Gate-5R\\u")


@BOTH
@pytest.mark.parametrize("password", PROXY_PASSWORDS)
@pytest.mark.parametrize("source", ["option", "environment"])
def test_a_proxy_whose_password_is_not_encoded(
    build: Callable[..., Any], source: str, password: str, https: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of the libraries show the password up to the character that they take for the end of the host."""
    url = f"http://gatekeeper:{password}@127.0.0.1:9"
    variables = {"ansible_winrm_proxy": url, "ansible_psrp_proxy": url} if source == "option" else {}
    if source == "environment":
        monkeypatch.setenv("https_proxy", url)
    with pytest.raises(WSManAuthError) as caught:
        send(build(5986, ansible_host="win01.invalid", **https.options, **variables))
    option = "ansible_winrm_proxy" if build is winrm_connection else "ansible_psrp_proxy"
    assert str(caught.value) == (
        f"win01.invalid: the URL of the proxy cannot be read; correct {option} or the proxy in the environment, and "
        "percent-encode special characters in its user and its password."
    )
    told = "".join(traceback.format_exception(caught.value))
    assert not [part for part in re.split(r"\W", password) if part and f"{part}'" in told], told


@BOTH
@pytest.mark.parametrize("right", [True, False])
def test_a_log_on_is_bound_to_the_certificate(
    build: Callable[..., Any], right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libraries still find the socket below our stream (RFC 5929, tls-server-end-point)."""
    users = tmp_path / "users"
    users.write_text(f"LAB:admin:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    made = make("127.0.0.1", CA)
    shown = (made if right else make("127.0.0.1", CA)).certificate.fingerprint(hashes.SHA256())
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + shown)
    server = NTLMServer(lambda request: (200, BODY), server_context(made, tmp_path), bindings)
    ntlm = {"ansible_user": "LAB\\admin", "ansible_winrm_transport": ["ntlm"], "ansible_psrp_auth": "ntlm"}
    ntlm["ansible_psrp_message_encryption"] = "auto"
    connection = build(server.port, **options(CA.save(tmp_path, "ca")[0]), **ntlm)
    with server.running():
        if right:
            assert send(connection) == BODY
        else:
            with pytest.raises(WSManAuthError):
                send(connection)


@BOTH
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "HTTP 407 because it wants credentials"),
        (b"HTTP/1.1 503 No\r\n\r\n", "HTTP 503 and does not connect to port 5986"),
    ],
)
def test_a_proxy_that_refuses(
    build: Callable[..., Any], https: Scheme, answer: bytes, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(caller: Caller) -> None:
        caller.request()
        caller.send(answer)

    with RawServer(refuse).running() as proxy, pytest.raises(WSManConnectionError, match=text) as caught:
        monkeypatch.setenv("https_proxy", f"http://user:pr0xy-Pass@127.0.0.1:{proxy.port}")
        send(build(5986, ansible_host="win01.invalid", **https.options))
    assert "pr0xy-Pass" not in str(caught.value)


@BOTH
def test_a_package_that_is_not_installed(
    build: Callable[..., Any], https: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pypsrp.wsman
    import winrm.transport

    def absent(*_arguments: Any, **_options: Any) -> None:
        raise ImportError("Cannot use CredSSP auth as requests-credssp is not installed: No module named 'x'")

    monkeypatch.setattr(winrm.transport, "HAVE_CREDSSP", False)
    monkeypatch.setattr(pypsrp.wsman, "HttpCredSSPAuth", absent)
    method = {"ansible_winrm_transport": ["credssp"], "ansible_psrp_auth": "credssp"}
    with RawServer(script, https.tls).running() as server, pytest.raises(WSManAuthError) as caught:
        send(build(server.port, **https.options, **method))
    assert "the Python package requests-credssp is missing on the controller; install it" in str(caught.value)


def test_kerberos_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = winrm_connection(5985, ansible_winrm_transport=["kerberos"])
    monkeypatch.setitem(type(connection)._winrm_connect.__globals__, "HAVE_KERBEROS", False)
    with pytest.raises(WSManAuthError, match="the Python package pykerberos is missing on the controller"):
        connect.open_transport(connection, Deadline(5))


def test_a_client_certificate_whose_files_are_not_there() -> None:
    files = {"ansible_psrp_certificate_pem": "/no/c.pem", "ansible_psrp_certificate_key_pem": "/no/c.key"}
    with pytest.raises(WSManAuthError, match=r"the file /no/c\.pem does not exist; correct the client certificate"):
        send(psrp_connection(5986, **options(None), **CERTIFICATE, **files))
    files = {"ansible_winrm_cert_pem": "/no/c.pem", "ansible_winrm_cert_key_pem": "/no/c.key"}
    with pytest.raises(WSManAuthError, match=r"the client certificate cannot log on .*file not found \(/no/c\.pem\)"):
        send(winrm_connection(5986, **options(None), **CERTIFICATE, **files))
