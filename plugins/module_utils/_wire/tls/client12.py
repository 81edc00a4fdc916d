# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The handshake after the ServerHello, from SSL 3.0 to TLS 1.2 (RFC 6101 5.5, RFC 5246 7.3)."""

from __future__ import annotations

import os
import secrets
from typing import NamedTuple, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import rsa
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import (
    alerts,
    hello,
    keys,
    messages,
    records,
    signatures,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken, Unable
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import u16, vector
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.link import Link, Steps, expect
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import SSL_3_0
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.public_key import (
    EcKey,
    PublicKey,
    RsaKey,
    public_key,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import COMPLETABLE, Suite

# Ample for the strength of any group met here (RFC 7919 5.2 lists what each needs).
_DH_PRIVATE_BITS = 512


class _Agreed(NamedTuple):
    """The result of a key exchange: the premaster secret, and the body of the ClientKeyExchange."""

    premaster: bytes
    message: bytes


def handshake(link: Link, request: hello.Request, answer: hello.Answer) -> Steps:
    """From after the ServerHello on. Sets ``done`` on ``link``; after it, only HelloRequest would be right."""
    suite = answer.suite
    if request.session and answer.session == request.session:
        raise Broken("it resumes a session that never was")
    chain = yield from expect(link, messages.CERTIFICATE)
    link.chain = messages.certificates(chain.body)
    if suite.code not in COMPLETABLE:
        raise Unable(f"it chooses {suite.name}, with which this probe can not finish a handshake")
    key = _fitting(public_key(link.chain[0]), suite)
    exchange = None
    if suite.key_exchange != "RSA":
        message = yield from expect(link, messages.SERVER_KEY_EXCHANGE)
        exchange = messages.key_exchange(message.body, suite.key_exchange, answer.version)
        signed = request.random + answer.random + exchange.params
        signatures.check(answer.version, key, exchange.scheme, signed, exchange.signature)
        link.key_proved = True
    message = yield from expect(link, messages.SERVER_HELLO_DONE, messages.CERTIFICATE_REQUEST)
    asked = message.kind == messages.CERTIFICATE_REQUEST
    if asked:
        yield from expect(link, messages.SERVER_HELLO_DONE)

    if asked and answer.version == SSL_3_0:
        link.send(records.ALERT, bytes((alerts.WARNING, alerts.NO_CERTIFICATE)))
    elif asked:
        link.send_message(messages.CERTIFICATE, vector(3, b""))
    if exchange is not None:
        agreed = _agree(link, exchange)
    else:
        agreed = _encrypt(key, hello.legacy_version(link.offer), answer.version)
    link.send_message(messages.CLIENT_KEY_EXCHANGE, agreed.message)

    prf = keys.Prf(answer.version, suite.hash_name)
    randoms = request.random + answer.random
    master = prf.master(agreed.premaster, randoms, link.transcript if answer.extended_master_secret else None)
    writer, reader = _protections(prf, suite, master, randoms)
    link.send(records.CHANGE_CIPHER_SPEC, b"\1")
    link.writer = writer
    link.send_message(messages.FINISHED, prf.finished(master, "client", link.transcript))

    message = yield from expect(link, messages.CHANGE_CIPHER_SPEC, messages.NEW_SESSION_TICKET)
    if message.kind == messages.NEW_SESSION_TICKET:
        yield from expect(link, messages.CHANGE_CIPHER_SPEC)
    link.reader = reader
    expected = prf.finished(master, "server", link.transcript)
    finished = yield from expect(link, messages.FINISHED)
    if finished.body != expected:
        raise Broken("its Finished message does not fit the handshake")
    link.key_proved = True
    link.done = True
    link.transcript = b""
    yield from expect(link, messages.HELLO_REQUEST)


def _fitting(key: PublicKey, suite: Suite) -> PublicKey:
    if isinstance(key, EcKey) != (suite.authentication == "ECDSA"):
        raise Broken(f"it chooses {suite.name}, but its certificate has another kind of key")
    return key


def _agree(link: Link, exchange: messages.Exchange) -> _Agreed:
    """Diffie-Hellman, over an elliptic curve or a prime field."""
    if exchange.prime:
        link.group = f"DH {exchange.prime.bit_length()}"
        return _agree_dh(exchange)
    group = messages.group(exchange.group)
    link.group = group.name
    private = group.new_private()
    return _Agreed(messages.shared(exchange.group, private, exchange.public), vector(1, group.public(private)))


def _agree_dh(exchange: messages.Exchange) -> _Agreed:
    messages.check_prime(exchange)
    prime = exchange.prime
    private = 2 + secrets.randbelow((1 << min(_DH_PRIVATE_BITS, prime.bit_length() - 1)) - 1)
    # RFC 5246 8.1.2: leading zeros are no part of the secret.
    premaster = _bytes(pow(int.from_bytes(exchange.public, "big"), private, prime))
    return _Agreed(premaster, vector(2, _bytes(pow(exchange.generator, private, prime))))


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encrypt(key: PublicKey, offered: int, version: int) -> _Agreed:
    """A premaster secret for the owner of an RSA key (RFC 5246 7.4.7.1). SSL 3.0 sends it without its length."""
    if not isinstance(key, RsaKey):
        raise Broken("it wants an RSA key exchange, but its certificate has another kind of key")
    premaster = u16(offered) + os.urandom(46)
    try:
        encrypted = rsa.encrypt(key.n, key.e, premaster)
    except ValueError as error:
        raise Broken(f"its RSA key can not be used: {error}") from error
    return _Agreed(premaster, encrypted if version == SSL_3_0 else vector(2, encrypted))


def _protections(
    prf: keys.Prf, suite: Suite, master: bytes, randoms: bytes
) -> Tuple[records.Protection, records.Protection]:
    """For the client's and for the server's records, out of the key block (RFC 5246 6.3)."""
    sizes = records.key_sizes(suite, prf.version)
    block = prf.key_block(master, randoms, 2 * sum(sizes))
    at = 0
    client, server = [], []
    for size in sizes:
        client.append(block[at : at + size])
        server.append(block[at + size : at + 2 * size])
        at += 2 * size
    return (
        records.protection(suite, prf.version, client[0], client[1], client[2]),
        records.protection(suite, prf.version, server[0], server[1], server[2]),
    )
