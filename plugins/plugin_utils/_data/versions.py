# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Windows releases: what each one's Schannel and RDP listener do when nobody has set anything.

Schannel defaults: Microsoft, "Protocols in TLS/SSL (Schannel SSP)" (win32, secauthn), page of 2025-03-20.
What the RDP listener can use: [MS-RDPBCGR] product behaviour notes on TLS 1.1, 1.2 and 1.3, and Microsoft's
"Incorrect TLS use in RDP with SSL encryption" (Windows 7 and 2008 R2 know TLS 1.1 and 1.2 with KB3080079 only).
End of support: Microsoft's product lifecycle pages, the date of the Enterprise edition, without paid extensions and
without LTSC editions. MEM: the dates were not checked against the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROTOCOLS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")

ON, ASKED, OFF, NONE = "enabled", "disabled_by_default", "disabled", "unsupported"

# In the order of PROTOCOLS.
_VISTA = (ON, ON, ON, NONE, NONE, NONE)
_SEVEN = (ON, ON, ON, ASKED, ASKED, NONE)
_EIGHT = (OFF, ON, ON, ON, ON, NONE)
_TEN_1607 = (NONE, OFF, ON, ON, ON, NONE)
_TLS13 = (NONE, OFF, ON, ON, ON, ON)

_RDP_10 = ("TLS 1.0",)
_RDP_12 = ("TLS 1.0", "TLS 1.1", "TLS 1.2")
_RDP_13 = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")


@dataclass(frozen=True)
class Release:
    """One Windows release. ``product`` is "client" or "server"."""

    key: str
    name: str
    build: int
    product: str
    schannel: tuple[str, ...]  # server side state of each of PROTOCOLS
    rdp_tls: tuple[str, ...]  # versions that the RDP listener can use when Schannel enables them
    end_of_support: str | None  # YYYY-MM-DD

    @property
    def server_defaults(self) -> Mapping[str, str]:
        return dict(zip(PROTOCOLS, self.schannel, strict=True))

    @property
    def client_defaults(self) -> Mapping[str, str]:
        """As for servers, but for SSL 2.0, which clients have switched off since Vista."""
        states = dict(zip(PROTOCOLS, self.schannel, strict=True))
        if states["SSL 2.0"] == ON:
            states["SSL 2.0"] = OFF
        return states

    @property
    def default_security_layer(self) -> str:
        """SecurityLayer when the registry has none. MEM: Negotiate before Windows 8, TLS since."""
        return "negotiate" if self.build < 9200 else "tls"

    @property
    def default_nla(self) -> bool:
        """UserAuthentication when the registry has none. MEM: off before Windows 8, on since."""
        return self.build >= 9200


def _client(key: str, name: str, build: int, states: tuple[str, ...], rdp: tuple[str, ...], end: str) -> Release:
    return Release(key, name, build, "client", states, rdp, end)


def _server(key: str, name: str, build: int, states: tuple[str, ...], rdp: tuple[str, ...], end: str) -> Release:
    return Release(key, name, build, "server", states, rdp, end)


# Ascending builds. A build between two rows belongs to the row below it.
RELEASES: tuple[Release, ...] = (
    _client("vista", "Windows Vista", 6000, _VISTA, _RDP_10, "2017-04-11"),
    _server("2008", "Windows Server 2008", 6001, _VISTA, _RDP_10, "2020-01-14"),
    _client("7", "Windows 7", 7600, _SEVEN, _RDP_12, "2020-01-14"),
    _server("2008r2", "Windows Server 2008 R2", 7600, _SEVEN, _RDP_12, "2020-01-14"),
    _client("8", "Windows 8", 9200, _EIGHT, _RDP_12, "2016-01-12"),
    _server("2012", "Windows Server 2012", 9200, _EIGHT, _RDP_12, "2023-10-10"),
    _client("8.1", "Windows 8.1", 9600, _EIGHT, _RDP_12, "2023-01-10"),
    _server("2012r2", "Windows Server 2012 R2", 9600, _EIGHT, _RDP_12, "2023-10-10"),
    _client("10-1507", "Windows 10 1507", 10240, _EIGHT, _RDP_12, "2017-05-09"),
    _client("10-1511", "Windows 10 1511", 10586, _EIGHT, _RDP_12, "2018-04-10"),
    _client("10-1607", "Windows 10 1607", 14393, _TEN_1607, _RDP_12, "2019-04-09"),
    _server("2016", "Windows Server 2016", 14393, _TEN_1607, _RDP_12, "2027-01-12"),
    _client("10-1703", "Windows 10 1703", 15063, _TEN_1607, _RDP_12, "2019-10-08"),
    _client("10-1709", "Windows 10 1709", 16299, _TEN_1607, _RDP_12, "2020-10-13"),
    _client("10-1803", "Windows 10 1803", 17134, _TEN_1607, _RDP_12, "2021-05-11"),
    _client("10-1809", "Windows 10 1809", 17763, _TEN_1607, _RDP_12, "2021-05-11"),
    _server("2019", "Windows Server 2019", 17763, _TEN_1607, _RDP_12, "2029-01-09"),
    _client("10-1903", "Windows 10 1903", 18362, _TEN_1607, _RDP_12, "2020-12-08"),
    _client("10-1909", "Windows 10 1909", 18363, _TEN_1607, _RDP_12, "2022-05-10"),
    _client("10-2004", "Windows 10 2004", 19041, _TEN_1607, _RDP_12, "2021-12-14"),
    _client("10-20h2", "Windows 10 20H2", 19042, _TEN_1607, _RDP_12, "2023-05-09"),
    _client("10-21h1", "Windows 10 21H1", 19043, _TEN_1607, _RDP_12, "2022-12-13"),
    _client("10-21h2", "Windows 10 21H2", 19044, _TEN_1607, _RDP_12, "2024-06-11"),
    _client("10-22h2", "Windows 10 22H2", 19045, _TEN_1607, _RDP_12, "2025-10-14"),
    _server("2022", "Windows Server 2022", 20348, _TLS13, _RDP_13, "2031-10-14"),
    _client("11-21h2", "Windows 11 21H2", 22000, _TLS13, _RDP_13, "2024-10-08"),
    _client("11-22h2", "Windows 11 22H2", 22621, _TLS13, _RDP_13, "2025-10-14"),
    _client("11-23h2", "Windows 11 23H2", 22631, _TLS13, _RDP_13, "2026-11-10"),
    _server("23h2", "Windows Server 23H2", 25398, _TLS13, _RDP_13, "2025-10-24"),
    _client("11-24h2", "Windows 11 24H2", 26100, _TLS13, _RDP_13, "2027-10-12"),
    _server("2025", "Windows Server 2025", 26100, _TLS13, _RDP_13, "2034-11-14"),
    _client("11-25h2", "Windows 11 25H2", 26200, _TLS13, _RDP_13, "2028-10-10"),
)

_BY_KEY = {release.key: release for release in RELEASES}


def release(key: str) -> Release:
    """The release of a key, as RV(ansible_facts.rdp.system.release) gives it; KeyError for any other text."""
    return _BY_KEY[key]


def release_of(build: int, product: str) -> Release | None:
    """The release that a build number belongs to; None for what is older than Vista.

    A build newer than the table belongs to the newest release of its product: defaults have only been tightened
    in new releases so far, and the facts carry the build itself beside it.
    """
    older = [row for row in RELEASES if row.product == product and row.build <= build]
    return older[-1] if older else None
