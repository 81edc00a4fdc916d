# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of cipher suites, and what switches, FIPS mode, versions and keys leave of them."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import (
    ON,
    is_strong,
    of_key,
    of_version,
    offered,
    usable,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import BY_NAME, DEFAULTS, OPENSSL_3, known
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CipherSuites, Switch

NOT_READ: CipherSuites = {"value": None, "source": "default", "where": ""}


def switched(**numbers: int) -> dict[str, Switch]:
    return {name: {"enabled": number, "where": name} for name, number in numbers.items()}


def left(suites: CipherSuites | None = None, release: str = "2016", **changes: Any) -> list[str] | None:
    settings: dict[str, Any] = {"ciphers": {}, "hashes": {}, "key_exchange": {}, "fips": False, **changes}
    return usable(suites or NOT_READ, release, **settings)


def test_every_release_has_a_list_of_suites_that_are_known() -> None:
    assert {release.key for release in RELEASES} <= set(DEFAULTS)
    for release, names in DEFAULTS.items():
        assert known(names) == list(names), release
        assert len(set(names)) == len(names), release


@pytest.mark.parametrize(
    ("release", "with_3des", "with_rc4", "with_gcm", "with_tls_1_3"),
    [
        ("xp", True, True, False, False),
        ("vista", True, True, False, False),
        ("7", True, True, True, False),
        ("2016", True, True, True, False),
        ("2019", True, False, True, False),
        ("10-22h2", False, False, True, False),
        ("2022", True, False, True, True),
        ("11-24h2", False, False, True, True),
        ("2025", False, False, True, True),
    ],
)
def test_what_decides_between_old_and_new(
    release: str, with_3des: bool, with_rc4: bool, with_gcm: bool, with_tls_1_3: bool
) -> None:
    names = DEFAULTS[release]
    assert any("3DES" in name for name in names) is with_3des
    assert any("RC4" in name for name in names) is with_rc4
    assert any("_WITH_" in name and "GCM" in name for name in names) is with_gcm
    assert bool(of_version(names, "TLS 1.3")) is with_tls_1_3


def test_the_list_of_openssl_is_its_own() -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    command = [program, "ciphers", "-s", "-stdname", "DEFAULT:@SECLEVEL=1"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout
    if "OpenSSL 3" not in subprocess.run([program, "version"], check=True, capture_output=True, text=True).stdout:
        pytest.skip("this openssl is not version 3")
    names = [line.split()[0] for line in told.splitlines()]
    # No Windows has these on by default or knows them at all.
    others = ("CHACHA20", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256")
    assert [name for name in names if not any(other in name for other in others)] == list(OPENSSL_3)


def test_curves_at_the_end_of_names_are_dropped_and_each_suite_stands_once() -> None:
    names = ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA_P256", " TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA_P384", "TLS_X", ""]
    assert known(names) == ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"]
    assert known(["TLS_RSA_WITH_NULL_SHA", "SSL_CK_RC4_128_WITH_MD5"]) == []


def test_without_switches_a_release_has_its_list() -> None:
    assert left() == list(DEFAULTS["2016"])


def test_where_neither_list_nor_release_is_known_nothing_is() -> None:
    assert left(release="") is None


def test_a_configured_list_is_taken_in_its_order() -> None:
    names = ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
    assert left({"value": names, "source": "policy", "where": ""}) == names


def test_a_policy_of_unknown_names_leaves_nothing() -> None:
    assert left({"value": ["TLS_X"], "source": "policy", "where": ""}) == []
    assert left({"value": ["TLS_X"], "source": "default", "where": ""}) == list(DEFAULTS["2016"])


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"ciphers": switched(**{"AES 256/256": 0})}, "AES_256"),
        ({"ciphers": switched(**{"aes 128/128": 0})}, "AES_128"),
        ({"ciphers": switched(**{"Triple DES 168": 0})}, "3DES"),
        ({"ciphers": switched(**{"Triple DES 168/168": 0})}, "3DES"),
        ({"ciphers": switched(**{"RC4 128/128": 0})}, "RC4"),
        ({"hashes": switched(SHA=0)}, "_SHA"),
        ({"hashes": switched(SHA256=0)}, "_SHA256"),
        ({"hashes": switched(MD5=0)}, "_MD5"),
        ({"key_exchange": switched(PKCS=0)}, "TLS_RSA_"),
        ({"key_exchange": switched(ECDH=0)}, "ECDHE"),
        ({"key_exchange": switched(**{"Diffie-Hellman": 0})}, "_DHE"),
        ({"fips": True}, "RC4"),
    ],
)
def test_a_switch_takes_its_suites_and_no_others(changes: dict[str, Any], gone: str) -> None:
    found = left(**changes)
    ends = gone.startswith("_S") or gone == "_MD5"
    expected = [name for name in DEFAULTS["2016"] if not (name.endswith(gone) if ends else gone in name)]
    assert found == expected
    assert len(expected) < len(DEFAULTS["2016"])


@pytest.mark.parametrize("number", [1, ON])
def test_any_other_number_is_on(number: int) -> None:
    assert left(ciphers=switched(**{"AES 256/256": number})) == list(DEFAULTS["2016"])


def test_a_key_serves_the_suites_of_its_kind_and_those_of_tls_1_3() -> None:
    names = DEFAULTS["2022"]
    for key, word in (("RSA", "_RSA_"), ("ECDSA", "_ECDSA_")):
        assert all(word in name or "_WITH_" not in name for name in of_key(names, key))
    assert of_key(names, None) == list(names)


def test_a_version_without_a_suite_is_not_offered() -> None:
    names = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
    assert offered(["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"], names) == ["TLS 1.2"]


def test_what_is_broken_is_not_strong() -> None:
    assert {BY_NAME[name].cipher[:3] for name in BY_NAME if is_strong(name)} == {"AES"}
