#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_certificate
short_description: Give the Remote Desktop listener of a Windows host a certificate that it can use
version_added: 1.0.0
description:
  - Has Windows make a new self-signed certificate when the present one can not be used, gives the key files and their
    folder the access back that Windows needs, and sets which certificate the listener uses.
  - Only what is asked for is looked at. Give O(self_signed_valid), O(machine_keys_acl), O(self_signed_store),
    O(binding), or several.
  - When several are given, the store comes first, then access, the binding, and the self-signed certificate.
options:
  self_signed_valid:
    description:
      - Have a self-signed certificate in the store C(Remote Desktop) that can be used.
      - It is made anew when there is none, when it has O(min_days_left) days left or fewer, when its key file is
        missing, or when the store names no private key for it. A certificate that is fine stays.
      - The old one is deleted from the store C(Remote Desktop), and SessionEnv is restarted, which makes a new one.
        That cuts nobody off. Windows alone decides on its name, key and validity.
      - It also counts when another certificate is bound, though the listener does not use it then.
    type: bool
    default: false
  min_days_left:
    description:
      - A self-signed certificate that is valid for this many days or fewer, by the clock of the host, is made anew.
        Only with O(self_signed_valid=true).
    type: float
    default: 0.0
  machine_keys_acl:
    description:
      - Let Windows use the key files of the listener's certificates, in
        C(%ProgramData%\Microsoft\Crypto\RSA\MachineKeys).
      - On a key file, SYSTEM gets Full control and NETWORK SERVICE Read. On the folder itself, Administrators get Full
        control, and Everyone reads and writes without delete, for this folder only. These are the entries that
        Microsoft documents.
      - Only what is missing is given, and entries that deny it to the same account are taken away. All other entries,
        the owner and inheritance stay as they are. Other key files, and folders below, are not touched.
    type: bool
    default: false
  self_signed_store:
    description:
      - Have Windows make its certificate in the store C(Remote Desktop), where the listener looks for it. The value
        C(SelfSignedCertStore) of C(WinStations). After a change SessionEnv is restarted, which cuts nobody off.
    type: bool
    default: false
  binding:
    description:
      - Which certificate the listener uses. The value C(SSLCertificateSHA1Hash) of C(RDP-Tcp).
      - V(self_signed) deletes the value, so that the listener uses Windows' self-signed certificate.
      - A thumbprint, 40 hexadecimal digits in upper or lower case, without spaces, binds the certificate that has it in
        the store C(MY) (Personal) of the machine. It must be there with its private key, and must not have expired.
      - Without this option the binding stays as it is.
    type: str
  force:
    description:
      - Whether to change certificates on an RD Connection Broker, too. Without it that is refused, since a deployment
        manages its certificates itself.
    type: bool
    default: false
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.changes
  - winops.rdp._winrm
  - winops.rdp._winrm.changes
notes:
  - When SessionEnv makes no new certificate within 60 seconds, the old one is put back, and the task fails. Windows
    then gives the reason in the System log, source TerminalServices-RemoteConnectionManager, events 1057 and 1058.
  - A renewal is refused while SessionEnv is disabled. Enable it first with M(winops.rdp.rdp_service). Check mode does
    not refuse it, because a task before may have announced just that.
  - After a change a new WinRM connection is made. When that fails, the changes are taken back and the task fails.
  - An access list that could not be read is not written. It is named in RV(unread), and RV(after.machine_keys_acl) is
    null.
  - Access lists are set with C(takeown.exe) and C(icacls.exe), which the host starts through a WinRM shell, or through
    WMI where policy forbids remote shells. Accounts are named by SID, so the language of Windows makes no difference.
  - A certificate is never deleted from the store C(MY), a key file never at all, and the folder is never renamed.
  - The access that a bound certificate's key needs can also be given in the certificates console. This module does it
    for keys that CryptoAPI keeps as files in MachineKeys. Keys of a key storage provider are left alone.
seealso:
  - module: winops.rdp.rdp_facts
  - module: winops.rdp.rdp_service
  - name: An internal error has occurred (Remote Desktop)
    description: Microsoft on the self-signed certificate, its key file and the access to it.
    link: https://learn.microsoft.com/en-us/troubleshoot/windows-server/remote/internal-error-has-occurred-connecting-remote-machine
  - name: Default permissions for the MachineKeys folders
    description: Microsoft on the access list of the folder.
    link: https://learn.microsoft.com/en-us/troubleshoot/windows-server/windows-security/default-permissions-machinekeys-folders
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Have a self-signed certificate with a key that the listener may read
  winops.rdp.rdp_certificate:
    self_signed_valid: true
    machine_keys_acl: true
  register: certificate

- name: Restart Remote Desktop where a change asks for it, unless users are connected
  winops.rdp.rdp_service:
    name: TermService
    state: restarted
  when: "'TermService' in certificate.restart_required"

- name: Renew in good time, before the certificate ends
  winops.rdp.rdp_certificate:
    self_signed_valid: true
    min_days_left: 14

- name: Tell what is wrong with the access to the keys, and change nothing
  winops.rdp.rdp_certificate:
    machine_keys_acl: true
  check_mode: true
  diff: true

- name: Use the certificate that the company's authority has issued to this host
  winops.rdp.rdp_certificate:
    binding: "{{ rdp_thumbprint }}"
    machine_keys_acl: true

- name: Go back from a certificate that is gone to Windows' own
  winops.rdp.rdp_certificate:
    binding: self_signed
    self_signed_valid: true
"""

RETURN = r"""
before:
  description: What the options are about, as it was before.
  returned: success
  type: dict
  contains:
    binding:
      description: Thumbprint of the bound certificate, or V(self_signed).
      type: str
      sample: self_signed
    self_signed_valid:
      description: Whether there is a self-signed certificate that O(self_signed_valid) would leave as it is.
      type: bool
      sample: false
    self_signed_thumbprint:
      description: Thumbprint of the self-signed certificate, or null.
      type: str
      sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
    self_signed_not_after:
      description: End of its validity, in UTC, or null.
      type: str
      sample: "2026-09-30T06:03:40Z"
    self_signed_store:
      description: Whether Windows makes its certificate in the store C(Remote Desktop).
      type: bool
      sample: true
    machine_keys_acl:
      description: Whether Windows has the access that it needs; null when an access list could not be read.
      type: bool
      sample: true
  sample:
    binding: self_signed
    self_signed_valid: false
    self_signed_thumbprint: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
    self_signed_not_after: "2026-09-30T06:03:40Z"
    machine_keys_acl: true
    self_signed_store: true
after:
  description:
    - The same afterwards. In check mode, what was asked for. What a new certificate will be is not known then, so
      thumbprint and validity are those of the old one.
  returned: success
  type: dict
  contains:
    binding:
      description: Thumbprint of the bound certificate, or V(self_signed).
      type: str
      sample: self_signed
    self_signed_valid:
      description: Whether there is a self-signed certificate that O(self_signed_valid) would leave as it is.
      type: bool
      sample: true
    self_signed_thumbprint:
      description: Thumbprint of the self-signed certificate, or null.
      type: str
      sample: 7D3F0F6B0B1C5A3E4F8E2D9C6A7B58493E2D1C0F
    self_signed_not_after:
      description: End of its validity, in UTC, or null.
      type: str
      sample: "2027-04-04T08:15:07Z"
    self_signed_store:
      description: Whether Windows makes its certificate in the store C(Remote Desktop).
      type: bool
      sample: true
    machine_keys_acl:
      description: Whether Windows has the access that it needs; null when an access list could not be read.
      type: bool
      sample: true
  sample:
    binding: self_signed
    self_signed_valid: true
    self_signed_thumbprint: 7D3F0F6B0B1C5A3E4F8E2D9C6A7B58493E2D1C0F
    self_signed_not_after: "2027-04-04T08:15:07Z"
    machine_keys_acl: true
    self_signed_store: true
changes:
  description: Each change in one line. In check mode, each change that would be made.
  returned: success, and when a change failed
  type: list
  elements: str
  sample:
    - >-
      delete the key HKLM\SOFTWARE\Microsoft\SystemCertificates\Remote
      Desktop\Certificates\00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
unread:
  description: Access lists that could not be read, and that are therefore left as they are, one sentence each.
  returned: success
  type: list
  elements: str
  sample: []
renewed:
  description: Why the self-signed certificate was made anew, or in check mode would be. Empty when it was not.
  returned: success
  type: str
  sample: it ends on 2026-09-30T06:03:40Z
restart_required:
  description:
    - V(TermService) when access or the binding changed, since the listener takes them up when it starts. A new
      self-signed certificate needs no restart, so else it is empty.
  returned: success
  type: list
  elements: str
  sample: []
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
