# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TermService and SessionEnv: what the listener holds, and when it takes a change.

Decisions (the lab's README gives their sources): the port, TLS versions, cipher suites, certificate and key are taken
when TermService starts; a certificate that SessionEnv creates is taken at once; enabling, SecurityLayer,
UserAuthentication and MinEncryptionLevel count for the next connection.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.model import certificates, tls
from tests.lab.model.files import Entry
from tests.lab.model.registry import HKLM, REG_BINARY
from tests.lab.model.security import (
    FILE_READ_DATA,
    FILE_WRITE_DATA,
    FULL,
    NETWORK_SERVICE,
    NETWORK_SERVICE_TOKEN,
    READ,
    SYSTEM,
    SYSTEM_TOKEN,
    Ace,
    SecurityDescriptor,
    access_check,
    dacl_allows,
)
from tests.lab.rdp import Account, ListenerState

if TYPE_CHECKING:
    from tests.lab.model.host import Host

TERMINAL_SERVER = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
WINSTATIONS = TERMINAL_SERVER + "\\WinStations"
RDP_TCP = WINSTATIONS + "\\RDP-Tcp"
POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
TSPKG = "C:\\Windows\\System32\\TSpkg.dll"
TSPKG_WITH_BINDING = {
    (6, 1, 7601): (6, 1, 7601, 24117),
    (6, 3, 9600): (6, 3, 9600, 18999),
    (10, 0, 14393): (10, 0, 14393, 2248),
}
RENEWAL_SERVICES = ("KeyIso", "CryptSvc", "CertPropSvc")
SOURCE_SERVER, SOURCE_POLICY, SOURCE_DEFAULT = 0, 1, 2


@dataclass(frozen=True)
class Held:
    """What TermService took when it started."""

    port: int
    tls_versions: tuple[str, ...]
    cipher_suites: tuple[str, ...] | None
    old_cipher_suites: tuple[str, ...]
    certificate_pem: bytes | None
    key_pem: bytes | None


def is_port(number: int) -> bool:
    """Whether something can listen there. What Windows makes of another PortNumber is MEM: unverified."""
    return 1 <= number <= 0xFFFF


class RemoteDesktop:
    """The Remote Desktop services of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._held: Held | None = None

    def effective(self, name: str) -> tuple[int, int]:
        """(value, source) of a listener setting: 1 policy over 0 local over 2 the default, as in PolicySource*."""
        registry = self._host.registry
        policy = registry.dword(POLICY, name)
        if policy is not None:
            return policy, SOURCE_POLICY
        local = registry.dword(TERMINAL_SERVER if name == "fDenyTSConnections" else RDP_TCP, name)
        if local is not None:
            return local, SOURCE_SERVER
        return self._host.profile.listener_defaults[name], SOURCE_DEFAULT

    def service_running(self) -> None:
        """TermService has started: the services named by RCDependentServices start too, then everything is taken."""
        for name in ("CertPropSvc", "SessionEnv"):
            self._host.services.start(name)
        if self._host.services.running("SessionEnv"):
            self.ensure_certificate()
        self.take()

    def take(self) -> None:
        """Take port, TLS, certificate and key from the settings of now."""
        registry = self._host.registry
        profile = self._host.profile
        can = profile.rdp_tls
        if self._host.has_update("KB3080079"):
            can = (*can, "TLS 1.1", "TLS 1.2")
        certificate, key = self._certificate()
        port = registry.dword(RDP_TCP, "PortNumber")
        ordered = tls.cipher_suites(registry)
        self._held = Held(
            port=3389 if port is None else port,
            tls_versions=tls.server_versions(registry, profile.schannel_enabled, can),
            cipher_suites=None if ordered is None else tls.without_disabled_ciphers(registry, ordered),
            old_cipher_suites=tls.without_disabled_ciphers(registry, profile.old_cipher_suites),
            certificate_pem=certificate,
            key_pem=key,
        )

    def service_stopped(self) -> None:
        self._held = None

    def session_env_running(self) -> None:
        """SessionEnv has started: it makes a missing or expired self-signed certificate, which the listener takes."""
        if self.ensure_certificate() and self._held is not None:
            self.take()

    @property
    def port(self) -> int | None:
        """The port that TermService listens on; None when it does not listen, such as on a number that is none."""
        held = self._held
        return held.port if held is not None and is_port(held.port) and self._enabled() else None

    def _enabled(self) -> bool:
        deny, _source = self.effective("fDenyTSConnections")
        station = self._host.registry.dword(RDP_TCP, "fEnableWinStation")
        return deny == 0 and station != 0 and self._host.registry.find(RDP_TCP) is not None

    def listener(self) -> ListenerState | None:
        """What the RDP listener is to do now; None when nothing listens."""
        held = self._held
        if held is None or self.port is None:
            return None
        host = self._host
        return ListenerState(
            port=held.port,
            security_layer=self.effective("SecurityLayer")[0],
            user_authentication=self.effective("UserAuthentication")[0],
            min_encryption_level=self.effective("MinEncryptionLevel")[0],
            tls_versions=held.tls_versions,
            cipher_suites=held.cipher_suites,
            old_cipher_suites=held.old_cipher_suites,
            certificate_pem=held.certificate_pem,
            key_pem=held.key_pem,
            hostname=host.name,
            domain=host.domain,
            authority=host.authority,
            os_version=host.profile.version,
            credssp_version=self._credssp_version(),
            accounts=tuple(
                Account(user.name, user.password, user.disabled, user.admin or user.remote_desktop)
                for user in host.users.values()
            ),
            clock_skew=host.settings.clock_skew,
            logons_denied=host.registry.dword(RDP_TCP, "fLogonDisabled") == 1
            or (host.registry.dword(TERMINAL_SERVER, "TSServerDrainMode") or 0) != 0,
        )

    def _credssp_version(self) -> int:
        """Version 6 with the update for CVE-2018-0886, told by TSpkg.dll; before it 2 up to Server 2012, then 3."""
        version = self._host.profile.version
        entry = self._host.files.find(TSPKG)
        text = entry.version if entry is not None else None
        file_version = tuple(int(part) for part in text.split(".")) if text else version
        if file_version >= TSPKG_WITH_BINDING.get(version, version):
            return 6
        return 2 if version < (6, 3, 0) else 3

    def current_certificate(self) -> tuple[certificates.StoredCertificate | None, bool]:
        """(certificate that the settings of now name, whether it is a bound one)."""
        registry = self._host.registry
        bound = registry.binary(RDP_TCP, "SSLCertificateSHA1Hash")
        if bound:
            return certificates.find(registry, certificates.MY, bound.hex().upper()), True
        return self.self_signed(), False

    def self_signed(self) -> certificates.StoredCertificate | None:
        """The self-signed certificate that WinStations\\SelfSignedCertificate names."""
        registry = self._host.registry
        thumb = registry.binary(WINSTATIONS, "SelfSignedCertificate")
        store = registry.string(WINSTATIONS, "SelfSignedCertStore")
        if not thumb or not store:
            return None
        return certificates.find(registry, store, thumb.hex().upper())

    def _certificate(self) -> tuple[bytes | None, bytes | None]:
        found, _bound = self.current_certificate()
        if found is None:
            return None, None
        return found.pem, self._usable_key(found)

    def key_file(self, container: str) -> str:
        name = certificates.key_file_name(container, self._host.machine_guid)
        return f"{certificates.MACHINE_KEYS}\\{name}"

    def _usable_key(self, certificate: certificates.StoredCertificate) -> bytes | None:
        """The PEM of the private key when NETWORK SERVICE can read its file and it fits the certificate."""
        if certificate.container is None:
            return None
        entry = self._host.files.find(self.key_file(certificate.container))
        if entry is None or not entry.content:
            return None
        if not dacl_allows(entry.security, NETWORK_SERVICE_TOKEN, FILE_READ_DATA):
            return None
        key = certificates.private_key(entry.content)
        if key.public_key() != certificate.parsed.public_key():
            return None
        return certificates.private_key_pem(entry.content)

    def ensure_certificate(self) -> bool:
        """SessionEnv's work: replace a self-signed certificate that is missing or expired. True when it made one.

        It gives up, as events 1057 and 1058 tell on Windows, when a service that it needs cannot run, when the old
        key file cannot be removed, or when the folder lets nobody create a file.
        """
        host = self._host
        present = self.self_signed()
        now = host.now()
        if present is not None and present.parsed.not_valid_after_utc > now:
            return False
        if not all(host.services.can_run(name) for name in RENEWAL_SERVICES):
            host.event(1058 if present is not None else 1057, "a service that certificate renewal needs cannot run")
            return False
        if host.registry.string(WINSTATIONS, "SelfSignedCertStore") != certificates.REMOTE_DESKTOP:
            host.event(1057, "SelfSignedCertStore does not name the Remote Desktop store")
            return False
        path = self.key_file(certificates.RDP_CONTAINER)
        old = host.files.find(path)
        if old is not None and (old.locked or not host.files.can_delete(path, SYSTEM_TOKEN)):
            host.event(1058, "the old key file cannot be removed")
            return False
        folder = host.files.find(certificates.MACHINE_KEYS)
        if folder is None or not access_check(folder.security, SYSTEM_TOKEN, FILE_WRITE_DATA):
            host.event(1057, "the MachineKeys folder lets no file be created")
            return False
        with host.acting_as(SYSTEM_TOKEN.name):
            self._create(path, present, now, "" if old is None else old.content)
        return True

    def _create(self, path: str, old: certificates.StoredCertificate | None, now: dt.datetime, old_key: str) -> None:
        host = self._host
        key = certificates.KEYS.take(other_than=old_key)
        if host.files.find(path) is not None:
            host.files.remove(path)
        host.files.put(rdp_key_entry(path, key), "file.create")
        der = certificates.self_signed(host.fqdn, key, now)
        if old is not None:
            host.registry.delete_key(certificates.store_path(certificates.REMOTE_DESKTOP, old.thumbprint))
        thumb = certificates.add(host.registry, certificates.REMOTE_DESKTOP, der, certificates.RDP_CONTAINER)
        host.registry.set(WINSTATIONS, "SelfSignedCertificate", REG_BINARY, bytes.fromhex(thumb))
        host.event(1056, "a new self-signed certificate was made")


def rdp_key_entry(path: str, key: str) -> Entry:
    """The key file of the RDP certificate: NETWORK SERVICE read, SYSTEM full control, nothing inherited (Microsoft's
    internal-error article)."""
    dacl = (Ace(NETWORK_SERVICE, READ), Ace(SYSTEM, FULL))
    return Entry(path, SecurityDescriptor(SYSTEM, dacl), size=2232, content=key)
