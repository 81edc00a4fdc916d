# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that end at any point, and replies that are not what they say: the right result or one clear error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
)
from tests.unit.wsman import samples
from tests.unit.wsman.connections import BOTH, PASSWORD
from tests.unit.wsman.ntlm_server import NTLMServer
from tests.unit.wsman.transport.conftest import Scheme
from tests.unit.wsman.transport.raw_server import Caller, RawServer
from tests.unit.wsman.transport.raw_server import reply as answer

BODY = samples.envelope("<a>\u00fc</a>")
WHOLE = answer(BODY)
CUTS = {
    "nothing": 0,
    "in the status line": 5,
    "in the headers": 40,
    "before the body": WHOLE.index(b"\r\n\r\n") + 4,
    "in the body": len(WHOLE) - 9,
}


def outcome(connection: Any, request: bytes = b"<a/>") -> Any:
    """What one exchange and the parser make of it."""
    transport = connect.open_transport(connection, Deadline(5))
    return reply.read_body(transport.send(request, 5))


@BOTH
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("end", [lambda caller: None, Caller.reset], ids=["close", "reset"])
def test_a_connection_that_ends(
    build: Callable[..., Any], scheme: Scheme, cut: str, end: Callable[[Caller], None]
) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(WHOLE[: CUTS[cut]])
        end(caller)

    with RawServer(script, scheme.tls).running() as server:
        with pytest.raises((WSManConnectionError, WSManProtocolError)) as caught:
            outcome(build(server.port, **scheme.options))
        assert str(server.port) in str(caught.value)


@BOTH
def test_a_connection_that_ends_before_the_request(build: Callable[..., Any]) -> None:
    with RawServer(lambda caller: None).running() as server, pytest.raises(WSManConnectionError) as caught:
        outcome(build(server.port), b"x" * 5_000_000)
    assert caught.value.dropped


@BOTH
@pytest.mark.parametrize("where", ["body until close", "chunk", "chunk size"])
def test_a_body_that_ends_early(build: Callable[..., Any], where: str) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        head = WHOLE[: WHOLE.index(b"Content-Length")]
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
        caller.send(
            {
                "body until close": head + b"\r\n" + BODY[:-9],
                "chunk": chunked + b"ff\r\n" + BODY[:100],
                "chunk size": chunked + b"64\r\n" + BODY[:100] + b"\r\n",
            }[where]
        )

    with RawServer(script).running() as server, pytest.raises(WSManError) as caught:
        outcome(build(server.port))
    if where == "body until close":
        assert "cut off or damaged" in str(caught.value)
    else:
        assert isinstance(caught.value, WSManConnectionError) and caught.value.dropped


READABLE = {
    "as Windows sends it": (BODY, "application/soap+xml;charset=UTF-8"),
    "no content type": (BODY, ""),
    "another content type": (BODY, "text/html"),
    "a charset that is none": (BODY, "application/soap+xml;charset=x-none"),
    "UTF-16": (BODY.decode().encode("utf-16"), "application/soap+xml;charset=UTF-16"),
    "Latin-1": (
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + BODY.decode().encode("latin-1"),
        "application/soap+xml;charset=UTF-8",
    ),
}


@BOTH
@pytest.mark.parametrize("kind", READABLE)
def test_replies_that_are_read(build: Callable[..., Any], kind: str) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(answer(READABLE[kind][0], kind=READABLE[kind][1]))

    with RawServer(script).running() as server:
        assert outcome(build(server.port)).findtext("a") == "\u00fc"


ENCRYPTED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
REFUSED: dict[str, tuple[bytes, str]] = {
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "is not HTTP as WinRM speaks it"),
    "a wrong status": (b"HTTP/1.1 abc OK\r\n\r\n", "is not HTTP as WinRM speaks it"),
    "two lengths": (answer(BODY, "200 OK", "Content-Length: 3"), "is not HTTP as WinRM speaks it"),
    "a wrong chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "is not HTTP as WinRM speaks it",
    ),
    "a length that is too small": (WHOLE.replace(str(len(BODY)).encode(), b"300", 1), "cut off or damaged"),
    "encrypted by name": (answer(b"--Encrypted Boundary\r\nx", kind=ENCRYPTED), "reply"),
    "control characters": (answer(samples.envelope("<a>\x01</a>")), "cut off or damaged"),
    "a character that XML lacks": (answer(samples.envelope("<a>&#1;</a>")), "cut off or damaged"),
    "wrong UTF-8": (answer(BODY[:-50] + b"\xff" + BODY[-50:]), "cut off or damaged"),
    "DTD": (answer(b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'), "document type or entities"),
    "nothing": (answer(b""), "not well-formed"),
    "500 in Latin-1": (answer(b"<p>d\xe9sol\xe9</p>", "500 Error", kind="text/html"), "HTTP 500 and no SOAP fault"),
    "407": (answer(b"", "407 No"), "HTTP 407: a proxy wants credentials"),
    "502": (answer(b"<p>", "502 Bad"), "HTTP 502: a proxy in between does not reach WinRM"),
    "304": (answer(b"", "304 Not Modified"), "HTTP 304, a redirect"),
}


@BOTH
@pytest.mark.parametrize("kind", REFUSED)
def test_replies_that_are_refused(build: Callable[..., Any], kind: str) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(REFUSED[kind][0])

    with RawServer(script).running() as server, pytest.raises(WSManError, match=REFUSED[kind][1]) as caught:
        outcome(build(server.port))
    assert not isinstance(caught.value, WSManFault) and PASSWORD not in str(caught.value)


@BOTH
def test_a_fault_in_another_encoding(build: Callable[..., Any]) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(answer(samples.fault(5, "verweigert \u00fc").decode().encode("utf-16"), "500 Error"))

    with RawServer(script).running() as server, pytest.raises(WSManFault, match="verweigert \u00fc") as caught:
        outcome(build(server.port))
    assert (caught.value.code, caught.value.http_status) == (5, 500)


WITH_NTLM = {
    "ansible_user": "LAB\\admin",
    "ansible_winrm_transport": ["ntlm"],
    "ansible_psrp_auth": "ntlm",
    "ansible_psrp_message_encryption": "always",
}


@BOTH
@pytest.mark.parametrize("options", [{}, WITH_NTLM], ids=["basic", "ntlm"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_never_followed(build: Callable[..., Any], options: dict[str, Any], status: str) -> None:
    with RawServer(lambda caller: None).running() as thief:

        def script(caller: Caller) -> None:
            caller.request()
            caller.send(answer(b"", status, f"Location: http://127.0.0.1:{thief.port}/wsman"))

        with (
            RawServer(script).running() as server,
            pytest.raises(WSManConnectionError, match="a redirect to http://127.0.0.1:.*, which is never followed"),
        ):
            outcome(build(server.port, **options))
        assert thief.callers == []


@pytest.fixture
def ntlm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NTLMServer]:
    users = tmp_path / "users"
    users.write_text(f"LAB:admin:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    found = NTLMServer(lambda request: (200, BODY))
    with found.running():
        yield found


@BOTH
def test_a_connection_that_is_no_longer_logged_on(ntlm: NTLMServer, build: Callable[..., Any]) -> None:
    """What was encrypted for the old log-on is not sent under the new one; the next exchange logs on anew."""
    transport = connect.open_transport(build(ntlm.port, **WITH_NTLM), Deadline(5))
    transport.send(b"<a/>", 5)
    ntlm.log_off = True
    with pytest.raises(WSManAuthError, match=r"no longer knows the user LAB\\admin with ntlm in the middle"):
        transport.send(b"<b/>", 5)
    transport.send(b"<c/>", 5)
    assert ntlm.requests == [b"<a/>", b"<c/>"]


@BOTH
def test_an_answer_in_the_clear_to_an_encrypted_request(ntlm: NTLMServer, build: Callable[..., Any]) -> None:
    transport = connect.open_transport(build(ntlm.port, **WITH_NTLM), Deadline(5))
    ntlm.plain = True
    with pytest.raises(WSManProtocolError, match="answers in the clear to an encrypted request"):
        transport.send(b"<a/>", 5)
    assert transport.send(b"<a/>", 5) == BODY


@BOTH
def test_a_damaged_encrypted_reply_is_no_refusal_to_log_on(ntlm: NTLMServer, build: Callable[..., Any]) -> None:
    """The host has done what was asked, so a write must not be sent again."""
    ntlm.answer = lambda _request: (200, samples.envelope("<IdentifyResponse/>").replace(b"@ID@", b""))
    with connect.open_session(build(ntlm.port, **WITH_NTLM), Deadline(5)) as session:
        session.identify()
        ntlm.damaged = True
        with pytest.raises(WSManProtocolError, match="the encrypted reply from port .* cannot be read") as caught:
            session.invoke("root/cimv2", "Win32_Service", "StopService", {}, {"Name": "TermService"})
    assert caught.value.in_doubt
    assert len(ntlm.requests) == 2


@BOTH
def test_a_message_is_never_sent_in_the_clear_after_a_failed_log_on(build: Callable[..., Any]) -> None:
    bodies: list[bytes] = []

    def script(caller: Caller) -> None:
        bodies.append(caller.request()[1])
        caller.send(answer(b"", "503 Busy"))

    with RawServer(script).running() as server:
        transport = connect.open_transport(build(server.port, **WITH_NTLM), Deadline(5))
        for _unused in range(2):
            with pytest.raises(WSManConnectionError, match="HTTP 503"):
                transport.send(b"<secret/>", 5)
    assert bodies == [b"", b""]
