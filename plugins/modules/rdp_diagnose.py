#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_diagnose
short_description: Find out why Remote Desktop to a Windows host fails
version_added: 1.0.0
description:
  - Reads from the host what decides, as M(winops.rdp.rdp_facts) does, connects to its listener from the controller, as
    M(winops.rdp.rdp_probe) does, and judges both together.
  - The verdict names the causes with their evidence, and plans what modules of this collection can do about them.
  - It changes nothing. The role P(winops.rdp.remediate#role) carries the plan out.
options:
  host:
    description:
      - Name or address that the probe connects to. Without it, the address that the inventory has for the connection.
    type: str
  port:
    description:
      - Port that the probe connects to, from 1 to 65535. Without it, the port that the listener is configured for, and
        3389 when that is not known.
    type: int
  probe:
    description:
      - Whether to connect to the listener from the controller. Switch it off where the controller can not reach the
        port but users can, for example through a gateway.
    type: bool
    default: true
  probe_depth:
    description:
      - How much the probe asks, V(quick) or V(full), as the option O(winops.rdp.rdp_probe#module:depth) says. With
        V(full), give O(probe_timeout) a minute.
    type: str
    choices: [quick, full]
    default: quick
  probe_timeout:
    description:
      - Seconds after which the probe ends. More than 0. They come on top of O(timeout).
    type: float
    default: 10.0
  error_code:
    description:
      - The error code that a user sees at the client, as mstsc shows it, such as V(0x904), or in decimal as the event
        1026 of the client has it, such as V(2308). From 0 to V(0xFFFFFFFF).
      - RV(verdict.error) says what it means. Findings that explain it come before others of the same impact.
    type: str
  extended_code:
    description:
      - The extended error code that the client shows beside it, such as V(0x7). It needs O(error_code).
    type: str
  client:
    description:
      - The client that somebody connects from, so that what lies between it and this host is judged, too.
      - It is C(ansible_facts.rdp_client) of the machine that M(winops.rdp.rdp_client_facts) read, or the name of a
        profile, as O(winops.rdp.rdp_compatibility#module:clients) says.
    type: raw
  causes:
    description:
      - Ids of the causes that the plan may act on, such as V(certificate.expired). None means all of them.
      - This and the next four options limit RV(verdict.plan). What they keep out of it is in RV(verdict.left_alone),
        with the reason. Nothing is found or judged differently.
    type: list
    elements: str
    default: []
  risk:
    description:
      - The highest risk that a remedy in the plan may have.
    type: str
    choices: [low, medium, high]
    default: high
  allow_restart:
    description:
      - Whether the plan may have remedies that restart services.
    type: bool
    default: true
  allow_reboot:
    description:
      - Whether the plan may have a restart of Windows, where Windows waits for one, and names it where a step counts
        only then.
    type: bool
    default: false
  force:
    description:
      - Whether the plan may act on an RD Connection Broker, its certificate and its TLS settings included. Every
        connection to the farm depends on that host.
    type: bool
    default: false
  updates:
    description:
      - Updates that are known to harm Remote Desktop, besides those that the collection knows. A host whose build is in
        the range of a row has the finding C(update.regression).
      - Nothing uninstalls an update for that; the finding names the one that brings the correction.
    type: list
    elements: dict
    default: []
    suboptions:
      kb:
        description:
          - Number of the update that brought the defect, such as V(KB5051987).
        type: str
        required: true
      build_from:
        description:
          - Build and revision of the first Windows with the defect, such as V(26100.3194). Write it in quotes, for YAML
            takes V(26100.3190) for a number and drops the zero.
        type: str
        required: true
      build_fixed:
        description:
          - Build and revision of the first Windows without it. It has the same build, and a higher revision.
        type: str
        required: true
      fix_kb:
        description:
          - Number of the update that brought the correction.
        type: str
        required: true
      symptom:
        description:
          - What people see, as a clause, such as V(sessions freeze soon after they begin).
        type: str
        required: true
      product:
        description:
          - Whether the range is one of the client editions, of the server editions, or of both. The same build number
            may have other revisions on either.
        type: str
        choices: [client, server, any]
        default: any
      role:
        description:
          - The end of the connection that misbehaves, V(server) when people connect to such a host, V(client) when
            somebody connects from it.
        type: str
        choices: [server, client]
        default: server
      kir:
        description:
          - The Known Issue Rollback that switches the defect off without another update, where there is one.
        type: str
        default: ""
      source:
        description:
          - Who says so. The evidence of the finding names it.
        type: str
        default: the option updates of this task
      strength:
        description:
          - How good the source is, V(A) for Microsoft, V(B) for Microsoft's staff or a cloud vendor, V(C) for others.
        type: str
        choices: [A, B, C]
        default: C
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.reads
  - winops.rdp._winrm
notes:
  - A host that is broken is a result, not a failure of the task.
  - A host that WinRM does not reach is unreachable for Ansible, too, and its other tasks are skipped. It is probed all
    the same, and the result has RV(verdict) and RV(wire). Set C(ignore_unreachable) to go on with them.
  - The probe sends no credentials and makes at most three TCP connections. A host that counts connections without a
    logon against an attack counts them, too.
  - For a probe from elsewhere in the network, use M(winops.rdp.rdp_probe) on a machine there.
seealso:
  - module: winops.rdp.rdp_client_facts
  - module: winops.rdp.rdp_compatibility
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_probe
  - module: winops.rdp.rdp_report
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Find out why Remote Desktop fails
  winops.rdp.rdp_diagnose:
  register: diagnose_result

- name: Show what was found and what would be done
  ansible.builtin.debug:
    msg:
      state: "{{ diagnose_result.verdict.state }}"
      summary: "{{ diagnose_result.verdict.summary }}"
      findings: "{{ diagnose_result.verdict.findings | map(attribute='id') | list }}"
      plan: "{{ diagnose_result.verdict.plan }}"

- name: Stop where new connections do not get through
  ansible.builtin.assert:
    that: diagnose_result.verdict.state in ['healthy', 'degraded']
    fail_msg: "{{ diagnose_result.verdict.summary }}"

- name: Fix one cause only
  winops.rdp.rdp_certificate:
    self_signed_valid: true
  when: "'certificate.expired' in diagnose_result.verdict.findings | map(attribute='id')"

- name: Probe by the name that users type, and go on with hosts that WinRM does not reach
  winops.rdp.rdp_diagnose:
    host: "{{ inventory_hostname }}.example.com"
    probe_timeout: 5
    timeout: 60
  ignore_unreachable: true

- name: Start from the error code that a user sees
  winops.rdp.rdp_diagnose:
    error_code: "0x904"
    extended_code: "0x7"
  register: diagnose_result

- name: Judge the host for the machine that a user sits at
  winops.rdp.rdp_diagnose:
    client: "{{ hostvars['pc17'].ansible_facts.rdp_client }}"

- name: Plan only what disturbs nobody
  winops.rdp.rdp_diagnose:
    risk: low
    allow_restart: false

- name: Judge by what the host says alone
  winops.rdp.rdp_diagnose:
    probe: false
"""

RETURN = r"""
msg:
  description: The summary of the verdict; why the host could not be asked when it is unreachable.
  returned: always
  type: str
  sample: Remote Desktop Services does not run. The service TermService is stopped and its start mode is disabled.
verdict:
  description: What is wrong, how sure that is, and what can be done.
  returned: success, and when the host is unreachable
  type: dict
  contains:
    schema:
      description: Version of this shape.
      type: int
      sample: 2
    state:
      description:
        - V(healthy), V(degraded) (it works, but is weak or will break), V(broken), V(unreachable) (WinRM does not
          reach the host) or V(unknown) (nothing wrong was found, but not everything could be read and nothing was
          probed).
      type: str
      sample: broken
    stage:
      description: >-
        Where a connection ends, as in RV(wire.stage). V(winrm) when the host could not be asked and nothing was
        probed, and empty when only the probe was left out.
      type: str
      sample: tcp
    reason:
      description: Why it ends there, one line. Empty when nothing was probed.
      type: str
      sample: 192.0.2.7 refused the connection to port 3389
    cause:
      description: Id of the first finding that breaks or degrades something. Empty when there is none.
      type: str
      sample: service.stopped
    summary:
      description: >-
        One line with the title of that finding and its best evidence, or that all is well; with O(error_code), how the
        code agrees with what was found.
      type: str
      sample: Remote Desktop Services does not run. The service TermService is stopped and its start mode is disabled.
    findings:
      description: >-
        What was found, the worst first. Of what is as bad, with O(error_code) what explains it comes first, then what
        ends connections at the stage where they end now, since a fix of anything later can not be proved before; then
        the surest.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the cause, of the form area.problem. It does not change between versions.
          type: str
          sample: service.stopped
        title:
          description: What is wrong, one short sentence.
          type: str
          sample: Remote Desktop Services does not run
        confidence:
          description: V(proved), V(likely) or V(possible).
          type: str
          sample: proved
        impact:
          description: V(breaks) (nobody can connect, or no new logon is let in), V(degrades) or V(informs).
          type: str
          sample: breaks
        evidence:
          description: What speaks for it, at least one.
          type: list
          elements: dict
          contains:
            text:
              description: One sentence with the value that was read.
              type: str
              sample: The service TermService is stopped and its start mode is disabled.
            where:
              description: Where it was read, which is a registry path, a WMI class, a file, or V(wire).
              type: str
              sample: Win32_Service
        contradicts:
          description: What speaks against it.
          type: list
          elements: dict
          contains:
            text:
              description: One sentence with the value that was read.
              type: str
              sample: The service TermService is stopped and its start mode is disabled.
            where:
              description: Where it was read, which is a registry path, a WMI class, a file, or V(wire).
              type: str
              sample: Win32_Service
          sample: []
        explains:
          description: Error code and extended code that a user of mstsc may see because of it.
          type: list
          elements: str
          sample: [0x204/0x0]
        remedies:
          description: Desired states that would end it. Empty when there is nothing that may be done automatically.
          type: list
          elements: dict
          contains:
            module:
              description: The module of this collection that brings the state about.
              type: str
              sample: rdp_service
            options:
              description: Its options.
              type: dict
              sample:
                name: TermService
                start_mode: manual
                state: started
            risk:
              description: V(low), V(medium) or V(high).
              type: str
              sample: low
            restart:
              description: Services that must restart before the change counts; C(Windows) stands for the host.
              type: list
              elements: str
              sample: []
        blocked_by:
          description: >-
            What stands in the way of the remedies, such as a policy or the role of the host in a farm. Else empty.
          type: str
          sample: ""
        decision:
          description: What a person has to decide or to do. Else empty.
          type: str
          sample: ""
        stage:
          description: >-
            The stage at which it ends a connection, as in RV(wire.stage), V(logon) or V(session) for what comes after
            that, or V(client). A fix of it is proved when a new connection gets further. Empty when it ends none.
          type: str
          sample: tcp
        reference:
          description: The best source on this cause, with its strength and where there is one its address.
          type: str
          sample: "Microsoft, TLS registry settings (strength A): https://learn.microsoft.com/"
    plan:
      description: >-
        The remedies of proved and likely findings, merged for each module, in the order in which it is safe to take
        them. The role P(winops.rdp.remediate#role) takes them.
      type: list
      elements: dict
      contains:
        module:
          description: The module to call.
          type: str
          sample: rdp_service
        options:
          description: Its options.
          type: dict
          sample:
            name: TermService
            start_mode: manual
            state: started
        causes:
          description: Ids of the findings that it is for.
          type: list
          elements: str
          sample: [service.stopped]
        risk:
          description: V(low), V(medium) or V(high).
          type: str
          sample: low
        restart:
          description: Services that must restart before the change counts; C(Windows) stands for the host.
          type: list
          elements: str
          sample: []
    left_alone:
      description: The findings that the plan does not act on.
      type: list
      elements: dict
      contains:
        cause:
          description: Id of the finding.
          type: str
          sample: listener.weakened
        reason:
          description: Why not, one sentence.
          type: str
          sample: A policy decides.
    unread:
      description: What could not be read and why, one line each. Empty when everything was.
      type: list
      elements: str
      sample: ["updates: denied: access denied"]
    ruled_out:
      description: The causes that would break the host, and were looked for in vain with all that decides at hand.
      type: list
      elements: dict
      contains:
        cause:
          description: Id of the cause.
          type: str
          sample: certificate.expired
        reason:
          description: What was seen in its place, one or two sentences.
          type: str
          sample: The active certificate is within its dates.
    next:
      description: >-
        What to look at next, one sentence each, the nearest first. Empty when a proved cause breaks the host, or
        nothing that matters is open.
      type: list
      elements: str
      sample: ["Read the area machine_keys with an account that may: it decides on machine_keys.acl."]
    error:
      description: What the error code of the client says. Null without O(error_code).
      type: dict
      contains:
        code:
          description: The code, and the extended code when it was given, in hexadecimal.
          type: str
          sample: 0x904/0x7
        name:
          description: Microsoft's name of the error code. Empty when Microsoft does not document it.
          type: str
          sample: disconnectReasonAtClientWinsockFDCLOSE
        extended_name:
          description: Microsoft's name of the extended code. Empty when there is none, or none was given.
          type: str
          sample: exDiscReasonServerDeniedConnection
        meaning:
          description: What the codes say, or that Microsoft does not document them.
          type: str
          sample: The socket was closed after the TCP connection was made. The host denied the connection.
        source:
          description: The lists or reports that this is from.
          type: str
          sample: Microsoft, IMsTscAxEvents::OnDisconnected; Microsoft, ExtendedDisconnectReasonCode
        strength:
          description: >-
            V(A) (Microsoft), V(C) (reported by others), V(D) (pages that give no source) or V(L) (worked out from the
            lists); of two codes the weaker.
          type: str
          sample: A
        documented:
          description: Whether Microsoft's lists have every code that was given.
          type: bool
          sample: true
        hint:
          description: What may help and is no meaning, such as what users report, or the nearest codes. Else empty.
          type: str
          sample: Codes that end in 07 belong to authentication and certificates.
        fits:
          description: Ids of all causes that can make a client show it, found or not.
          type: list
          elements: str
          sample: [certificate.not_created, machine_keys.acl]
        explained_by:
          description: Ids of the findings that explain it.
          type: list
          elements: str
          sample: [machine_keys.acl]
        not_explained_by:
          description: Ids of the other findings. They are true all the same.
          type: list
          elements: str
          sample: [os.obsolete]
        contradicts:
          description: >-
            What the probe saw and does not agree with the code, such as a connection that got further. The user may
            have another client, another way to the host, or have seen it at another time.
          type: list
          elements: dict
          contains:
            text:
              description: One sentence with what was seen.
              type: str
              sample: A connection from the controller to rds01, port 3389, reached the logon.
            where:
              description: Where it was seen, V(wire).
              type: str
              sample: wire
          sample: []
wire:
  description: >-
    What the probe saw. Null with O(probe=false). The keys are those of RV(winops.rdp.rdp_probe#module:wire), of which
    these come first.
  returned: success, and when the host is unreachable
  type: dict
  contains:
    stage:
      description: >-
        Where the connection ended, V(dns), V(tcp), V(x224), V(tls) or V(credssp), or V(ready) when it
        got through.
      type: str
      sample: tcp
    ready:
      description: Whether a client can go on to log on.
      type: bool
      sample: false
    reason:
      description: Why it ended there, one line.
      type: str
      sample: 192.0.2.7 refused the connection to port 3389
    client_errors:
      description: The error codes that mstsc may show at this point.
      type: list
      elements: str
      sample: [0x204/0x0]
    host:
      description: What was probed.
      type: str
      sample: rds01.example.com
    port:
      description: The port that was probed.
      type: int
      sample: 3389
facts:
  description: >-
    What the host says, in the form of RV(winops.rdp.rdp_facts#module:ansible_facts.rdp). It is not added to the facts
    of the host.
  returned: success
  type: dict
  sample:
    schema: 1
    system:
      status: ok
      reason: ""
      hostname: RDS01
requests:
  description: How many requests were sent to the host.
  returned: success
  type: int
  sample: 41
"""
