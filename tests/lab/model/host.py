# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulated Windows host: everything that its WinRM and RDP answers come from."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.lab.model import certificates, packages, tls
from tests.lab.model.audit import ACTOR, AuditLog
from tests.lab.model.event_types import SCM
from tests.lab.model.event_types import SYSTEM as SYSTEM_LOG
from tests.lab.model.events import EventLog
from tests.lab.model.faults import Faults
from tests.lab.model.files import Entry, FileStore
from tests.lab.model.firewall import Firewall
from tests.lab.model.groups import Groups
from tests.lab.model.language import ENGLISH, Language, load_language
from tests.lab.model.licensing import Licensing
from tests.lab.model.packages import FOLDER as PACKAGE_FOLDER
from tests.lab.model.packages import Servicing
from tests.lab.model.policies import Policies
from tests.lab.model.processes import ProcessTable
from tests.lab.model.profile import CURRENT_VERSION, Profile
from tests.lab.model.registry import HKLM, REG_BINARY, REG_SZ, Registry, Value
from tests.lab.model.remote_desktop import WINSTATIONS, RemoteDesktop, rdp_key_entry
from tests.lab.model.security import (
    ADMINISTRATORS,
    EVERYONE,
    FULL,
    READ_EXECUTE,
    SYSTEM,
    SYSTEM_TOKEN,
    USERS,
    WELL_KNOWN,
    Ace,
    SecurityDescriptor,
    Token,
)
from tests.lab.model.security_products import SecurityProduct
from tests.lab.model.services import (
    RUNNING,
    SERVICES_KEY,
    START_FAILED,
    STARTED_WITH_ERROR,
    STOPPED,
    Service,
    ServiceManager,
)
from tests.lab.model.sessions import Session
from tests.lab.model.tasks import TaskStore
from tests.lab.model.troubles import Troubles
from tests.lab.model.users import User

CRYPTOGRAPHY = HKLM + "\\SOFTWARE\\Microsoft\\Cryptography"
COMPUTER_NAME = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName"
EVERYONE_READ_WRITE = 0x12019F
_LAB_NAMESPACE = uuid.UUID("5f0a2f4e-6a86-5c0e-9f5d-2f1d3c1b7a10")
_SYSTEM_FILES = ("termsrv.dll", "TSpkg.dll", "credssp.dll", "schannel.dll", "rdpcorets.dll", "mstsc.exe")
_DENIED_KEYS = (
    "hkey_local_machine\\security",
    "hkey_local_machine\\sam\\sam",
    "hkey_local_machine\\system\\currentcontrolset\\control\\terminal server\\rcm\\graceperiod",
)


@dataclass(frozen=True)
class WinRMSettings:
    """How WinRM is set up; the defaults are those of Windows (no Basic, no clear text, no HTTPS). `https` is empty or
    the state of the listener's certificate, see pki.SERVER_STATES; quotas are those since WinRM 3.0."""

    https: str = ""
    basic: bool = False
    negotiate: bool = True
    kerberos: bool = True
    credssp: bool = False
    certificate_auth: bool = False
    cbt: str = "relaxed"
    allow_unencrypted: bool = False
    max_timeout_ms: int = 60000
    max_envelope_kb: int = 500
    max_shells_per_user: int = 30
    max_operations_per_user: int = 1500


@dataclass
class Counters:
    """What the host was asked."""

    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    shells_opened: int = 0
    connections: int = 0


@dataclass(frozen=True)
class Update:
    """One entry of Win32_QuickFixEngineering; `installed_on` is text as Windows gives it (M/D/YYYY)."""

    id: str
    description: str = "Security Update"
    installed_on: str = ""
    state: str = "installed"
    """See packages.STATES."""
    ubr: int | None = None
    """The revision that it brings, of a roll-up."""


@dataclass(frozen=True)
class HostSettings:
    """What a host is, apart from its state."""

    name: str
    domain: str | None = None
    workgroup: str = "WORKGROUP"
    network_profile: str = "Private"
    winrm: WinRMSettings = field(default_factory=WinRMSettings)
    faults: Faults = field(default_factory=Faults)
    service_delay: float = 0.05
    clock_skew: float = 0.0
    """Seconds that the host's clock is ahead; negative for behind."""
    security_read_needs_read_control: bool = False
    roles: frozenset[str] = frozenset()
    """Roles of Remote Desktop Services, see roles.ROLES."""
    language: int = ENGLISH
    """The LCID of the one language that the host has."""
    canned_commands: bool = False
    """Whether PowerShell that Ansible starts is answered with a canned result; see native/canned.py."""
    task_minute: float = 0.5
    """Real seconds that a scheduled task waits for each minute that it would wait on Windows."""
    open_keys: tuple[str, ...] = ()
    """Registry keys that Windows has open; see native/reg.py."""


class Host:
    """The model. Build it, change it as a scenario says, then `boot`."""

    def __init__(self, profile: Profile, settings: HostSettings, users: list[User], updates: list[Update]) -> None:
        self.profile = profile
        self.settings = settings
        self.users = {user.name.lower(): user for user in users}
        self.updates = list(updates)
        self.sessions: list[Session] = []
        self.boot_time = self.now() - dt.timedelta(days=12, hours=3)
        self.audit = AuditLog()
        self.counters = Counters()
        self.events = EventLog(self)
        self.on_listener_change: Callable[[], None] = lambda: None
        self.on_restart: Callable[[float], bool] = lambda delay: False
        """Restarts the host after so many seconds; False when it is about to already."""
        self.registry = Registry(profile.registry)
        self.files = FileStore()
        self.services = ServiceManager(self.registry, settings.service_delay)
        self.firewall = Firewall(self.registry, "Domain" if settings.domain else settings.network_profile)
        self.processes = ProcessTable(self.boot_time)
        self.troubles = Troubles()
        self.remote_desktop = RemoteDesktop(self)
        self.policies = Policies(self.registry)
        self.licensing = Licensing(self.registry, "session_host" in settings.roles)
        self.groups = Groups(self)
        self.tasks = TaskStore()
        self.http_tls = self._schannel()
        """What http.sys took for HTTPS when Windows started."""
        self.security_products: list[SecurityProduct] = []
        self._identity()
        self._services()
        self._folders()
        self._rdp_certificate()

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def language(self) -> Language:
        return load_language(self.settings.language)

    @property
    def domain(self) -> str | None:
        return self.settings.domain

    @property
    def fqdn(self) -> str:
        return f"{self.name}.{self.domain}" if self.domain else self.name

    @property
    def roles(self) -> frozenset[str]:
        return self.settings.roles

    @property
    def authority(self) -> str:
        """The NetBIOS name that accounts carry: the domain's, else the host's."""
        return self.domain.split(".", 1)[0].upper() if self.domain else self.name.upper()

    @property
    def machine_guid(self) -> str:
        return self.registry.string(CRYPTOGRAPHY, "MachineGuid") or ""

    def now(self) -> dt.datetime:
        """The host's clock, UTC with whole microseconds."""
        return dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=self.settings.clock_skew)

    def has_update(self, kb: str) -> bool:
        return any(update.id.upper() == kb.upper() for update in self.updates)

    def account_names(self) -> dict[str, tuple[str, str]]:
        """(domain, name) by SID: well-known accounts in the host's language, and its users."""
        users = {user.sid: (self.authority, user.name) for user in self.users.values()}
        return {**WELL_KNOWN, **self.language.accounts, **users}

    def may_touch_key(self, path: str, token: Token | None = None) -> bool:
        """Whether an administrator, or the holder of a token, may open a registry key: a few belong to the system
        alone."""
        lower = path.lower()
        if token is not None and SYSTEM in token.sids:
            return True
        return not any(lower == denied or lower.startswith(denied + "\\") for denied in _DENIED_KEYS)

    @contextlib.contextmanager
    def acting_as(self, name: str) -> Iterator[None]:
        """Writes inside are booked on this account."""
        mark = ACTOR.set(name)
        try:
            yield
        finally:
            ACTOR.reset(mark)

    def boot(self) -> None:
        """The state is complete: let the services take their settings, and record writes from here on."""
        self.services.on_starting = self._start_error
        self.services.on_failed = self._service_failed
        self.services.boot()
        self.http_tls = self._schannel()
        if self.services.running("TermService"):
            self.remote_desktop.take()
        self.registry.on_change = self._registry_changed
        self.files.on_change = self._file_changed
        self.tasks.on_change = self.audit.add
        self.services.on_running = self._service_running
        self.services.on_stopped = self._service_stopped
        self.services.on_stuck = self._service_stuck
        self.services.on_write = self.audit.add
        self.audit.enabled = True
        self.remote_desktop.note_listening()

    def rebooted(self) -> None:
        """The host has started again: services that run take their settings as at a start."""
        self.boot_time = self.now()
        with self.acting_as(SYSTEM_TOKEN.name):
            packages.restarted(self)
        self.remote_desktop.listener_down = False
        self.http_tls = self._schannel()
        self.services.reboot()
        if self.services.running("TermService"):
            self.remote_desktop.take()
        self.remote_desktop.note_listening()

    def refresh_policies(self) -> int:
        """Group Policy runs again, as the system; how many values it wrote."""
        with self.acting_as(SYSTEM_TOKEN.name):
            return self.policies.refresh()

    def rdp_filtered(self) -> bool:
        """Whether the firewall drops connections to the listener's port."""
        port = self.remote_desktop.port
        return port is not None and self.services.running("MpsSvc") and not self.firewall.allows(port, "termservice")

    def winrm_reachable(self, *, https: bool = False) -> bool:
        """Whether a new WinRM connection gets through: the service runs and the firewall lets it in. The rule for 5986,
        which Windows does not bring, is taken as made by whoever set HTTPS up."""
        blocked = not https and self.services.running("MpsSvc") and not self.firewall.allows(5985, "winrm")
        return self.services.running("WinRM") and not blocked

    def digest(self) -> dict[str, Any]:
        """A digest of the whole model: equal digests mean that nothing changed. `parts` names what did."""
        registry = {
            f"{path}": [(value.name, value.as_json()) for _key, value in sorted(key.values.items())]
            for root in (HKLM, "HKEY_USERS")
            for path, key in self.registry.walk(root)
        }
        files = {entry.path: _entry_json(entry) for entry in self.files.all()}
        services = {service.name: service.state for service in self.services.all()}
        tasks = self.tasks.as_json()
        whole = {"registry": registry, "files": files, "services": services, "tasks": tasks}
        parts = {name: _sha256(data) for name, data in whole.items()}
        return {"digest": _sha256(parts), "parts": parts, "services": services, "files": files, "tasks": tasks}

    def _schannel(self) -> tls.ServerSettings:
        return tls.http_settings(self.registry, self.profile.schannel_enabled, self.profile.registry)

    def _identity(self) -> None:
        guid = str(uuid.uuid5(_LAB_NAMESPACE, self.name.lower()))
        self.registry.set(CRYPTOGRAPHY, "MachineGuid", REG_SZ, guid)
        self.registry.set(COMPUTER_NAME, "ComputerName", REG_SZ, self.name.upper())

    def _services(self) -> None:
        for data in self.profile.services:
            display = self.language.services.get(data["name"], data["display"])
            if display != data["display"]:
                self.registry.set(f"{SERVICES_KEY}\\{data['name']}", "DisplayName", REG_SZ, display)
            self.services.add(
                Service(
                    name=data["name"],
                    display_name=display,
                    description=data.get("description", display),
                    path=data["path"],
                    account=data["account"],
                    service_type="Own Process" if data["path"].lower().endswith("spoolsv.exe") else "Share Process",
                    depends_on=tuple(data.get("depends", ())),
                    state=RUNNING if data["running"] else STOPPED,
                    accept_stop=data.get("stoppable", True),
                )
            )

    def _folders(self) -> None:
        system = SecurityDescriptor(
            SYSTEM, (Ace(SYSTEM, FULL, flags=3), Ace(ADMINISTRATORS, FULL, flags=3), Ace(USERS, READ_EXECUTE, flags=3))
        )
        keys = SecurityDescriptor(SYSTEM, (Ace(ADMINISTRATORS, FULL), Ace(EVERYONE, EVERYONE_READ_WRITE)))
        for path in ("C:\\", "C:\\Windows", "C:\\Windows\\System32", "C:\\ProgramData", "C:\\Windows\\Temp"):
            self.files.put(Entry(path, system, directory=True))
        for path in (
            "C:\\Windows\\servicing",
            PACKAGE_FOLDER,
            "C:\\ProgramData\\Microsoft\\Crypto",
            "C:\\ProgramData\\Microsoft\\Crypto\\RSA",
        ):
            self.files.put(Entry(path, system, directory=True))
        self.files.put(Entry(certificates.MACHINE_KEYS, keys, directory=True))
        version = Servicing(self.profile.version).file_version(self.profile.ubr)
        for name in _SYSTEM_FILES:
            self.put_system_file(f"C:\\Windows\\System32\\{name}", size=700_000, version=version)

    def put_system_file(self, path: str, *, text: str = "", size: int = 0, version: str | None = None) -> None:
        """A file as the system installs it, with the rights of its folder."""
        security = self.files.folder_security(path)
        self.files.put(Entry(path, security, size=size or len(text), version=version, text=text))

    def _rdp_certificate(self) -> None:
        key = certificates.KEYS.take()
        self.files.put(rdp_key_entry(self.remote_desktop.key_file(certificates.RDP_CONTAINER), key))
        self.install_self_signed(key, self.now() - dt.timedelta(days=30))

    def install_self_signed(self, key: str, not_before: dt.datetime) -> str:
        """Put a self-signed RDP certificate in its store and name it; returns the thumbprint."""
        der = certificates.self_signed(self.fqdn, key, not_before)
        thumb = certificates.add(self.registry, certificates.REMOTE_DESKTOP, der, certificates.RDP_CONTAINER)
        self.registry.set(WINSTATIONS, "SelfSignedCertificate", REG_BINARY, bytes.fromhex(thumb))
        return thumb

    def _registry_changed(
        self, kind: str, path: str, name: str | None, before: Value | None, after: Value | None
    ) -> None:
        target = path if name is None else f"{path}\\{name}"
        self.audit.add(
            f"registry.{kind}",
            target,
            None if before is None else before.as_json(),
            None if after is None else after.as_json(),
        )
        self._listener_changed()

    def _file_changed(self, kind: str, path: str, before: Entry | None, after: Entry | None) -> None:
        self.audit.add(
            kind, path, None if before is None else _entry_json(before), None if after is None else _entry_json(after)
        )

    def _listener_changed(self) -> None:
        self.remote_desktop.note_listening()
        self.on_listener_change()

    def _service_event(self, name: str, state: str, code: int) -> None:
        """Event 7036; its binary data is the service's name and its state as a number (recorded)."""
        service = self.services.find(name)
        display = name if service is None else service.display_name
        words = self.language.service_states.get(state, state)
        self.events.write(SYSTEM_LOG, SCM, 7036, [display, words], binary=f"{name}/{code}\0".encode("utf-16-le"))

    def _start_error(self, service: Service) -> int:
        return self.remote_desktop.start_error() if service.name == "TermService" else 0

    def _service_failed(self, service: Service, event: int, error: int) -> None:
        """The manager's event: the service's name, and the error as a message number or how often it has crashed."""
        detail = f"%%{error}" if event in (START_FAILED, STARTED_WITH_ERROR) else str(error)
        self.events.write(SYSTEM_LOG, SCM, event, [service.display_name, detail])
        if event == STARTED_WITH_ERROR:
            self._listener_changed()

    def _service_stuck(self, name: str) -> None:
        service = self.services.find(name)
        self.events.write(SYSTEM_LOG, SCM, 7022, [name if service is None else service.display_name])

    def _service_running(self, name: str) -> None:
        self._service_event(name, "running", 4)
        if name == "TermService":
            self.remote_desktop.service_running()
        elif name == "SessionEnv":
            self.remote_desktop.session_env_running()
        self._listener_changed()

    def _service_stopped(self, name: str) -> None:
        self._service_event(name, "stopped", 1)
        if name == "TermService":
            self.remote_desktop.service_stopped()
        self._listener_changed()

    @property
    def build(self) -> str:
        return self.registry.string(CURRENT_VERSION, "CurrentBuild") or str(self.profile.version[2])


def _entry_json(entry: Entry) -> dict[str, Any]:
    dacl = entry.security.dacl
    return {
        "path": entry.path,
        "owner": entry.security.owner,
        "dacl": None if dacl is None else [[ace.type, ace.sid, f"0x{ace.mask:x}", ace.flags] for ace in dacl],
        "protected": entry.security.protected,
        "size": entry.size,
        "content": _sha256([entry.content, entry.text, None if entry.hive is None else entry.hive.as_json()])[:16]
        if entry.content or entry.text or entry.hive
        else "",
    }


def _sha256(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
