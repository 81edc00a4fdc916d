#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_licensing
short_description: Set licensing mode and license servers of a Remote Desktop Session Host
version_added: 1.0.0
description:
  - Sets which kind of licenses a session host asks for, and the license servers that it asks.
  - It goes through the methods of C(Win32_TerminalServiceSetting), so that no restart is needed.
options:
  mode:
    description:
      - The kind of licenses that were bought. Without this option the mode stays as it is.
      - V(per_user) does not work in a workgroup and is refused there.
    type: str
    choices:
      - per_device
      - per_user
  servers:
    description:
      - The license servers, in the order in which they are asked. Others are taken off the list. Without this option
        the list stays as it is.
    type: list
    elements: str
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
notes:
  - Refused is a host without the role Remote Desktop Session Host, and what Group Policy sets.
  - The grace period is never touched.
  - Give O(mode), O(servers), or both.
seealso:
  - module: winops.rdp.rdp_facts
    description: RV(winops.rdp.rdp_facts#module:ansible_facts.rdp) has what Windows says of each license server.
  - name: Set the Remote Desktop licensing mode
    description: Microsoft on the modes, and on the policies that win over them.
    link: https://learn.microsoft.com/en-us/windows-server/remote/remote-desktop-services/rds-client-access-license
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Name the licenses that were bought, and the server that has them
  winops.rdp.rdp_licensing:
    mode: per_user
    servers:
      - lic1.corp.example

- name: Tell whether the list of servers would change
  winops.rdp.rdp_licensing:
    servers:
      - lic1.corp.example
      - lic2.corp.example
  check_mode: true
  diff: true
"""

RETURN = r"""
before:
  description: Mode and servers before.
  returned: success
  type: dict
  contains:
    mode:
      description: V(per_device), V(per_user), V(not_configured), V(unknown), or the number of another one.
      type: str
      sample: not_configured
    servers:
      description: The license servers that count.
      type: list
      elements: str
      sample: [lic1.corp.example]
after:
  description: What they are afterwards, in the same form. In check mode, what was asked for.
  returned: success
  type: dict
  sample:
    mode: per_user
    servers: [lic1.corp.example]
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - >-
      licensing HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\Licensing Core\LicensingMode: 5 -> 4
restart_required:
  description: Always empty, no service has to restart.
  returned: success
  type: list
  elements: str
  sample: []
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
