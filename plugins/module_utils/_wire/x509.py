# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What an X.509 certificate says (RFC 5280), read with the standard library only.

Used for the certificate that a server shows, and on the controller for certificates out of the Windows registry.
Nothing is verified here: a certificate is data, and ``parse`` only promises to raise BadCertificate or to return.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import List, Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, oids
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Certificate

_VERSION, _ISSUER_UID, _SUBJECT_UID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3

# Codecs of the string types of RFC 5280 4.1.2.4. T61String holds Latin-1 in practice (MEM: unverified).
_STRINGS = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # T61String
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_UTC_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})", re.ASCII)
_GENERALIZED_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?(Z|[+-]\d{4})", re.ASCII)


class BadCertificate(ValueError):
    """The bytes are not an X.509 certificate; the text says why."""


@dataclass(frozen=True)
class X509:
    """A certificate. Names are in the order and escaping of RFC 4514; dates are aware and in UTC."""

    der: bytes = field(repr=False)
    subject: str
    issuer: str
    serial: str  # upper-case hex digits
    not_before: datetime
    not_after: datetime
    key_algorithm: str  # RSA, EC, or an OID
    key_bits: Optional[int]
    signature_algorithm: str
    eku: Tuple[str, ...]  # OIDs; empty when the extension is absent, which allows every use
    self_signed: bool  # issued under its own name; the signature is not checked

    @property
    def sha1(self) -> str:
        """40 upper-case hex digits: the thumbprint that Windows uses."""
        return hashlib.sha1(self.der).hexdigest().upper()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest().upper()


def parse(data: bytes) -> X509:
    """The certificate in ``data``, one DER certificate with nothing after it. Raises BadCertificate."""
    try:
        return _parse(bytes(data))
    except der.BadDer as error:
        raise BadCertificate(f"not an X.509 certificate: {error}") from error


def describe(x509: X509, now: datetime) -> Certificate:
    """The certificate as the report shows it. ``now`` is an aware datetime."""
    return {
        "sha1": x509.sha1,
        "sha256": x509.sha256,
        "subject": x509.subject,
        "issuer": x509.issuer,
        "serial": x509.serial,
        "not_before": _iso(x509.not_before),
        "not_after": _iso(x509.not_after),
        "days_left": round((x509.not_after - now) / timedelta(days=1), 2),
        "self_signed": x509.self_signed,
        "key_algorithm": x509.key_algorithm,
        "key_bits": x509.key_bits,
        "signature_algorithm": x509.signature_algorithm,
        "eku": list(x509.eku),
    }


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _parse(data: bytes) -> X509:
    outer = der.Reader(data)
    certificate = outer.enter(der.SEQUENCE)
    outer.end()
    tbs = certificate.enter(der.SEQUENCE)
    signature_algorithm = _algorithm(certificate.enter(der.SEQUENCE))[0]
    certificate.take(der.BIT_STRING)
    certificate.end()

    tbs.skip(_VERSION)
    serial = tbs.take(der.INTEGER)
    tbs.take(der.SEQUENCE)  # the signature algorithm once more
    issuer = tbs.take(der.SEQUENCE)
    validity = tbs.enter(der.SEQUENCE)
    not_before, not_after = _time(validity), _time(validity)
    validity.end()
    subject = tbs.take(der.SEQUENCE)
    key_algorithm, key_bits = _key(tbs.enter(der.SEQUENCE))
    tbs.skip(_ISSUER_UID)
    tbs.skip(_SUBJECT_UID)
    eku: Tuple[str, ...] = ()
    if not tbs.done:
        eku = _extended_key_usage(tbs.enter(_EXTENSIONS))
    tbs.end()
    return X509(
        der=data,
        subject=_name(subject),
        issuer=_name(issuer),
        serial=_serial(serial),
        not_before=not_before,
        not_after=not_after,
        key_algorithm=key_algorithm,
        key_bits=key_bits,
        signature_algorithm=oids.SIGNATURES.get(signature_algorithm, signature_algorithm),
        eku=eku,
        self_signed=subject == issuer,
    )


def _algorithm(reader: der.Reader) -> Tuple[str, der.Reader]:
    """An AlgorithmIdentifier: its OID and a reader that stands before its parameters."""
    return der.oid(reader.take(der.OID)), reader


def _serial(content: bytes) -> str:
    if not content:
        raise der.BadDer("the serial number has no content")
    # The leading zero only keeps the number positive.
    return (content[1:] if len(content) > 1 and content[0] == 0 else content).hex().upper()


def _time(reader: der.Reader) -> datetime:
    tag, content, _whole = reader.element()
    pattern = {der.UTC_TIME: _UTC_TIME, der.GENERALIZED_TIME: _GENERALIZED_TIME}.get(tag)
    match = pattern.fullmatch(content.decode("latin-1")) if pattern else None
    if match is None:
        raise der.BadDer("a date is malformed")
    year, month, day, hour, minute = (int(text) for text in match.groups()[:5])
    if tag == der.UTC_TIME:
        year += 1900 if year >= 50 else 2000  # RFC 5280 4.1.2.5.1
    zone = match.group(7)
    try:
        moment = datetime(year, month, day, hour, minute, int(match.group(6) or 0), tzinfo=timezone.utc)
        if zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
            moment += offset if zone[0] == "-" else -offset
    except (ValueError, OverflowError) as error:
        raise der.BadDer(f"a date is out of range: {error}") from error
    return moment


def _key(spki: der.Reader) -> Tuple[str, Optional[int]]:
    algorithm, parameters = _algorithm(spki.enter(der.SEQUENCE))
    content = spki.take(der.BIT_STRING)
    spki.end()
    if algorithm == oids.RSA_KEY:
        modulus = der.integer(der.Reader(der.bits(content)).enter(der.SEQUENCE).take(der.INTEGER))
        if modulus <= 0:
            raise der.BadDer("the RSA modulus is not positive")
        return "RSA", modulus.bit_length()
    if algorithm == oids.EC_KEY:
        return "EC", _curve_bits(parameters)
    return algorithm, None


def _curve_bits(parameters: der.Reader) -> Optional[int]:
    """The size of a named curve; None for a curve that is not known or is spelled out."""
    if parameters.done or parameters.peek() != der.OID:
        return None
    return oids.CURVE_BITS.get(der.oid(parameters.take(der.OID)))


def _extended_key_usage(explicit: der.Reader) -> Tuple[str, ...]:
    found: Tuple[str, ...] = ()
    extensions = explicit.enter(der.SEQUENCE)
    while not extensions.done:
        extension = extensions.enter(der.SEQUENCE)
        identifier = der.oid(extension.take(der.OID))
        extension.skip(der.BOOLEAN)
        value = extension.take(der.OCTET_STRING)
        if identifier == oids.EXTENDED_KEY_USAGE:
            purposes = der.Reader(value).enter(der.SEQUENCE)
            uses: List[str] = []
            while not purposes.done:
                uses.append(der.oid(purposes.take(der.OID)))
            found = tuple(uses)
    return found


def _name(content: bytes) -> str:
    """RFC 4514 2.1: the relative names from the last to the first."""
    parts: List[str] = []
    relative_names = der.Reader(content)
    while not relative_names.done:
        attributes = relative_names.enter(der.SET)
        pairs: List[str] = []
        while not attributes.done:
            pairs.append(_attribute(attributes.enter(der.SEQUENCE)))
        parts.append("+".join(pairs))
    return ",".join(reversed(parts))


def _attribute(pair: der.Reader) -> str:
    identifier = der.oid(pair.take(der.OID))
    tag, content, whole = pair.element()
    pair.end()
    codec = _STRINGS.get(tag)
    # RFC 4514 2.4: a value that is no string is shown as the hexadecimal of its encoding.
    value = _escape(content.decode(codec, "replace")) if codec else "#" + whole.hex()
    return f"{oids.ATTRIBUTES.get(identifier, identifier)}={value}"


def _escape(value: str) -> str:
    """RFC 4514 2.4, and control characters as hexadecimal pairs so that a name never breaks a line."""
    escaped = "".join(_escape_one(character) for character in value)
    if value.startswith(("#", " ")):
        escaped = "\\" + escaped
    if len(value) > 1 and value.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return escaped


def _escape_one(character: str) -> str:
    if character in '\\",+;<>':
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\{byte:02x}" for byte in character.encode("utf-8", "replace"))
