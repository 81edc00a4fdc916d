# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shape of the facts that RV(ansible_facts.rdp) of rdp_facts returns, version 1.

One key an area. Every area carries ``status`` and ``reason``; with any status but ``ok``
the other keys may be missing, so a reader asks for the status first.
Times are ISO 8601 in UTC with a trailing ``Z``; thumbprints are 40 upper-case hex digits;
registry paths start with ``HKLM\\``.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

SCHEMA_VERSION = 1

Status = Literal["ok", "denied", "absent", "error"]
Source = Literal["policy", "local", "default"]


class _Area(TypedDict):
    status: Status
    reason: str  # one sentence, empty when status is ok


class Effective(TypedDict):
    """A setting as Windows applies it, and where that value comes from."""

    value: Any  # what Windows applies, in the shape of the module option of the same name
    source: Source
    policy: Any  # the value under SOFTWARE\Policies, None when there is none
    local: Any  # the administrator's own value, None when there is none
    default: Any  # what this Windows version does when neither is set, None when not known
    where: str  # registry path and value name of the deciding value (of the local one for a default)


class System(_Area, total=False):
    hostname: str
    domain: str  # DNS domain, or the name of the workgroup
    part_of_domain: bool
    # standalone_workstation, member_workstation, standalone_server, member_server,
    # backup_domain_controller, primary_domain_controller (Win32_ComputerSystem.DomainRole 0..5)
    domain_role: str
    caption: str
    edition: str  # EditionID, e.g. ServerStandard, Core (= Home)
    installation_type: str  # Server, Server Core, Client
    product_type: str  # workstation, domain_controller, server
    version: str  # 10.0.20348
    build: int  # 20348
    ubr: int | None  # the update build revision: build.UBR names the installed cumulative update
    full_build: str  # 20348.2113, or 7601 where there is no UBR
    display_version: str  # 21H2, empty where Windows has none
    release: str  # a key of _data/versions.py, e.g. "7", "2012r2", "10-1607", "2019", "11-24h2"
    architecture: str
    language: int | None  # OSLanguage, e.g. 1031 = German
    boot_time: str | None
    local_time: str | None
    clock_skew: float | None  # seconds the host's clock is ahead of the controller's
    setup_in_progress: bool
    pending_reboot: list[str]  # registry paths that announce a reboot
    # connection_broker, gateway, licensing, management, by their services; session_host, by TerminalServerMode;
    # domain_controller, by the domain role
    rds_roles: list[str]
    part_of_cluster: bool  # a session host that reports to a connection broker: SessionDirectoryActive is 1


class WinStation(TypedDict):
    name: str
    port: int | None
    enabled: bool
    wd_name: str
    loadable_protocol: str


class Listener(_Area, total=False):
    # The options of rdp_listener, of the WinStation RDP-Tcp:
    #   enabled (bool, the inverse of fDenyTSConnections), station_enabled (bool, fEnableWinStation),
    #   security_layer ("rdp", "negotiate", "tls"), nla (bool), negotiation (bool),
    #   min_encryption_level ("low", "client_compatible", "high", "fips"), port (int),
    #   max_outstanding_connections (int or None), drain_mode ("off", "until_restart", "on"),
    #   logons_allowed (bool, the inverse of fLogonDisabled), user_logons_allowed (bool, the inverse of TSUserEnabled),
    #   max_instances (int), prompt_for_password (bool)
    # A value outside the known ones stays the number that was read.
    settings: dict[str, Effective]
    winstations: list[WinStation]  # all but Console
    present: bool  # the key WinStations\\RDP-Tcp is there
    citrix: list[str]  # registry values that a Citrix agent has left on RDP-Tcp


class ProtocolState(TypedDict):
    # enabled: used. disabled_by_default: only for a program that asks for it. disabled: never.
    state: Literal["enabled", "disabled_by_default", "disabled", "unsupported"]
    source: Literal["local", "default"]
    enabled: int | None  # the registry value Enabled
    disabled_by_default: int | None  # the registry value DisabledByDefault
    where: str  # registry path of the key


class Switch(TypedDict):
    """A value Enabled below SCHANNEL\\Ciphers, Hashes or KeyExchangeAlgorithms."""

    enabled: int
    where: str


class CipherSuites(TypedDict):
    value: list[str] | None  # None: the list of this Windows version, which could not be read
    source: Source
    where: str


class Tls(_Area, total=False):
    protocols: dict[str, dict[str, ProtocolState]]  # "TLS 1.2" -> "server" / "client"
    rdp_versions: list[str]  # enabled for servers, and known to the RDP listener of this Windows version
    ciphers: dict[str, Switch]  # only what the registry names
    hashes: dict[str, Switch]
    key_exchange: dict[str, Switch]
    cipher_suites: CipherSuites
    fips: Effective
    usable_suites: list[str] | None  # what the settings leave of the suites, in Windows' order; None: not known


class PrivateKey(TypedDict):
    container: str  # TSSecKeySet1
    provider: str
    cng: bool  # a key storage provider holds it, not a CAPI provider
    file: str | None  # full path of the key file in MachineKeys, None where it can not be computed


class Certificate(TypedDict):
    thumbprint: str
    store: str  # "Remote Desktop" or "MY"
    subject: str
    issuer: str
    not_before: str
    not_after: str
    days_left: float  # negative when expired, by the host's clock where it is known
    self_signed: bool
    key_algorithm: str  # RSA, EC
    key_bits: int | None
    signature_algorithm: str  # sha256WithRSAEncryption
    eku: list[str]  # OIDs; empty: no restriction
    private_key: PrivateKey | None  # None: the store names no key


class CertificateArea(_Area, total=False):
    self_signed_store: str | None  # WinStations\SelfSignedCertStore
    self_signed_thumbprint: str | None  # WinStations\SelfSignedCertificate
    bound_thumbprint: str | None  # RDP-Tcp\SSLCertificateSHA1Hash, None: the self-signed one is used
    remote_desktop: list[Certificate]  # the store "Remote Desktop"
    unreadable: list[str]  # entries of that store that hold no readable certificate, with the reason
    bound: Certificate | None  # the bound one, from MY or Remote Desktop; None: not found or none bound
    active: Certificate | None  # what the listener should serve: the bound one, else the self-signed one


class Ace(TypedDict):
    sid: str
    type: Literal["allow", "deny"]
    mask: int
    flags: int  # 1 object inherit, 2 container inherit, 4 no propagate, 8 inherit only, 16 inherited


class Security(TypedDict):
    status: Status
    reason: str
    owner: str | None  # SID
    protected: bool | None  # True: nothing is inherited
    dacl: list[Ace]


class KeyFile(TypedDict):
    path: str
    exists: bool
    container: str
    thumbprint: str  # of the certificate that needs it
    security: Security | None  # None: the file does not exist


class MachineKeys(_Area, total=False):
    path: str
    machine_guid: str
    folder: Security
    keys: list[KeyFile]  # one for each certificate of the listener (self-signed, bound)
    entries: int | None  # files in the folder; None: could not be counted, or there are none


class Update(TypedDict):
    kb: str  # KB5009557
    description: str
    installed_on: str  # as Windows gives it: its format follows the locale


class Package(TypedDict):
    """A package of Component Based Servicing that is a cumulative or a single update."""

    identity: str  # Package_for_RollupFix~31bf3856ad364e35~amd64~~17763.1577.1.5
    kb: str  # of Package_for_KB...; empty for a roll-up, whose identity has the build in place of it
    build: str  # 17763.1577 of a roll-up, else empty
    state: str  # installed, superseded, pending, other: by CurrentState
    removable: bool | None  # None: not known


class Updates(_Area, total=False):
    installed: list[Update]
    packages: list[Package]  # the newest first; roll-ups, and the packages of the updates in our tables
    packages_reason: str  # why the packages could not be read, one sentence; empty when they were
    credssp_version: str | None  # file version of TSpkg.dll; None: not read
    credssp_fixed: bool | None  # it has the correction of CVE-2018-0886; None: not known


class Service(TypedDict):
    present: bool
    state: str  # running, stopped, start_pending, stop_pending, paused, ...; empty when not present
    start_mode: str  # auto, manual, disabled, boot, system
    account: str
    pid: int | None
    exit_code: int | None


class Services(_Area, total=False):
    services: dict[str, Service]
    # ServiceDll of TermService, as written where Windows gives it so, else expanded (which, is not known); None: no
    # such value
    service_dll: str | None
    restart_pending: list[str]  # changed by this collection, and not restarted since


class FirewallRule(TypedDict):
    id: str  # RemoteDesktop-UserMode-In-TCP
    enabled: bool
    action: Literal["allow", "block"]
    protocol: str  # tcp, udp, any
    ports: list[str]  # "3389", "3380-3390", "any"
    profiles: list[str]  # domain, private, public
    source: Literal["local", "policy"]
    group: str  # "@FirewallAPI.dll,-28752", empty for a rule outside any group


class FirewallProfile(TypedDict):
    enabled: bool
    default_inbound: Literal["allow", "block"]
    local_rules_apply: bool  # False: a policy switches local rules off (AllowLocalPolicyMerge 0)
    source: Source


class Firewall(_Area, total=False):
    port: int  # the listener's port, which the rules below are about
    active_profiles: list[str]  # of the connected networks; all three where that is not known
    profiles: dict[str, FirewallProfile]  # domain, private, public
    rules: list[FirewallRule]  # inbound rules that match TCP to the port, whether enabled or not
    allowed: bool  # every active profile lets TCP to the port in


class Sessions(_Area, total=False):
    connected: int  # people who would be cut off by a restart of TermService
    active: int | None  # sessions in use, the console's among them; None: Windows does not say
    disconnected: int | None  # sessions that nobody is connected to, that of the services among them
    method: str  # the WMI class that was asked for connected


class EventCount(TypedDict):
    """All events of one kind in the time that was looked at."""

    log: str  # System, Microsoft-Windows-TerminalServices-RemoteConnectionManager/Admin
    provider: str  # Schannel
    id: int
    count: int  # at most the limit of one question
    more: bool  # the limit was reached, so there may be more
    first: str  # time of the oldest of them
    last: str
    # The named data of the newest: {"ErrorCode": "0x8009030D"}; codes are eight hexadecimal digits. Names are those of
    # Windows, of _data/events.py, else param1, param2. Service: key name, and Error its Win32 error; Status and
    # Thumbprint: of the binary data.
    fields: dict[str, str]
    by_address: dict[str, int]  # events by the client's address, the most frequent first, at most 20
    by_value: dict[str, int]  # events by the field that tells them apart (AlertDesc, ErrorCode, reason, service), 20


class Events(_Area, total=False):
    hours: int  # how far back
    method: str  # wevtutil, Win32_NTLogEvent (classic logs alone)
    seen: list[EventCount]
    unread: list[str]  # "<log>: why"


class PolicyValue(TypedDict):
    """A registry value that a Group Policy object sets, as the host's last policy refresh recorded it."""

    where: str  # HKLM\SOFTWARE\Policies\...\value name
    value: str
    gpo: str  # display name
    gpo_id: str
    link: str  # distinguished name of the site, domain or OU that links it; empty for the local GPO
    precedence: int  # 1 wins


class Policies(_Area, total=False):
    rsop: Status  # whether the host keeps a Resultant Set of Policy
    rsop_reason: str
    values: list[PolicyValue]  # those that concern Remote Desktop, TLS, credentials and the firewall
    # PolicySource* of Win32_TSGeneralSetting and Win32_TerminalServiceSetting, by option of rdp_listener:
    # server, policy, default. What could not be read is missing.
    sources: dict[str, str]


class PortOwner(TypedDict):
    pid: int
    process: str  # svchost.exe; empty when it is gone
    services: list[str]  # services in that process


class Port(_Area, total=False):
    number: int  # the listener's configured port
    listening: bool  # something on the host listens on it
    owners: list[PortOwner]
    term_service_pid: int | None
    term_service_listens: bool | None  # None: not known
    term_service_ports: list[int]  # all ports that TermService listens on
    method: str  # MSFT_NetTCPConnection, netstat


class SecurityProduct(TypedDict):
    name: str
    kind: str  # antivirus, firewall, antispyware, endpoint
    state: str  # on, off, snoozed, running, stopped, unknown
    source: str  # root/SecurityCenter2, a service's name, MSFT_MpComputerStatus


class EndpointSecurity(_Area, total=False):
    products: list[SecurityProduct]
    third_party: list[str]  # names of those that are not Microsoft's and are on


class Right(TypedDict):
    """A user right, as policy sets it."""

    accounts: list[str]  # SIDs, else names
    gpo: str
    source: str  # RSOP_UserPrivilegeRight


class Logon(_Area, total=False):
    # SeDenyRemoteInteractiveLogonRight, SeDenyNetworkLogonRight, SeRemoteInteractiveLogonRight, SeNetworkLogonRight
    rights: dict[str, Right]
    rights_status: Status  # ok: what policy sets was read. Rights that only secpol.msc set are not in it.
    rights_reason: str  # what the rights above do not say, and why they were not read; never empty
    lm_compatibility_level: int | None
    disable_domain_creds: bool
    force_guest: bool
    security_packages: list[str]  # Lsa\Security Packages; empty: those that Windows brings itself (8.1 on)
    encryption_oracle: str | None  # AllowEncryptionOracle: force_updated, mitigated, vulnerable; None: not set
    # NETWORK SERVICE is in "RDS Endpoint Servers"; None: no broker, no such group, or not read
    endpoint_servers_ok: bool | None
    network_service_is_admin: bool | None


class LicenseServer(TypedDict):
    name: str
    source: str  # policy, local
    # GetTStoLSConnectivityStatus by the names in _data/licensing.py: valid, not_connectable, access_denied, ...;
    # not_read: the question failed; not_asked: there were too many of them
    status: str
    status_code: int | None


class Licensing(_Area, total=False):
    terminal_server: bool  # TerminalServerMode 1: the role Remote Desktop Session Host is installed
    mode: str  # per_device, per_user, not_configured, administration, personal, unknown
    mode_source: Source
    servers: list[LicenseServer]  # those that count: of the policy, else of the host. Empty when not a session host
    grace_days: int | None  # 0: over. None: not a session host, or not read


class ServerMemory(TypedDict):
    """What a user's profile keeps of one server."""

    sid: str
    server: str
    cert_hash: str  # SHA-1 of the certificate that the user accepted, 40 hex digits; empty when there is none


class Client(_Area, total=False):
    """A machine that people connect from: ansible_facts.rdp_client of rdp_client_facts."""

    schema: int
    profile: str  # the client profile that it stands for; empty for a machine that was read
    hostname: str
    release: str
    full_build: str
    protocols: dict[str, dict[str, ProtocolState]]
    tls_versions: list[str]  # enabled for clients
    usable_suites: list[str] | None
    fips: bool
    credssp_version: str | None
    credssp_fixed: bool | None
    encryption_oracle: str | None  # force_updated, mitigated, vulnerable; None: not set, which counts as mitigated
    lm_compatibility_level: int | None
    udp_disabled: bool  # fClientDisableUDP
    mstsc_version: str | None
    redirection_warning: int | None  # RedirectionWarningDialogVersion
    license_store: bool  # MSLicensing\Store has a license
    servers: list[ServerMemory]  # of the loaded user hives
    disconnects: list[EventCount]  # RDPClient 1026, by reason


class HostFacts(TypedDict, total=False):
    """What rdp_facts reads of one host. An area that gather_subset leaves out is missing."""

    schema: int
    system: System
    listener: Listener
    tls: Tls
    certificate: CertificateArea
    machine_keys: MachineKeys
    updates: Updates
    services: Services
    firewall: Firewall
    sessions: Sessions
    port: Port
    endpoint_security: EndpointSecurity
    policies: Policies
    logon: Logon
    licensing: Licensing
    events: Events


class Facts(HostFacts, total=False):
    """What a verdict is made of: the host, and where it is known the client that somebody connects from."""

    client: Client
