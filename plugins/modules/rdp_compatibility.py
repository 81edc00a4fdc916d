#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_compatibility
short_description: Foresee which clients can connect to which hosts
version_added: 1.0.0
description:
  - Takes clients and servers, and says for each pair whether a connection would reach the logon, where it would end
    otherwise, what the user would see, and the one change on either side that lets the client in.
  - It looks at the security protocol (standard RDP security, TLS, CredSSP), Network Level Authentication, TLS versions,
    cipher suites, the key of the server's certificate, and the correction of CVE-2018-0886 on both sides.
  - It asks no host. It works on what was read before, or on what a Windows release does by default.
  - The change is never one that takes security away from a server.
options:
  clients:
    description:
      - The clients. Each is the name of a profile, C(ansible_facts.rdp_client) of M(winops.rdp.rdp_client_facts), or a
        dictionary of your own.
      - Profiles are the Windows releases as clients by default, in the form of
        RV(winops.rdp.rdp_facts#module:ansible_facts.rdp.system.release), such as V(11-24h2), V(10-22h2), V(7) or
        V(2019); V(7-rdc8) (Windows 7 with KB2592687 and TLS 1.1 and 1.2 on), V(xp-sp3), V(freerdp-2) and
        V(freerdp-3) (with OpenSSL 3).
      - A dictionary of your own has C(profile), which it is based on (without it, the newest release), and what differs
        from that, which is any of C(name), C(protocols) (a list of V(rdp), V(tls) and V(credssp)), C(tls_versions)
        (such as V(TLS 1.2)), C(suites) (names of cipher suites), C(credssp_fixed) and C(encryption_oracle)
        (V(force_updated), V(mitigated) or V(vulnerable)).
    type: list
    elements: raw
    required: true
  servers:
    description:
      - The servers. Each needs one of O(servers[].facts), O(servers[].wire) and O(servers[].release). With several, the
        facts count first, and the others fill what they leave open.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name to call it by.
        type: str
        required: true
      facts:
        description:
          - What M(winops.rdp.rdp_facts) says, C(ansible_facts.rdp), or RV(winops.rdp.rdp_diagnose#module:facts). It
            tells most with the areas C(system), C(listener), C(tls), C(certificate), C(updates) and C(logon).
        type: dict
      wire:
        description:
          - The report of M(winops.rdp.rdp_probe). With C(depth=full) it has the TLS versions and cipher suites.
        type: dict
      release:
        description:
          - The Windows release, as in RV(winops.rdp.rdp_facts#module:ansible_facts.rdp.system.release), or V(xp) or
            V(2003). It counts as it is by default, with Remote Desktop on and up to date.
        type: str
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.reads
attributes:
  platform:
    platforms: posix
    details: This is where the module runs. It needs no connection to any host.
notes:
  - It says what protocols and settings allow. Whether there is a way through the network, and whether an account may
    log on, it does not know.
  - Run it once, with C(run_once).
seealso:
  - module: winops.rdp.rdp_client_facts
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_probe
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Which of our clients can connect to which of our hosts
  winops.rdp.rdp_compatibility:
    clients:
      - 11-24h2
      - 10-22h2
      - "7"
      - freerdp-3
    servers: "{{ dict(names | zip(facts)) | dict2items(key_name='name', value_name='facts') }}"
  vars:
    names: "{{ ansible_play_hosts_all }}"
    facts: "{{ names | map('extract', hostvars, ['ansible_facts', 'rdp']) }}"
  run_once: true
  register: pairs

- name: Show what does not work, and what would make it work
  ansible.builtin.debug:
    msg: "{{ item.client }} to {{ item.server }}: {{ item.reason }} {{ item.change.text }}"
  loop: "{{ pairs.rows | rejectattr('connects', 'eq', true) }}"
  loop_control:
    label: "{{ item.client }} to {{ item.server }}"

- name: Before a hardening, see whom it would lock out
  winops.rdp.rdp_compatibility:
    clients:
      - name: the help desk
        profile: 10-22h2
        tls_versions:
          - TLS 1.2
      - "{{ hostvars['pc17'].ansible_facts.rdp_client }}"
    servers:
      - name: rds01
        facts: "{{ hostvars['rds01'].ansible_facts.rdp }}"
      - name: the gateway, as it looks from outside
        wire: "{{ gateway_probe.wire }}"
      - name: what we move to
        release: "2025"
"""

RETURN = r"""
msg:
  description: How many pairs there are, and how many of them connect.
  returned: always
  type: str
  sample: "8 pairs: 6 connect, 1 fail, 1 are not known."
rows:
  description: One entry for each pair, server by server.
  returned: always
  type: list
  elements: dict
  contains:
    client:
      description: Name of the client.
      type: str
      sample: freerdp-3
    server:
      description: Name of the server.
      type: str
      sample: rds08
    connects:
      description: Whether it gets as far as the logon. Null when too little is known.
      type: bool
      sample: false
    stage:
      description: >-
        Where it ends, V(x224), V(tls) or V(credssp). V(ready) when it gets through, V(unknown) when that is not known.
      type: str
      sample: tls
    protocol:
      description: The security protocol that the server selects, V(rdp), V(tls) or V(credssp), or null.
      type: str
      sample: credssp
    tls_version:
      description: The TLS version that both use, or null.
      type: str
      sample: null
    suite:
      description: The cipher suite that the server chooses by its own order, or null.
      type: str
      sample: null
    suites:
      description: All cipher suites that both have for that version and that the server's key can serve.
      type: list
      elements: str
      sample: []
    nla:
      description: Whether Network Level Authentication is V(used) or V(not_used), or V(unknown).
      type: str
      sample: used
    credssp:
      description: >-
        What the correction of CVE-2018-0886 does to the pair, V(allowed), V(blocked), V(not_used) or V(unknown).
      type: str
      sample: unknown
    errors:
      description: What the user may see. The codes are those of the client's program, C(mstsc) or FreeRDP.
      type: list
      elements: str
      sample: ["0x00020008"]
    reason:
      description: Why it ends there, or how it gets through, one sentence.
      type: str
      sample: "No TLS version in common: the client has TLS 1.2, TLS 1.3, the server TLS 1.0."
    change:
      description: The one change that lets the client in.
      type: dict
      contains:
        side:
          description: V(client) or V(server). Empty when nothing has to change, or no single change does.
          type: str
          sample: server
        text:
          description: What to do, one sentence. Empty when nothing has to change.
          type: str
          sample: Enable TLS 1.2 on the server (rdp_tls), and install KB3080079.
    certainty:
      description: V(known), or V(partly) when something that plays a part is not known.
      type: str
      sample: known
    missing:
      description: What is not known.
      type: list
      elements: str
      sample: []
summary:
  description: One entry for each server.
  returned: always
  type: list
  elements: dict
  contains:
    server:
      description: Name of the server.
      type: str
      sample: rds08
    connects:
      description: Names of the clients that get through.
      type: list
      elements: str
      sample: [11-24h2, 10-22h2]
    fails:
      description: Names of the clients that do not.
      type: list
      elements: str
      sample: [freerdp-3]
    unknown:
      description: Names of the clients of which that is not known.
      type: list
      elements: str
      sample: []
"""
