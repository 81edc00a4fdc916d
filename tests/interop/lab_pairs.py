# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lab hosts as servers of pairs: every Windows version as it is shipped and hardened in the ways that occur."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

Scenario = dict[str, Any]
Change = Callable[[str], Scenario]

WINDOWS = ("7sp1", "2008r2", "8.1", "2012r2", "10-22h2", "2016", "2019", "11-24h2", "2022", "2025")
# One of each that have the same list of cipher suites.
_ONE_OF_EACH = ("2008r2", "10-22h2", "2016", "2019", "2022", "2025")
_WITH_CURVES = ("7sp1", "2008r2", "8.1", "2012r2")
_SEVEN = ("7sp1", "2008r2")
_WITH_TLS_1_3 = ("11-24h2", "2022", "2025")
# Revisions of 2018 and later, whose TSpkg.dll has the correction of CVE-2018-0886. Later versions were born with it.
_CORRECTED = {"7sp1": 24545, "2008r2": 24545, "8.1": 20000, "2012r2": 20000}

_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
_LISTENER = rf"{_CONTROL}\Terminal Server\WinStations\RDP-Tcp"
_SCHANNEL = rf"{_CONTROL}\SecurityProviders\SCHANNEL"
_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
_FIPS = rf"{_CONTROL}\Lsa\FipsAlgorithmPolicy"
_ORACLE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
_VERSIONS = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")

GCM = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
CBC = ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]


def _versions(*wanted: str) -> Change:
    """These TLS versions alone. Windows 7 and 2008 R2 have the update that teaches Remote Desktop TLS 1.1 and 1.2."""
    on, off = {"Enabled": 1, "DisabledByDefault": 0}, {"Enabled": 0, "DisabledByDefault": 1}
    keys = {rf"{_SCHANNEL}\Protocols\{name}\Server": on if name in wanted else off for name in _VERSIONS}
    return lambda windows: {"registry": keys, "updates": ["KB3080079"] if windows in _SEVEN else []}


def _suites(*names: str) -> Change:
    """The policy SSL Cipher Suite Order, with curves in the names as older versions write them."""

    def change(windows: str) -> Scenario:
        written = [f"{name}_P256" if windows in _WITH_CURVES and "ECDHE" in name else name for name in names]
        return {"registry": {_POLICY: {"Functions": ",".join(written)}}}

    return change


def _switched(**switches: int) -> Change:
    """Enabled of keys below SCHANNEL, written as Ciphers__RC4 128/128."""
    keys = {rf"{_SCHANNEL}\{name.replace('__', chr(92))}": {"Enabled": value} for name, value in switches.items()}
    return lambda _windows: {"registry": keys}


def _always(scenario: Scenario) -> Change:
    return lambda _windows: scenario


EVERYWHERE: Mapping[str, Change] = {
    "as updated": _always({}),
    "TLS 1.2 alone": _versions("TLS 1.2"),
    "TLS 1.0 alone": _versions("TLS 1.0"),
    "GCM alone": _suites(*GCM),
    "FIPS": _always({"registry": {_FIPS: {"Enabled": 1}}}),
    "ECDSA key": _always({"certificate": {"bound": "valid", "bound_key": "ec"}}),
}
_BOTH = ("Ciphers__AES 256/256", "Hashes__SHA")
SOME: Mapping[str, tuple[tuple[str, ...], Change]] = {
    "CBC with SHA-1 alone": (_ONE_OF_EACH, _suites(*CBC)),
    "without PKCS and 3DES": (
        _ONE_OF_EACH,
        _switched(**{"KeyExchangeAlgorithms__PKCS": 0, "Ciphers__Triple DES 168": 0}),
    ),
    # Of the versions whose TSpkg.dll comes without the correction; the others are the same as updated.
    "as shipped": (tuple(_CORRECTED), _always({"ubr": 0})),
    "TLS 1.3 alone": (_WITH_TLS_1_3, _versions("TLS 1.3")),
    "TLS 1.0 and 1.3": (("2022",), _versions("TLS 1.0", "TLS 1.3")),
    "TLS 1.2 without KB3080079": (_SEVEN, lambda windows: {**_versions("TLS 1.2")(windows), "updates": []}),
    "no TLS": (("2008r2", "2019"), _versions()),
    "ECDSA key, suites for RSA": (
        ("2022",),
        lambda windows: {**_suites(GCM[0])(windows), "certificate": {"bound": "valid", "bound_key": "ec"}},
    ),
    "3DES alone": (("2016",), _suites("TLS_RSA_WITH_3DES_EDE_CBC_SHA")),
    "RC4 alone": (("2008r2",), _suites("TLS_RSA_WITH_RC4_128_SHA")),
    "RC4 alone, level FIPS": (
        ("2008r2",),
        lambda windows: {
            "registry": {
                **_suites("TLS_RSA_WITH_RC4_128_SHA")(windows)["registry"],
                _LISTENER: {"MinEncryptionLevel": 4},
            }
        },
    ),
    "RC4 alone, FIPS": (
        ("2008r2",),
        lambda windows: {
            "registry": {**_suites("TLS_RSA_WITH_RC4_128_SHA")(windows)["registry"], _FIPS: {"Enabled": 1}}
        },
    ),
    "no suite that Windows knows": (("2019",), _suites("TLS_NO_SUCH_SUITE")),
    "without SHA-1": (("8.1",), _switched(Hashes__SHA=0)),
    "without ECDH": (("2022",), _switched(KeyExchangeAlgorithms__ECDH=0)),
    "without Diffie-Hellman and AES 256": (
        ("2012r2",),
        _switched(**{"KeyExchangeAlgorithms__Diffie-Hellman": 0, "Ciphers__AES 256/256": 0}),
    ),
    "switches with 0xffffffff": (
        ("2019",),
        _switched(**{"Ciphers__AES 256/256": 0xFFFFFFFF, "Hashes__SHA": 0xFFFFFFFF}),
    ),
    "switches with 1": (("2019",), _switched(**{"Ciphers__AES 256/256": 1, "Hashes__SHA": 1})),
    "oracle: force updated": (
        ("2012r2", "2022"),
        _always({"registry": {_ORACLE: {"AllowEncryptionOracle": 0}}}),
    ),
    "oracle: vulnerable": (("2022",), _always({"registry": {_ORACLE: {"AllowEncryptionOracle": 2}}})),
    "expired certificate": (("2022",), _always({"certificate": {"self_signed": "expired"}})),
    "certificate that is gone": (("2008r2", "2022"), _always({"certificate": {"bound": "stale"}})),
    "key that is gone": (("2008r2", "2022"), _always({"certificate": {"key": "missing"}})),
    "key out of reach": (("2008r2", "2022"), _always({"certificate": {"key": "unreadable"}})),
}
LAYERS: Mapping[str, tuple[int, int]] = {
    f"security layer {layer}, {'NLA' if nla else 'no NLA'}": (layer, nla) for layer in (0, 1, 2) for nla in (0, 1)
}
VARIANTS = (*EVERYWHERE, *SOME, *LAYERS)


def scenarios() -> dict[str, list[Scenario]]:
    """The hosts by variant. What hardens TLS meets every security layer that has TLS, with NLA and without, in turn."""
    numbers = cycle(range(10_000))
    turns = cycle([(1, 0), (2, 1), (2, 0), (1, 1)])

    def host(windows: str, changes: Scenario, listener: tuple[int, int] | None) -> Scenario:
        found = {"hostname": f"PAIR{next(numbers)}", "windows": windows, **changes}
        if windows in _CORRECTED:
            found.setdefault("ubr", _CORRECTED[windows])
        if listener is not None:
            registry = dict(found.get("registry", {}))
            layer, nla = listener
            registry[_LISTENER] = {**registry.get(_LISTENER, {}), "SecurityLayer": layer, "UserAuthentication": nla}
            found["registry"] = registry
        return found

    wanted: dict[str, list[Scenario]] = {}
    for name, change in EVERYWHERE.items():
        plain = name == "as updated"
        wanted[name] = [host(windows, change(windows), None if plain else next(turns)) for windows in WINDOWS]
    for name, (versions, change) in SOME.items():
        wanted[name] = [host(windows, change(windows), None) for windows in versions]
    for name, listener in LAYERS.items():
        versions = _ONE_OF_EACH if listener == (0, 0) else ("2008r2", "2022")
        wanted[name] = [host(windows, {}, listener) for windows in versions]
    return wanted
