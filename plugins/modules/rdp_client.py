#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_client
short_description: Put settings of a Remote Desktop client right
version_added: 1.0.0
description:
  - Works on a Windows machine that people connect from, with what it remembers and how it is set.
  - What no option names stays as it is.
options:
  encryption_oracle:
    description:
      - How the machine deals with the other end of CredSSP where that lacks the correction of CVE-2018-0886, the value
        C(AllowEncryptionOracle). It counts for the machine as a client and as a host, after a restart of Windows.
      - V(default) deletes the value, so that Windows decides, which is as V(mitigated) since May 2018.
      - V(mitigated) does not connect to hosts without the correction. V(force_updated) accepts no such clients, either.
      - V(vulnerable) does both, and needs O(allow_weaker).
    type: str
    choices:
      - default
      - force_updated
      - mitigated
      - vulnerable
  udp:
    description:
      - Whether the client uses UDP besides TCP, the value C(fClientDisableUDP). V(default) deletes the value, so that
        UDP is used.
      - V(disabled) helps clients of Windows 11 24H2 that lose UDP sessions to old hosts after a minute.
    type: str
    choices:
      - default
      - enabled
      - disabled
  redirection_warning:
    description:
      - The dialog that opens before an .rdp file is used, the value C(RedirectionWarningDialogVersion).
      - V(current) is the one of April 2026, which V(default) is as well. V(previous) is the one before, which warns
        less and so needs O(allow_weaker).
    type: str
    choices:
      - default
      - current
      - previous
  forget_certificates_of:
    description:
      - Servers, by the names that users type, whose certificate the client is to forget. The next connection asks the
        user again.
      - Only the value C(CertHash) of these servers is deleted, in the profile of each user who is logged on.
    type: list
    elements: str
    default: []
  forget_licenses:
    description:
      - Whether to delete the licenses in C(MSLicensing\Store). The client is then given one again.
      - Only Per Device licenses are kept on a client. For its next license, start C(mstsc) once with full rights.
    type: bool
    default: false
  allow_weaker:
    description:
      - Whether V(vulnerable) of O(encryption_oracle) and V(previous) of O(redirection_warning) may be set.
    type: bool
    default: false
  force:
    description:
      - Whether to go on where a member of a domain does not tell what Group Policy sets.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
notes:
  - A value that a Group Policy object sets is left alone, and the task fails with the name of that object.
  - A certificate that has changed for no known reason is also what an interception looks like. Find out why before
    you make clients forget it.
  - The profile of a user who is not logged on is not loaded, so that nothing is found or put back there.
seealso:
  - module: winops.rdp.rdp_client_facts
  - module: winops.rdp.rdp_tls
    description: Sets which TLS versions the client speaks.
  - name: CredSSP updates for CVE-2018-0886
    description: Microsoft on AllowEncryptionOracle.
    link: https://support.microsoft.com/help/4093492
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Take a left-over of 2018 away
  winops.rdp.rdp_client:
    encryption_oracle: default

- name: Keep clients of Windows 11 24H2 to TCP
  winops.rdp.rdp_client:
    udp: disabled

- name: Forget the old certificate of a server that has a new one
  winops.rdp.rdp_client:
    forget_certificates_of:
      - srv01.corp.example
      - srv01

- name: Tell whether the machine keeps licenses
  winops.rdp.rdp_client:
    forget_licenses: true
  check_mode: true
  diff: true
"""

RETURN = r"""
before:
  description: What was there before, of the options that were given.
  returned: success
  type: dict
  contains:
    encryption_oracle:
      description: As in O(encryption_oracle).
      type: str
      sample: vulnerable
    udp:
      description: As in O(udp).
      type: str
      sample: default
    redirection_warning:
      description: As in O(redirection_warning).
      type: str
      sample: default
    certificates:
      description: The profiles that kept a certificate of O(forget_certificates_of).
      type: list
      elements: dict
      contains:
        sid:
          description: The user.
          type: str
          sample: S-1-5-21-1-2-3-1001
        server:
          description: The server.
          type: str
          sample: srv01.corp.example
    licenses:
      description: The licenses that were there, with O(forget_licenses).
      type: list
      elements: str
      sample: [LICENSE000]
after:
  description: What is there afterwards, in the same form. In check mode, what was asked for.
  returned: success
  type: dict
  sample:
    encryption_oracle: default
    certificates: []
    licenses: []
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - >-
      registry value HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\Client\fClientDisableUDP:
      absent -> 1
restart_required:
  description: Always empty, no service has to restart.
  returned: success
  type: list
  elements: str
  sample: []
reboot_required:
  description: Whether a change counts only after a restart of Windows.
  returned: success
  type: bool
  sample: true
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
