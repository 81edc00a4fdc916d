#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_firewall
short_description: Let Remote Desktop through the firewall of a Windows host
version_added: 1.0.0
description:
  - Lets TCP to the port that the listener is configured for through Windows Firewall, on the networks that the host is
    connected to.
  - It enables Windows' own Remote Desktop rules where they name that port, and adds a rule for TermService where none
    of them does. Rules are found by their ids and ports, so the language of Windows makes no difference.
  - It never switches the firewall off, and never touches its profiles or their default action.
options:
  state:
    description:
      - With V(enabled), every active profile lets the port in.
      - With V(disabled), every enabled rule that names the port and allows it is disabled, whoever made it, also one
        that names a range of ports.
      - Where the firewall is off, or lets in what no rule names, the port stays open all the same. With V(disabled) the
        task then fails after it has disabled rules. When there were none to disable, it succeeds, and RV(after) tells.
    type: str
    choices:
      - enabled
      - disabled
    default: enabled
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
  - winops.rdp._winrm.proves
notes:
  - It reads the port from the host. To move the listener, set the port with M(winops.rdp.rdp_listener) first.
  - Only TCP is opened. Remote Desktop works without UDP.
  - Refused are V(enabled) where Group Policy makes local rules void in an active profile
    (C(AllowLocalPolicyMerge) 0), V(enabled) where an enabled rule blocks the port, and V(disabled) where the rule that
    allows it comes from Group Policy or lets WinRM in as well. The message says which profile or rule it is, and
    nothing is changed.
  - A rule that does not name the port but allows all ports counts for nothing. So the port can be open although the
    firewall area of the facts says that it is not.
  - A rule is added with C(netsh.exe), which the host starts through a WinRM shell, or through WMI where policy forbids
    remote shells.
  - Before Windows 8 and Server 2012, C(netsh.exe) switches the whole group of a rule, all three profiles count as
    active, and a rule outside any group can not be switched.
seealso:
  - module: winops.rdp.rdp_listener
  - module: winops.rdp.rdp_probe
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Let Remote Desktop through the firewall
  winops.rdp.rdp_firewall:
    state: enabled

- name: Tell which rules would be enabled
  winops.rdp.rdp_firewall:
    state: enabled
  check_mode: true
  diff: true
  register: firewall

- name: Show them
  ansible.builtin.debug:
    var: firewall.changes

- name: Close the port in the firewall
  winops.rdp.rdp_firewall:
    state: disabled
"""

RETURN = r"""
port:
  description: TCP port of the listener, which the rules are about.
  returned: success
  type: int
  sample: 3389
before:
  description: What the firewall did before.
  returned: success
  type: dict
  contains:
    state:
      description: V(enabled) when every active profile let the port in, else V(disabled).
      type: str
      sample: disabled
  sample:
    state: disabled
after:
  description: What it does afterwards; in check mode, what it would do.
  returned: success
  type: dict
  contains:
    state:
      description: V(enabled) when every active profile lets the port in, else V(disabled).
      type: str
      sample: enabled
  sample:
    state: enabled
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - "firewall rule RemoteDesktop-UserMode-In-TCP: False -> True"
restart_required:
  description: Always empty. A firewall rule counts at once.
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
