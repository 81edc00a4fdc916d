#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_baseline
short_description: Hold what was read from a host against a baseline
version_added: 1.0.0
description:
  - Says where a host is not as a baseline wants it, with what was found, what is wanted and who says so, where the
    value comes from (the Group Policy object by name, where the host has a record of it), and what the diagnosis knows
    of it, such as the repair button of a vendor that leaves a host so.
  - It plans what brings the host back, in the form of RV(winops.rdp.rdp_diagnose#module:verdict.plan). The role
    P(winops.rdp.enforce#role) takes these steps.
  - A baseline is the least that is wanted. A stronger security layer, encryption level or start mode is in line, so
    nothing is ever made weaker.
  - What the diagnosis knows how to mend, such as a certificate, the access to its key, or a service's account, is
    mended with the remedies of that finding.
  - It asks no host.
options:
  facts:
    description:
      - What was read from the host, RV(winops.rdp.rdp_diagnose#module:facts).
    type: dict
    required: true
  findings:
    description:
      - What the diagnosis has found, RV(winops.rdp.rdp_diagnose#module:verdict.findings). Without it, what the facts
        alone tell counts.
    type: list
    elements: dict
    default: []
  baseline:
    description:
      - The baseline, V(microsoft), V(cis) or V(legacy_clients). Empty for none, so that O(settings) is all.
      - V(microsoft) is what Microsoft's support pages and tools expect. TLS alone, Network Level Authentication,
        encryption level high, negotiation on, logons allowed; TLS 1.2 on, and no algorithm that TLS 1.2 and 1.3 live on
        switched off; a certificate in order, with its key and in its store; the port let in and every firewall profile
        on; start modes, accounts and program of the services; AllowEncryptionOracle not left at 2.
      - V(cis) is what the CIS benchmark of Windows Server has for Remote Desktop, rules 18.10.57.3.9.1 and
        18.10.57.3.9.3 to 18.10.57.3.9.5, for the state of the firewall's profiles, 9.1.1, 9.2.1 and 9.3.1, and for
        AllowEncryptionOracle, 18.9.4.1. Rule 18.10.57.3.9.2 (secure RPC) is a value of policies alone and not held.
      - V(legacy_clients) keeps Windows Vista and 7 in. Negotiate, Network Level Authentication, encryption level client
        compatible, TLS 1.0 and TLS 1.2 on, the hash SHA and the key exchange PKCS not switched off, and the rest of
        V(microsoft).
      - None of them says what only the owner of a host can, which is whether Remote Desktop is on and on which port,
        drain mode, how many may connect, and which certificate is bound. O(settings) can.
    type: str
    default: microsoft
  settings:
    description:
      - Values of your own, which come before those of O(baseline). Null takes a value out of it. A value that is weaker
        than that of the baseline is refused.
      - C(listener) has options of M(winops.rdp.rdp_listener) by name.
      - C(protocols) has V(enabled) or V(disabled) by TLS version (its server side).
      - C(ciphers), C(hashes) and C(key_exchange) have V(default) or V(disabled) by the names of
        M(winops.rdp.rdp_tls). V(default) is in line where Windows decides or the value is the one for on.
      - C(tls) has C(usable_suite), V(true) for a cipher suite that current clients and the host share.
      - C(certificate) has V(true) for C(sound) (it is there, has its key and has not expired), C(key_usable) (Windows
        may read the key) and C(own_store) (Windows looks for it where it makes it), and C(binding), a thumbprint of the
        store MY or V(self_signed). A thumbprint that is not in that store fails the step.
      - C(firewall) has V(true) for C(open) (TCP to the listener's port is let in on the active profiles; it counts
        where Remote Desktop is on), and V(on) for C(domain), C(private) and C(public).
      - C(services) has V(manual) or V(auto) by service, C(accounts) has V(default) by service, and C(programs) has
        V(default) for C(TermService).
      - C(client) has C(encryption_oracle), V(default), V(mitigated) or V(force_updated).
    type: dict
    default: {}
  risk:
    description:
      - The highest risk of a step that is planned.
    type: str
    choices:
      - low
      - medium
      - high
    default: high
  allow_restart:
    description:
      - Whether services may be restarted.
    type: bool
    default: true
  allow_reboot:
    description:
      - Whether Windows may be restarted.
    type: bool
    default: false
  force:
    description:
      - Whether a connection broker may be changed.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.reads
attributes:
  platform:
    platforms: posix
    details: This is where the module runs. It needs no connection to any host.
notes:
  - Where something differs, TLS is turned on only when what it needs is in order, a policy's value and a connection
    broker are left alone, and what M(winops.rdp.rdp_listener), M(winops.rdp.rdp_tls), M(winops.rdp.rdp_firewall) or
    M(winops.rdp.rdp_client) would refuse is not planned. RV(drift[].left_alone) says so.
  - A profile of the firewall that is off is told and left alone. Switching it on closes every port that no rule lets
    in, and AWS advises to have it off where security groups filter, so a person decides.
  - A foreign program of TermService that works is left to its owner as well.
seealso:
  - module: winops.rdp.rdp_diagnose
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Read and judge the host
  winops.rdp.rdp_diagnose:
  register: diagnose_result

- name: Hold it against the CIS benchmark, and let TLS 1.0 be off
  winops.rdp.rdp_baseline:
    facts: "{{ diagnose_result.facts }}"
    findings: "{{ diagnose_result.verdict.findings }}"
    baseline: cis
    settings:
      protocols:
        TLS 1.0: disabled
      certificate:
        binding: 51B6D2A9C07F4E3D8A1B0C9D8E7F6A5B4C3D2E1F
      firewall:
        public: null
  register: baseline_result

- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ baseline_result.drift | map(attribute='text') }}"
"""

RETURN = r"""
msg:
  description: How many settings differ.
  returned: always
  type: str
  sample: 1 of 35 settings differ from the baseline.
drift:
  description: One entry for each setting that is not as the baseline wants it.
  returned: always
  type: list
  elements: dict
  contains:
    setting:
      description: The setting, as its dictionary in O(settings), a dot and its name.
      type: str
      sample: listener.nla
    found:
      description: What the host has.
      type: raw
      sample: false
    wanted:
      description: What the baseline wants.
      type: raw
      sample: true
    wanted_by:
      description: Who says so, with the strength of the source.
      type: str
      sample: Microsoft's support tool MSRD-Collect expects 1 (B)
    source:
      description: Where the value on the host comes from, V(policy), V(local) or V(default).
      type: str
      sample: local
    where:
      description: Where it was read, a registry path, a file or a WMI class.
      type: str
      sample: HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp\UserAuthentication
    gpo:
      description: The Group Policy object that sets it. Empty when the host has no record of one.
      type: str
      sample: ""
    causes:
      description: Ids of the findings that know something of it.
      type: list
      elements: str
      sample: [listener.weakened]
    known:
      description: What they know, one entry each, and which repair button or installer leaves a host so.
      type: list
      elements: str
      sample:
        - >-
          The security settings of the listener are weakened. This is as the Azure Run Command DisableNLA leaves it.
    left_alone:
      description: Why the plan does not repair it. Empty when it does.
      type: str
      sample: ""
    text:
      description: All of that in one line.
      type: str
      sample: >-
        listener.nla is false, set on the host; true is wanted. The security settings of the listener are weakened. This
        is as the Azure Run Command DisableNLA leaves it.
plan:
  description: The steps that repair it, in the form of RV(winops.rdp.rdp_diagnose#module:verdict.plan).
  returned: always
  type: list
  elements: dict
  contains:
    module:
      description: The module to call.
      type: str
      sample: rdp_listener
    options:
      description: Its options.
      type: dict
      sample:
        nla: true
    causes:
      description: The settings that it is for, after C(baseline.).
      type: list
      elements: str
      sample: [baseline.listener.nla]
    risk:
      description: V(low), V(medium) or V(high).
      type: str
      sample: medium
    restart:
      description: Services that must restart before the change counts; C(Windows) stands for the host.
      type: list
      elements: str
      sample: []
unread:
  description: Settings of the baseline that could not be read, one entry for each reason.
  returned: always
  type: list
  elements: str
  sample:
    - "protocols.TLS 1.2 and hashes.SHA256: access was denied"
"""
