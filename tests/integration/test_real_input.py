# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry exports of real Windows machines, a real RDP server, and the collection as it installs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet
from tests.integration.run import BIN, ROOT, ansible, playbook
from tests.interop import identity
from tests.interop.identity import HOST
from tests.interop.servers import xrdp

LabOf = Callable[..., Fleet]
_CAPTURES = os.environ.get("RDP_CAPTURES")
CONTROL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control"
RDP_TCP = rf"{CONTROL}\Terminal Server\WinStations\RDP-Tcp"
# The Windows that each export comes from, as far as the lab has a profile of it.
EXPORTS = {"SYSTEM": "7sp1", "SYSTEM_2": "8.1", "SYSTEM_B": "10-22h2", "SYSTEM_WIN_10_1709": "10-22h2"}
WINRM_RULES = ("WINRM-HTTP-In-TCP", "WINRM-HTTP-In-TCP-NoScope")
LAYERS = {0: "rdp", 1: "negotiate", 2: "tls"}
LEVELS = {1: "low", 2: "client_compatible", 3: "high", 4: "fips"}


def read_export(path: Path) -> dict[str, dict[str, str]]:
    """Keys with their values as the file writes them: a reader of its own, without the lab and the collection."""
    keys: dict[str, dict[str, str]] = {}
    here: dict[str, str] = {}
    for line in path.read_text(encoding="latin-1").replace("\\\n", "").splitlines():
        if line.startswith("["):
            here = keys.setdefault(line.strip("[]"), {})
        elif match := re.match(r'"((?:[^"\\]|\\.)*)"=(.*)', line):
            here[match[1]] = match[2]
    return keys


def number(values: dict[str, str], name: str) -> int | None:
    text = values.get(name, "")
    return int(text[6:], 16) if text.startswith("dword:") else None


@pytest.mark.skipif(not _CAPTURES, reason="RDP_CAPTURES is not set: there are no registry exports to load")
@pytest.mark.parametrize("name", EXPORTS)
def test_facts_of_a_real_registry(lab_of: LabOf, name: str) -> None:
    path = Path(str(_CAPTURES), "registry-exports", f"{name}.reg")
    export = read_export(path)
    # The machines themselves did not listen for WinRM.
    winrm = {
        "services": {"WinRM": {"start": "auto", "state": "running"}},
        "firewall": {"rules": dict.fromkeys(WINRM_RULES, True)},
    }
    fleet = lab_of({"hostname": "REAL", "windows": EXPORTS[name], "reg_file": str(path), **winrm})
    run = ansible(fleet.inventory, "REAL", "winops.rdp.rdp_diagnose", {})
    assert run.code == 0, run.output
    result = run.of("REAL")["result"]
    facts = result["facts"]
    assert {area: facts[area]["status"] for area in facts if area != "schema"} == dict.fromkeys(
        (area for area in facts if area != "schema"), "ok"
    )
    server, listener = export[rf"{CONTROL}\Terminal Server"], export[RDP_TCP]
    settings = {option: found["local"] for option, found in facts["listener"]["settings"].items()}
    assert settings["enabled"] is (number(server, "fDenyTSConnections") == 0)
    assert settings["port"] == number(listener, "PortNumber")
    assert settings["security_layer"] == LAYERS[number(listener, "SecurityLayer") or 0]
    assert settings["nla"] is (number(listener, "UserAuthentication") == 1)
    assert settings["min_encryption_level"] == LEVELS[number(listener, "MinEncryptionLevel") or 0]
    assert settings["max_instances"] == number(listener, "MaxInstanceCount")
    assert settings["prompt_for_password"] is (number(listener, "fPromptForPassword") == 1)
    assert settings["max_outstanding_connections"] == number(server, "MaxOutstandingConnections")
    stations = rf"{CONTROL}\Terminal Server\WinStations" + "\\"
    below = {key[len(stations) :].split("\\")[0] for key in export if key.startswith(stations)}
    assert {station["name"] for station in facts["listener"]["winstations"]} == below - {"Console"}
    thumbprint = export[stations.rstrip("\\")].get("SelfSignedCertificate", "hex:")[4:].replace(",", "").upper()
    if thumbprint:
        assert facts["certificate"]["self_signed_thumbprint"] == thumbprint
    for protocol in ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"):
        for side in ("Server", "Client"):
            values = export.get(rf"{CONTROL}\SecurityProviders\SCHANNEL\Protocols\{protocol}\{side}", {})
            found = facts["tls"]["protocols"][protocol][side.lower()]
            assert found["enabled"] == number(values, "Enabled")
            assert found["disabled_by_default"] == number(values, "DisabledByDefault")
    starts = {2: "auto", 3: "manual", 4: "disabled"}
    for service in ("TermService", "SessionEnv", "UmRdpService"):
        start = number(export[rf"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\{service}"], "Start")
        assert facts["services"]["services"][service]["start_mode"] == starts[start or 0]
    rules = export[
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
    ]
    expected = {
        rule: "|Active=TRUE|" in text
        for rule, text in rules.items()
        if "|Dir=In|" in text and "|Protocol=6|" in text and "|LPort=3389|" in text
    }
    assert {rule["id"]: rule["enabled"] for rule in facts["firewall"]["rules"]} == expected
    if settings["enabled"] is False:
        assert "listener.disabled" in [finding["id"] for finding in result["verdict"]["findings"]]


def test_the_probe_on_a_real_xrdp(tmp_path: Path) -> None:
    """As a task; what the probe says of each kind of server is in tests/interop."""
    with xrdp(tmp_path, identity.make(tmp_path), "tls") as server:
        run = ansible(Path(os.devnull), "localhost", "winops.rdp.rdp_probe", {"host": HOST, "port": server.port})
    assert run.code == 0, run.output
    wire: dict[str, Any] = run.of("localhost")["result"]["wire"]
    assert wire["ready"], wire
    assert wire["tls"]["certificate"]["sha1"] == identity.describe(server.certificate)["sha1"]


def test_the_collection_works_as_it_installs(lab_of: LabOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built, installed into an empty folder, and run from elsewhere by its name."""
    galaxy = [str(BIN / "ansible-galaxy"), "collection"]
    subprocess.run([*galaxy, "build", "--output-path", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("winops-rdp-*.tar.gz")
    target = tmp_path / "collections"
    subprocess.run([*galaxy, "install", str(archive), "-p", str(target)], cwd=tmp_path, check=True, capture_output=True)
    assert archive.stat().st_size < 1_000_000
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "certificate": {"key": "unreadable"}})
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(target))
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    run = playbook(fleet.inventory, "winops.rdp.fix_rdp", cwd=tmp_path)
    assert run.code == 0, run.output
    assert run.of("SRV1", "rdp_diagnose")["result"]["verdict"]["state"] == "healthy"
