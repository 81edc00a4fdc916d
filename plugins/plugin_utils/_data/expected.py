# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What a Windows host with working Remote Desktop looks like: ACLs, services, listener settings, with sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Well-known SIDs, [MS-DTYP] 2.4.2.4.
EVERYONE: Final = "S-1-1-0"
LOCAL: Final = "S-1-2-0"
CONSOLE_LOGON: Final = "S-1-2-1"
SERVICE: Final = "S-1-5-6"
AUTHENTICATED_USERS: Final = "S-1-5-11"
THIS_ORGANIZATION: Final = "S-1-5-15"
SYSTEM: Final = "S-1-5-18"
NETWORK_SERVICE: Final = "S-1-5-20"
ADMINISTRATORS: Final = "S-1-5-32-544"
USERS: Final = "S-1-5-32-545"
# A service SID is S-1-5-80 and the SHA-1 of the upper-case service name in UTF-16LE as five little-endian integers:
# computed here from "TERMSERVICE".
TERM_SERVICE: Final = "S-1-5-80-446051430-1559341753-4161941529-1950928533-810483104"

# The groups in the token of the process that runs TermService. MEM: unverified beyond NETWORK SERVICE itself,
# Everyone, Authenticated Users and Service.
NETWORK_SERVICE_TOKEN: Final = frozenset(
    {
        NETWORK_SERVICE,
        TERM_SERVICE,
        EVERYONE,
        AUTHENTICATED_USERS,
        SERVICE,
        USERS,
        LOCAL,
        CONSOLE_LOGON,
        THIS_ORGANIZATION,
    }
)
SYSTEM_TOKEN: Final = frozenset({SYSTEM, ADMINISTRATORS, EVERYONE, AUTHENTICATED_USERS})

# Access masks of files, [MS-DTYP] 2.4.3 and the Windows SDK (winnt.h).
FILE_ALL_ACCESS: Final = 0x001F01FF
FILE_GENERIC_READ: Final = 0x00120089
FILE_GENERIC_WRITE: Final = 0x00120116
FILE_GENERIC_EXECUTE: Final = 0x001200A0
# "Everyone: Read, Write" of the newer Microsoft page and the list of special rights of the older one are this mask.
FILE_READ_WRITE: Final = FILE_GENERIC_READ | FILE_GENERIC_WRITE
GENERIC_RIGHTS: Final = {
    0x80000000: FILE_GENERIC_READ,
    0x40000000: FILE_GENERIC_WRITE,
    0x20000000: FILE_GENERIC_EXECUTE,
    0x10000000: FILE_ALL_ACCESS,
}

INHERIT_ONLY: Final = 0x8  # the ACE counts for children only, [MS-DTYP] 2.4.4.1


@dataclass(frozen=True)
class ExpectedAce:
    """An allow ACE on the object itself."""

    sid: str
    mask: int
    token: frozenset[str]  # the SIDs in whose name the account comes: an entry for one of them serves as well
    lack: str  # what is to say when they do not give it; accounts are compared by SID, since names are localized


@dataclass(frozen=True)
class ExpectedAcl:
    aces: tuple[ExpectedAce, ...]
    protected: bool  # True: nothing is inherited
    source: str


KEY_FILE_ACL: Final = ExpectedAcl(
    aces=(
        ExpectedAce(
            NETWORK_SERVICE,
            FILE_GENERIC_READ,
            NETWORK_SERVICE_TOKEN,
            "NETWORK SERVICE, the account of TermService, may not read the key",
        ),
        ExpectedAce(SYSTEM, FILE_ALL_ACCESS, SYSTEM_TOKEN, "SYSTEM lacks full control"),
    ),
    protected=True,
    source="Microsoft support: an internal error has occurred when connecting to a remote machine",
)
MACHINE_KEYS_ACL: Final = ExpectedAcl(
    aces=(
        ExpectedAce(
            ADMINISTRATORS,
            FILE_ALL_ACCESS,
            frozenset({ADMINISTRATORS, EVERYONE}),
            "Administrators lack full control",
        ),
        ExpectedAce(EVERYONE, FILE_READ_WRITE, frozenset({EVERYONE}), f"Everyone lacks {FILE_READ_WRITE:#010x}"),
    ),
    protected=True,  # MEM: unverified; the Microsoft page names the two entries and "This folder only"
    source="Microsoft support: default permissions for the MachineKeys folders (KB278381)",
)
MACHINE_KEYS_PATH_SUFFIX: Final = "\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
SELF_SIGNED_CONTAINER: Final = "TSSecKeySet1"
# WinStations\SelfSignedCertStore; Microsoft support: an internal error has occurred (same page as KEY_FILE_ACL).
SELF_SIGNED_STORE: Final = "Remote Desktop"


@dataclass(frozen=True)
class ExpectedService:
    start_mode: str  # auto or manual, as Windows ships it
    account: str
    purpose: str


# Start modes and accounts: Microsoft support: troubleshoot Remote Desktop Services issues; the account names of
# CertPropSvc and KeyIso: MEM: unverified.
SERVICES: Final[dict[str, ExpectedService]] = {
    "KeyIso": ExpectedService("manual", "LocalSystem", "keeps the private keys"),
    "CryptSvc": ExpectedService("auto", "NT Authority\\NetworkService", "manages certificate stores"),
    "CertPropSvc": ExpectedService("manual", "LocalSystem", "propagates certificates"),
    "SessionEnv": ExpectedService("manual", "LocalSystem", "makes and renews the self-signed certificate"),
    "TermService": ExpectedService("manual", "NT Authority\\NetworkService", "is Remote Desktop itself"),
    "UmRdpService": ExpectedService("manual", "LocalSystem", "redirects printers, drives and ports"),
}
# ServiceDll of TermService, and what names the same file. Source: recorded registries of Windows 7 and 8.1.
TERM_SERVICE_DLL: Final = "%SystemRoot%\\System32\\termsrv.dll"
_SAME_DLL: Final = re.compile(r'"?(%systemroot%|%windir%|[a-z]:\\windows)\\system32\\termsrv\.dll"?', re.IGNORECASE)
# Accounts of services that have no password, as the registry spells them in any language of Windows.
_ACCOUNTS: Final = {
    "localsystem": "system",
    ".\\localsystem": "system",
    "nt authority\\system": "system",
    "nt authority\\networkservice": "network",
    "nt authority\\network service": "network",
    "nt authority\\localservice": "local",
    "nt authority\\local service": "local",
}


def is_own_dll(dll: str) -> bool:
    """Whether a ServiceDll of TermService is Microsoft's."""
    return _SAME_DLL.fullmatch(dll.strip()) is not None


def known_account(account: str) -> str | None:
    """Which of Windows' own accounts is meant; None for any other, or one in the language of the host."""
    return _ACCOUNTS.get(account.lower())


# What has to run before an expired or missing self-signed certificate can be made anew, in the order of starting.
# Source: Microsoft Azure support: Remote Desktop Services isn't starting / event ID troubleshooting of VM RDP
# connections.
RENEWAL_SERVICES: Final = ("KeyIso", "CryptSvc", "CertPropSvc", "SessionEnv")

# Microsoft's support tool MSRD-Collect expects SecurityLayer 2, UserAuthentication 1; the internal-error page adds
# MinEncryptionLevel 3.
LISTENER: Final[dict[str, object]] = {"security_layer": "tls", "nla": True, "min_encryption_level": "high"}
# Weakest first.
SECURITY_LAYERS: Final = ("rdp", "negotiate", "tls")
ENCRYPTION_LEVELS: Final = ("low", "client_compatible", "high", "fips")

# Releases whose RDP listener speaks TLS 1.0 only until an update teaches it more.
# Source: Microsoft support: incorrect TLS is displayed when you use RDP with SSL encryption (KB3080079).
TLS_1_0_RELEASES: Final = frozenset({"7", "2008r2"})
TLS_1_2_UPDATE: Final = "KB3080079"
# Releases whose RDP listener never speaks more than TLS 1.0. Source: [MS-RDPBCGR] product behaviour of 5.4.5.
TLS_1_0_ONLY_RELEASES: Final = frozenset({"vista", "2008"})

# EditionID of the Home editions, which have no Remote Desktop host. Source: Win32_OperatingSystem.OperatingSystemSKU
# 98 to 101; the EditionID names: MEM: unverified.
HOME_EDITIONS: Final = frozenset({"Core", "CoreN", "CoreSingleLanguage", "CoreCountrySpecific"})

# Days before the end of a certificate at which it counts as about to expire.
EXPIRY_WARNING_DAYS: Final = 14.0

# LoadableProtocol_Object of Microsoft's own protocols: the one from Windows 8 on, the one before. Source: recorded
# registries of Windows 7 and 8.1.
MICROSOFT_PROTOCOLS: Final = frozenset({"5828227c-20cf-4408-b73f-73ab70b8849f", "18b726bb-6fe6-4fb9-9276-ed57ce7c7cb2"})

# Files in MachineKeys from which the folder counts as crowded. MEM: a judgement of ours; a sound host has some dozens,
# those that are complained about have hundreds of thousands.
CROWDED_KEYS: Final = 10_000
