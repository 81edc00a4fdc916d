#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_client_facts
short_description: Read from a Windows machine what decides as which client it connects
version_added: 1.0.0
description:
  - Reads from a machine that people connect B(from) what decides whether its Remote Desktop Connection gets through,
    and returns it as RV(ansible_facts.rdp_client).
  - Hand that to O(winops.rdp.rdp_diagnose#module:client) to judge a host for this client, or to
    O(winops.rdp.rdp_compatibility#module:clients) to see which hosts it can reach.
  - It changes nothing, and connects to no listener.
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.reads
  - winops.rdp._winrm
attributes:
  facts:
    description: Whether the result is added to the facts of the host.
    support: full
notes:
  - What users' profiles keep of servers is read from the hives that are loaded, so of people who are logged on, from at
    most 10 of them and for at most 50 servers.
seealso:
  - module: winops.rdp.rdp_compatibility
  - module: winops.rdp.rdp_diagnose
  - module: winops.rdp.rdp_facts
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Read the client
  winops.rdp.rdp_client_facts:

- name: Judge a host for the client that a user sits at
  winops.rdp.rdp_diagnose:
    client: "{{ hostvars['pc17'].ansible_facts.rdp_client }}"
  delegate_to: rds01

- name: Say why the client was disconnected last
  ansible.builtin.debug:
    msg: "Reason {{ item.key }}, {{ item.value }} times"
  loop: "{{ ansible_facts.rdp_client.disconnects | map(attribute='by_value') | map('dict2items') | flatten }}"
"""

RETURN = r"""
ansible_facts:
  description: The facts that are added to those of the host.
  returned: success
  type: dict
  contains:
    rdp_client:
      description: The machine as a client of Remote Desktop.
      type: dict
      contains:
        status:
          description: >-
            V(ok), V(denied) (the account may not read it), V(absent) (this Windows does not have it) or V(error). With
            any but V(ok) the other keys may be missing.
          type: str
          sample: ok
        reason:
          description: Why it could not be read, one sentence. Empty when it was.
          type: str
          sample: ""
        schema:
          description: Version of this shape.
          type: int
          sample: 1
        profile:
          description: Empty for a machine that was read.
          type: str
          sample: ""
        hostname:
          description: Name of the computer.
          type: str
          sample: PC17
        release:
          description: The Windows release, as in RV(winops.rdp.rdp_facts#module:ansible_facts.rdp.system.release).
          type: str
          sample: 11-24h2
        full_build:
          description: Build and update build revision.
          type: str
          sample: "26100.3476"
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
              sample: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client
          sample:
            TLS 1.2:
              client:
                state: enabled
                source: default
                enabled: null
                disabled_by_default: null
                where: HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client
        tls_versions:
          description: The TLS versions that are enabled for clients.
          type: list
          elements: str
          sample: [TLS 1.2, TLS 1.3]
        usable_suites:
          description: >-
            The cipher suites that the settings leave, in Windows' order. Null when neither the list nor the release is
            known.
          type: list
          elements: str
          sample: [TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
        fips:
          description: Whether only algorithms that FIPS 140 allows may be used.
          type: bool
          sample: false
        credssp_version:
          description: >-
            File version of C(TSpkg.dll). Null when it was not read, as on releases that are newer than the correction.
          type: str
          sample: 10.0.14393.2248
        credssp_fixed:
          description: Whether it has the correction of CVE-2018-0886. Null when that is not known.
          type: bool
          sample: true
        encryption_oracle:
          description: >-
            C(AllowEncryptionOracle), V(force_updated), V(mitigated) or V(vulnerable). Null when it is not set, which
            counts as V(mitigated).
          type: str
          sample: mitigated
        lm_compatibility_level:
          description: C(LmCompatibilityLevel) from 0 to 5, or null.
          type: int
          sample: 3
        udp_disabled:
          description: Whether the policy C(fClientDisableUDP) keeps the client to TCP.
          type: bool
          sample: false
        mstsc_version:
          description: File version of C(mstsc.exe), or null.
          type: str
          sample: 10.0.26100.3323
        redirection_warning:
          description: C(RedirectionWarningDialogVersion), or null. V(1) brings back the dialog from before April 2026.
          type: int
          sample: null
        license_store:
          description: Whether C(MSLicensing\Store) has a license.
          type: bool
          sample: false
        servers:
          description: What the profiles of people who are logged on keep of servers.
          type: list
          elements: dict
          contains:
            sid:
              description: Whose profile it is.
              type: str
              sample: S-1-5-21-1004336348-1177238915-682003330-1001
            server:
              description: The server as the user typed it.
              type: str
              sample: rds01.example.com
            cert_hash:
              description: SHA-1 of the certificate that the user accepted. Empty when there is none.
              type: str
              sample: 3F2A9C0D5E7B1846A0C3D9E2F4B6A8C1D3E5F708
        disconnects:
          description: The disconnections that the client has logged, by their reason.
          type: list
          elements: dict
          contains:
            log:
              description: Name of the log.
              type: str
              sample: Microsoft-Windows-TerminalServices-RDPClient/Operational
            provider:
              description: Name of the provider.
              type: str
              sample: Microsoft-Windows-TerminalServices-ClientActiveXCore
            id:
              description: Id of the event.
              type: int
              sample: 1026
            count:
              description: How many there are, at most as many as are asked for.
              type: int
              sample: 4
            more:
              description: Whether there may be more.
              type: bool
              sample: false
            first:
              description: Time of the oldest, in UTC.
              type: str
              sample: "2026-11-20T08:00:12Z"
            last:
              description: Time of the newest, in UTC.
              type: str
              sample: "2026-11-22T15:31:40Z"
            fields:
              description: The data of the newest by name.
              type: dict
              sample:
                Value: "2308"
            by_address:
              description: Events by the client's address. Empty here.
              type: dict
              sample: {}
            by_value:
              description: >-
                Events by their reason in decimal, as O(winops.rdp.rdp_diagnose#module:error_code) takes it. V(263) is
                no error.
              type: dict
              sample:
                "2308": 3
                "263": 1
requests:
  description: How many requests were sent to the host.
  returned: success
  type: int
  sample: 24
"""
