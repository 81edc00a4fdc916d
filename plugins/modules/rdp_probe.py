#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_probe
short_description: Find out from the network how far a Remote Desktop connection gets
version_added: 1.0.0
description:
  - Connects to a Remote Desktop listener the way that mstsc does, stage by stage (name, TCP, X.224 negotiation, TLS),
    and tells at which stage and why the connection ends.
  - It needs no credentials and sends none, changes nothing on the host, and makes at most two TCP
    connections, one after the other.
  - It runs on any machine with Python, so that the same host can be probed from several places in the network.
options:
  host:
    description:
      - Name or address of the host to probe. A module can not know the address of the inventory host, so pass it, as in
        the examples.
    type: str
    required: true
  port:
    description:
      - TCP port of the listener, from 1 to 65535.
    type: int
    default: 3389
  deadline:
    description:
      - Seconds after which the probe has ended, name resolution included. More than 0 and at most 300.
    type: float
    default: 10.0
  source:
    description:
      - Address of the probing machine to connect from. It also decides between IPv4 and IPv6.
      - Without it, the operating system chooses.
    type: str
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: The probe reads only, so it does the same in check mode.
  diff_mode:
    support: none
    details: Nothing is ever changed.
  platform:
    support: full
    platforms: posix
    details: This is where the module runs. The hosts that it probes run Windows, or any other RDP server.
notes:
  - A host that is found broken is a result, not a failure of the task. The task fails for options that can not be used.
  - TLS is offered from version 1.0 on, as far as the OpenSSL of the probing machine can. A warning says when it can not
    and the host may look broken because of that.
  - Each probe is a connection without a logon. A host that counts those against an attack counts the probe too.
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
- name: Probe every Windows host from the controller
  winops.rdp.rdp_probe:
    host: "{{ ansible_host | default(inventory_hostname) }}"
  delegate_to: localhost
  register: probe

- name: Say where the connection ends
  ansible.builtin.assert:
    that: probe.wire.ready
    fail_msg: "{{ probe.wire.stage }}: {{ probe.wire.reason }}"

- name: Probe from a jump host in the users' network, from its second address
  winops.rdp.rdp_probe:
    host: rds01.example.com
    port: 3390
    deadline: 5
    source: 192.0.2.20
  delegate_to: jump01
"""

RETURN = r"""
msg:
  description: The reason of the report, one line.
  returned: always
  type: str
  sample: The server selected credssp_early_auth and completed TLS 1.2
wire:
  description: The report. Every key is always there.
  returned: when the options can be used
  type: dict
  contains:
    schema:
      description: Version of this shape.
      type: int
      sample: 1
    host:
      description: The host as it was given.
      type: str
      sample: rds01.example.com
    port:
      description: The port as it was given.
      type: int
      sample: 3389
    stage:
      description: Where the connection ended, V(dns), V(tcp), V(x224) or V(tls), or V(ready) when it got through.
      type: str
      sample: tls
    ready:
      description:
        - Whether a client can go on to log on.
        - Also true when only standard RDP security is offered. RV(wire.warnings) says so then.
      type: bool
      sample: false
    reason:
      description: Why the connection ended there, one line.
      type: str
      sample: >-
        The server closed the connection after our TLS ClientHello: it can not use its certificate's private key, or
        shares no TLS version with this client
    client_errors:
      description: The error codes that mstsc may show at this point, as far as they are known.
      type: list
      elements: str
      sample: ["0x904/0x7"]
    tcp:
      description: The TCP connection.
      type: dict
      contains:
        result:
          description: >-
            V(open), V(refused), V(filtered) (no answer), V(unreachable), V(reset) or V(not_tried). Of several addresses
            that failed, the most telling one.
          type: str
          sample: open
        address:
          description: The address that RV(wire.tcp.result) is about.
          type: str
          sample: 192.0.2.7
        addresses:
          description: All addresses of the host, in the order in which they are tried.
          type: list
          elements: str
          sample: ["192.0.2.7"]
    x224:
      description: The RDP negotiation.
      type: dict
      contains:
        result:
          description:
            - V(response) when a security protocol was selected, V(failure) when the server refused,
              V(no_negotiation) when it does not know negotiation (Windows XP and 2003), V(closed), V(reset),
              V(timeout), V(garbage) or V(not_tried).
          type: str
          sample: response
        requested:
          description:
            - Security protocols of the request that was answered. V(rdp) alone means that the server refused the first
              request, which asks for TLS and CredSSP, and was asked again for standard RDP security.
          type: list
          elements: str
          sample: [tls, credssp, credssp_early_auth]
        selected:
          description: V(rdp), V(tls), V(credssp), V(credssp_early_auth), V(rdstls), V(entra), or null.
          type: str
          sample: credssp_early_auth
        flags:
          description: Microsoft's names of the flags in the negotiation response.
          type: list
          elements: str
          sample: [EXTENDED_CLIENT_DATA_SUPPORTED, DYNVC_GFX_PROTOCOL_SUPPORTED]
        failure_code:
          description:
            - Code of the negotiation failure, or null. It stays when standard RDP security was accepted afterwards.
          type: int
          sample: 3
        failure:
          description: Microsoft's name of that code, or null.
          type: str
          sample: SSL_CERT_NOT_ON_SERVER
    tls:
      description: The TLS handshake.
      type: dict
      contains:
        result:
          description:
            - V(completed) proves that the server can use its certificate's private key.
            - Otherwise V(closed), V(reset), V(timeout), V(alert), V(error) or V(not_tried).
          type: str
          sample: closed
        version:
          description: The version agreed on, or null.
          type: str
          sample: TLS 1.2
        cipher:
          description: OpenSSL's name of the cipher suite agreed on, or null.
          type: str
          sample: ECDHE-RSA-AES256-GCM-SHA384
        alert:
          description: Name of the alert with which the server refused, or null.
          type: str
          sample: handshake_failure
        detail:
          description: What OpenSSL said of an error, or empty.
          type: str
          sample: wrong version number
        certificate:
          description: The certificate of the server once the handshake is complete, or null.
          type: dict
          contains:
            sha1:
              description: SHA-1 fingerprint, the thumbprint that Windows uses.
              type: str
              sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
            sha256:
              description: SHA-256 fingerprint.
              type: str
              sample: A5B05D2AE076130AA41060F53ECD72BDF864EA0179250E927549C94D5AB2499A
            subject:
              description: Whom it was issued to.
              type: str
              sample: CN=rds01.example.com
            issuer:
              description: Who issued it.
              type: str
              sample: CN=rds01.example.com
            serial:
              description: Serial number in hexadecimal.
              type: str
              sample: 16ED2AA0495F259D4F5D99EDADA570D1
            not_before:
              description: Start of its validity, in UTC.
              type: str
              sample: "2026-07-26T06:03:40Z"
            not_after:
              description: End of its validity, in UTC.
              type: str
              sample: "2027-01-25T06:03:40Z"
            days_left:
              description: Days until that end by the clock of the probing machine, negative when it has passed.
              type: float
              sample: 91.25
            self_signed:
              description: Whether subject and issuer are the same. The signature is not checked.
              type: bool
              sample: true
            key_algorithm:
              description: V(RSA), V(EC), or an object identifier.
              type: str
              sample: RSA
            key_bits:
              description: Size of the key, or null when it is not known.
              type: int
              sample: 2048
            signature_algorithm:
              description: Name of the signature algorithm, or its object identifier.
              type: str
              sample: sha256WithRSAEncryption
            eku:
              description: Object identifiers of the extended key usage, empty when every use is allowed.
              type: list
              elements: str
              sample: [1.3.6.1.5.5.7.3.1]
    timings:
      description: Milliseconds spent on each stage, and in total.
      type: dict
      contains:
        dns:
          description: Name resolution.
          type: float
          sample: 1.2
        tcp:
          description: TCP connections.
          type: float
          sample: 0.9
        x224:
          description: RDP negotiation.
          type: float
          sample: 3.1
        tls:
          description: TLS handshake.
          type: float
          sample: 12.8
        total:
          description: All of it.
          type: float
          sample: 18.4
    connections:
      description: TCP connections that were made.
      type: int
      sample: 1
    warnings:
      description: What limits the result or deserves attention.
      type: list
      elements: str
      sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import BadInput, probe


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 3389},
            "deadline": {"type": "float", "default": 10.0},
            "source": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        wire = probe(options["host"], options["port"], deadline=options["deadline"], source=options["source"])
    except BadInput as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, msg=wire["reason"], wire=wire)


if __name__ == "__main__":
    main()
