#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_tls
short_description: Set which TLS versions, ciphers and cipher suites a Windows host uses
version_added: 1.0.0
description:
  - Sets the values C(Enabled) and C(DisabledByDefault) of protocols in
    C(HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols).
  - Sets C(Enabled) of ciphers, hashes and key exchanges beside it, and the lists of cipher suites.
  - What is not named stays as it is.
  - They are for all of Windows, so for every program on the host that uses Schannel, not for Remote Desktop alone.
options:
  protocols:
    description:
      - The protocols and the state that each one is to have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the protocol.
        type: str
        required: true
        choices:
          - SSL 2.0
          - SSL 3.0
          - TLS 1.0
          - TLS 1.1
          - TLS 1.2
          - TLS 1.3
      side:
        description:
          - V(server) is what the host offers, also as a Remote Desktop listener. V(client) is what it uses itself when
            it connects to others. V(both) is both.
        type: str
        choices:
          - server
          - client
          - both
        default: server
      state:
        description:
          - V(enabled) sets C(Enabled) to 1 and C(DisabledByDefault) to 0, unless the protocol is used anyway by the
            default of the Windows version.
          - V(disabled) sets C(Enabled) to 0 and C(DisabledByDefault) to 1, unless the protocol is off anyway.
          - V(default) deletes both values, so that the Windows version decides.
        type: str
        choices:
          - enabled
          - disabled
          - default
        default: enabled
  ciphers:
    description:
      - Ciphers, and the state that each one is to have. The keys below C(SCHANNEL\Ciphers).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the key.
        type: str
        required: true
        choices:
          - AES 128/128
          - AES 256/256
          - DES 56/56
          - "NULL"
          - RC2 40/128
          - RC2 56/128
          - RC2 128/128
          - RC4 40/128
          - RC4 56/128
          - RC4 64/128
          - RC4 128/128
          - Triple DES 168
      state:
        description:
          - V(default) deletes C(Enabled), so that the Windows version decides. V(disabled) sets it to 0. Nothing else
            is ever written, since 1 is not meant for these keys.
        type: str
        choices:
          - default
          - disabled
        default: default
  hashes:
    description:
      - Hashes, and the state that each one is to have. The keys below C(SCHANNEL\Hashes).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the key.
        type: str
        required: true
        choices:
          - SHA
          - SHA256
          - SHA384
          - SHA512
          - MD5
      state:
        description:
          - V(default) deletes C(Enabled), so that the Windows version decides. V(disabled) sets it to 0. Nothing else
            is ever written, since 1 is not meant for these keys.
        type: str
        choices:
          - default
          - disabled
        default: default
  key_exchange:
    description:
      - Key exchanges, and the state that each one is to have. The keys below C(SCHANNEL\KeyExchangeAlgorithms).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the key.
        type: str
        required: true
        choices:
          - Diffie-Hellman
          - ECDH
          - PKCS
      state:
        description:
          - V(default) deletes C(Enabled), so that the Windows version decides. V(disabled) sets it to 0. Nothing else
            is ever written, since 1 is not meant for these keys.
        type: str
        choices:
          - default
          - disabled
        default: default
  repair_misused_values:
    description:
      - Whether to delete every C(Enabled) of ciphers, hashes and key exchanges that is neither 0 nor 0xffffffff. Such a
        value, mostly 1, can keep everybody out.
    type: bool
    default: false
  cipher_suites:
    description:
      - The host's own list of cipher suites, in its order. The value C(Functions) of
        C(HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002).
      - Names are those of the Windows version. Before Windows 10 and Server 2016, a name with C(ECDHE) ends in a curve,
        such as C(TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA_P256).
      - It is refused while a policy has a list, which counts in its place.
    type: list
    elements: str
    default: []
  cipher_suites_policy:
    description:
      - V(absent) deletes the list of cipher suites from
        C(HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002), where scripts write it, too.
      - It is refused where a Group Policy object sets the list, and where the host keeps no record of its policies
        (Resultant Set of Policy) that would tell. Change the policy SSL Cipher Suite Order then.
    type: str
    choices:
      - absent
  profile:
    description:
      - A set of protocols of the server's side and of switches. What the other options say counts more.
      - V(modern) enables TLS 1.2 and 1.3 and disables all others, with MD5 and all ciphers but AES.
      - V(compatible) enables TLS 1.0 to 1.3 and disables SSL. Ciphers that are off and broken stay off.
      - Both leave AES, the SHA hashes and key exchanges to Windows, and repair misused values. Protocols that the
        Windows version does not know are left out. Lists of cipher suites stay as they are.
      - It needs O(clients).
    type: str
    choices:
      - modern
      - compatible
  clients:
    description:
      - Clients that must not be locked out, in the form of O(winops.rdp.rdp_compatibility#module:clients). The task is
        refused, and names them, when one of them that may get in now would have no TLS version or cipher suite in
        common with the host any more.
      - Without it those of today are looked at, Windows 10 22H2 and Windows 11.
    type: list
    elements: raw
    default: []
  allow_weaker:
    description:
      - Whether SSL 2.0, SSL 3.0 and broken ciphers may come back. Without it that is refused.
    type: bool
    default: false
  force:
    description:
      - Whether to change TLS on an RD Connection Broker, too, and whether to go on when the listener would be left
        without any TLS version, or clients would be locked out, or this controller, where its connection goes over
        HTTPS. Without it all of that is refused.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
  - winops.rdp._winrm.proves
notes:
  - After a change of a list of cipher suites, RV(reboot_required) is true, since Microsoft asks for a restart of
    Windows then. A restart of TermService may do.
  - Refused always is to enable a protocol that the Windows version does not know, such as TLS 1.3 on Server 2019.
  - The database of an RD Connection Broker may need TLS 1.0. Change TLS there by hand, or with O(force).
  - Other services and programs may need a restart, too, before the change counts for them.
seealso:
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_service
  - module: winops.rdp.rdp_compatibility
  - name: Transport Layer Security (TLS) registry settings
    description: Microsoft on what the values mean.
    link: https://learn.microsoft.com/en-us/windows-server/security/tls/tls-registry-settings
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Make the host speak TLS 1.2 again
  winops.rdp.rdp_tls:
    protocols:
      - name: TLS 1.2
  register: tls

- name: Restart Remote Desktop where a change asks for it, unless users are connected
  winops.rdp.rdp_service:
    name: TermService
    state: restarted
  when: "'TermService' in tls.restart_required"

- name: Tell what it would change to switch the old protocols off
  winops.rdp.rdp_tls:
    protocols: "{{ old_protocols | map('combine', {'side': 'both', 'state': 'disabled'}) | list }}"
  vars:
    old_protocols:
      - name: SSL 3.0
      - name: TLS 1.0
      - name: TLS 1.1
  check_mode: true
  diff: true

- name: Let Windows decide on ciphers that a tool has switched with a wrong value
  winops.rdp.rdp_tls:
    repair_misused_values: true

- name: Harden the host, unless that locks out one of the clients of this company
  winops.rdp.rdp_tls:
    profile: modern
    clients:
      - 11-24h2
      - 10-22h2
      - freerdp-3

- name: Let Windows decide on TLS 1.2 and 1.3 again
  winops.rdp.rdp_tls:
    protocols:
      - name: TLS 1.2
        side: both
        state: default
      - name: TLS 1.3
        side: both
        state: default
"""

RETURN = r"""
before:
  description: What the protocols were before.
  returned: success
  type: dict
  contains:
    protocols:
      description:
        - Each protocol and side of O(protocols), V(both) as two entries. The state is V(enabled), V(disabled),
          V(disabled_by_default) (used only by a program that asks for it) or V(unsupported) by the Windows version.
      type: list
      elements: dict
      sample:
        - name: TLS 1.2
          side: server
          state: disabled
    ciphers:
      description:
        - Each of the ciphers that are asked for, V(default), V(disabled), V(enabled), or V(misused) for a wrong value.
      type: list
      elements: dict
      sample: []
    hashes:
      description:
        - Each of the hashes that are asked for, V(default), V(disabled), V(enabled), or V(misused) for a wrong value.
      type: list
      elements: dict
      sample: []
    key_exchange:
      description:
        - Each of the key exchanges that are asked for, as in RV(before.ciphers).
      type: list
      elements: dict
      sample: []
    cipher_suites:
      description:
        - The list that counts, null where it could not be read. With O(cipher_suites) and O(cipher_suites_policy).
      type: list
      elements: str
      sample:
        - TLS_AES_256_GCM_SHA384
    cipher_suites_source:
      description: V(policy), or V(default) for the host's own list. With O(cipher_suites) and O(cipher_suites_policy).
      type: str
      sample: default
  sample:
    protocols:
      - name: TLS 1.2
        side: server
        state: disabled
after:
  description: What they are afterwards, in the same form. In check mode, what was asked for.
  returned: success
  type: dict
  contains:
    protocols:
      description: As in RV(before).
      type: list
      elements: dict
      sample:
        - name: TLS 1.2
          side: server
          state: enabled
    ciphers:
      description:
        - Each of the ciphers that are asked for, V(default), V(disabled), V(enabled), or V(misused) for a wrong value.
      type: list
      elements: dict
      sample: []
    hashes:
      description:
        - Each of the hashes that are asked for, V(default), V(disabled), V(enabled), or V(misused) for a wrong value.
      type: list
      elements: dict
      sample: []
    key_exchange:
      description:
        - Each of the key exchanges that are asked for, as in RV(before.ciphers).
      type: list
      elements: dict
      sample: []
    cipher_suites:
      description:
        - The list that counts, null where it could not be read. With O(cipher_suites) and O(cipher_suites_policy).
      type: list
      elements: str
      sample:
        - TLS_AES_256_GCM_SHA384
    cipher_suites_source:
      description: V(policy), or V(default) for the host's own list. With O(cipher_suites) and O(cipher_suites_policy).
      type: str
      sample: default
  sample:
    protocols:
      - name: TLS 1.2
        side: server
        state: enabled
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - >-
      registry value HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS
      1.2\Server\Enabled: 0 -> 1
restart_required:
  description: V(TermService) when something changed, since the listener takes it up when it starts. Else empty.
  returned: success
  type: list
  elements: str
  sample: [TermService]
reboot_required:
  description: Whether a list of cipher suites changed, for which Microsoft asks for a restart of Windows.
  returned: success
  type: bool
  sample: false
journal:
  description: The key on the host in which the changes are noted, or empty when nothing was written.
  returned: success
  type: str
  sample: HKLM\SOFTWARE\winops.rdp\Journal\20261003T081500Z-4f2a9c
run:
  description:
    - The id of this run in the journal, which M(winops.rdp.rdp_restore) takes, or empty when nothing was written.
  returned: success
  type: str
  sample: 92d1ede2
"""
