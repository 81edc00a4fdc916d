#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_facts
short_description: Read from a Windows host what decides on Remote Desktop
version_added: 1.0.0
description:
  - Reads from a host what decides whether Remote Desktop to it works, and returns it as RV(ansible_facts.rdp).
  - It reads in areas. An area that can not be read says why, and the others are read all the same.
  - It changes nothing, and does not connect to the listener. M(winops.rdp.rdp_probe) does that, and
    M(winops.rdp.rdp_diagnose) does both and gives a verdict.
options:
  gather_subset:
    description:
      - Areas to read, V(system), V(services), V(listener), V(tls), V(certificate), V(machine_keys), V(updates),
        V(firewall), V(sessions), V(port), V(endpoint_security), V(policies), V(logon), V(licensing) and V(events).
        V(all) stands for all of them, V(min) for V(system).
      - A name after an exclamation mark is left out. When all names have one, they are left out of all areas.
      - An area reads what it needs of others, but only areas that are asked for are returned.
    type: list
    elements: str
    default:
      - all
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.reads
  - winops.rdp._winrm
attributes:
  facts:
    description: Whether the result is added to the facts of the host.
    support: full
seealso:
  - module: winops.rdp.rdp_diagnose
  - module: winops.rdp.rdp_probe
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Read everything
  winops.rdp.rdp_facts:

- name: Show how the listener is set, and what decides that
  ansible.builtin.debug:
    msg: "{{ item.key }} is {{ item.value.value }} ({{ item.value.source }}, {{ item.value.where }})"
  loop: "{{ ansible_facts['rdp']['listener']['settings'] | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
  when: ansible_facts['rdp']['listener']['status'] == 'ok'

- name: Read only the certificates and their keys
  winops.rdp.rdp_facts:
    gather_subset:
      - certificate
      - machine_keys

- name: Say which hosts have a certificate that ends soon
  ansible.builtin.debug:
    msg: "The certificate ends on {{ certificate['not_after'] }}"
  vars:
    certificate: "{{ ansible_facts['rdp']['certificate']['active'] | default({}, true) }}"
  when: certificate['days_left'] | default(1000) < 30

- name: Show what the event logs say about private keys that could not be used
  ansible.builtin.debug:
    msg: "{{ item.count }} times until {{ item.last }}, {{ item.by_value }}"
  loop: "{{ ansible_facts['rdp']['events']['seen'] | default([]) | selectattr('id', 'equalto', 36870) }}"
  loop_control:
    label: "{{ item.log }}"

- name: Read everything but the updates, and give up after two minutes
  winops.rdp.rdp_facts:
    gather_subset:
      - "!updates"
    timeout: 120
"""

RETURN = r"""
ansible_facts:
  description: The facts that are added to those of the host.
  returned: success
  type: dict
  contains:
    rdp:
      description:
        - The areas that were asked for. With any C(status) but V(ok), the other keys of an area may be missing.
        - Times are ISO 8601 in UTC, thumbprints are 40 hexadecimal digits in upper case, and registry paths begin with
          C(HKLM).
      type: dict
      contains:
        schema:
          description: Version of this shape.
          type: int
          sample: 1
        system:
          description: Which Windows this is, and what it is in its domain.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            hostname:
              description: Name of the computer.
              type: str
              sample: RDS01
            domain:
              description: DNS name of the domain, or name of the workgroup.
              type: str
              sample: example.com
            part_of_domain:
              description: Whether it is in a domain.
              type: bool
              sample: true
            domain_role:
              description: >-
                V(standalone_workstation), V(member_workstation), V(standalone_server), V(member_server),
                V(backup_domain_controller) or V(primary_domain_controller).
              type: str
              sample: member_server
            caption:
              description: What Windows calls itself.
              type: str
              sample: Microsoft Windows Server 2022 Standard
            edition:
              description: EditionID of the registry. V(Core) is a Home edition, which has no Remote Desktop host.
              type: str
              sample: ServerStandard
            installation_type:
              description: V(Server), V(Server Core), V(Client) or another word of Windows.
              type: str
              sample: Server
            product_type:
              description: V(workstation), V(domain_controller) or V(server).
              type: str
              sample: server
            version:
              description: Version with build.
              type: str
              sample: 10.0.20348
            build:
              description: The build.
              type: int
              sample: 20348
            ubr:
              description: >-
                The update build revision, or null where Windows has none. Build and revision name the cumulative
                update.
              type: int
              sample: 2113
            full_build:
              description: Both together.
              type: str
              sample: "20348.2113"
            display_version:
              description: Name of the version, such as V(21H2). Empty where Windows has none.
              type: str
              sample: 21H2
            release:
              description: >-
                Short name that this collection gives the release, such as V(7), V(2012r2), V(10-22h2), V(2022) or
                V(11-24h2). Empty for what is older than Vista.
              type: str
              sample: "2022"
            architecture:
              description: Architecture, in the language of Windows.
              type: str
              sample: 64-bit
            language:
              description: Language of Windows as an LCID, such as V(1033) for English and V(1031) for German, or null.
              type: int
              sample: 1033
            boot_time:
              description: Start of Windows, or null.
              type: str
              sample: "2026-09-28T03:12:44Z"
            local_time:
              description: Time of the host when it was asked, or null.
              type: str
              sample: "2026-10-03T08:15:00Z"
            clock_skew:
              description: Seconds that the clock of the host is ahead of the controller's, or null.
              type: float
              sample: -0.4
            setup_in_progress:
              description: Whether the setup of Windows is not finished.
              type: bool
              sample: false
            pending_reboot:
              description: Registry paths that announce a restart of Windows. Empty when there is none to come.
              type: list
              elements: str
              sample: []
            rds_roles:
              description: >-
                Roles that the host has, V(connection_broker), V(management), V(gateway) and V(licensing) by their
                services, V(session_host) by TerminalServerMode, V(domain_controller).
              type: list
              elements: str
              sample: [session_host]
            part_of_cluster:
              description: Whether it is a session host that reports to a connection broker.
              type: bool
              sample: false
        services:
          description: The services that Remote Desktop needs, and those that tell the roles of the host.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            service_dll:
              description: >-
                The program library that TermService is set to load, with its variables as they are written, where
                Windows gives them so. Null when it is not set.
              type: str
              sample: "%SystemRoot%\\System32\\termsrv.dll"
            restart_pending:
              description:
                - Services that this collection has changed something for which they take up only when they start, and
                  that still run as they did before.
              type: list
              elements: str
              sample: [TermService]
            services:
              description:
                - One entry for each service name, C(TermService), C(SessionEnv), C(UmRdpService), C(CertPropSvc),
                  C(KeyIso), C(CryptSvc), C(MpsSvc), C(RpcSs), C(Tssdis), C(RDMS), C(TSGateway) and
                  C(TermServLicensing).
                - The keys below are those of each entry.
              type: dict
              contains:
                present:
                  description: Whether there is such a service. When not, the other keys are empty or null.
                  type: bool
                  sample: true
                state:
                  description: >-
                    V(running), V(stopped), V(start_pending), V(stop_pending), V(paused) or another state of Windows.
                  type: str
                  sample: running
                start_mode:
                  description: V(auto), V(manual), V(disabled), V(boot) or V(system).
                  type: str
                  sample: manual
                account:
                  description: The account that it runs as.
                  type: str
                  sample: NT Authority\NetworkService
                pid:
                  description: Id of its process, or null when it does not run.
                  type: int
                  sample: 1044
                exit_code:
                  description: The code with which it ended last, or null.
                  type: int
                  sample: 0
              sample:
                TermService:
                  present: true
                  state: running
                  start_mode: manual
                  account: NT Authority\NetworkService
                  pid: 1044
                  exit_code: 0
        listener:
          description: How the listener RDP-Tcp is set, and which other listeners there are.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            settings:
              description:
                - One entry for each of C(enabled), C(station_enabled), C(security_layer), C(nla),
                  C(min_encryption_level), C(negotiation), C(port), C(max_outstanding_connections), C(max_instances),
                  C(prompt_for_password), C(drain_mode), C(logons_allowed) and C(user_logons_allowed), in the form of
                  the options of M(winops.rdp.rdp_listener). A number of Windows without a meaning there stays that
                  number.
                - The keys below are those of each entry.
              type: dict
              contains:
                value:
                  description: What Windows applies.
                  type: raw
                  sample: true
                source:
                  description: >-
                    What decides it, V(policy), V(local) (an administrator set it) or V(default) (of this Windows
                    version).
                  type: str
                  sample: local
                policy:
                  description: The value that a policy sets, or null.
                  type: raw
                  sample: null
                local:
                  description: The value that an administrator has set, or null.
                  type: raw
                  sample: true
                default:
                  description: What this Windows version does when neither is set, or null when that is not known.
                  type: raw
                  sample: true
                where:
                  description: Path and name of the registry value that decides.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp\UserAuthentication
              sample:
                nla:
                  value: true
                  source: local
                  policy: null
                  local: true
                  default: true
                  where: HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp\UserAuthentication
            winstations:
              description: All listeners but the console.
              type: list
              elements: dict
              contains:
                name:
                  description: Name of the listener.
                  type: str
                  sample: RDP-Tcp
                port:
                  description: Its TCP port, or null when it has none.
                  type: int
                  sample: 3389
                enabled:
                  description: Whether it is on.
                  type: bool
                  sample: true
                wd_name:
                  description: Name of its driver.
                  type: str
                  sample: Microsoft RDP 8.0
                loadable_protocol:
                  description: Class of its protocol, as a GUID.
                  type: str
                  sample: "{5828227c-20cf-4408-b73f-73ab70b8849f}"
            present:
              description: Whether there is a listener RDP-Tcp.
              type: bool
              sample: true
            citrix:
              description: Registry values that an agent of Citrix has left on RDP-Tcp.
              type: list
              elements: str
              sample: []
        tls:
          description: What Schannel may use.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            protocols:
              description:
                - One entry for each protocol, from C(SSL 2.0) to C(TLS 1.3), and in it one for C(server) and one for
                  C(client).
                - The keys below are those of each side.
              type: dict
              contains:
                state:
                  description: >-
                    V(enabled), V(disabled_by_default) (used only by a program that asks for it), V(disabled), or
                    V(unsupported) by this Windows version.
                  type: str
                  sample: enabled
                source:
                  description: V(local) when the registry has one of the two values, else V(default).
                  type: str
                  sample: default
                enabled:
                  description: The registry value C(Enabled), or null.
                  type: int
                  sample: null
                disabled_by_default:
                  description: The registry value C(DisabledByDefault), or null.
                  type: int
                  sample: null
                where:
                  description: Registry path of the key.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server
              sample:
                TLS 1.2:
                  server:
                    state: enabled
                    source: default
                    enabled: null
                    disabled_by_default: null
                    where: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server
            rdp_versions:
              description: >-
                The versions that the listener can agree on with a client. They are enabled for servers, and the
                listener of this Windows version knows them.
              type: list
              elements: str
              sample: [TLS 1.2, TLS 1.3]
            ciphers:
              description:
                - Ciphers that the registry names, one entry each. What it does not name is as the Windows version has
                  it.
                - The keys below are those of each entry.
              type: dict
              contains:
                enabled:
                  description: The value C(Enabled). V(0) is off.
                  type: int
                  sample: 0
                where:
                  description: Registry path of the key.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Ciphers\RC4 128/128
              sample:
                RC4 128/128:
                  enabled: 0
                  where: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Ciphers\RC4 128/128
            hashes:
              description:
                - Hashes that the registry names, one entry each. What it does not name is as the Windows version has
                  it.
                - The keys below are those of each entry.
              type: dict
              contains:
                enabled:
                  description: The value C(Enabled). V(0) is off.
                  type: int
                  sample: 0
                where:
                  description: Registry path of the key.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Hashes\MD5
              sample:
                MD5:
                  enabled: 0
                  where: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Hashes\MD5
            key_exchange:
              description:
                - Key exchange algorithms that the registry names, one entry each. What it does not name is as the
                  Windows version has it.
                - The keys below are those of each entry.
              type: dict
              contains:
                enabled:
                  description: The value C(Enabled). V(0) is off.
                  type: int
                  sample: 0
                where:
                  description: Registry path of the key.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\KeyExchangeAlgorithms\PKCS
              sample:
                PKCS:
                  enabled: 0
                  where: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\KeyExchangeAlgorithms\PKCS
            cipher_suites:
              description: The cipher suites in their order.
              type: dict
              contains:
                value:
                  description: Names of the suites, or null when they could not be read.
                  type: list
                  elements: str
                  sample: [TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
                source:
                  description: V(policy) or V(default).
                  type: str
                  sample: default
                where:
                  description: Path and name of the registry value.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002\Functions
            usable_suites:
              description: >-
                The suites that the list, the switches below SCHANNEL and FIPS mode leave, in Windows' order and without
                curves. Null when neither the list nor the release is known.
              type: list
              elements: str
              sample: [TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
            fips:
              description: Whether only algorithms that FIPS 140 allows may be used.
              type: dict
              contains:
                value:
                  description: What Windows applies.
                  type: bool
                  sample: false
                source:
                  description: What decides it, V(local) or V(default).
                  type: str
                  sample: local
                policy:
                  description: The value that a policy sets, or null.
                  type: bool
                  sample: null
                local:
                  description: The value that an administrator has set, or null.
                  type: bool
                  sample: false
                default:
                  description: What this Windows version does when neither is set, or null when that is not known.
                  type: bool
                  sample: false
                where:
                  description: Path and name of the registry value that decides.
                  type: str
                  sample: HKLM\SYSTEM\CurrentControlSet\Control\Lsa\FIPSAlgorithmPolicy\Enabled
        certificate:
          description: The certificates of the listener.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            self_signed_store:
              description: The value C(SelfSignedCertStore), which should be V(Remote Desktop), or null.
              type: str
              sample: Remote Desktop
            self_signed_thumbprint:
              description: The value C(SelfSignedCertificate), or null.
              type: str
              sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
            bound_thumbprint:
              description: The value C(SSLCertificateSHA1Hash), or null when the self-signed certificate is used.
              type: str
              sample: null
            unreadable:
              description: Entries of the store Remote Desktop that hold no readable certificate, with the reason.
              type: list
              elements: str
              sample: []
            remote_desktop:
              description: The certificates of the store Remote Desktop.
              type: list
              elements: dict
              contains:
                thumbprint:
                  description: SHA-1 thumbprint.
                  type: str
                  sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
                store:
                  description: The machine's store that holds it, V(Remote Desktop) or V(MY).
                  type: str
                  sample: Remote Desktop
                subject:
                  description: Whom it was issued to.
                  type: str
                  sample: CN=rds01.example.com
                issuer:
                  description: Who issued it.
                  type: str
                  sample: CN=rds01.example.com
                not_before:
                  description: Start of its validity.
                  type: str
                  sample: "2026-07-26T06:03:40Z"
                not_after:
                  description: End of its validity.
                  type: str
                  sample: "2027-01-25T06:03:40Z"
                days_left:
                  description: Days until that end by the clock of the host, negative when it has passed.
                  type: float
                  sample: 91.25
                self_signed:
                  description: Whether subject and issuer are the same.
                  type: bool
                  sample: true
                key_algorithm:
                  description: V(RSA), V(EC), or an object identifier.
                  type: str
                  sample: RSA
                key_bits:
                  description: Size of the key, or null when it is not known.
                  type: int
                  sample: 2048
                signature_algorithm:
                  description: Name of the signature algorithm, or its object identifier.
                  type: str
                  sample: sha256WithRSAEncryption
                eku:
                  description: Object identifiers of the extended key usage, empty when every use is allowed.
                  type: list
                  elements: str
                  sample: [1.3.6.1.5.5.7.3.1]
                private_key:
                  description: Where the store says that the private key is. Null when it names none.
                  type: dict
                  contains:
                    container:
                      description: Name of the key container.
                      type: str
                      sample: TSSecKeySet1
                    provider:
                      description: The provider that keeps it.
                      type: str
                      sample: Microsoft Enhanced Cryptographic Provider v1.0
                    cng:
                      description: Whether that is a key storage provider (CNG), not CryptoAPI.
                      type: bool
                      sample: false
                    file:
                      description: Full path of the key file in MachineKeys, or null where it can not be told.
                      type: str
                      sample: >-
                        C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_8c1d3c2e-5f2b-4b0c-9d0e-3a5f7c1b2d4e
            bound:
              description: >-
                The bound certificate, with the keys of RV(ansible_facts.rdp.certificate.remote_desktop). Null when
                none is bound, or it is in neither store.
              type: dict
              contains:
                thumbprint:
                  description: SHA-1 thumbprint.
                  type: str
                  sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
                store:
                  description: The machine's store that holds it, V(Remote Desktop) or V(MY).
                  type: str
                  sample: Remote Desktop
                subject:
                  description: Whom it was issued to.
                  type: str
                  sample: CN=rds01.example.com
                issuer:
                  description: Who issued it.
                  type: str
                  sample: CN=rds01.example.com
                not_before:
                  description: Start of its validity.
                  type: str
                  sample: "2026-07-26T06:03:40Z"
                not_after:
                  description: End of its validity.
                  type: str
                  sample: "2027-01-25T06:03:40Z"
                days_left:
                  description: Days until that end by the clock of the host, negative when it has passed.
                  type: float
                  sample: 91.25
                self_signed:
                  description: Whether subject and issuer are the same.
                  type: bool
                  sample: true
                key_algorithm:
                  description: V(RSA), V(EC), or an object identifier.
                  type: str
                  sample: RSA
                key_bits:
                  description: Size of the key, or null when it is not known.
                  type: int
                  sample: 2048
                signature_algorithm:
                  description: Name of the signature algorithm, or its object identifier.
                  type: str
                  sample: sha256WithRSAEncryption
                eku:
                  description: Object identifiers of the extended key usage, empty when every use is allowed.
                  type: list
                  elements: str
                  sample: [1.3.6.1.5.5.7.3.1]
                private_key:
                  description: Where the store says that the private key is. Null when it names none.
                  type: dict
                  contains:
                    container:
                      description: Name of the key container.
                      type: str
                      sample: TSSecKeySet1
                    provider:
                      description: The provider that keeps it.
                      type: str
                      sample: Microsoft Enhanced Cryptographic Provider v1.0
                    cng:
                      description: Whether that is a key storage provider (CNG), not CryptoAPI.
                      type: bool
                      sample: false
                    file:
                      description: Full path of the key file in MachineKeys, or null where it can not be told.
                      type: str
                      sample: >-
                        C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_8c1d3c2e-5f2b-4b0c-9d0e-3a5f7c1b2d4e
              sample: null
            active:
              description: >-
                The certificate that the listener should serve, with the same keys. The bound one, else the self-signed
                one. Null when there is none.
              type: dict
              contains:
                thumbprint:
                  description: SHA-1 thumbprint.
                  type: str
                  sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
                store:
                  description: The machine's store that holds it, V(Remote Desktop) or V(MY).
                  type: str
                  sample: Remote Desktop
                subject:
                  description: Whom it was issued to.
                  type: str
                  sample: CN=rds01.example.com
                issuer:
                  description: Who issued it.
                  type: str
                  sample: CN=rds01.example.com
                not_before:
                  description: Start of its validity.
                  type: str
                  sample: "2026-07-26T06:03:40Z"
                not_after:
                  description: End of its validity.
                  type: str
                  sample: "2027-01-25T06:03:40Z"
                days_left:
                  description: Days until that end by the clock of the host, negative when it has passed.
                  type: float
                  sample: 91.25
                self_signed:
                  description: Whether subject and issuer are the same.
                  type: bool
                  sample: true
                key_algorithm:
                  description: V(RSA), V(EC), or an object identifier.
                  type: str
                  sample: RSA
                key_bits:
                  description: Size of the key, or null when it is not known.
                  type: int
                  sample: 2048
                signature_algorithm:
                  description: Name of the signature algorithm, or its object identifier.
                  type: str
                  sample: sha256WithRSAEncryption
                eku:
                  description: Object identifiers of the extended key usage, empty when every use is allowed.
                  type: list
                  elements: str
                  sample: [1.3.6.1.5.5.7.3.1]
                private_key:
                  description: Where the store says that the private key is. Null when it names none.
                  type: dict
                  contains:
                    container:
                      description: Name of the key container.
                      type: str
                      sample: TSSecKeySet1
                    provider:
                      description: The provider that keeps it.
                      type: str
                      sample: Microsoft Enhanced Cryptographic Provider v1.0
                    cng:
                      description: Whether that is a key storage provider (CNG), not CryptoAPI.
                      type: bool
                      sample: false
                    file:
                      description: Full path of the key file in MachineKeys, or null where it can not be told.
                      type: str
                      sample: >-
                        C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_8c1d3c2e-5f2b-4b0c-9d0e-3a5f7c1b2d4e
        machine_keys:
          description: The key files of these certificates, and who may read them.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            path:
              description: The folder MachineKeys.
              type: str
              sample: C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys
            machine_guid:
              description: MachineGuid of the host, with which the names of key files end.
              type: str
              sample: 8c1d3c2e-5f2b-4b0c-9d0e-3a5f7c1b2d4e
            folder:
              description: Access to the folder.
              type: dict
              contains:
                status:
                  description: V(ok), V(denied), V(absent) or V(error).
                  type: str
                  sample: ok
                reason:
                  description: Why it could not be read. Empty when it was.
                  type: str
                  sample: ""
                owner:
                  description: SID of the owner, or null.
                  type: str
                  sample: S-1-5-18
                protected:
                  description: Whether nothing is inherited from the folder above, or null.
                  type: bool
                  sample: true
                dacl:
                  description: The entries of the access list, in their order.
                  type: list
                  elements: dict
                  contains:
                    sid:
                      description: SID of the account or group.
                      type: str
                      sample: S-1-5-20
                    type:
                      description: V(allow) or V(deny).
                      type: str
                      sample: allow
                    mask:
                      description: The access mask. V(1179785) is Read, V(2032127) Full control.
                      type: int
                      sample: 1179785
                    flags:
                      description: >-
                        Inheritance, as the sum of 1 (files inherit), 2 (folders inherit), 4 (no further), 8 (inherit
                        only) and 16 (inherited).
                      type: int
                      sample: 0
            keys:
              description: One entry for each certificate whose key is a file.
              type: list
              elements: dict
              contains:
                path:
                  description: Full path of the key file.
                  type: str
                  sample: >-
                    C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\f686aace6942fb7f7ceb231212eef4a4_8c1d3c2e-5f2b-4b0c-9d0e-3a5f7c1b2d4e
                exists:
                  description: Whether it is there.
                  type: bool
                  sample: true
                container:
                  description: Name of the key container.
                  type: str
                  sample: TSSecKeySet1
                thumbprint:
                  description: Thumbprint of the certificate that needs it.
                  type: str
                  sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
                security:
                  description: Access to the file, or null when there is no file.
                  type: dict
                  contains:
                    status:
                      description: V(ok), V(denied), V(absent) or V(error).
                      type: str
                      sample: ok
                    reason:
                      description: Why it could not be read. Empty when it was.
                      type: str
                      sample: ""
                    owner:
                      description: SID of the owner, or null.
                      type: str
                      sample: S-1-5-18
                    protected:
                      description: Whether nothing is inherited from the folder above, or null.
                      type: bool
                      sample: true
                    dacl:
                      description: The entries of the access list, in their order.
                      type: list
                      elements: dict
                      contains:
                        sid:
                          description: SID of the account or group.
                          type: str
                          sample: S-1-5-20
                        type:
                          description: V(allow) or V(deny).
                          type: str
                          sample: allow
                        mask:
                          description: The access mask. V(1179785) is Read, V(2032127) Full control.
                          type: int
                          sample: 1179785
                        flags:
                          description: >-
                            Inheritance, as the sum of 1 (files inherit), 2 (folders inherit), 4 (no further), 8
                            (inherit only) and 16 (inherited).
                          type: int
                          sample: 0
            entries:
              description: >-
                How many files are in the folder. Null when they could not be counted in half a minute, or without a
                remote shell, and when there are none.
              type: int
              sample: 12
        updates:
          description: >-
            Installed updates. An update that a later one has replaced may be missing, so only the build proves one
            absent.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            installed:
              description: The updates.
              type: list
              elements: dict
              contains:
                kb:
                  description: Number of the update.
                  type: str
                  sample: KB5009557
                description:
                  description: Kind of the update.
                  type: str
                  sample: Security Update
                installed_on:
                  description: When it was installed, as Windows writes it, which differs with its language.
                  type: str
                  sample: 1/12/2026
            packages:
              description: >-
                The newest cumulative updates that Component Based Servicing has on record, the newest first, and after
                them the single updates that this collection knows. At most ten.
              type: list
              elements: dict
              contains:
                identity:
                  description: Identity of the package, as DISM names it.
                  type: str
                  sample: Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2113.1.5
                kb:
                  description: Number of a single update. Empty for a cumulative one, whose identity has none.
                  type: str
                  sample: ""
                build:
                  description: Build and revision of a cumulative update. Empty for a single one.
                  type: str
                  sample: "20348.2113"
                state:
                  description: V(installed), V(superseded), V(pending) (it needs a restart) or V(other).
                  type: str
                  sample: installed
                removable:
                  description: >-
                    V(false) for a package that a later one replaces or that is permanent. Null when it is not known.
                  type: bool
                  sample: null
            packages_reason:
              description: Why the packages could not be read, one sentence. Empty when they were.
              type: str
              sample: ""
            credssp_version:
              description: >-
                File version of TSpkg.dll, or null when it was not read. It is read before Windows 10 1803 only, since
                every later Windows came with the correction.
              type: str
              sample: 10.0.14393.2248
            credssp_fixed:
              description: Whether CredSSP has the correction of CVE-2018-0886. Null when that is not known.
              type: bool
              sample: true
        firewall:
          description: Whether the firewall lets TCP to the port of the listener in.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            port:
              description: The port.
              type: int
              sample: 3389
            active_profiles:
              description: Profiles of the networks that the host is connected to. All three where that is not known.
              type: list
              elements: str
              sample: [domain]
            profiles:
              description:
                - One entry for each of C(domain), C(private) and C(public).
                - The keys below are those of each entry.
              type: dict
              contains:
                enabled:
                  description: Whether the firewall is on.
                  type: bool
                  sample: true
                default_inbound:
                  description: What happens to what no rule names, V(allow) or V(block).
                  type: str
                  sample: block
                local_rules_apply:
                  description: Whether local rules count. A policy can make them void.
                  type: bool
                  sample: true
                source:
                  description: V(policy) when a policy sets any of these, else V(local) or V(default).
                  type: str
                  sample: local
              sample:
                domain:
                  enabled: true
                  default_inbound: block
                  local_rules_apply: true
                  source: local
            rules:
              description: The inbound rules that name the port, enabled or not.
              type: list
              elements: dict
              contains:
                id:
                  description: Id of the rule, which no language changes.
                  type: str
                  sample: RemoteDesktop-UserMode-In-TCP
                enabled:
                  description: Whether it is enabled.
                  type: bool
                  sample: true
                action:
                  description: V(allow) or V(block).
                  type: str
                  sample: allow
                protocol:
                  description: V(tcp) or V(any).
                  type: str
                  sample: tcp
                ports:
                  description: Its ports, single ones and ranges.
                  type: list
                  elements: str
                  sample: ["3389"]
                profiles:
                  description: The profiles that it counts in.
                  type: list
                  elements: str
                  sample: [domain, private, public]
                source:
                  description: V(local) or V(policy).
                  type: str
                  sample: local
                group:
                  description: Group of the rule, empty when it has none.
                  type: str
                  sample: "@FirewallAPI.dll,-28752"
            allowed:
              description: Whether every active profile lets the port in.
              type: bool
              sample: true
        sessions:
          description: How many people a restart of TermService would cut off, and how many sessions there are.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            connected:
              description: How many people are connected.
              type: int
              sample: 2
            active:
              description: Sessions in use, that of the console among them. Null where Windows does not tell.
              type: int
              sample: 1
            disconnected:
              description: >-
                Sessions that nobody is connected to, that of the services among them. Null where Windows does not tell.
              type: int
              sample: 2
            method:
              description: The WMI class that was asked for the people who are connected.
              type: str
              sample: MSFT_NetTCPConnection
        port:
          description: Who listens on the port of the listener.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            number:
              description: The port that the listener is set to.
              type: int
              sample: 3389
            listening:
              description: Whether any process listens on it.
              type: bool
              sample: true
            owners:
              description: The processes that listen on it.
              type: list
              elements: dict
              contains:
                pid:
                  description: Id of the process.
                  type: int
                  sample: 1060
                process:
                  description: Its program. Empty when it is gone.
                  type: str
                  sample: svchost.exe
                services:
                  description: The services in it.
                  type: list
                  elements: str
                  sample: [TermService]
            term_service_pid:
              description: Id of the process of TermService, null when it does not run.
              type: int
              sample: 1060
            term_service_listens:
              description: Whether TermService listens on the port. Null when its process is not known.
              type: bool
              sample: true
            term_service_ports:
              description: Every TCP port that TermService listens on.
              type: list
              elements: int
              sample: [3389]
            method:
              description: V(MSFT_NetTCPConnection), or V(netstat) before Windows 8 and Server 2012.
              type: str
              sample: MSFT_NetTCPConnection
        endpoint_security:
          description: >-
            Security products that may stand between clients and the listener, a hint and no proof. Products that were
            uninstalled may still be registered.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            products:
              description: The products that are registered or whose services are there, on or not.
              type: list
              elements: dict
              contains:
                name:
                  description: Name of the product.
                  type: str
                  sample: CrowdStrike Falcon
                kind:
                  description: V(antivirus), V(firewall), V(antispyware), or V(endpoint) for a service.
                  type: str
                  sample: endpoint
                state:
                  description: V(on), V(off), V(snoozed), V(running), V(stopped) or V(unknown).
                  type: str
                  sample: running
                source:
                  description: What told so, a WMI namespace or class, or a service.
                  type: str
                  sample: CSFalconService
            third_party:
              description: Names of the products that are on and not of Microsoft.
              type: list
              elements: str
              sample: [CrowdStrike Falcon]
        policies:
          description: Which Group Policy object sets what, of what concerns Remote Desktop.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            rsop:
              description: >-
                Whether the host's Resultant Set of Policy could be read, V(ok), V(denied), V(absent) (it keeps none) or
                V(error).
              type: str
              sample: ok
            rsop_reason:
              description: Why it could not be read. Empty when it was.
              type: str
              sample: ""
            values:
              description: >-
                The registry values that Group Policy sets for Remote Desktop, TLS, CredSSP, Lsa and the profiles of the
                firewall, by the last refresh of the policy. The local Group Policy object counts.
              type: list
              elements: dict
              contains:
                where:
                  description: Path and name of the registry value.
                  type: str
                  sample: HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\SecurityLayer
                value:
                  description: The value as text.
                  type: str
                  sample: "2"
                gpo:
                  description: Display name of the Group Policy object.
                  type: str
                  sample: Remote Desktop hardening
                gpo_id:
                  description: Its id, a distinguished name, or C(LocalGPO).
                  type: str
                  sample: cn={31B2F340-016D-11D2-945F-00C04FB984F9},cn=policies,cn=system,DC=example,DC=com
                link:
                  description: >-
                    Distinguished name of the site, domain or organizational unit that links it. Empty for the local
                    one.
                  type: str
                  sample: OU=Servers,DC=example,DC=com
                precedence:
                  description: Its rank among the objects that set the same value. 1 wins.
                  type: int
                  sample: 1
            sources:
              description: >-
                What Windows takes for the source of C(enabled), C(security_layer), C(nla) and C(min_encryption_level),
                V(server), V(policy) or V(default). What it does not tell is missing.
              type: dict
              sample:
                enabled: server
                security_layer: policy
        logon:
          description: What decides on a logon once the connection stands.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            rights:
              description:
                - One entry for each of C(SeDenyRemoteInteractiveLogonRight), C(SeDenyNetworkLogonRight),
                  C(SeRemoteInteractiveLogonRight) and C(SeNetworkLogonRight) that Group Policy sets.
                - The keys below are those of each entry.
              type: dict
              contains:
                accounts:
                  description: >-
                    Who has the right. Built-in and well-known accounts as SIDs, others as Group Policy names them.
                  type: list
                  elements: str
                  sample: [S-1-5-32-544]
                gpo:
                  description: Display name of the Group Policy object.
                  type: str
                  sample: Server baseline
                source:
                  description: The WMI class that told it.
                  type: str
                  sample: RSOP_UserPrivilegeRight
              sample:
                SeRemoteInteractiveLogonRight:
                  accounts: [S-1-5-32-544]
                  gpo: Server baseline
                  source: RSOP_UserPrivilegeRight
            rights_status:
              description: >-
                Whether the rights that Group Policy sets could be read, V(ok), V(denied), V(absent) or V(error).
              type: str
              sample: ok
            rights_reason:
              description: What the rights do not say, and why they could not be read.
              type: str
              sample: >-
                These are the rights that Group Policy sets. Those that were set on the host itself (secpol.msc) can not
                be read without writing a file there; run secedit /export on the host to see them.
            lm_compatibility_level:
              description: LmCompatibilityLevel, or null when it is not set.
              type: int
              sample: 5
            disable_domain_creds:
              description: Whether disabledomaincreds forbids the host to keep credentials of a domain.
              type: bool
              sample: false
            force_guest:
              description: Whether ForceGuest makes guests of local accounts.
              type: bool
              sample: false
            security_packages:
              description: >-
                The value Security Packages of Lsa. Windows 8.1 and newer have it empty and know their own packages.
              type: list
              elements: str
              sample: [kerberos, msv1_0, schannel, wdigest, tspkg, pku2u]
            encryption_oracle:
              description: >-
                AllowEncryptionOracle, V(force_updated), V(mitigated) or V(vulnerable), or null when it is not set.
              type: str
              sample: null
            endpoint_servers_ok:
              description: >-
                On a connection broker, whether NETWORK SERVICE is in the group RDS Endpoint Servers (S-1-5-32-576).
                Null on other hosts, and when it is not known.
              type: bool
              sample: null
            network_service_is_admin:
              description: >-
                Whether NETWORK SERVICE is in the group Administrators (S-1-5-32-544). Null when it is not known, as on
                a domain controller, where nobody is asked.
              type: bool
              sample: false
        licensing:
          description: Licensing of a Remote Desktop Session Host.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            terminal_server:
              description: Whether the role Remote Desktop Session Host is installed.
              type: bool
              sample: true
            mode:
              description: >-
                V(per_device), V(per_user), V(not_configured), V(personal) or V(unknown). V(administration) without the
                role.
              type: str
              sample: per_user
            mode_source:
              description: V(policy), V(local) or V(default).
              type: str
              sample: policy
            servers:
              description: The license servers that count, those of Group Policy if it has any. Empty without the role.
              type: list
              elements: dict
              contains:
                name:
                  description: Name or address of the server.
                  type: str
                  sample: lic01.example.com
                source:
                  description: V(policy) or V(local).
                  type: str
                  sample: policy
                status:
                  description: >-
                    What the host finds when it asks the server, V(valid), V(valid_vdi), V(not_connectable),
                    V(validity_unknown), V(access_denied), V(not_in_group), V(lower_version), V(version_mismatch),
                    V(unsupported), V(unknown), or another number as text. V(not_read) when the question failed,
                    V(not_asked) behind the first three, or after 20 seconds.
                  type: str
                  sample: valid
                status_code:
                  description: The number of that, or null.
                  type: int
                  sample: 1
            grace_days:
              description: Days that are left of the grace period. 0 when it is over. Null when it is not known.
              type: int
              sample: 87
        events:
          description: >-
            Events of the last 72 hours that concern Remote Desktop, counted. They tell what happened, not what is so
            now.
          type: dict
          contains:
            status:
              description: >-
                V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error).
              type: str
              sample: ok
            reason:
              description: Why the area could not be read, one sentence. Empty when it was.
              type: str
              sample: ""
            hours:
              description: How far back the logs were looked at.
              type: int
              sample: 72
            method:
              description: >-
                V(wevtutil), or V(Win32_NTLogEvent) where the host gives no remote shell, which reaches the log System
                alone.
              type: str
              sample: wevtutil
            seen:
              description: One entry for each kind of event that was found.
              type: list
              elements: dict
              contains:
                log:
                  description: Name of the log.
                  type: str
                  sample: System
                provider:
                  description: What wrote the events.
                  type: str
                  sample: Schannel
                id:
                  description: Number of the kind of event.
                  type: int
                  sample: 36870
                count:
                  description: How many were found, up to the limit of one question.
                  type: int
                  sample: 3
                more:
                  description: Whether the limit was reached, so that there may be more.
                  type: bool
                  sample: false
                first:
                  description: When the oldest of them happened.
                  type: str
                  sample: "2026-11-20T06:00:00Z"
                last:
                  description: When the newest of them happened.
                  type: str
                  sample: "2026-11-22T18:00:00Z"
                fields:
                  description:
                    - The data of the newest of them, by the names that Windows gives it, else C(param1), C(param2).
                    - Codes are eight hexadecimal digits. C(Service) is the name of a service, C(Error) why it failed,
                      C(Status) and C(Thumbprint) come from the binary data.
                  type: dict
                  sample:
                    Type: server
                    ErrorCode: "0x8009030D"
                    ErrorStatus: "10001"
                by_address:
                  description: >-
                    How many came from which address of a client, the most frequent first, at most 20. Empty where
                    events of this kind name none.
                  type: dict
                  sample: {}
                by_value:
                  description: >-
                    How many there are of each value of what tells them apart, such as an error code, an alert, a reason
                    or a service, at most 20.
                  type: dict
                  sample:
                    "0x8009030D": 3
            unread:
              description: Logs that could not be read, and why.
              type: list
              elements: str
              sample: []
requests:
  description: How many requests were sent to the host.
  returned: success
  type: int
  sample: 34
"""
