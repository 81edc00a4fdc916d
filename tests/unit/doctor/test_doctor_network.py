# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the host as rdp_doctor looks at it: real sockets on loopback, well-behaved and not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import network, options
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.http import Answer
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Check, Connection, Network
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.unit.wire.certificates import name, pem
from tests.unit.wire.servers import Handler, greeting, serving, until_closed

IDENTITY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body><wsmid:IdentifyResponse '
    b'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><wsmid:ProductVendor>Microsoft '
    b"Corporation</wsmid:ProductVendor></wsmid:IdentifyResponse></s:Body></s:Envelope>"
)


def connection(port: int, scheme: str = "http", **others: Any) -> Connection:
    found = options._nothing("winrm")
    found.update(  # type: ignore[call-arg]
        address="127.0.0.1", port=port, scheme=scheme, path="/wsman", methods=["ntlm"], user="ansible"
    )
    found.update(others)  # type: ignore[typeddict-item]
    return found


def examine(asked: Connection, seconds: float = 5.0) -> tuple[Network, list[Check]]:
    found, checks = network.examine(asked, Deadline(seconds))
    for check in checks:
        assert check["text"].endswith("."), check
        assert bool(check["todo"]) is (check["status"] in ("failed", "warning")), check
    return found, checks


def last(checks: list[Check]) -> tuple[str, str]:
    return checks[-1]["name"], checks[-1]["status"]


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check["name"]: check for check in checks}


def http(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def read_request(stream: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(65536)
        data += piece
        if not piece or not data.startswith(b"POST"):  # a TLS handshake has no end to wait for
            return data
    head, _end, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


def replying(answer: bytes, seen: list[bytes] | None = None) -> Handler:
    def handle(stream: socket.socket) -> None:
        request = read_request(stream)
        if seen is not None:
            seen.append(request)
        stream.sendall(answer)

    return handle


def windows(*offers: str, skew: float = 0, seen: list[bytes] | None = None) -> Handler:
    """Answers Identify to anybody, and anything else with 401."""
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=skew), usegmt=True)
    challenges = [f"WWW-Authenticate: {offer}" for offer in offers]

    def handle(stream: socket.socket) -> None:
        request = read_request(stream)
        if seen is not None:
            seen.append(request)
        anonymous = b"WSMANIDENTIFY: unauthenticated" in request
        answer = http("200 OK", body=IDENTITY) if anonymous else http("401 ", *challenges, f"Date: {date}")
        stream.sendall(answer)

    return handle


def quietly(stream: socket.socket) -> None:
    """The look at TCP alone."""
    until_closed(stream)


# -- name and TCP ----------------------------------------------------------------------------------------------------


def test_a_name_that_nobody_knows() -> None:
    found, checks = examine(connection(5985, address="no-such-host.invalid"))
    assert last(checks) == ("network.name", "failed")
    assert (found["tcp"], found["addresses"]) == ("not_tried", [])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_port_that_refuses() -> None:
    found, checks = examine(connection(free_port()))
    assert found["tcp"] == "refused"
    assert last(checks) == ("network.tcp", "failed")
    assert checks[-1]["todo"] == "On the host, run: winrm quickconfig"


@contextmanager
def dropping() -> Iterator[int]:
    """A port whose queue is full, so that further connections get no answer, as behind a firewall that drops."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _unused in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def test_a_port_that_does_not_answer() -> None:
    with dropping() as port:
        started = time.monotonic()
        found, checks = examine(connection(port), 1.0)
    assert found["tcp"] == "filtered"
    assert f"allow TCP port {port}" in checks[-1]["todo"]
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("port", "other", "methods", "todo"),
    [
        (5986, 5985, ["ntlm"], "Set ansible_port to 5985 and ansible_winrm_scheme to http."),
        (5986, 5985, ["basic"], "On the host, run: winrm quickconfig -transport:https"),
        (5985, 5986, ["basic"], "Set ansible_port to 5986 and ansible_winrm_scheme to https."),
        (5999, 5985, ["ntlm"], "Set ansible_port to 5985 and ansible_winrm_scheme to http."),
        (5999, 5986, ["ntlm"], "Set ansible_port to 5986 and ansible_winrm_scheme to https."),
    ],
)
def test_the_other_port_of_winrm_is_proposed_where_it_is_no_weaker(
    port: int, other: int, methods: list[str], todo: str
) -> None:
    """Basic authentication is not led away from TLS."""
    address = "127.83.7.1"
    with socket.create_server((address, other)):
        scheme = "https" if port == 5986 else "http"
        _found, checks = examine(connection(port, scheme, address=address, methods=methods))
    assert last(checks) == ("network.tcp", "failed")
    assert checks[-1]["todo"] == todo


def test_behind_a_proxy_only_the_proxy_is_looked_at() -> None:
    with serving(quietly, host="127.0.0.1") as proxy:
        asked = connection(5985, address="unknown.invalid", proxy=f"http://127.0.0.1:{proxy.port}")
        found, checks = examine(asked)
    assert found["tcp"] == "open"
    assert last(checks) == ("network.service", "skipped")
    _found, checks = examine(connection(5985, proxy=f"http://127.0.0.1:{free_port()}"))
    assert by_name(checks)["network.tcp"]["todo"] == "Correct the proxy of the connection, or unset it."
    _found, checks = examine(connection(5985, proxy="http://127.0.0.1:port"))
    assert last(checks) == ("network.name", "failed")


# -- WinRM without credentials ---------------------------------------------------------------------------------------


def test_a_host_that_is_well() -> None:
    seen: list[bytes] = []
    with serving(
        quietly, windows("Negotiate", "Kerberos", 'Basic realm="WSMAN"', "CredSSP", seen=seen), host="127.0.0.1"
    ) as server:
        found, checks = examine(connection(server.port))
    assert {check["status"] for check in checks} == {"ok"}
    assert found["offered"] == ["Negotiate", "Kerberos", "Basic", "CredSSP"]
    assert found["identified"]
    assert found["clock_skew"] is not None
    assert abs(found["clock_skew"]) <= 2
    assert [b"Authorization" in request for request in seen] == [False, False]


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        (["Negotiate", "Kerberos"], ["Negotiate", "Kerberos"]),
        (['Basic realm="WSMAN"'], ["Basic"]),
        (['Negotiate, Basic realm="a, Kerberos b", CredSSP'], ["Negotiate", "Basic", "CredSSP"]),
        (["Negotiate oYG2MIGzoAMKAQ==, Kerberos"], ["Negotiate", "Kerberos"]),
        (["Negotiate", "Negotiate"], ["Negotiate"]),
        ([], []),
    ],
)
def test_what_a_challenge_offers(headers: list[str], offered: list[str]) -> None:
    assert Answer(401, [("www-authenticate", header) for header in headers], b"").offered == offered


@pytest.mark.parametrize(
    ("offers", "asked", "status", "todo"),
    [
        (["Negotiate", "Kerberos"], {"methods": ["ntlm"]}, "ok", ""),
        (["Negotiate"], {"methods": ["basic"]}, "failed", "Set ansible_winrm_transport to ntlm."),
        (["Negotiate"], {"methods": ["credssp", "ntlm"]}, "ok", ""),
        (
            ["Negotiate"],
            {"methods": ["basic"], "user": "a@EX.COM"},
            "failed",
            "Set ansible_winrm_transport to kerberos.",
        ),
        (["Negotiate"], {"methods": ["certificate"]}, "ok", ""),
        (["Basic"], {"methods": ["ntlm"]}, "failed", "Allow an authentication in winrm/config/service/auth."),
        (["Kerberos"], {"methods": ["negotiate"]}, "ok", ""),
        ([], {"methods": ["ntlm"]}, "skipped", ""),
    ],
)
def test_the_offer_against_the_connection(offers: list[str], asked: dict[str, Any], status: str, todo: str) -> None:
    check = network.judge_offer(connection(5985, **asked), offers)
    assert (check["status"], check["todo"]) == (status, todo)


def test_basic_is_proposed_only_where_tls_protects_it() -> None:
    check = network.judge_offer(connection(5986, "https", methods=["ntlm"]), ["Basic"])
    assert check["todo"] == "Set ansible_winrm_transport to basic."


@pytest.mark.parametrize(
    ("skew", "methods", "status"),
    [(0, ["kerberos"], "ok"), (-900, ["kerberos"], "failed"), (900, ["ntlm"], "warning")],
)
def test_clocks(skew: float, methods: list[str], status: str) -> None:
    with serving(quietly, windows("Negotiate", "Kerberos", skew=skew), host="127.0.0.1") as server:
        found, checks = examine(connection(server.port, methods=methods))
    assert by_name(checks)["network.clock"]["status"] == status
    assert found["clock_skew"] is not None
    assert abs(found["clock_skew"] - skew) <= 2


@pytest.mark.parametrize(
    ("answer", "todo"),
    [
        (http("404 Not Found"), "Set ansible_winrm_path to wsman"),
        (http("503 Service Unavailable"), "Start WinRM on the host."),
        (http("403 Forbidden"), "IP filter"),
        (http("500 Internal Server Error"), "See what listens on that port"),
        (http("302 Found", "Location: /login"), "See what listens on that port"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "See what listens on that port"),
        (b"", "See what listens on that port"),
        (b"HTTP/1.1 401 Unauthorized\r\n" + b"X: y\r\n" * 20000, "See what listens on that port"),
    ],
)
def test_a_port_that_is_not_winrm_or_not_well(answer: bytes, todo: str) -> None:
    with serving(quietly, replying(answer), host="127.0.0.1") as server:
        _found, checks = examine(connection(server.port))
    assert last(checks) == ("network.service", "failed")
    assert todo in checks[-1]["todo"]


def test_a_server_that_speaks_first() -> None:
    with serving(quietly, greeting(b"220 mail.example.com ESMTP\r\n"), host="127.0.0.1") as server:
        _found, checks = examine(connection(server.port))
    assert last(checks) == ("network.service", "failed")
    assert "not HTTP" in checks[-1]["text"]


def drip(stream: socket.socket) -> None:
    read_request(stream)
    stream.sendall(b"HTTP/1.1 ")
    for _unused in range(10):
        time.sleep(0.1)
        stream.sendall(b"4")


def test_a_server_that_drips_does_not_outlast_the_deadline() -> None:
    with serving(quietly, drip, host="127.0.0.1") as server:
        started = time.monotonic()
        _found, checks = examine(connection(server.port), 0.5)
        assert time.monotonic() - started < 2
    assert last(checks) == ("network.service", "failed")


# -- TLS -------------------------------------------------------------------------------------------------------------

CA_KEY, KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
NOW = datetime.now(timezone.utc).replace(microsecond=0)
AUTHORITY = name(("2.5.4.3", "Test CA"))
DAY = timedelta(days=1)


def certificate(
    address: str = "127.0.0.1", start: datetime = NOW - DAY, end: datetime = NOW + 100 * DAY, signer: str = "ca"
) -> x509.Certificate:
    subject = name(("2.5.4.3", "SRV01"))
    ours = signer == "ca"
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(AUTHORITY if ours else subject)
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(end).public_key(KEY.public_key())
    names: list[x509.GeneralName] = [x509.DNSName("srv01.example.com")]
    if address:
        names.append(x509.IPAddress(ip_address(address)))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key((CA_KEY if ours else KEY).public_key())
    builder = builder.add_extension(issuer, critical=False)
    return builder.sign(CA_KEY if ours else KEY, hashes.SHA256())


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the authority."""
    builder = x509.CertificateBuilder().subject_name(AUTHORITY).issuer_name(AUTHORITY).public_key(CA_KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + 900 * DAY)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(CA_KEY.public_key())
    authority = builder.add_extension(identifier, critical=False).sign(CA_KEY, hashes.SHA256())
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_bytes(pem(authority, CA_KEY).split(b"-----BEGIN PRIVATE")[0])
    return path


def over_tls(folder: Path, served: x509.Certificate, handler: Handler) -> Handler:
    path = folder / "server.pem"
    path.write_bytes(pem(served, KEY))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def handle(stream: socket.socket) -> None:
        with context.wrap_socket(stream, server_side=True) as inner:
            handler(inner)

    return handle


Look = Callable[..., tuple[Network, dict[str, Check]]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """At a host with a certificate, over https."""

    def go(served: x509.Certificate, **others: Any) -> tuple[Network, dict[str, Check]]:
        handler = over_tls(tmp_path, served, windows("Negotiate"))
        with serving(quietly, handler, host="127.0.0.1") as server:
            found, checks = examine(connection(server.port, "https", **others))
            server.errors.clear()  # of handshakes that the client rejects, or ends without a request
        return found, by_name(checks)

    return go


def test_a_certificate_that_is_well(look: Look, trust: Path) -> None:
    found, checks = look(certificate(), trust=str(trust))
    assert {check["status"] for check in checks.values()} == {"ok"}
    tls = found["tls"]
    assert tls is not None
    assert tls["certificate"] is not None
    assert tls["trusted"] is True
    assert tls["version"] in ("TLSv1.2", "TLSv1.3")
    assert tls["certificate"]["subject"] == "CN=SRV01"
    assert found["offered"] == ["Negotiate"]


@pytest.mark.parametrize(
    ("served", "text", "todo"),
    [
        (certificate(signer="itself"), "self", "Set ansible_winrm_ca_trust_path to a file with the CA"),
        (certificate(end=NOW - timedelta(hours=1)), "expired", "Give the HTTPS listener of WinRM a new certificate."),
        (certificate(start=NOW + DAY), "not yet valid", "Set the clocks"),
        (certificate(address=""), "mismatch", "Set ansible_host to a name of the certificate: srv01.example.com."),
    ],
)
def test_a_certificate_that_is_not_trusted(
    look: Look, trust: Path, served: x509.Certificate, text: str, todo: str
) -> None:
    found, checks = look(served, trust=str(trust))
    check = checks["network.certificate"]
    assert check["status"] == "failed"
    assert text in check["text"]
    assert check["todo"].startswith(todo)
    assert found["tls"] is not None
    assert found["tls"]["trusted"] is False
    assert found["offered"] == ["Negotiate"]


def test_the_default_cas_do_not_trust_it(look: Look) -> None:
    _found, checks = look(certificate())
    assert checks["network.certificate"]["status"] == "failed"


@pytest.mark.parametrize(
    ("served", "status", "text"),
    [
        (certificate(signer="itself"), "ok", "was not validated"),
        (certificate(end=NOW - timedelta(hours=1)), "warning", "has ended"),
        (certificate(end=NOW + 5 * DAY), "warning", "ends soon"),
    ],
)
def test_without_validation_the_dates_still_count(look: Look, served: x509.Certificate, status: str, text: str) -> None:
    found, checks = look(served, validates=False)
    assert found["tls"] is not None
    assert found["tls"]["trusted"] is None
    assert checks["network.certificate"]["status"] == status
    assert text in checks["network.certificate"]["text"]


def test_a_trust_that_is_no_certificate_leaves_the_question_open(look: Look, tmp_path: Path) -> None:
    (tmp_path / "ca.txt").write_text("nothing", encoding="utf-8")
    _found, checks = look(certificate(), trust=str(tmp_path / "ca.txt"))
    assert checks["network.certificate"]["status"] == "skipped"
    assert "cannot be read" in checks["network.certificate"]["text"]


def test_https_to_a_port_without_tls() -> None:
    with serving(quietly, replying(http("400 Bad Request")), host="127.0.0.1") as server:
        server.errors.clear()
        found, checks = examine(connection(server.port, "https"), 1.0)
    assert last(checks) == ("network.tls", "failed")
    assert found["tls"] is not None
    assert found["tls"]["reason"]


def test_http_to_a_port_with_tls(tmp_path: Path) -> None:
    """The port hangs up on HTTP, as a TLS server does, and then speaks TLS to whoever asks for it."""
    with serving(quietly, over_tls(tmp_path, certificate(), until_closed), host="127.0.0.1") as server:
        _found, checks = examine(connection(server.port))
    assert last(checks) == ("network.service", "failed")
    assert checks[-1]["todo"] == "Set ansible_winrm_scheme to https."
