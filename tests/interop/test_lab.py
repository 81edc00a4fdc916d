# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against the lab's Windows hosts: what it says is what the model of each host holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.interop.expect import accepted, full, picked, quick
from tests.interop.identity import describe
from tests.interop.lab_hosts import LAYERS, RDP_PORT, WINDOWS
from tests.lab.rdp import ListenerState
from tests.lab.runtime import LabHost

LAYER_NAMES = {0: "rdp", 1: "negotiate", 2: "tls"}
LEVEL_NAMES = {1: "low", 2: "client_compatible", 3: "high", 4: "fips"}


HEALTHY = {version: f"WIN-{version.upper().replace('.', '')}" for version in WINDOWS}
SURVEYED = [*HEALTHY.values(), *LAYERS.values(), "OLD-TLS-ONLY"]


@pytest.fixture(scope="module")
def surveys(hosts: dict[str, LabHost]) -> dict[str, Report]:
    """Full probes by host, several at a time: most of a probe is pauses."""
    with ThreadPoolExecutor(5) as pool:
        found = pool.map(lambda name: full(RDP_PORT, hosts[name].address), SURVEYED)
        return dict(zip(SURVEYED, found, strict=True))


def state_of(host: LabHost) -> ListenerState:
    state = host.model.remote_desktop.listener()
    assert state is not None
    return state


@pytest.mark.parametrize("version", WINDOWS)
def test_healthy_windows(hosts: dict[str, LabHost], surveys: dict[str, Report], version: str, tmp_path: Path) -> None:
    state, report = state_of(hosts[HEALTHY[version]]), surveys[HEALTHY[version]]
    assert state.certificate_pem is not None
    pem = tmp_path / "served.pem"
    pem.write_bytes(state.certificate_pem)
    values = {
        "stage": "ready",
        "ready": True,
        # The strongest that both have; Windows 7 and 2008 R2 do not know early user authentication.
        "x224/selected": "credssp_early_auth" if state.os_version >= (6, 2, 0) else "credssp",
        "x224/nla": "required" if state.user_authentication else "offered",
        "tls/result": "completed",
        "tls/key_proved": True,
        "credssp/result": "challenge",
        "credssp/netbios_computer": state.hostname,
        "credssp/os_version": ".".join(str(part) for part in state.os_version),
        **{f"tls/certificate/{name}": value for name, value in describe(pem).items()},
    }
    assert picked(report, values) == values
    # The lab's own TLS library has no SSL 3.0 either.
    assert set(accepted(report)) == set(state.tls_versions) - {"SSL 2.0", "SSL 3.0"}


@pytest.mark.parametrize(("layer", "nla"), LAYERS)
def test_security_layers(hosts: dict[str, LabHost], surveys: dict[str, Report], layer: int, nla: int) -> None:
    host, report = hosts[LAYERS[layer, nla]], surveys[LAYERS[layer, nla]]
    # UserAuthentication counts only where there is TLS to carry it.
    required = bool(nla and layer)
    standard = layer == 0 or (layer == 1 and not nla)
    values = {
        "stage": "ready",
        "x224/selected": "rdp" if layer == 0 else "credssp_early_auth",
        # Required NLA hides what would be taken without.
        "x224/security_layer": None if required else LAYER_NAMES[layer],
        "x224/nla": "off" if layer == 0 else "required" if required else "offered",
        "tls/result": "completed" if layer else "not_tried",
        "credssp/result": "challenge" if layer else "not_tried",
        "standard/result": "response" if standard else "not_tried",
    }
    assert picked(report, values) == values
    if standard:
        assert report["standard"]["level"] == LEVEL_NAMES[state_of(host).min_encryption_level]


@pytest.mark.parametrize(
    ("name", "stage", "tls", "cause"),
    [
        ("KEY-MISSING", "tls", ("closed", "reset"), "machine_keys"),
        ("KEY-UNREADABLE", "tls", ("closed", "reset"), "machine_keys"),
        ("NO-TLS", "tls", ("closed", "reset"), "tls"),
        ("RDP-OFF", "tcp", ("not_tried",), "listener"),
    ],
)
def test_broken_windows(hosts: dict[str, LabHost], name: str, stage: str, tls: tuple[str, ...], cause: str) -> None:
    report = quick(RDP_PORT, hosts[name].address)
    assert (report["stage"], report["ready"]) == (stage, False), report
    assert report["tls"]["result"] in tls
    assert any(suspect["cause"].startswith(cause) for suspect in report["suspects"]), report["suspects"]
    # The first sign of a broken key or of no TLS on a user's screen.
    assert ("0x904/0x7" in report["client_errors"]) is (stage == "tls")


def test_old_and_new_versions(hosts: dict[str, LabHost], surveys: dict[str, Report]) -> None:
    old = surveys["OLD-TLS-ONLY"]
    assert set(accepted(old)) == {"TLS 1.0", "TLS 1.1"}
    assert (old["tls"]["version"], old["ready"]) == ("TLS 1.1", True)
    new = quick(RDP_PORT, hosts["NEW-TLS-ONLY"].address)
    assert (new["tls"]["version"], new["ready"]) == ("TLS 1.2", True)


def test_an_expired_certificate_does_not_stop_a_client(hosts: dict[str, LabHost]) -> None:
    report = quick(RDP_PORT, hosts["EXPIRED"].address)
    certificate = report["tls"]["certificate"]
    assert certificate is not None
    assert certificate["days_left"] < 0
    assert report["ready"]
