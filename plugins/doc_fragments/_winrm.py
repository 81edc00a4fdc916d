# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.

from __future__ import annotations


class ModuleDocFragment:
    """How the modules talk to a Windows host: the options and notes that they share."""

    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - Seconds after which the task ends, whatever the host does. More than 0.
    type: int
    default: 300
  operation_timeout:
    description:
      - Seconds after which one request is given up. WinRM on the host gives up what takes longer; a host that says
        nothing has ten seconds more. More than 0.
      - A read that was given up, or whose reply got lost, is repeated a few times within O(timeout). Before a write is
        repeated, the host is asked over a new connection whether it is done.
    type: int
    default: 60
  wait_timeout:
    description:
      - Seconds to wait for one thing to happen on the host, such as a service that starts. More than 0.
    type: int
    default: 120
requirements:
  - On the controller, C(defusedxml), and C(pywinrm) 0.5.0 or newer for the connection C(winrm) or C(pypsrp) 0.8.1 or
    newer for the connection C(psrp).
notes:
  - Works through the connection plugins P(ansible.builtin.winrm#connection) and P(ansible.builtin.psrp#connection),
    with the options that the inventory has for them. Any other connection makes the task fail.
  - Runs no PowerShell on the host and copies nothing to it. It reads and writes through WMI over WinRM.
  - The account of the connection must be a local administrator of the host. C(become) has no effect; a warning says so.
  - A host that does not answer or does not accept the account is unreachable. Everything else that goes wrong fails the
    task, with what was to be done, where, and what Windows said.
"""

    # What every module that changes a host does besides.
    CHANGES = r"""
options:
  break_lock:
    description:
      - Whether to take the lock of another run on the host away. Only right when that run is dead, for two runs that
        change one host spoil each other's work.
      - The variable C(rdp_break_lock) sets it for all modules and roles.
    type: bool
    default: false
notes:
  - Before its first change a task takes a lock on the host, a key below C(HKLM\SOFTWARE\winops.rdp\Lock), and lets it
    go when it ends. While a task of another run of C(ansible-playbook) holds it, the task fails, changes nothing, and
    names that run. Check mode takes no lock.
  - Every change is noted on the host before it is made, with the state before it, in a key below
    C(HKLM\SOFTWARE\winops.rdp\Journal). RV(journal) names the key. Nothing is noted when nothing changes.
  - When a change fails, the task fails, and the message names the change, what was changed before it and the journal.
"""

    # What a module does besides that makes changes which could end the WinRM connection.
    PROVES = r"""
options: {}
notes:
  - After the changes a new WinRM connection is made. When that fails, all of them are taken back and the task fails.
"""
