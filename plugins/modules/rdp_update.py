#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_update
short_description: Remove a Windows update that breaks Remote Desktop, and restart Windows
version_added: 1.0.0
description:
  - Finds the package of an update, removes it with DISM, and restarts Windows where that is allowed.
  - It never downloads or installs anything. RV(guidance) names the update that mends a known defect; to install that
    one is better than to remove the other.
  - Without O(kb) and O(build) it only restarts Windows, where Windows waits for that to finish an update, or where
    a setting that this collection has changed counts only then.
options:
  kb:
    description:
      - Number of the update to remove, such as V(KB5055523) or V(5055523).
      - A cumulative update is known on the host by its build. Its number is enough where this collection has it in the
        list of updates that broke Remote Desktop. Else give O(build).
    type: str
  build:
    description:
      - Build and revision that the update brought, such as V(20348.2113), in quotes. Microsoft's page of an update has
        it.
    type: str
  allow_weaker:
    description:
      - Whether an update may be removed. Without it that is refused, since updates have security fixes.
    type: bool
    default: false
  reboot:
    description:
      - Whether Windows may be restarted, where the removal, an update that was there before, or a setting needs it. The
        task goes on when the host is back, which is when Windows says that it was started later than before.
    type: bool
    default: false
  disconnect_users:
    description:
      - Whether Windows may be restarted while people are connected through Remote Desktop, who lose their sessions.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
notes:
  - Set O(timeout) to an hour or so. DISM works for many minutes, the restart takes its time, and Windows goes on with
    its packages afterwards.
  - A removed update can not be put back. M(winops.rdp.rdp_restore) says so. Install it, or a later one, from Windows
    Update.
  - Refused is what Windows holds as permanent. Cumulative updates of Windows 11 24H2, Server 2025 and newer seem to be.
    C(wusa) removes none that carries the servicing stack.
  - A superseded update is left alone, because the later one is in its place.
  - Over HTTPS, WinRM takes up changed settings of TLS with the restart. Where the journal of this collection has such
    changes since the last start, a scheduled task on the host, C(winops.rdp.undo), takes them back 10 minutes after the
    start and restarts Windows once more, unless this task gets in again over a new connection and calls it off. It does
    not start on batteries. Where it has undone the changes, this task fails and says so. What a controller that died
    has left is called off by M(winops.rdp.rdp_restore).
  - Give O(kb), O(build), or neither.
seealso:
  - module: winops.rdp.rdp_diagnose
  - name: DISM package servicing command-line options
    description: Microsoft on how packages are removed.
    link: https://learn.microsoft.com/en-us/windows-hardware/manufacture/desktop/dism-operating-system-package-servicing-command-line-options
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Tell whether the update is there, and what to install in its place
  winops.rdp.rdp_update:
    kb: KB5008223
    allow_weaker: true
  check_mode: true

- name: Remove it, and restart Windows unless somebody is connected
  winops.rdp.rdp_update:
    kb: KB5008223
    allow_weaker: true
    reboot: true
    timeout: 3600

- name: Finish an update that waits for a restart
  winops.rdp.rdp_update:
    reboot: true
    disconnect_users: true
    timeout: 1800
"""

RETURN = r"""
before:
  description: The host before.
  returned: success
  type: dict
  contains:
    build:
      description: Build and revision of Windows.
      type: str
      sample: "20348.405"
    packages:
      description: The packages of the update that was named.
      type: list
      elements: dict
      contains:
        identity:
          description: Name of the package.
          type: str
          sample: Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6
        state:
          description:
            - V(installed), V(permanent), V(superseded), V(install_pending), V(uninstall_pending), V(absent) or
              V(other).
          type: str
          sample: installed
    reboot_pending:
      description: Whether Windows waits for a restart to finish an update, or a changed setting does.
      type: bool
      sample: false
after:
  description: The host afterwards, in the same form. In check mode, as far as that can be foreseen.
  returned: success
  type: dict
  sample:
    build: "20348.350"
    packages: []
    reboot_pending: false
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - "package Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6: installed -> absent"
rebooted:
  description: Whether Windows was restarted, or would be in check mode.
  returned: success
  type: bool
  sample: true
reboot_required:
  description: Whether Windows waits for a restart now.
  returned: success
  type: bool
  sample: false
connected:
  description: People who were connected through Remote Desktop when a restart was due, else 0.
  returned: success
  type: int
  sample: 0
guidance:
  description: What to do about the update, in sentences. What to install, and why something is left alone.
  returned: success
  type: list
  elements: str
  sample:
    - Install KB5010197 or any later cumulative update, which has the fix for KB5008223.
msg:
  description: Why Windows was not restarted.
  returned: when people are connected
  type: str
  sample: >-
    Windows was not restarted: 2 user(s) are connected by Remote Desktop and would lose their sessions; restart it
    later, or set disconnect_users to true
restart_required:
  description: Always empty, no service has to restart by itself.
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
