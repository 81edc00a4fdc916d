# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of the modules: what each one can and can not do."""

    # An action on the controller or on a host.
    DOCUMENTATION = r"""
attributes:
  action:
    description: Whether an action plugin of the same name does the work on the controller.
    support: full
  async:
    description: Whether the C(async) keyword can be used.
    support: none
  become:
    description: Whether the C(become) keywords have an effect.
    support: none
  bypass_host_loop:
    description: Whether the task runs once for all hosts, as with C(run_once).
    support: none
  check_mode:
    description: Whether the task can run in check mode, where it tells what it would change and changes nothing.
    support: full
  diff_mode:
    description: Whether the task shows what it changes, or would change, in diff mode.
  idempotent:
    description: Whether a second run right after a first one, with the same options, changes nothing.
    support: full
  platform:
    description: The systems that the module works on.
    support: full
"""

    # An action on a Windows host through its WinRM connection.
    HOST = r"""
attributes:
  action_group:
    description: The groups that C(module_defaults) can name to set options of many modules at once.
    support: full
    membership:
      - winops.rdp.rdp
  connection:
    description: Whether the task uses the connection that the inventory gives the host.
    support: partial
    details: The connection plugins P(ansible.builtin.winrm#connection) and P(ansible.builtin.psrp#connection).
  delegation:
    description: Whether C(delegate_to) works.
    support: full
    details: The task then works on the Windows host that it is delegated to.
  platform:
    platforms: windows
"""

    # A module that changes nothing anywhere.
    READS = r"""
attributes:
  check_mode:
    details: The module changes nothing, so it does the same in check mode.
  diff_mode:
    support: N/A
    details: The module changes nothing.
"""

    # A module that brings about a state of the host.
    CHANGES = r"""
attributes:
  check_mode:
    details: Everything is read and planned as in a real run; nothing is written, not even the journal.
  diff_mode:
    support: full
    details: The diff is RV(before) and RV(after).
"""
