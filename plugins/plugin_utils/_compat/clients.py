# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Clients: by the name of a profile, by their facts, or as the user describes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, Protocol
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS, OPENSSL_3, known
from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import BORN_FIXED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES, Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client

_T = TypeVar("_T")

_ALL: Final[tuple[Protocol, ...]] = ("rdp", "tls", "credssp")
_PROTOCOLS: Final = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
ORACLES: Final = ("force_updated", "mitigated", "vulnerable")
# RDC 8.0 (KB2592687), the file version of mstsc.exe from which Windows 7 speaks TLS 1.1 and 1.2 (Microsoft, "Incorrect
# TLS is displayed when you use RDP with SSL encryption"). MEM: the number.
_RDC_8: Final = (6, 2)
_RDC_8_UPDATE: Final = "KB2592687 (Remote Desktop Connection 8)"
_WITHOUT_RDC_8: Final = ("7", "2008r2")


class BadParty(ValueError):
    """A client or server that can not be understood; the text is one sentence."""


def whole(what: str, how: str, read: Callable[[], _T]) -> _T:
    """What ``read`` makes of somebody's variable, which may be anything; BadParty where it is not what it should be."""
    try:
        return read()
    except BadParty:
        raise
    except (KeyError, TypeError, AttributeError, ValueError):
        raise BadParty(f"{what} can not be understood; hand its data over whole, as {how}") from None


def _windows(release: Release) -> ClientParty:
    """A client as a release ships it, fully updated; see ``clients()`` for Windows 7."""
    enabled = [name for name in _PROTOCOLS if release.client_defaults.get(name) == "enabled"]
    return ClientParty(
        name=release.key,
        kind="mstsc",
        protocols=list(_ALL),
        tls_versions=[name for name in enabled if name in release.rdp_tls],
        suites=list(DEFAULTS[release.key]),
        credssp_fixed=True,
        encryption_oracle="mitigated",
        credssp_available=True,
        can_learn=[name for name in _PROTOCOLS if name in release.rdp_tls],
        update=_RDC_8_UPDATE if release.key in _WITHOUT_RDC_8 else "",
    )


def _profiles() -> dict[str, ClientParty]:
    """Every release as a client, and those that are none of them.

    Windows 7 ships with an RDC that knows TLS 1.0 alone; its Schannel has TLS 1.1 and 1.2 off by default anyway.
    ``7-rdc8`` has the update and TLS 1.1 and 1.2 switched on.
    XP SP3 has CredSSP, switched off (Microsoft, KB951608); it never got the correction of CVE-2018-0886 (MEM).
    FreeRDP with OpenSSL 3 keeps to security level 1, which leaves TLS 1.0 and 1.1 out (FreeRDP#7839). It goes on with
    servers that lack the correction of CVE-2018-0886 (MEM).
    """
    profiles = {release.key: _windows(release) for release in RELEASES}
    seven = profiles["7"]
    profiles["7-rdc8"] = {**seven, "name": "7-rdc8", "tls_versions": ["TLS 1.0", "TLS 1.1", "TLS 1.2"]}
    # Neither is in Microsoft's table of fixed versions.
    for name in ("vista", "2008"):
        profiles[name] = {**profiles[name], "credssp_fixed": None}
    profiles["xp-sp3"] = ClientParty(
        name="xp-sp3",
        kind="mstsc",
        protocols=["rdp", "tls"],
        tls_versions=["TLS 1.0"],
        suites=list(DEFAULTS["xp"]),
        credssp_fixed=False,
        encryption_oracle="vulnerable",
        credssp_available=True,
        can_learn=[],
        update="",
    )
    for name in ("freerdp-2", "freerdp-3"):
        profiles[name] = ClientParty(
            name=name,
            kind="freerdp",
            protocols=list(_ALL),
            tls_versions=["TLS 1.2", "TLS 1.3"],
            suites=list(OPENSSL_3),
            credssp_fixed=True,
            encryption_oracle="vulnerable",
            credssp_available=True,
            can_learn=["TLS 1.2", "TLS 1.3"],
            update="",
        )
    return profiles


PROFILES: Final[Mapping[str, ClientParty]] = _profiles()
# What to connect from where nothing else helps: the newest release.
CURRENT: Final = "11-25h2"


def profile(name: str) -> ClientParty:
    """A profile by its name; BadParty for any other."""
    found = PROFILES.get(name.strip().lower())
    if found is None:
        raise BadParty(f"{name!r} is no client profile; choose from {', '.join(PROFILES)}")
    return found.copy()


def client(given: object) -> ClientParty:
    """A client as the option of rdp_compatibility names it. YAML makes a number of the release 7."""
    if not isinstance(given, Mapping):
        return profile(str(given))
    if "status" not in given:
        return described(given)
    return whole("the client", "rdp_client_facts returns them", lambda: of_facts(cast(Client, given)))


def as_facts(name: str) -> Client:
    """A profile in the shape of facts, for what takes those; BadParty for a name that is none."""
    found = profile(name)
    release = next((each for each in RELEASES if each.key == found["name"].removesuffix("-rdc8")), None)
    return Client(
        status="ok",
        reason="",
        profile=found["name"],
        hostname=found["name"],
        release="" if release is None else release.key,
        full_build="" if release is None else str(release.build),
        tls_versions=found["tls_versions"] or [],
        usable_suites=found["suites"],
        credssp_fixed=found["credssp_fixed"],
        encryption_oracle=found["encryption_oracle"],
        servers=[],
    )


def one_client(given: object) -> Client:
    """A client as the option of rdp_diagnose names it: the name of a profile, or what rdp_client_facts has read."""
    if not isinstance(given, Mapping):
        return as_facts(str(given))
    facts = cast(Client, given)

    def used() -> None:
        """All that is read of it later, so that a client that can not be used is told at once."""
        of_facts(facts)
        for memory in facts.get("servers", []):
            memory["sid"], memory["server"].lower(), memory["cert_hash"].upper()

    whole("the client", "rdp_client_facts returns them", used)
    return facts


def of_facts(facts: Client) -> ClientParty:
    """A client from RV(ansible_facts.rdp_client). What was not read is taken from its release, if that is known."""
    if facts.get("status") != "ok":
        why = facts.get("reason") or facts.get("status") or "these are no facts of rdp_client_facts"
        raise BadParty(f"the client can not be used: {why}")
    if facts.get("profile"):
        return profile(facts["profile"])
    release = facts.get("release", "")
    base = PROFILES.get(release)
    name = facts.get("hostname") or release or "client"
    suites = facts.get("usable_suites")
    versions = facts.get("tls_versions")
    if versions is None:
        versions = None if base is None else base["tls_versions"]
    elif release in _WITHOUT_RDC_8 and _older(facts.get("mstsc_version"), _RDC_8):
        versions = [version for version in versions if version == "TLS 1.0"]
    build = int(facts.get("full_build", "0").partition(".")[0] or 0)
    fixed = facts.get("credssp_fixed")
    learn = list(base["can_learn"]) if base else []
    return ClientParty(
        name=name,
        kind="mstsc",
        protocols=list(_ALL),
        tls_versions=versions,
        suites=suites if suites is not None else (base["suites"] if base is not None else None),
        credssp_fixed=True if fixed is None and build >= BORN_FIXED else fixed,
        encryption_oracle=facts.get("encryption_oracle") or "mitigated",
        credssp_available=True,
        can_learn=learn,
        update="" if base is None else base["update"],
    )


def described(given: Mapping[str, Any]) -> ClientParty:
    """A client as a user describes it: a ``profile`` and what differs from it. BadParty names what is wrong."""
    base = profile(str(given.get("profile") or CURRENT))
    wrong = sorted(set(given) - {"name", "profile", "protocols", "tls_versions", "suites", *_PLAIN})
    if wrong:
        raise BadParty(
            f"a client has no {', '.join(wrong)}; it has name, profile, protocols, tls_versions, suites, "
            f"{', '.join(_PLAIN)}"
        )
    found = base.copy()
    found["name"] = str(given.get("name") or given.get("profile") or "client")
    if given.get("protocols") is not None:
        found["protocols"] = cast("list[Protocol]", _chosen("protocols", given["protocols"], _ALL))
    if given.get("tls_versions") is not None:
        found["tls_versions"] = _chosen("tls_versions", given["tls_versions"], _PROTOCOLS)
    if given.get("suites") is not None:
        found["suites"] = known(_texts("suites", given["suites"]))
    if given.get("credssp_fixed") is not None:
        found["credssp_fixed"] = _flag("credssp_fixed", given["credssp_fixed"])
    if given.get("encryption_oracle") is not None:
        found["encryption_oracle"] = _chosen("encryption_oracle", [given["encryption_oracle"]], ORACLES)[0]
    return found


_PLAIN: Final = ("credssp_fixed", "encryption_oracle")


def _texts(option: str, given: object) -> list[str]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(each, str) for each in given):
        raise BadParty(f"{option} of a client must be a list of texts")
    return list(given)


def _chosen(option: str, given: object, choices: Sequence[str]) -> list[str]:
    chosen = _texts(option, given)
    for each in chosen:
        if each not in choices:
            raise BadParty(f"{option} of a client can not be {each!r}; choose from {', '.join(choices)}")
    return [choice for choice in choices if choice in chosen]


def _flag(option: str, given: object) -> bool:
    if not isinstance(given, bool):
        raise BadParty(f"{option} of a client must be true or false")
    return given


def _older(version: str | None, least: tuple[int, ...]) -> bool:
    """Whether a file version is older; one that is not known is not."""
    numbers = (version or "").split(".")[: len(least)]
    return all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) < least
