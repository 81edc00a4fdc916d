#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_service
short_description: Set, start and restart the services of Remote Desktop on a Windows host
version_added: 1.0.0
description:
  - Sets how a service starts, as which account it runs, and which program TermService loads. Starts or restarts it.
  - It does not restart TermService while people are connected, unless O(disconnect_users) says so.
  - It neither stops nor disables a service for good.
options:
  name:
    description:
      - Name of the service, not the display name.
      - V(TermService) is Remote Desktop itself. V(UmRdpService) redirects printers, drives and ports. V(SessionEnv)
        makes and renews the self-signed certificate. V(CertPropSvc) propagates certificates. V(KeyIso) keeps the
        private keys. V(CryptSvc) manages the certificate stores.
    type: str
    required: true
    choices:
      - TermService
      - UmRdpService
      - SessionEnv
      - CertPropSvc
      - KeyIso
      - CryptSvc
  start_mode:
    description:
      - V(auto) starts the service with Windows, V(manual) when something asks for it, and V(default) is what Windows
        ships. Without this option the start mode stays as it is.
    type: str
    choices:
      - auto
      - manual
      - default
  account:
    description:
      - V(default) gives the service the account back that Windows ships. The service takes it up when it starts.
      - The account that it had comes back with M(winops.rdp.rdp_restore) only when it is one of Windows' own, since the
        password of any other is not known.
    type: str
    choices:
      - default
  program:
    description:
      - V(default) has TermService load Microsoft's program again, C(%SystemRoot%\System32\termsrv.dll). The value
        C(ServiceDll) of C(HKLM\SYSTEM\CurrentControlSet\Services\TermService\Parameters). The service takes it up when
        it starts.
      - It is refused where that file is not there. Only for O(name=TermService).
    type: str
    choices:
      - default
  state:
    description:
      - V(started) starts the service when it does not run.
      - V(restarted) does that, too, and stops and starts a service that runs, every time. What depends on it and runs
        is stopped before it and started after it.
      - Without this option the service goes on as it is.
    type: str
    choices:
      - started
      - restarted
  disconnect_users:
    description:
      - Whether TermService may be restarted while people are connected through Remote Desktop, which cuts them off.
        Their sessions and programs go on, and they can connect again.
      - Only for O(name=TermService) with O(state=restarted).
    type: bool
    default: false
  end_hung:
    description:
      - Whether the process of a service that hangs may be ended, so that it can start anew. A service hangs when it
        refuses to stop, or has not stopped after O(wait_timeout) seconds.
      - With O(state=started) or O(state=restarted), a service that is between two states counts as one that is to be
        restarted.
      - It is refused where other services run in the same process. Only a restart of Windows helps there.
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
    details: With O(state=restarted) a service that runs is restarted every time.
notes:
  - Give O(start_mode), O(account), O(program), O(state), or several. One restart does for all of them.
  - When people are connected, TermService is not restarted. The task does not fail. RV(connected) counts them,
    RV(restart_required) names TermService, and RV(msg) says so.
  - From Windows 8 and Server 2012 on, the established TCP connections to the port of the listener are counted. Before,
    the logon sessions of type 10 are, of which Windows can list some that are over. So the number may be too high
    there.
  - A service that is disabled does not start. Set O(start_mode) as well.
  - A restart is not noted in the journal, since it leaves nothing to take back.
seealso:
  - module: winops.rdp.rdp_listener
  - module: winops.rdp.rdp_certificate
  - module: winops.rdp.rdp_facts
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Make the services run that a certificate needs
  winops.rdp.rdp_service:
    name: "{{ item.name }}"
    start_mode: "{{ item.start_mode }}"
    state: started
  loop:
    - name: KeyIso
      start_mode: manual
    - name: CryptSvc
      start_mode: auto
    - name: SessionEnv
      start_mode: manual

- name: Enable Remote Desktop's own service again and start it
  winops.rdp.rdp_service:
    name: TermService
    start_mode: manual
    state: started

- name: Restart Remote Desktop if nobody is connected
  winops.rdp.rdp_service:
    name: TermService
    state: restarted
  register: restart
  until: restart.restart_required | length == 0
  retries: 10
  delay: 60

- name: Restart Remote Desktop in the maintenance window, whoever is connected
  winops.rdp.rdp_service:
    name: TermService
    state: restarted
    disconnect_users: true

- name: Undo what a tool has done to Remote Desktop's own service
  winops.rdp.rdp_service:
    name: TermService
    start_mode: default
    account: default
    program: default
    state: restarted
    end_hung: true

- name: Tell whether the service would be started
  winops.rdp.rdp_service:
    name: SessionEnv
    state: started
  check_mode: true
"""

RETURN = r"""
before:
  description: The service before.
  returned: success
  type: dict
  contains:
    start_mode:
      description: V(auto), V(manual) or V(disabled).
      type: str
      sample: disabled
    state:
      description: V(running), V(stopped), or what Windows says on the way between them, such as V(start_pending).
      type: str
      sample: stopped
    account:
      description: As which account it runs.
      type: str
      sample: NT Authority\NetworkService
    program:
      description: The value C(ServiceDll), null where there is none. Only with O(program).
      type: str
      sample: '%SystemRoot%\System32\termsrv.dll'
  sample:
    start_mode: disabled
    state: stopped
    account: NT Authority\NetworkService
after:
  description: The service afterwards; in check mode, as it would be.
  returned: success
  type: dict
  contains:
    start_mode:
      description: V(auto), V(manual) or V(disabled).
      type: str
      sample: manual
    state:
      description: V(running), V(stopped), or what Windows says on the way between them, such as V(start_pending).
      type: str
      sample: running
    account:
      description: As which account it runs.
      type: str
      sample: NT Authority\NetworkService
    program:
      description: The value C(ServiceDll), null where there is none. Only with O(program).
      type: str
      sample: '%SystemRoot%\System32\termsrv.dll'
  sample:
    start_mode: manual
    state: running
    account: NT Authority\NetworkService
changes:
  description: Each change in one line, without restarts. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - "start mode TermService: disabled -> manual"
    - "service state TermService: stopped -> running"
restarted:
  description:
    - The services that were restarted, in the order in which they started.
    - In check mode only the service of O(name), without those that depend on it.
  returned: success
  type: list
  elements: str
  sample: [TermService, UmRdpService]
connected:
  description: How many people a restart of TermService would have cut off. V(0) when no restart was to be made.
  returned: success
  type: int
  sample: 2
restart_required:
  description:
    - The service of O(name) when it was not restarted because people are connected, or when its account or program
      changed and it goes on as before. Else empty.
  returned: success
  type: list
  elements: str
  sample: [TermService]
msg:
  description: Why the service was not restarted.
  returned: when people are connected, and on failure
  type: str
  sample: >-
    TermService was not restarted: 2 user(s) are connected by Remote Desktop and would be cut off; restart it later, or
    set disconnect_users to true
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
