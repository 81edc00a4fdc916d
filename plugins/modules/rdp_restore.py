#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_restore
short_description: Take back what this collection has changed on a Windows host
version_added: 1.0.0
description:
  - Every change of this collection is noted on the host before it is made, in the registry below
    C(HKLM\SOFTWARE\winops.rdp\Journal). This module takes the changes of a run back, the newest first.
  - A run is one run of C(ansible-playbook), or of one ad-hoc task.
  - What somebody else has changed since stays as it is, and so does what Windows has replaced for good. RV(kept) tells
    both, with the reason.
  - What was taken back leaves the journal. A task that is cut off can be run again and does the rest.
options:
  run:
    description:
      - Which run to take back. V(last) is the newest one in the journal, V(all) is every run, V(current) is the run
        that this task belongs to, which may have changed nothing, and anything else the id of one, as RV(runs) lists
        them.
    type: str
    default: last
  force:
    description:
      - Whether to take back what somebody else has changed since, too. The value from before our change is set, and
        theirs is lost.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
attributes:
  idempotent:
    support: partial
    details: With O(run=last) each task takes back the newest run that is left.
notes:
  - It restores what was, also where that was weaker. The next diagnosis says so.
  - A self-signed certificate that Windows has made anew is not exchanged for the old one, whose key is gone.
  - A removed update can not be put back, and RV(kept) says so. So does it of what was changed in the profile of a user
    who is not logged on now; that stays in the journal.
  - Restarts are not in the journal. RV(restart_required) names the services that have
    to start anew; the role P(winops.rdp.rollback#role) restarts them. RV(reboot_required) says the same of Windows.
  - The scheduled task C(winops.rdp.undo) of M(winops.rdp.rdp_update), which a controller that died has left, is called
    off with any run.
  - After the last change a new connection proves that the host can still be reached; if not, this task is undone.
seealso:
  - module: winops.rdp.rdp_diagnose
  - module: winops.rdp.rdp_service
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Tell what could be taken back
  winops.rdp.rdp_restore:
    run: all
  check_mode: true
  register: restore

- name: Take the last run back
  winops.rdp.rdp_restore:

- name: Take one run back, by its id
  winops.rdp.rdp_restore:
    run: 92d1ede2

- name: Take everything back, also what somebody else has changed since
  winops.rdp.rdp_restore:
    run: all
    force: true
"""

RETURN = r"""
before:
  description: What was taken back, as it was before this task, by kind and name. Absent things are null.
  returned: success
  type: dict
  sample:
    'start_mode SessionEnv': manual
after:
  description: The same things afterwards; in check mode, as they would be.
  returned: success
  type: dict
  sample:
    'start_mode SessionEnv': disabled
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - "start mode SessionEnv: manual -> disabled"
kept:
  description: The changes of the run that were not taken back.
  returned: success
  type: list
  elements: dict
  contains:
    change:
      description: The change, in one line.
      type: str
      sample: "start mode TermService: disabled -> manual"
    reason:
      description: Why it stands.
      type: str
      sample: somebody has changed it since; set force to true to take it back all the same
runs:
  description: The runs that the journal had before this task, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    run:
      description: The id of the run.
      type: str
      sample: 92d1ede2
    at:
      description: When it began, by the clock of the controller.
      type: str
      sample: "2026-11-22T08:15:00Z"
    modules:
      description: The modules that changed something.
      type: list
      elements: str
      sample: [rdp_service]
    changes:
      description: The changes, each in one line, the oldest first.
      type: list
      elements: str
      sample:
        - "start mode SessionEnv: disabled -> manual"
restart_required:
  description: Services that take up what was restored only when they start.
  returned: success
  type: list
  elements: str
  sample: [TermService]
reboot_required:
  description:
    - Whether something that was restored counts only after a restart of Windows. What Windows had not taken up before
      it was restored needs none.
  returned: success
  type: bool
  sample: false
msg:
  description: How many changes stand, and why the first of them does; why the task failed.
  returned: when changes were not taken back, and on failure
  type: str
  sample: >-
    1 change(s) were not taken back: somebody has changed it since; set force to true to take it back all the same.
journal:
  description: Always empty, since taking back is not noted in the journal.
  returned: success
  type: str
  sample: ""
run:
  description: Always empty, for the same reason.
  returned: success
  type: str
  sample: ""
"""
