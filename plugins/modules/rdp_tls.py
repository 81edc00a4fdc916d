#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_tls
short_description: Set which TLS versions a Windows host speaks
version_added: 1.0.0
description:
  - Sets the values C(Enabled) and C(DisabledByDefault) of protocols in
    C(HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols).
  - A protocol that is not in O(protocols) stays as it is. So do ciphers, hashes and the order of cipher suites.
  - They are for all of Windows, so for every program on the host that uses Schannel, not for Remote Desktop alone.
options:
  protocols:
    description:
      - The protocols and the state that each one is to have.
    type: list
    elements: dict
    required: true
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
  allow_weaker:
    description:
      - Whether SSL 2.0 and SSL 3.0 may be enabled. Without it that is refused.
    type: bool
    default: false
  force:
    description:
      - Whether to change TLS on an RD Connection Broker, too, and whether to go on when the listener would be left
        without any TLS version. Without it both are refused.
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
  - Refused always is to enable a protocol that the Windows version does not know, such as TLS 1.3 on Server 2019.
  - The database of an RD Connection Broker may need TLS 1.0. Change TLS there by hand, or with O(force).
  - Other services and programs may need a restart, too, before the change counts for them.
seealso:
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_service
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
journal:
  description: The key on the host in which the changes are noted, or empty when nothing was written.
  returned: success
  type: str
  sample: HKLM\SOFTWARE\winops.rdp\Journal\20261003T081500Z-4f2a9c
"""
