#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_report
short_description: Show what was found on many hosts as one table
version_added: 1.0.0
description:
  - Prints one line for each host that the role P(winops.rdp.diagnose#role) ran on in this run, and below the table what
    is planned, what has drifted from a baseline, and what was left alone on which host and why.
  - It can write the same as JSON to a file on the controller.
  - It asks no host. It reads the variables that the roles have left.
options:
  hosts:
    description:
      - Names of the hosts to show, as in the inventory. A host without a verdict in this run is left out.
    type: list
    elements: str
    required: true
  path:
    description:
      - A file on the controller that gets the report as JSON, with the keys C(schema), C(counts) and C(hosts), which
        are RV(counts) and RV(rows). Folders that are missing are made.
    type: path
extends_documentation_fragment:
  - winops.rdp._attributes
attributes:
  check_mode:
    details: The table is shown as ever. The file is not written.
  diff_mode:
    support: none
  platform:
    platforms: posix
    details: This is where the module runs. The hosts that it reports on run Windows.
notes:
  - It reads the variables C(diagnose_result) of each host, which the role P(winops.rdp.diagnose#role) registers, and
    C(remediate_before), which the role P(winops.rdp.remediate#role) sets, and C(enforce_before), C(enforce_found) and
    C(enforce_result), which the role P(winops.rdp.enforce#role) sets. When you call M(winops.rdp.rdp_diagnose)
    yourself, register its result under that name.
  - Run it once, at the end of the play, with C(run_once).
seealso:
  - module: winops.rdp.rdp_diagnose
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Show the verdicts of this play
  winops.rdp.rdp_report:
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true

- name: Show them, and keep them
  winops.rdp.rdp_report:
    hosts: "{{ ansible_play_hosts_all }}"
    path: "{{ playbook_dir }}/reports/rdp.json"
  run_once: true

- name: Show them without writing the file
  winops.rdp.rdp_report:
    hosts: "{{ ansible_play_hosts_all }}"
    path: "{{ playbook_dir }}/reports/rdp.json"
  run_once: true
  check_mode: true
"""

RETURN = r"""
table:
  description: The lines that were printed.
  returned: always
  type: list
  elements: str
  sample:
    - HOST   VERDICT  STAGE  CAUSE            EVIDENCE
    - rds01  healthy  ready  -                Remote Desktop works
    - rds02  broken   tcp    service.stopped  The service TermService is stopped.
rows:
  description: The same as data, one entry for each host with a verdict.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: Name of the host in the inventory.
      type: str
      sample: rds02
    before:
      description: The state before a fix; empty when the role P(winops.rdp.remediate#role) did not run.
      type: str
      sample: broken
    state:
      description: >-
        V(healthy), V(degraded), V(broken), V(unreachable) or V(unknown), as in
        RV(winops.rdp.rdp_diagnose#module:verdict.state); or V(blocked) for broken or degraded where nothing is left
        that may be done automatically, because a policy or a farm stands in the way.
      type: str
      sample: healthy
    verdict:
      description: The state of the verdict itself, also where RV(rows[].state) is V(blocked).
      type: str
      sample: broken
    stage:
      description: Where a connection ends, as in RV(winops.rdp.rdp_diagnose#module:verdict.stage).
      type: str
      sample: ready
    cause:
      description: Id of the first finding, or empty.
      type: str
      sample: service.stopped
    causes:
      description: Ids of all findings, the worst and surest first.
      type: list
      elements: str
      sample: [service.stopped, listener.weakened]
    evidence:
      description: The best evidence of that finding, or the summary of the verdict when there is none.
      type: str
      sample: The service TermService is stopped.
    left_alone:
      description: What the plan does not act on, and why.
      type: list
      elements: str
      sample: ["listener.weakened: A policy decides."]
    next:
      description: What to look at next where no proved cause breaks the host, one sentence each.
      type: list
      elements: str
      sample: ["Look the name up on the machine of the user and on the controller."]
    plan:
      description: The steps that the verdict plans, in their order, with causes, risk, restarts and people cut off.
      type: list
      elements: str
      sample: ["1. rdp_service name: TermService, state: started (service.stopped; risk low)"]
    drift:
      description: >-
        Where the host is, or before a repair was, not as its baseline wants it; empty when the role
        P(winops.rdp.enforce#role) did not run.
      type: list
      elements: str
      sample: ["Repaired: listener.nla is false, set on the host; microsoft wants true."]
    worse:
      description: >-
        Whether a fix cut it off, that is, it is broken or unreachable and was better before, or that was taken back.
      type: bool
      sample: false
counts:
  description: How many hosts are in each state. States without a host are missing.
  returned: always
  type: dict
  sample:
    broken: 1
    healthy: 41
"""
