# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded data of Windows through the parsers that meet it: registry, certificates, command output.

An export is loaded into a lab host and read back by the collection's own client, so both sides are held to the text of
the file, which a third reader cuts up here.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509 as oracle
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ansible_collections.winops.rdp.plugins.plugin_utils._facts import certificate as certificate_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import listener as listener_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import certificates
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import LOCAL_RULES, parse_rule
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import run_command
from tests.fidelity import samples
from tests.fidelity.lab import running
from tests.lab.model.registry import REG_BINARY
from tests.lab.runtime import LabHost
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
FOLDER = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
CLEAR = {"winrm": {"basic": True, "allow_unencrypted": True}}
# Export -> the Windows that it comes from, as far as the lab has a profile of it.
EXPORTS = {
    "registry-exports/SYSTEM.reg": "7sp1",
    "registry-exports/SYSTEM_2.reg": "8.1",
    "registry-exports/SYSTEM_B.reg": "10-22h2",
    "registry-exports/SYSTEM_WIN_10_1709.reg": "10-22h2",
    "text-samples/terminal_server_2019_export_subset.reg": "2019",
}
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
# Keys that the collection reads in whole or in part.
KEYS = (
    TERMINAL_SERVER,
    rf"{TERMINAL_SERVER}\WinStations",
    rf"{TERMINAL_SERVER}\WinStations\RDP-Tcp",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa\FIPSAlgorithmPolicy",
    r"HKLM\SYSTEM\CurrentControlSet\Services\TermService",
    r"HKLM\SYSTEM\CurrentControlSet\Services\TermService\Parameters",
)


class Clear:
    """A transport of the client to a lab host: Basic without encryption, for speed."""

    def __init__(self, address: str) -> None:
        self.endpoint = f"http://{address}:5985/wsman"
        self.tls = None
        self._http = requests.Session()
        self._http.trust_env = False
        token = base64.b64encode(f"{DEFAULT_USER}:{DEFAULT_PASSWORD}".encode()).decode()
        self._http.headers.update(
            {"Authorization": f"Basic {token}", "Content-Type": "application/soap+xml;charset=UTF-8"}
        )

    def send(self, envelope: bytes, timeout: float) -> bytes:
        return self._http.post(self.endpoint, data=envelope, timeout=timeout).content

    def close(self) -> None:
        self._http.close()


def client(host: LabHost) -> Host:
    deadline = Deadline(20)
    return Host(Session(Clear(host.address), host.address, deadline), deadline)


def listening(path: str) -> dict[str, Any]:
    """The machines that were exported whole did not listen for WinRM."""
    if LOCAL_RULES not in export(path):
        return {}
    return {
        "services": {"WinRM": {"start": "auto", "state": "running"}},
        "firewall": {"rules": dict.fromkeys(("WINRM-HTTP-In-TCP", "WINRM-HTTP-In-TCP-NoScope"), True)},
    }


@pytest.fixture(scope="module")
def real() -> Iterator[Callable[[str], Host]]:
    """The collection's view of a lab host into which an export was loaded."""
    hosts = [
        {
            "hostname": f"REAL{number}",
            "windows": windows,
            "reg_file": str(samples.ROOT / path),
            **CLEAR,
            **listening(path),
        }
        for number, (path, windows) in enumerate(EXPORTS.items())
    ]
    with running("127.88.3.0", *hosts) as found:
        views = {path: client(found[f"REAL{number}"]) for number, path in enumerate(EXPORTS)}
        yield views.__getitem__


# -- the third reader -------------------------------------------------------------------------------------------------


@cache
def export(path: str) -> dict[str, dict[str, str]]:
    """Keys and values as the file writes them, each value still as text."""
    raw = samples.sample(path)
    text = raw.decode("utf-16" if raw[:2] == b"\xff\xfe" else "utf-8-sig").replace("\r\n", "\n")
    keys: dict[str, dict[str, str]] = {}
    here: dict[str, str] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("["):
            here = keys.setdefault(line.strip("[]").replace("HKEY_LOCAL_MACHINE", "HKLM"), {})
        elif match := re.match(r'"((?:[^"\\]|\\.)*)"=(.*)', line):
            here[match[1].replace("\\\\", "\\")] = match[2]
    return keys


def meaning(text: str) -> tuple[RegistryType, Any]:
    """What the right side of a line says; None for types that StdRegProv does not read."""
    if text.startswith('"'):
        return RegistryType.REG_SZ, re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.startswith("dword:"):
        return RegistryType.REG_DWORD, int(text[6:], 16)
    kind, _colon, data = text.partition(":")
    raw = bytes.fromhex(data.replace(",", "").strip())
    number = int(kind[4:-1], 16) if kind != "hex" else 3
    if number == 7:
        return RegistryType.REG_MULTI_SZ, tuple(part for part in raw.decode("utf-16-le").split("\0") if part)
    if number == 2:
        return RegistryType.REG_EXPAND_SZ, raw.decode("utf-16-le").rstrip("\0")
    if number == 0xB:
        return RegistryType.REG_QWORD, struct.unpack("<Q", raw)[0]
    assert number == 3, text
    return RegistryType.REG_BINARY, raw


# -- registry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXPORTS)
def test_exports_read_back_value_by_value(real: Callable[[str], Host], path: str) -> None:
    compared = 0
    for key in KEYS:
        written = export(path).get(key)
        if not written:
            continue
        found = real(path).registry.values(key)
        for name, text in written.items():
            type_, data = meaning(text)
            assert found[name].type == type_, f"{key}\\{name}"
            if type_ is RegistryType.REG_EXPAND_SZ:  # expanded or as stored: not known of Windows, so both are taken
                data = re.sub("(?i)%SystemRoot%", r"C:\\Windows", data)
                assert re.sub("(?i)%SystemRoot%", r"C:\\Windows", str(found[name].data)).lower() == data.lower()
            else:
                assert found[name].data == data, f"{key}\\{name}"
            compared += 1
    assert compared >= 30


@pytest.mark.parametrize("path", EXPORTS)
def test_exports_become_listener_facts(real: Callable[[str], Host], path: str) -> None:
    host = real(path)
    facts = listener_facts.read(host, None, listener_facts.rdp_tcp(host), None)
    values = {**export(path)[TERMINAL_SERVER], **export(path)[rf"{TERMINAL_SERVER}\WinStations\RDP-Tcp"]}

    def number(name: str) -> int | None:
        return int(values[name][6:], 16) if name in values else None

    local = {name: found["local"] for name, found in facts["settings"].items()}
    assert local["port"] == number("PortNumber") == 3389
    assert local["enabled"] is (number("fDenyTSConnections") == 0)
    assert local["nla"] is (number("UserAuthentication") == 1)
    assert local["security_layer"] == ("rdp", "negotiate", "tls")[number("SecurityLayer") or 0]
    (station,) = (each for each in facts["winstations"] if each["name"] == "RDP-Tcp")
    assert station["wd_name"] == values["WdName"].strip('"')


@pytest.mark.parametrize("path", [path for path in EXPORTS if export(path).get(LOCAL_RULES)])
def test_recorded_firewall_rules_are_read(path: str) -> None:
    """Every rule string of the export, and in full those that Windows brings for Remote Desktop."""
    rules = {name: parse_rule(name, meaning(text)[1], "local") for name, text in export(path)[LOCAL_RULES].items()}
    texts = {name: meaning(text)[1] for name, text in export(path)[LOCAL_RULES].items()}
    assert {name for name, rule in rules.items() if rule is None} == {
        name for name, text in texts.items() if "|Dir=In|" not in text
    }
    desktop = {name: rule for name, rule in rules.items() if rule and name.startswith("RemoteDesktop-")}
    assert desktop
    for name, rule in desktop.items():
        assert rule["enabled"] == ("|Active=TRUE|" in texts[name])
        assert rule["protocol"] == {"6": "tcp", "17": "udp"}[re.findall(r"\|Protocol=(\d+)\|", texts[name])[0]]
        assert rule["ports"] == (re.findall(r"\|LPort=(\d+)\|", texts[name]) or ["any"])
        assert rule["profiles"] == [profile.lower() for profile in re.findall(r"\|Profile=(\w+)", texts[name])] or rule[
            "profiles"
        ] == ["domain", "private", "public"]


def test_the_built_in_rules_have_the_recorded_ids() -> None:
    """A table of Server 2019: the ids by which the collection finds them."""
    table = samples.sample("text-samples/Get-NetFirewallRule_RemoteDesktop_table.txt").decode()
    ids = re.findall(r"^(RemoteDesktop-\S+)", table, re.MULTILINE)
    assert len(ids) == 5
    recorded = {
        name for path in EXPORTS for name in export(path).get(LOCAL_RULES, {}) if name.startswith("RemoteDesktop-")
    }
    assert {"RemoteDesktop-UserMode-In-TCP", "RemoteDesktop-UserMode-In-UDP"} <= recorded & set(ids)


# -- certificates -----------------------------------------------------------------------------------------------------

BLOBS = samples.matching(r"certstore-blobs/.*\.bin")


def test_recorded_blobs_come_through_a_store() -> None:
    """Into the machine's Remote Desktop store of a lab host, and out of it as facts."""
    with running("127.88.4.0", {"hostname": "STORE", "windows": "2016", **CLEAR}) as hosts:
        key = certificates.store_path(certificates.REMOTE_DESKTOP)
        registry = hosts["STORE"].model.registry
        blobs = {path.rpartition("_")[2].removesuffix(".bin"): samples.sample(path) for path in BLOBS}
        for thumbprint, blob in blobs.items():
            registry.create_key(f"{key}\\{thumbprint}".replace("HKLM", "HKEY_LOCAL_MACHINE"))
            registry.set(f"{key}\\{thumbprint}".replace("HKLM", "HKEY_LOCAL_MACHINE"), "Blob", REG_BINARY, blob)
        host = client(hosts["STORE"])
        facts = certificate_facts.read(host, NOW, lambda: listener_facts.rdp_tcp(host))
    found = {each["thumbprint"]: each for each in facts["remote_desktop"]}
    assert facts["unreadable"] == []
    assert set(blobs) <= set(found)
    for thumbprint, blob in blobs.items():
        other = oracle.load_der_x509_certificate(certificates.records(blob)[32])
        assert other.fingerprint(hashes.SHA1()).hex().upper() == thumbprint  # noqa: S303
        assert found[thumbprint]["not_after"] == other.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("path", samples.matching(r"rdp-certs/.*\.der"))
def test_recorded_certificates_of_listeners_read_as_store_entries(path: str) -> None:
    der = samples.sample(path)
    blob = struct.pack("<III", 32, 1, len(der)) + der
    found = certificates.certificate(blob, certificates.REMOTE_DESKTOP, NOW, FOLDER, "GUID")
    other = oracle.load_der_x509_certificate(der)
    assert found["thumbprint"] == other.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    assert found["thumbprint"].lower() == path.rpartition("_")[2].removesuffix(".der")
    assert found["key_bits"] == other.public_key().key_size  # type: ignore[union-attr]
    assert found["not_before"] == other.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["self_signed"] == signs_itself(other)
    assert found["private_key"] is None


def signs_itself(certificate: oracle.Certificate) -> bool:
    """Its own name as issuer, and its own key under it."""
    key, algorithm = certificate.public_key(), certificate.signature_hash_algorithm
    assert isinstance(key, rsa.RSAPublicKey) and algorithm is not None
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return certificate.subject == certificate.issuer


def test_the_key_file_of_a_recorded_store_has_our_name() -> None:
    """A listing of a Remote Desktop store, with the container and the file that Windows keeps it in."""
    text = samples.sample("text-samples/mimikatz_certificates_RemoteDesktop_store.txt").decode()
    container, unique = (re.findall(rf"\|{name}\s*: (\S+)", text)[0] for name in ("Key Container", "Unique name"))
    machine_guid = unique.partition("_")[2]
    assert certificates.key_file_name(container, machine_guid) == unique
    assert "Store         : 'Remote Desktop'" in text and certificates.REMOTE_DESKTOP == "Remote Desktop"


# -- what the lab prints ----------------------------------------------------------------------------------------------


def test_the_lab_prints_icacls_as_recorded() -> None:
    """The collection does not parse it; whoever drives the lab sees what Windows prints."""
    recorded = samples.sample("text-samples/icacls_samples.txt").decode()
    count = "Successfully processed 1 files; Failed processing 0 files"
    form = re.compile(r"\S.*:(\((I|OI|CI|IO|NP)\))*\([A-Z,]+\)")
    with running("127.88.5.0", {"hostname": "PRINT", "windows": "2016", **CLEAR}) as hosts:
        path = hosts["PRINT"].model.remote_desktop.key_file("TSSecKeySet1")
        printed = run_command(client(hosts["PRINT"]).session, f'icacls "{path}"', 10).stdout
    assert count in recorded and count in printed
    for text in (recorded, printed.replace(path, "")):
        entries = [line for line in text.splitlines() if re.search(r":\(", line)]
        assert len(entries) >= 2
        assert all(form.fullmatch(entry.strip()) for entry in entries)


def test_a_recorded_terminal_services_setting_has_the_labs_properties() -> None:
    """Every property of Win32_TSGeneralSetting, as Server 2016 or later lists them."""
    text = samples.sample("text-samples/Win32_TSGeneralSetting__Get-CimInstance_list.txt").decode()
    recorded = {name for name in re.findall(r"^(\w+) +:", text, re.MULTILINE) if name != "PSComputerName"}
    with running("127.88.6.0", {"hostname": "SETTING", "windows": "2016", **CLEAR}) as hosts:
        session = client(hosts["SETTING"]).session
        (row,) = session.query("root/cimv2/TerminalServices", "SELECT * FROM Win32_TSGeneralSetting")
    # An array that is null or empty is absent.
    assert recorded - set(row.names) <= {"Certificates"}
    assert set(row.names) <= recorded
    assert row.text("TerminalName") == "RDP-Tcp"
    assert row.text("SSLCertificateSHA1Hash") is not None and row.integer("UserAuthenticationRequired") == 1


def test_every_path_of_the_exports_is_there() -> None:
    assert all(Path(samples.ROOT, path).is_file() for path in EXPORTS)
    assert set(EXPORTS) == set(samples.matching(r".*\.reg"))
