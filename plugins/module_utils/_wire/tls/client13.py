# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The handshake after the first ServerHello or HelloRetryRequest of TLS 1.3, and what follows it (RFC 8446 4)."""

from __future__ import annotations

from typing import Dict, Generator

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import hashes
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import hello, keys, messages, records, signatures
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken, Unable
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import vector
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.link import Link, Message, Steps, encode, expect
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_3
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.public_key import public_key
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import COMPLETABLE, Suite

# RFC 8446 4.4.3: what stands before the transcript's hash in what a server signs.
_SIGNED = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


def handshake(link: Link, request: hello.Request, privates: Dict[int, int], answer: hello.Answer) -> Steps:
    """From after the first answer on. ``privates`` are the keys behind the shares of ``request``, by group.

    Sets ``done`` on ``link`` and goes on with what may follow the handshake, without an end.
    """
    suite = answer.suite
    if suite.code not in COMPLETABLE:
        raise Unable(f"it chooses {suite.name}, with which this probe can not finish a handshake")
    _check_session(request, answer)
    retried = answer.retry
    if retried:
        privates = _again(link, request, privates, answer)
        answer = yield from _second(link, request, answer)
    schedule = keys.Schedule(suite.hash_name)
    schedule.share(_shared(link, privates, answer))
    client_secret = schedule.derive(b"c hs traffic", link.transcript)
    server_secret = schedule.derive(b"s hs traffic", link.transcript)
    link.reader = records.Gcm13(suite, server_secret)

    message = yield from expect(link, messages.ENCRYPTED_EXTENSIONS)
    messages.check_encrypted_extensions(message.body)
    message = yield from expect(link, messages.CERTIFICATE, messages.CERTIFICATE_REQUEST)
    certificate = None
    if message.kind == messages.CERTIFICATE_REQUEST:
        certificate = vector(1, messages.request_context(message.body)) + vector(3, b"")
        message = yield from expect(link, messages.CERTIFICATE)
    link.chain = messages.certificates_1_3(message.body)
    key = public_key(link.chain[0])

    signed = _SIGNED + hashes.digest(suite.hash_name, link.transcript)
    message = yield from expect(link, messages.CERTIFICATE_VERIFY)
    verify = messages.certificate_verify(message.body)
    signatures.check(TLS_1_3, key, verify.scheme, signed, verify.signature)
    link.key_proved = True

    expected = keys.finished_1_3(suite.hash_name, server_secret, link.transcript)
    message = yield from expect(link, messages.FINISHED)
    if message.body != expected:
        raise Broken("its Finished message does not fit the handshake")
    schedule.finish()
    link.reader = records.Gcm13(suite, schedule.derive(b"s ap traffic", link.transcript))
    application_writer = records.Gcm13(suite, schedule.derive(b"c ap traffic", link.transcript))
    if not retried:
        _change_cipher_spec(link)
    link.writer = records.Gcm13(suite, client_secret)
    if certificate is not None:
        link.send_message(messages.CERTIFICATE, certificate)
    link.send_message(messages.FINISHED, keys.finished_1_3(suite.hash_name, client_secret, link.transcript))
    link.writer = application_writer
    link.done = True
    yield from _after(link, suite, link.reader, link.writer)


def _check_session(request: hello.Request, answer: hello.Answer) -> None:
    if answer.session != request.session:
        raise Broken("its ServerHello does not repeat the session id that TLS 1.3 wants back")


def _change_cipher_spec(link: Link) -> None:
    """RFC 8446 D.4: middleboxes that know TLS 1.2 only want to see one before our second flight."""
    link.send(records.CHANGE_CIPHER_SPEC, b"\1")


def _again(link: Link, request: hello.Request, privates: Dict[int, int], answer: hello.Answer) -> Dict[int, int]:
    """Sends the second ClientHello that a HelloRetryRequest asks for, and gives the keys behind its shares."""
    shares = request.shares
    if answer.share is not None:
        code = answer.share.group
        if code in privates:
            raise Broken("its HelloRetryRequest asks for a key share that it has")
        group = messages.group(code)
        privates = {code: group.new_private()}
        shares = [hello.Share(code, group.public(privates[code]))]
    elif not answer.cookie:
        raise Broken("its HelloRetryRequest asks for nothing")
    # RFC 8446 4.4.1: a hash takes the place of the first ClientHello.
    hash_name = answer.suite.hash_name
    first_size = 4 + int.from_bytes(link.transcript[1:4], "big")
    first, retry = link.transcript[:first_size], link.transcript[first_size:]
    link.transcript = encode(messages.MESSAGE_HASH, hashes.digest(hash_name, first)) + retry
    _change_cipher_spec(link)
    second = request._replace(shares=shares, cookie=answer.cookie)
    link.send_message(messages.CLIENT_HELLO, hello.build(link.offer, second))
    return privates


def _second(link: Link, request: hello.Request, retry: hello.Answer) -> Generator[None, Message, hello.Answer]:
    """The ServerHello after a HelloRetryRequest."""
    message = yield from expect(link, messages.SERVER_HELLO)
    answer = hello.parse(message.body, link.offer)
    if answer.retry:
        raise Broken("it sends a second HelloRetryRequest")
    if (answer.version, answer.suite) != (retry.version, retry.suite):
        raise Broken("its ServerHello contradicts its HelloRetryRequest")
    _check_session(request, answer)
    return answer


def _shared(link: Link, privates: Dict[int, int], answer: hello.Answer) -> bytes:
    if answer.share is None:
        raise Broken("its ServerHello has no key share")
    code, public = answer.share
    if code not in privates:
        raise Broken(f"its key share is of the group {code}, for which we sent none")
    link.group = messages.group(code).name
    return messages.shared(code, privates[code], public)


def _after(link: Link, suite: Suite, reader: records.Gcm13, writer: records.Gcm13) -> Steps:
    """What may come at any time after the handshake (RFC 8446 4.6). Tickets are of no use here."""
    while True:
        link.transcript = b""
        message = yield from expect(link, messages.NEW_SESSION_TICKET, messages.KEY_UPDATE)
        if message.kind == messages.NEW_SESSION_TICKET:
            continue
        requested = messages.update_requested(message.body)
        reader = records.Gcm13(suite, keys.next_secret(suite.hash_name, reader.secret))
        link.reader = reader
        if requested:
            link.send_message(messages.KEY_UPDATE, b"\0")
            writer = records.Gcm13(suite, keys.next_secret(suite.hash_name, writer.secret))
            link.writer = writer
