#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_listener
short_description: Set how the Remote Desktop listener of a Windows host takes connections
version_added: 1.0.0
description:
  - Sets values of the listener C(RDP-Tcp) and of Remote Desktop Services in the registry of the host.
  - Only the options that are given are looked at. Give at least one.
  - An option counts as set when Windows applies that value, whether a policy, an administrator or the default of the
    Windows version decides it. So no value is written where Windows does the wanted thing anyway.
options:
  enabled:
    description:
      - Whether Remote Desktop is on for this host. The value C(fDenyTSConnections) (0 is on) of C(Terminal Server).
      - It does not open the firewall. See M(winops.rdp.rdp_firewall).
    type: bool
  station_enabled:
    description:
      - Whether the listener C(RDP-Tcp) is on. Its value C(fEnableWinStation).
    type: bool
  security_layer:
    description:
      - What protects the connection. The value C(SecurityLayer) of C(RDP-Tcp).
      - V(rdp) (0) is the old encryption of RDP, which does not prove to the client which host it talks to.
      - V(negotiate) (1) is TLS when the client offers it, else V(rdp).
      - V(tls) (2) is TLS always.
    type: str
    choices:
      - rdp
      - negotiate
      - tls
  nla:
    description:
      - Whether a user has to log on before a session is made (Network Level Authentication). The value
        C(UserAuthentication) of C(RDP-Tcp).
    type: bool
  min_encryption_level:
    description:
      - The lowest encryption that is taken. The value C(MinEncryptionLevel) of C(RDP-Tcp), V(low) (1),
        V(client_compatible) (2), V(high) (3) or V(fips) (4).
      - Windows does not take V(low) together with O(security_layer=tls).
    type: str
    choices:
      - low
      - client_compatible
      - high
      - fips
  negotiation:
    description:
      - Whether client and host negotiate the security protocol. The value C(fAllowSecProtocolNegotiation) of
        C(RDP-Tcp). O(nla=true) and O(security_layer=negotiate) need it.
    type: bool
  port:
    description:
      - TCP port of the listener, from 1 to 65535. The value C(PortNumber) of C(RDP-Tcp).
      - It does not open the firewall for the new port. See M(winops.rdp.rdp_firewall).
    type: int
  max_outstanding_connections:
    description:
      - How many connections may be open that have not logged on yet, from 1 to 4294967295. The value
        C(MaxOutstandingConnections) of C(Terminal Server).
      - A decimal number. Users who had to raise it wrote 65536, which is 0x10000; guides that say 10000 mean that
        hexadecimal number.
      - Without it Server 2008 takes 50 (Microsoft, KB954398); what later releases take is not documented. Find and keep
        out whoever opens so many connections first.
    type: int
  max_instances:
    description:
      - How many connections the listener takes at most, from 0 to 4294967295, which is no limit. The value
        C(MaxInstanceCount) of C(RDP-Tcp).
    type: int
  prompt_for_password:
    description:
      - Whether a user has to enter the password in the session, although the client has sent one. The value
        C(fPromptForPassword) of C(RDP-Tcp).
    type: bool
  drain_mode:
    description:
      - Whether the host refuses new sessions. The value C(TSServerDrainMode) of C(Terminal Server), V(off) (0),
        V(until_restart) (1, until the host restarts) or V(on) (2). Users can still go back to the sessions that they
        have.
    type: str
    choices:
      - "off"
      - until_restart
      - "on"
  logons_allowed:
    description:
      - Whether the listener lets users log on. The value C(fLogonDisabled) (0 is yes) of C(RDP-Tcp).
    type: bool
  user_logons_allowed:
    description:
      - Whether the host lets users log on through Remote Desktop. The value C(TSUserEnabled) (0 is yes) of
        C(Terminal Server).
    type: bool
  allow_weaker:
    description:
      - Whether O(security_layer), O(nla), O(negotiation), O(min_encryption_level) and O(prompt_for_password) may be set
        to something weaker than what the host has now, and to values that contradict each other. Without it such a task
        is refused.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
notes:
  - C(Terminal Server) is C(HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server), and C(RDP-Tcp) is
    C(WinStations\RDP-Tcp) below it.
  - Group Policy can set O(enabled), O(security_layer), O(nla), O(min_encryption_level), O(max_instances) and
    O(prompt_for_password), in C(HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services). There a local value
    does not count. When the policy sets something else than the option, the task is refused and names the value, and
    nothing is changed.
  - Refused always, because Windows does not work with it, are O(security_layer=tls) with O(min_encryption_level=low),
    and O(security_layer=rdp) with O(nla=true). What is not given counts as the host has it.
  - Where the key C(RDP-Tcp) is gone, nothing is set on it, since that would make a key with one value. The task is
    refused and says how to get the key back, from a host of the same Windows version.
  - The module restarts nothing. RV(restart_required) says when TermService has to restart before a change counts. For
    that use M(winops.rdp.rdp_service), which does not cut off users unless told to.
seealso:
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_service
  - module: winops.rdp.rdp_firewall
  - name: General Remote Desktop connection troubleshooting
    description: Microsoft on the values of the listener in the registry.
    link: https://learn.microsoft.com/en-us/troubleshoot/windows-server/remote/rdp-error-general-troubleshooting
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Switch Remote Desktop on, with TLS and Network Level Authentication
  winops.rdp.rdp_listener:
    enabled: true
    security_layer: tls
    nla: true
    min_encryption_level: high
  register: listener

- name: Restart Remote Desktop where a change asks for it, unless users are connected
  winops.rdp.rdp_service:
    name: TermService
    state: restarted
  when: "'TermService' in listener.restart_required"

- name: Tell what would change, and change nothing
  winops.rdp.rdp_listener:
    security_layer: tls
    nla: true
  check_mode: true
  diff: true

- name: Let users in again after maintenance
  winops.rdp.rdp_listener:
    drain_mode: "off"
    logons_allowed: true
    user_logons_allowed: true

- name: Move the listener to another port
  winops.rdp.rdp_listener:
    port: 3390

- name: Let an old client in that knows no Network Level Authentication
  winops.rdp.rdp_listener:
    nla: false
    allow_weaker: true
"""

RETURN = r"""
before:
  description: The options that were given, as the host applied them before.
  returned: success
  type: dict
  sample:
    nla: false
    security_layer: negotiate
after:
  description: The same options as the host applies them afterwards; in check mode, as it would.
  returned: success
  type: dict
  sample:
    nla: true
    security_layer: tls
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - >-
      registry value HKLM\SYSTEM\CurrentControlSet\Control\Terminal
      Server\WinStations\RDP-Tcp\UserAuthentication: 0 -> 1
restart_required:
  description:
    - The services that have to restart before the changes count. V(TermService) after a change of any option but
      O(enabled), O(drain_mode), O(logons_allowed) and O(user_logons_allowed).
    - Microsoft's pages differ on which values Windows takes up without a restart. This is the safe reading.
  returned: success
  type: list
  elements: str
  sample: [TermService]
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
