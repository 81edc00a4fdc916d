# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What an X.509 certificate says (RFC 5280), read with the standard library only.

Used for the certificate that a server shows, and on the controller for certificates out of the Windows registry.
No trust is decided here: a certificate is data, and ``parse`` only promises to raise BadCertificate or to return.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Dict, Iterator, List, Optional, Tuple, Union

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, oids, self_signature
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Certificate

_VERSION, _ISSUER_UID, _SUBJECT_UID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3

# RFC 5280 4.2.1.6: dNSName and iPAddress of GeneralName.
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_COMMON_NAME = "2.5.4.3"

# The licence server certificates of standard RDP security name md5WithRSAEncryption where rsaEncryption belongs
# (seen in a recorded connection).
_RSA_KEYS = (oids.RSA_KEY, "1.2.840.113549.1.1.4")

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
    self_signed: bool  # issued under its own name, and signed with its own key as far as self_signature can check that
    common_name: Optional[str]  # the last, most specific one of the subject; not escaped
    alternative_names: bool  # whether there is a subject alternative name at all
    dns_names: Tuple[str, ...]  # of it
    addresses: Tuple[str, ...]  # of it

    @property
    def names(self) -> Tuple[str, ...]:
        """DNS names and addresses of the subject alternative name."""
        return self.dns_names + self.addresses

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
        "names": list(x509.names),
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


def name_match(x509: X509, host: str) -> bool:
    """Whether the certificate is for ``host``, a name or an address: RFC 6125 section 6.

    Without a subject alternative name the common name counts: Windows' own Remote Desktop certificate has no other
    name, and mstsc takes it (MEM: unverified).
    """
    host = host.split("%")[0]  # the scope of an IPv6 address
    address = _address(host)
    if address is not None:
        candidates = x509.addresses if x509.alternative_names else (x509.common_name or "",)
        return any(_address(candidate) == address for candidate in candidates)
    try:
        wanted = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return False  # no certificate can name it
    candidates = x509.dns_names if x509.alternative_names else (x509.common_name or "",)
    return bool(wanted) and any(_name_fits(candidate, wanted) for candidate in candidates)


def _address(text: str) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _name_fits(candidate: str, wanted: str) -> bool:
    """A whole leftmost label "*" stands for one label: RFC 6125 6.4.3."""
    candidate = candidate.rstrip(".").lower()
    if candidate.startswith("*."):
        label, _dot, wanted = wanted.partition(".")
        return bool(label) and candidate[2:] == wanted
    return candidate == wanted


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _parse(data: bytes) -> X509:
    outer = der.Reader(data)
    certificate = outer.enter(der.SEQUENCE)
    outer.end()
    _tag, _content, signed = certificate.element()
    algorithm, parameters = _algorithm(certificate.enter(der.SEQUENCE))
    signature = certificate.take(der.BIT_STRING)[1:]
    certificate.end()

    tbs = der.Reader(signed).enter(der.SEQUENCE)
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
    extensions: Dict[str, bytes] = {}
    if not tbs.done:
        extensions = dict(_extensions(tbs.enter(_EXTENSIONS)))
    tbs.end()
    dns_names, addresses = _alternative_names(extensions.get(oids.SUBJECT_ALT_NAME))
    return X509(
        der=data,
        subject=_name(subject),
        issuer=_name(issuer),
        serial=_serial(serial),
        not_before=not_before,
        not_after=not_after,
        key_algorithm=key_algorithm,
        key_bits=key_bits,
        signature_algorithm=oids.SIGNATURES.get(algorithm, algorithm),
        eku=_extended_key_usage(extensions.get(oids.EXTENDED_KEY_USAGE)),
        self_signed=subject == issuer and self_signature.holds(data, algorithm, parameters, signed, signature),
        common_name=_common_name(subject),
        alternative_names=oids.SUBJECT_ALT_NAME in extensions,
        dns_names=dns_names,
        addresses=addresses,
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
    if algorithm in _RSA_KEYS:
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


def _extensions(explicit: der.Reader) -> Iterator[Tuple[str, bytes]]:
    """OID and value of each extension."""
    extensions = explicit.enter(der.SEQUENCE)
    while not extensions.done:
        extension = extensions.enter(der.SEQUENCE)
        identifier = der.oid(extension.take(der.OID))
        extension.skip(der.BOOLEAN)
        yield identifier, extension.take(der.OCTET_STRING)


def _extended_key_usage(value: Optional[bytes]) -> Tuple[str, ...]:
    uses: List[str] = []
    if value is not None:
        purposes = der.Reader(value).enter(der.SEQUENCE)
        while not purposes.done:
            uses.append(der.oid(purposes.take(der.OID)))
    return tuple(uses)


def _alternative_names(value: Optional[bytes]) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """The DNS names and the addresses of a subject alternative name, RFC 5280 4.2.1.6; the other kinds are passed."""
    dns_names: List[str] = []
    addresses: List[str] = []
    if value is not None:
        general_names = der.Reader(value).enter(der.SEQUENCE)
        while not general_names.done:
            tag, content, _whole = general_names.element()
            if tag == _DNS_NAME:
                dns_names.append("".join(_printable(character) for character in content.decode("latin-1")))
            elif tag == _IP_ADDRESS and len(content) in (4, 16):
                addresses.append(str(ipaddress.ip_address(content)))
    return tuple(dns_names), tuple(addresses)


def _common_name(subject: bytes) -> Optional[str]:
    found = None
    relative_names = der.Reader(subject)
    while not relative_names.done:
        attributes = relative_names.enter(der.SET)
        while not attributes.done:
            pair = attributes.enter(der.SEQUENCE)
            identifier = der.oid(pair.take(der.OID))
            tag, content, _whole = pair.element()
            if identifier == _COMMON_NAME and tag in _STRINGS:
                found = content.decode(_STRINGS[tag], "replace")
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
    return _printable(character)


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return "".join(f"\\{byte:02x}" for byte in character.encode("utf-8", "replace"))
