# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The full probe next to nmap and sslyze, on the same servers in one run.

They must agree, but for the differences that are named here with the reason. Which side is right there, the server's
own configuration says, and an X.224 exchange that is made by hand here.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.interop import peers
from tests.interop.expect import accepted, full, of_windows
from tests.interop.fleet import Place, running
from tests.interop.identity import HOST, Identity
from tests.interop.processes import need

# What nmap asks for, and what a server selects that has it.
ASKED = {"rdp": (0, 0), "tls": (1, 1), "credssp": (3, 2), "rdstls": (4, 4), "credssp_early_auth": (8, 8)}
ALL = set(ASKED)


@dataclass(frozen=True)
class Expected:
    """What a server has by its configuration, and where the tools say something else."""

    protocols: set[str]
    nmap_protocols: set[str] | None = None  # where it differs
    nmap_level: bool = True  # it names the encryption where the server has standard security
    direct: bool = False  # the tools find TLS and NTLM behind a negotiation that refuses both
    why: str = ""
    # What sslyze is asked for: its hundreds of connections take shadow a long time.
    versions: tuple[str, ...] = tuple(peers.SSLYZE_VERSIONS)


# Every answer of the type "response" is a SUCCESS to nmap, whatever it selects: nmap's rdp-enum-encryption looks at the
# type only. xrdp, and the stub in front of s_server, select what they have instead of refusing.
_ANY_RESPONSE = "nmap takes every response for SUCCESS and does not look at what was selected"

SERVERS = {
    "xrdp, negotiate": Expected({"rdp", "tls"}, nmap_protocols=ALL, why=_ANY_RESPONSE),
    "xrdp, rdp": Expected({"rdp"}, nmap_protocols=ALL, why=_ANY_RESPONSE),
    "xrdp, tls": Expected(
        {"tls"}, nmap_protocols=set(), why="nmap's script ends with an error when MCS is answered with a disconnect"
    ),
    "shadow, nla": Expected({"credssp"}, versions=("TLS 1.1", "TLS 1.3")),
    "shadow, rdp": Expected(
        {"rdp"},
        nmap_level=False,
        direct=True,
        why="both go on with TLS after the refusal, which shadow lets them; no client of Microsoft does",
        versions=("TLS 1.3",),
    ),
    "s_server": Expected({"tls"}, nmap_protocols={"tls", "credssp"}, why=_ANY_RESPONSE),
    "lab, layer 0": Expected({"rdp"}),
    "lab, layer 1": Expected(ALL),
    "lab, layer 2 and NLA": Expected({"credssp", "credssp_early_auth", "rdstls"}),
}


@dataclass(frozen=True)
class Answers:
    place: Place
    ours: Report
    nmap: peers.Nmap
    sslyze: peers.Sslyze

    @property
    def protocols(self) -> set[str]:
        """Those of nmap's protocols that the server accepts, by our report."""
        offers = self.ours["x224"]["protocols"]
        return {name for name in ASKED if offers[name]["result"] == "accepted"}


def ask(server: str, place: Place) -> Answers:
    """One tool after the other, so that none disturbs another."""
    host, port = place
    sslyze = peers.sslyze(host, port, SERVERS[server].versions)
    return Answers(place, full(port, host), peers.nmap(host, port), sslyze)


@pytest.fixture(scope="module")
def answers(rsa: Identity, screen: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answers]]:
    """What each tool says of each server; the servers run on meanwhile."""
    need("nmap", "nmap")
    peers.sslyze_command(HOST, 1)  # skips where sslyze is not installed
    with running(tmp_path_factory.mktemp("side_by_side"), rsa, screen) as places:
        assert set(places) == set(SERVERS)
        with ThreadPoolExecutor(len(places)) as pool:
            found = dict(zip(places, pool.map(ask, places, places.values()), strict=True))
        yield found


def by_hand(place: Place, asked: int) -> tuple[int, int]:
    """Type and value of the negotiation in the answer to a request, with no code of the probe: [MS-RDPBCGR] 2.2.1.2."""
    with socket.create_connection(place, timeout=5) as stream:
        stream.sendall(bytes.fromhex("030000130ee00000000000 01000800") + struct.pack("<I", asked))
        answer = b""
        while len(answer) < 19:
            piece = stream.recv(19 - len(answer))
            if not piece:
                break
            answer += piece
    assert len(answer) == 19, answer.hex()
    return answer[11], struct.unpack("<I", answer[15:])[0]


def test_the_table(answers: dict[str, Answers], capsys: pytest.CaptureFixture[str]) -> None:
    """Prints every answer."""
    rows = [("server", "question", "winops.rdp", "nmap", "sslyze")]
    for server, found in answers.items():
        rows += [(server, *row) for row in _rows(found)]
        if SERVERS[server].why:
            rows.append((server, "they differ", SERVERS[server].why, "", ""))
    widths = [max(len(row[n]) for row in rows if row[1] != "they differ") for n in range(5)]
    with capsys.disabled():
        print()
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    assert len(rows) > 4 * len(answers)


def _rows(found: Answers) -> Iterator[tuple[str, str, str, str]]:
    ours, nmap, sslyze = found.ours, found.nmap, found.sslyze
    yield "protocols", _list(found.protocols), _list(nmap.protocols), "-"
    standard = ours["standard"]
    yield (
        "encryption",
        f"{standard['level']}: {_list(standard['methods'])}",
        f"{nmap.level}: {_list(nmap.methods)}",
        "-",
    )
    yield "NTLM", _text(ours["credssp"]["os_version"]), _text(nmap.ntlm.get("os_version")), "-"
    yield "NLA", _text(ours["x224"]["nla"]), "-", "-"
    suites = accepted(ours)
    yield (
        "suites",
        _counts(suites),
        "-",
        _counts({one: of_windows(sorted(names)) for one, names in sslyze.suites.items()}),
    )
    certificate = ours["tls"]["certificate"]
    yield "certificate", _text(certificate and certificate["sha256"][:16]), "-", _text(sslyze.certificate)[:16]


def _list(names: set[str] | list[str]) -> str:
    return " ".join(sorted(names)) or "none"


def _counts(suites: dict[str, list[str]]) -> str:
    return ", ".join(f"{version}: {len(names)}" for version, names in sorted(suites.items())) or "none"


def _text(value: str | None) -> str:
    return value or "none"


@pytest.mark.parametrize("server", SERVERS)
def test_protocols(answers: dict[str, Answers], server: str) -> None:
    found, expected = answers[server], SERVERS[server]
    assert found.protocols == expected.protocols
    assert found.nmap.protocols == (found.protocols if expected.nmap_protocols is None else expected.nmap_protocols)
    for name in found.protocols ^ found.nmap.protocols:
        asked, selected = ASKED[name]
        accepts = by_hand(found.place, asked) == (2, selected)
        assert accepts == (name in found.protocols), name


@pytest.mark.parametrize("server", [name for name, expected in SERVERS.items() if "rdp" in expected.protocols])
def test_encryption(answers: dict[str, Answers], server: str) -> None:
    found = answers[server]
    if SERVERS[server].nmap_level:
        assert found.nmap.level == found.ours["standard"]["level"]
        assert found.nmap.methods == set(found.ours["standard"]["methods"])
    else:
        # shadow's standard security without encryption: nmap knows no name for it.
        assert (found.nmap.level, found.nmap.methods) == (None, set())
        assert found.ours["standard"]["level"] == "none"


@pytest.mark.parametrize("server", SERVERS)
def test_ntlm(answers: dict[str, Answers], server: str) -> None:
    found, expected = answers[server], SERVERS[server]
    names = {name: found.ours["credssp"][name] for name in found.nmap.ntlm}  # type: ignore[literal-required]
    if expected.direct:
        assert found.nmap.ntlm
        assert found.ours["credssp"]["result"] == "not_tried"
        assert by_hand(found.place, 3) == (3, 2)  # a failure: SSL_NOT_ALLOWED_BY_SERVER
    else:
        assert names == found.nmap.ntlm
        assert bool(names) == ("credssp" in expected.protocols and found.ours["credssp"]["result"] == "challenge")


@pytest.mark.parametrize("server", SERVERS)
def test_tls(answers: dict[str, Answers], server: str) -> None:
    found, expected = answers[server], SERVERS[server]
    ours = {version: set(names) for version, names in accepted(found.ours).items() if version in expected.versions}
    theirs = {version: set(of_windows(sorted(names))) for version, names in found.sslyze.suites.items()}
    certificate = found.ours["tls"]["certificate"]
    if expected.direct:
        assert theirs
        assert ours == {}
        assert by_hand(found.place, 1) == (3, 2)
    else:
        assert ours == theirs
        assert found.sslyze.certificate == (certificate["sha256"] if certificate else None)
        assert bool(ours) == (expected.protocols != {"rdp"})
