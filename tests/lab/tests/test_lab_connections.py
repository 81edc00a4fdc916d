# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to connect, by clients that are not ours: pywinrm, pypsrp and plain HTTP."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError
from requests_credssp.exceptions import AuthenticationException, NTStatusException
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from tests.lab import inventory
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import envelope, pypsrp, pywinrm, query, registry, texts
from tests.lab.wsman import names
from tests.lab.wsman.auth import CERTIFICATE_HEADER

RunHost = Callable[..., tuple[LabThread, LabHost]]
ALL = {"https": True, "basic": True, "credssp": True, "certificate_auth": True}
TERMINAL_SERVER = "SYSTEM\\CurrentControlSet\\Control\\Terminal Server"


def over_https(host: LabHost, transport: Any, **more: Any) -> Protocol:
    """pywinrm over HTTPS, which trusts the lab's authority."""
    assert host.tls is not None
    options: dict[str, Any] = {
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "ca_trust_path": str(host.tls.trust),
        "read_timeout_sec": 20,
        "operation_timeout_sec": 10,
    }
    return Protocol(f"https://{host.address}:5986/wsman", transport=transport, **{**options, **more})


def reads(protocol: Protocol) -> None:
    """A registry read and a reply of more than 16 KB, which CredSSP seals in pieces."""
    assert registry(protocol, "EnumKey", TERMINAL_SERVER)["sNames"] == ["RCM", "WinStations"]
    services = query(protocol, "select * from Win32_Service", elements=100)
    assert "TermService" in {texts(item)["Name"] for item in services}


def shows_config(client: Any) -> None:
    assert client.get_server_config().findtext("{*}Config/{*}MaxEnvelopeSizekb") == "500"


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp", "certificate"])
@pytest.mark.parametrize("windows", ["2019", "2022"])
def test_pywinrm_over_https(run_host: RunHost, transport: str, windows: str) -> None:
    lab, host = run_host(windows=windows, winrm=ALL)
    more: dict[str, Any] = {}
    if transport == "certificate":
        files = lab.lab.authority.client(f"{DEFAULT_USER}@localhost")
        more = {"cert_pem": str(files.certificate), "cert_key_pem": str(files.key)}
    reads(over_https(host, transport, **more))


@pytest.mark.parametrize("transport", ["ntlm", "credssp"])
def test_pywinrm_encrypts_over_https_when_told_to(run_host: RunHost, transport: str) -> None:
    _lab, host = run_host(winrm=ALL)
    reads(over_https(host, transport, message_encryption="always"))


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate", "credssp", "certificate"])
def test_pypsrp_over_https(run_host: RunHost, auth: str) -> None:
    lab, host = run_host(winrm=ALL)
    assert host.tls is not None
    more: dict[str, Any] = {}
    if auth == "certificate":
        files = lab.lab.authority.client(f"{DEFAULT_USER}@localhost")
        more = {"certificate_pem": str(files.certificate), "certificate_key_pem": str(files.key), "username": None}
    trust = str(host.tls.trust)
    shows_config(pypsrp(host.address, ssl=True, port=5986, auth=auth, encryption="auto", cert_validation=trust, **more))


@pytest.mark.parametrize("mechanism", ["auto", "ntlm"])
def test_credssp_over_http(run_host: RunHost, mechanism: str) -> None:
    _lab, host = run_host(winrm={"credssp": True})
    reads(pywinrm(host.address, "credssp"))
    shows_config(pypsrp(host.address, auth="credssp", credssp_auth_mechanism=mechanism))


def test_credssp_takes_long_requests_in_pieces(run_host: RunHost) -> None:
    _lab, host = run_host(winrm={"credssp": True})
    protocol = pywinrm(host.address, "credssp")
    assert registry(protocol, "CreateKey", "SOFTWARE\\Lab")["ReturnValue"] == ["0"]
    text = "x" * 40000
    written = registry(protocol, "SetStringValue", "SOFTWARE\\Lab", "long", f"<p:sValue>{text}</p:sValue>")
    assert written["ReturnValue"] == ["0"]
    assert registry(protocol, "GetStringValue", "SOFTWARE\\Lab", "long")["sValue"] == [text]


@pytest.mark.parametrize("name", ["ansible", "CORP\\ansible", "ansible@corp.example", "ansible@CORP.EXAMPLE"])
def test_forms_of_a_domain_account(run_host: RunHost, name: str) -> None:
    _lab, host = run_host(domain="corp.example")
    reads(pywinrm(host.address, username=name))


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp"])
@pytest.mark.parametrize("wrong", [{"password": "not-it"}, {"username": "nobody"}, {"username": "off"}])
def test_wrong_credentials_are_401(run_host: RunHost, transport: str, wrong: dict[str, str]) -> None:
    users = [
        {"name": DEFAULT_USER, "password": DEFAULT_PASSWORD, "admin": True},
        {"name": "off", "password": DEFAULT_PASSWORD, "admin": True, "disabled": True},
    ]
    _lab, host = run_host(winrm=ALL, users=users)
    with pytest.raises((InvalidCredentialsError, NTStatusException, AuthenticationException)):
        reads(over_https(host, transport, **wrong))


def challenges(reply: requests.Response) -> list[str]:
    return reply.raw.headers.getlist("WWW-Authenticate")


def post(url: str, message: str = "", **headers: str) -> requests.Response:
    kind = {"Content-Type": "application/soap+xml;charset=UTF-8"} if message else {}
    return requests.post(url, data=message, headers={**kind, **headers}, timeout=5, verify=False)  # noqa: S501


BASIC = "Basic " + base64.b64encode(f"{DEFAULT_USER}:{DEFAULT_PASSWORD}".encode()).decode()
DOMAIN = {"domain": "corp.example"}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize(
    ("data", "offers"),
    [
        ({}, ["Negotiate"]),
        (DOMAIN, ["Negotiate", "Kerberos"]),
        ({"winrm": ALL}, ["Negotiate", 'Basic realm="WSMAN"', "CredSSP"]),
        ({"winrm": {**ALL, "negotiate": False, "credssp": False}, **DOMAIN}, ["Kerberos", 'Basic realm="WSMAN"']),
        ({"winrm": {"negotiate": False, "kerberos": False}, **DOMAIN}, []),
    ],
)
def test_the_401_offers_what_is_switched_on(run_host: RunHost, data: dict[str, Any], offers: list[str]) -> None:
    """Status, header names and the closed connection as in a published dump of a Windows host's refusal."""
    _lab, host = run_host(**data)
    urls = [f"http://{host.address}:5985/wsman", *([f"https://{host.address}:5986/wsman"] if host.tls else [])]
    for url in urls:
        for authorization in ({}, {"Authorization": "Digest x"}, {"Authorization": CERTIFICATE_HEADER}):
            reply = post(url, **authorization)
            assert (reply.status_code, challenges(reply), reply.content) == (401, offers, b"")
            assert reply.headers["Server"] == "Microsoft-HTTPAPI/2.0"
            assert (reply.headers["Connection"], reply.headers["Content-Length"]) == ("close", "0")
            age = dt.datetime.now(dt.timezone.utc) - parsedate_to_datetime(reply.headers["Date"])
            assert abs(age) < dt.timedelta(minutes=1)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_basic_is_for_https_unless_clear_text_is_allowed(run_host: RunHost) -> None:
    message = envelope(names.GET, names.CONFIG)
    _lab, strict = run_host(winrm=ALL)
    refused = post(f"http://{strict.address}:5985/wsman", message, Authorization=BASIC)
    assert (refused.status_code, 'Basic realm="WSMAN"' in challenges(refused)) == (401, True)
    assert post(f"https://{strict.address}:5986/wsman", message, Authorization=BASIC).status_code == 200
    _lab, loose = run_host(winrm={"basic": True, "allow_unencrypted": True})
    assert post(f"http://{loose.address}:5985/wsman", message, Authorization=BASIC).status_code == 200


@pytest.mark.parametrize(
    ("state", "text"),
    [("expired", "certificate has expired"), ("wrong_name", "IP address mismatch"), ("self_signed", "self-signed")],
)
def test_bad_certificates_are_refused_by_the_client(
    run_host: RunHost, state: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, host = run_host(winrm={**ALL, "https": state})
    trust = str(lab.lab.authority.path)
    with pytest.raises(requests.exceptions.SSLError, match=text):
        reads(over_https(host, "ntlm", ca_trust_path=trust))
    reads(over_https(host, "ntlm", server_cert_validation="ignore"))


def test_a_self_signed_certificate_can_be_trusted(run_host: RunHost) -> None:
    _lab, host = run_host(winrm={"https": "self_signed"})
    reads(over_https(host, "ntlm"))


@pytest.mark.parametrize(
    ("level", "send", "accepted"),
    [("relaxed", True, True), ("relaxed", False, True), ("strict", True, True), ("strict", False, False),
     ("none", False, True)],
)  # fmt: skip
def test_channel_bindings(run_host: RunHost, level: str, send: bool, accepted: bool) -> None:
    _lab, host = run_host(winrm={"https": True, "cbt": level})
    protocol = over_https(host, "ntlm", send_cbt=send)
    if accepted:
        reads(protocol)
    else:
        with pytest.raises(InvalidCredentialsError):
            reads(protocol)


def test_a_binding_to_another_certificate_is_refused(run_host: RunHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens behind a proxy that ends TLS: the client binds to the proxy's certificate."""
    _lab, host = run_host(winrm={"https": True})
    assert host.tls is not None
    monkeypatch.setattr("pypsrp.negotiate.HTTPNegotiateAuth._get_certificate_hash", lambda certificate: b"\x01" * 32)
    with pytest.raises(AuthenticationError):
        shows_config(pypsrp(host.address, ssl=True, port=5986, encryption="auto", cert_validation=str(host.tls.trust)))


@pytest.mark.parametrize(("principal", "status"), [("nobody@localhost", 401), (f"{DEFAULT_USER}@corp.example", 401)])
def test_a_certificate_that_is_not_mapped(run_host: RunHost, principal: str, status: int) -> None:
    lab, host = run_host(winrm=ALL)
    assert host.tls is not None
    files = lab.lab.authority.client(principal)
    reply = requests.post(
        f"https://{host.address}:5986/wsman",
        headers={"Authorization": CERTIFICATE_HEADER},
        cert=(str(files.certificate), str(files.key)),
        verify=str(host.tls.trust),
        timeout=5,
    )
    assert reply.status_code == status


def test_an_expired_client_certificate_ends_the_connection(run_host: RunHost) -> None:
    lab, host = run_host(winrm=ALL)
    files = lab.lab.authority.client(f"{DEFAULT_USER}@localhost", expired=True)
    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        reads(over_https(host, "certificate", cert_pem=str(files.certificate), cert_key_pem=str(files.key)))


def test_authentication_belongs_to_its_connection(run_host: RunHost) -> None:
    """A message that another connection has sealed is refused: 401 without, 400 with a new authentication."""
    _lab, host = run_host()
    protocol = pywinrm(host.address)
    registry(protocol, "EnumKey", TERMINAL_SERVER)
    encryption, client = protocol.transport.encryption, protocol.transport.session
    assert encryption is not None and client is not None
    url = protocol.transport.endpoint
    sealed = encryption.prepare_encrypted_request(client, url, envelope(names.GET, names.CONFIG).encode())
    headers = {"Content-Type": sealed.headers["Content-Type"]}
    assert requests.post(url, data=sealed.body, headers=headers, timeout=5).status_code == 401
    other = pywinrm(host.address)
    registry(other, "EnumKey", TERMINAL_SERVER)
    session = other.transport.session
    assert session is not None
    assert session.send(sealed, timeout=5).status_code == 400


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
@pytest.mark.parametrize(
    ("scheme", "transport"),
    [("http", "ntlm"), ("http", "credssp"), ("https", "ntlm"), ("https", "basic"), ("https", "certificate")],
)
def test_ansibles_own_plugins_connect_as_the_inventory_says(
    run_host: RunHost, plugin: str, scheme: str, transport: str
) -> None:
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader

    connection = {"plugin": plugin, "scheme": scheme, "transport": transport}
    lab, host = run_host(winrm=ALL, connection=connection)
    group = inventory.build(lab.lab)["all"]["children"]["windows"]
    variables = {**group["vars"], **group["hosts"][host.name]}
    loaded = connection_loader.get(variables["ansible_connection"], PlayContext(), "/dev/null")
    # As the task executor does: what is no option of the plugin itself, such as the file of the authority, is an extra.
    extras = {key: value for key, value in variables.items() if key.startswith(f"ansible_{plugin}_")}
    loaded.set_options(var_options={"inventory_hostname": host.name, **variables, "_extras": extras})
    if plugin == "winrm":
        loaded._connect()
        assert loaded.protocol.run_command(loaded.shell_id, "ver")
        loaded.close()
    else:
        from pypsrp.wsman import WSMan

        loaded._build_kwargs()
        shows_config(WSMan(**loaded._psrp_conn_kwargs))


def test_the_default_inventory_stays_ntlm_over_http() -> None:
    with LabThread([scenario()], base="127.66.251.0") as lab:
        built = inventory.build(lab.lab)["all"]["children"]["windows"]
        assert built["vars"]["ansible_winrm_transport"] == "ntlm" and built["vars"]["ansible_port"] == 5985
        assert set(built["hosts"]["LABHOST"]) == {"ansible_host", "ansible_user", "ansible_password"}
