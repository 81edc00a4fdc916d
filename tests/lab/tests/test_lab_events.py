# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host writes to its event logs, in the shapes that were recorded."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from defusedxml.ElementTree import fromstring, parse

from tests.lab.model import certificates
from tests.lab.model import event_types as types
from tests.lab.model.event_xml import event_xml
from tests.lab.model.events import RECORDS_A_LOG, Event
from tests.lab.model.host import Host
from tests.lab.model.language import language_ids
from tests.lab.model.registry import REG_BINARY, REG_DWORD
from tests.lab.model.remote_desktop import RDP_TCP, TERMINAL_SERVER
from tests.lab.rdp.observer import Happening, Seen
from tests.lab.rdp.tests.client import connection_request, exchange, tls_client
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import ScenarioError
from tests.lab.tests.conftest import scenario

MakeHost = Callable[..., Host]
TLS_REQUEST = connection_request(1)
PROTOCOLS = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
NO_NLA = {RDP_TCP: {"UserAuthentication": 0}}
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
GERMAN, UNKNOWN_CA = 1031, 48
BASES = iter(range(1, 250))


@pytest.fixture
def run() -> Iterator[Callable[..., LabHost]]:
    """A running host on an address of these tests."""
    running: list[LabThread] = []

    def start(**data: Any) -> LabHost:
        lab = LabThread([scenario(**data)], base=f"127.62.{next(BASES)}.0")
        lab.__enter__()
        running.append(lab)
        return next(iter(lab.hosts.values()))

    yield start
    for lab in running:
        lab.__exit__(None, None, None)


def found(host: Host, number: int) -> list[Event]:
    return [event for event in host.events.all() if event.id == number]


def restart(host: Host, *names: str) -> None:
    for name in names:
        assert host.services.stop(name) == 0
    for name in reversed(names):
        assert host.services.start(name) == 0


def hello(host: LabHost, **tls: Any) -> tuple[str, int]:
    """A TLS handshake that fails; the client's own address."""
    connection, _confirm = exchange(host.address, TLS_REQUEST)
    with connection:
        own: tuple[str, int] = connection.getsockname()[:2]
        with pytest.raises(OSError):
            tls_client(connection, **tls)
    return own


def shape(event: Element) -> tuple[list[tuple[str, list[str]]], list[tuple[str, str | None]]]:
    """Elements of System with the names of their attributes, and those of the data; no values."""
    system, data = event[0], event[1]
    head = [(part.tag.rpartition("}")[2], sorted(part.attrib)) for part in system]
    inside = data[0] if data.tag.endswith("UserData") else data
    return head, [(part.tag.rpartition("}")[2], part.get("Name")) for part in inside]


@pytest.mark.parametrize(
    ("file", "log", "provider", "number", "data", "binary"),
    [
        ("omer_vss7_System__*1056_1.xml", types.SYSTEM, types.RCM, 1056, ["HOST"], b"x"),
        ("plaso_System__Service-Control-Manager_7036_1.xml", types.SYSTEM, types.SCM, 7036, ["a", "b"], b"x"),
        ("2_vss_0_*_261_1.xml", types.RCM_OPERATIONAL, types.RCM, 261, [], b""),
        ("2_vss_0_*_1149_1.xml", types.RCM_OPERATIONAL, types.RCM, 1149, ["a", "b", "c"], b""),
        ("schannel_36888_event.xml", types.SYSTEM, types.SCHANNEL, 36888, ["40", "1205"], b""),
        ("schannel_36887_event.xml", types.SYSTEM, types.SCHANNEL, 36887, ["20"], b""),
        ("schannel_36870_event.xml", types.SYSTEM, types.SCHANNEL, 36870, [], b""),
    ],
)
def test_events_have_the_recorded_shape(
    make_host: MakeHost, captures: Path, file: str, log: str, provider: str, number: int, data: list[str], binary: bytes
) -> None:
    (path, *_more) = [*(captures / "evtx-extracted-xml").glob(file), *(captures / "text-samples").glob(file)]
    recorded = parse(path).getroot()
    assert recorded is not None
    host = make_host()
    own = fromstring(event_xml(host, host.events.write(log, provider, number, data, binary=binary)))
    recorded_head, recorded_data = shape(recorded)
    own_head, own_data = shape(own)
    skip = {"Correlation", "Security"}
    assert [part for part in own_head if part[0] not in skip] == [part for part in recorded_head if part[0] not in skip]
    assert own_data == recorded_data
    for name in ("EventID", "Level", "Keywords", "Channel", "Task", "Opcode"):
        tag = "{http://schemas.microsoft.com/win/2004/08/events/event}" + name
        assert own[0].findtext(tag) == recorded[0].findtext(tag), name
    guids = [root[0][0].get("Guid", "").strip("{}").lower() for root in (own, recorded)]
    assert guids[0] == guids[1]
    assert own[0][1].attrib == recorded[0][1].attrib, "qualifiers"


def test_termdd_has_the_recorded_binary(make_host: MakeHost) -> None:
    host = make_host()
    host.remote_desktop.log.notice(Happening(Seen.SECURITY_FAILED, ("192.0.2.1", 50000)))
    (event,) = found(host, 56)
    recorded = "00050600010000000000000038000AC00000000039000AC00000000000000000000000000000000030030980"
    assert event.binary.hex().upper() == recorded[:-8] + "04030980", "only the status differs"
    assert event.values == ("\\Device\\Termdd",)


def test_an_unreadable_key_is_told_by_schannel(run: Callable[..., LabHost]) -> None:
    host = run(certificate={"key": "unreadable"}, registry=NO_NLA)
    address, port = hello(host)
    model = host.model
    (event,) = found(model, 36870)
    assert event.data == {"Type": "server", "ErrorCode": "0x8009030d", "ErrorStatus": "10001"}
    (accepted,) = found(model, 131)
    assert accepted.data == {"ConnType": "TCP", "ClientIP": f"{address}:{port}"}
    service = model.services.find("TermService")
    assert service is not None and accepted.pid == service.pid
    (failed,) = found(model, 139)
    assert failed.data == {"ResultCode": "0x8009030D", "IPString": address}
    assert len(found(model, 261)) == len(found(model, 98)) == 1


def test_no_protocol_left(run: Callable[..., LabHost]) -> None:
    off = {f"{PROTOCOLS}\\TLS 1.{minor}\\Server": {"Enabled": 0} for minor in range(4)}
    host = run(registry={**off, **NO_NLA})
    hello(host)
    (event,) = found(host.model, 36871)
    assert event.data == {"Type": "server", "ErrorState": "10013"}


def test_no_suite_in_common(run: Callable[..., LabHost]) -> None:
    policy = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002"
    host = run(registry={policy: {"Functions": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, **NO_NLA})
    hello(host, version="TLS 1.2", ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert [event.data for event in found(host.model, 36874)] == [{"Protocol": "TLS 1.2"}]
    assert [event.data for event in found(host.model, 36888)] == [{"AlertDesc": "40", "ErrorState": "1205"}]


def test_an_alert_of_the_client(run: Callable[..., LabHost]) -> None:
    host = run(registry=NO_NLA)
    connection, _confirm = exchange(host.address, TLS_REQUEST)
    context = ssl.create_default_context()
    options: dict[str, Any] = {"server_hostname": "somebody", "do_handshake_on_connect": False}
    # Closing it with something unread would send RST, which may overtake the alert.
    with context.wrap_socket(connection, **options) as client:
        with pytest.raises(ssl.SSLCertVerificationError):
            client.do_handshake()
        deadline = time.monotonic() + 5
        while not found(host.model, 139) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [event.data["AlertDesc"] for event in found(host.model, 36887)] == [str(UNKNOWN_CA)]


def test_windows_7_has_no_rdpcorets_log(make_host: MakeHost) -> None:
    host = make_host(windows="7sp1")
    for seen in (Seen.ACCEPTED, Seen.SECURITY_FAILED, Seen.LOGON_FAILED):
        host.remote_desktop.log.notice(Happening(seen, ("192.0.2.1", 50000)))
    assert not host.events.read(types.CORE_TS_OPERATIONAL)
    assert {261, 56, 4625} <= set(host.events.ids())


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (-0x3FFFFF93, {"Status": "0xc000006d", "SubStatus": "0xc000006a"}),
        (-0x3FFFFF8E, {"Status": "0xc000006e", "SubStatus": "0xc0000072"}),
    ],
)
def test_a_refused_logon(make_host: MakeHost, status: int, data: dict[str, str]) -> None:
    host = make_host()
    host.remote_desktop.log.notice(Happening(Seen.LOGON_FAILED, ("192.0.2.1", 50000), status, "anna"))
    (event,) = found(host, 4625)
    assert data.items() <= event.data.items()
    assert event.data["IpAddress"] == "192.0.2.1" and event.data["TargetUserName"] == "anna"
    assert [event.data for event in found(host, 140)] == [{"IPString": "192.0.2.1"}]


def test_too_many_connections_are_told_once_in_a_while(make_host: MakeHost) -> None:
    host = make_host()
    for port in (1, 2, 3):
        host.remote_desktop.log.notice(Happening(Seen.THROTTLED, ("192.0.2.1", port)))
    assert [event.type.log for event in found(host, 1006)] == [types.RCM_ADMIN]


@pytest.mark.parametrize(
    ("bound", "number"), [("valid", None), ("stale", 1051), ("expired", 1053), ("key_unreadable", 1055)]
)
def test_a_bound_certificate(make_host: MakeHost, bound: str, number: int | None) -> None:
    host = make_host(certificate={"bound": bound})
    told = [event for event in host.events.all() if 1050 <= event.id <= 1059]
    assert [event.id for event in told] == ([] if number is None else [number])
    if number in (1053, 1055):
        assert told[0].binary == host.registry.binary(RDP_TCP, "SSLCertificateSHA1Hash")


def test_a_bound_certificate_that_ends_soon_or_is_not_for_servers(make_host: MakeHost) -> None:
    host = make_host()
    key = certificates.KEYS.take()
    start = host.now() - dt.timedelta(days=10)
    for days, usage, number in ((30, SERVER_AUTH, 1052), (90, CLIENT_AUTH, 1054)):
        der = certificates.self_signed(host.fqdn, key, start, days, usage)
        thumb = certificates.add(host.registry, certificates.MY, der, None)
        stored = certificates.find(host.registry, certificates.MY, thumb)
        host.remote_desktop.log.bound_certificate(bytes.fromhex(thumb), stored, readable=True)
        (event,) = found(host, number)
        assert event.data["Name"] == f"CN={host.fqdn}" and event.binary.hex().upper() == thumb
    assert found(host, 1052)[0].data["Days"] == "19"


def test_settings_that_cannot_be(make_host: MakeHost) -> None:
    host = make_host(registry={RDP_TCP: {"SecurityLayer": 2, "MinEncryptionLevel": 1}})
    assert [event.values for event in found(host, 1050)] == [("RDP-Tcp", "1", "2")]
    host.registry.set(RDP_TCP, "SSLCertificateSHA1Hash", REG_BINARY, b"\1\2\3")
    restart(host, "UmRdpService", "TermService")
    assert len(found(host, 1059)) == 1


def test_the_certificate_of_its_own(make_host: MakeHost) -> None:
    host = make_host(certificate={"self_signed": "missing"}, files={"MachineKeys": {"acl": []}})
    restart(host, "SessionEnv")
    assert [event.values for event in found(host, 1057)] == [("Access is denied.",)]
    host = make_host(certificate={"self_signed": "expired"})
    restart(host, "SessionEnv")
    (event,) = found(host, 1056)
    new = host.remote_desktop.self_signed()
    assert new is not None and event.binary.hex().upper() == new.thumbprint
    assert event.values == (host.fqdn,)


def test_services_and_the_listener_come_and_go(make_host: MakeHost) -> None:
    host = make_host()
    assert len(found(host, 258)) == 1, "the host has started"
    host.registry.set(TERMINAL_SERVER, "fDenyTSConnections", REG_DWORD, 1)
    host.registry.set(TERMINAL_SERVER, "fDenyTSConnections", REG_DWORD, 0)
    assert [event.id for event in host.events.read(types.RCM_OPERATIONAL)] == [258, 259, 258]
    assert host.services.stop("SessionEnv") == 0
    event = found(host, 7036)[-1]
    assert event.values == ("Remote Desktop Configuration", "stopped")
    assert event.binary.decode("utf-16-le") == "SessionEnv/1\0"


def test_a_hanging_service(make_host: MakeHost) -> None:
    host = make_host(services={"TermService": {"state": "stopped", "stuck": True}})
    assert host.services.start("TermService") == 0
    assert [event.values for event in found(host, 7022)] == [("Remote Desktop Services",)]


def test_a_german_host_writes_german_values(make_host: MakeHost) -> None:
    host = make_host(language=GERMAN, certificate={"self_signed": "missing"}, files={"MachineKeys": {"acl": []}})
    restart(host, "SessionEnv")
    assert ("Remotedesktopkonfiguration", "Beendet") in [event.values for event in found(host, 7036)]
    assert [event.values for event in found(host, 1057)] == [("Zugriff verweigert",)]
    event = host.events.write(types.SYSTEM, types.SCHANNEL, 36871, {"ErrorState": "10013"})
    plain, rendered = event_xml(host, event), event_xml(host, event, rendered=True)
    assert plain == event_xml_without_rendering(rendered)
    assert (
        "Schwerwiegender Fehler" in rendered and "<Level>Fehler</Level>" in rendered and "Culture='de-DE'" in rendered
    )


def event_xml_without_rendering(text: str) -> str:
    return text[: text.index("<RenderingInfo")] + "</Event>"


@pytest.mark.parametrize("lcid", language_ids())
def test_every_text_of_a_language_fits_its_event(make_host: MakeHost, lcid: int) -> None:
    host = make_host(language=lcid)
    for (provider, number), text in host.language.events.items():
        (kind,) = [known for known in types.listed(number) if known.provider.name == provider]
        event = host.events.write(kind.log, provider, number)
        assert event.text(host.language) == text.format(**event.data)


def test_times_are_the_hosts(make_host: MakeHost) -> None:
    host = make_host(clock_skew=-7200, events=[{"id": 36887, "ago": 30, "count": 2}])
    times = [event.time for event in found(host, 36887)]
    assert times == sorted(times)
    assert abs(host.now().timestamp() - times[-1] - 1800) < 5


def test_a_log_is_a_ring(make_host: MakeHost) -> None:
    host = make_host()
    for _number in range(RECORDS_A_LOG + 5):
        last = host.events.write(types.RCM_ADMIN, types.RCM, 1006)
    kept = host.events.read(types.RCM_ADMIN)
    assert len(kept) == RECORDS_A_LOG and kept[0].record == 6 and last.record == RECORDS_A_LOG + 5


def test_events_do_not_change_the_digest(make_host: MakeHost) -> None:
    host = make_host()
    before = host.digest()
    host.remote_desktop.log.notice(Happening(Seen.ACCEPTED, ("192.0.2.1", 50000)))
    assert host.digest() == before


def test_old_events_of_a_scenario(make_host: MakeHost) -> None:
    host = make_host(
        events=[
            {"id": 131, "count": 3, "ago": 10, "address": ["192.0.2.1", "192.0.2.2"]},
            {"id": 4625, "ago": 20, "address": "192.0.2.3", "data": {"TargetUserName": "anna"}},
            {"id": 1130, "log": types.SYSTEM, "provider": types.RCM, "data": {"Server": "x"}, "level": 2},
            {"id": 56, "binary": "0102"},
        ]
    )
    assert [event.data["ClientIP"] for event in found(host, 131)] == [
        "192.0.2.1:50002", "192.0.2.2:50001", "192.0.2.1:50000",
    ]  # fmt: skip
    (failed,) = found(host, 4625)
    assert (failed.data["IpAddress"], failed.data["TargetUserName"], failed.data["LogonType"]) == (
        "192.0.2.3",
        "anna",
        "3",
    )
    (unlisted,) = found(host, 1130)
    assert (unlisted.level, unlisted.data) == (2, {"Server": "x"})
    assert [event.binary for event in found(host, 56)] == [b"\1\2"]
    ids = host.events.ids()
    assert ids.index(4625) < ids.index(131) < ids.index(258)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ({"id": 1}, "events: the key must hold a list"),
        ([{"log": "System"}], "every entry needs an id that is a number"),
        ([{"id": 131, "adress": "x"}], "unknown key 'adress'"),
        ([{"id": 131, "count": -1}], "count must be a number that is not negative"),
        ([{"id": 9999}], "event 9999 needs a log and a provider"),
        ([{"id": 9999, "log": "Systen", "provider": "Schannel"}], "there is no event log 'Systen'"),
        ([{"id": 9999, "log": "System", "provider": "Schanel"}], "there is no event provider 'Schanel'"),
        ([{"id": 131, "data": {"IP": "x"}}], "event 131 has no data 'IP'; it has ConnType, ClientIP"),
        ([{"id": 36887, "address": "192.0.2.1"}], "event 36887 has no place for an address"),
    ],
)
def test_mistakes_are_told(events: Any, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(events=events)
    assert said in str(error.value)


def test_an_event_without_a_place_is_refused(make_host: MakeHost) -> None:
    host = make_host()
    with pytest.raises(ValueError, match="has no data"):
        host.events.write(types.SYSTEM, types.SCHANNEL, 36887, {"Alert": "1"})
    with pytest.raises(ValueError, match="has no data 'b'"):
        host.events.write(types.SYSTEM, types.SCHANNEL, 36887, ["1", "b"])
