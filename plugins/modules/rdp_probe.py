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
  - Connects to a Remote Desktop listener the way that mstsc does, stage by stage (name, TCP, X.224 negotiation, TLS,
    CredSSP), and tells at which stage and why the connection ends.
  - It needs no credentials and sends none, changes nothing on the host, and has at most one connection open at a time.
    TLS and TCP are ended cleanly.
  - It speaks TLS itself, from SSL 3.0 to TLS 1.3. What the OpenSSL of the probing machine can or may still speak does
    not limit it.
  - It runs on any machine with Python 3.8 or newer and nothing else, so that the same host can be probed from several
    places in the network.
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
  depth:
    description:
      - V(quick) asks whether a current Windows client can connect. It makes at most three TCP connections, unless
        O(attempts) asks for more.
      - V(full) asks for everything, each security protocol, TLS version, cipher suite and encryption method of standard
        RDP security. That takes some fifty short connections, one after the other with rests between.
        RV(wire.connections) tells how many.
    type: str
    choices: [quick, full]
    default: quick
  stages:
    description:
      - Stages to try. The probe goes as far as the last of them, for each needs those before it.
      - With the depth V(full), each that is named is asked for all it has. For V(x224) that is every security protocol
        and encryption method, for V(tls) every version and cipher suite.
    type: list
    elements: str
    choices: [tcp, x224, tls, credssp]
    default: [tcp, x224, tls, credssp]
  attempts:
    description:
      - How often to go the whole way, from 1 to 10, to tell a steady failure from an intermittent one.
      - Without it, the way is gone once, and again only when the connection was cut, as far as three connections allow.
    type: int
  deadline:
    description:
      - Seconds after which the probe has ended, name resolution included. More than 0 and at most 300.
      - The default is 10 for the depth V(quick) and 60 for V(full).
    type: float
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
  - Each connection ends before a logon. A host or a device that counts those as an attack counts these too, so use
    V(full) with care on hosts behind intrusion prevention.
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

- name: List every TLS version and cipher suite that the listener takes
  winops.rdp.rdp_probe:
    host: rds01.example.com
    depth: full
    stages: [tls]
  delegate_to: localhost
  register: survey

- name: Find out whether connections fail now and then
  winops.rdp.rdp_probe:
    host: rds01.example.com
    attempts: 5
    deadline: 30
  delegate_to: localhost
  register: repeated
"""

RETURN = r"""
msg:
  description: The reason of the report, one line.
  returned: always
  type: str
  sample: The server selected credssp_early_auth and completed TLS 1.2 and CredSSP
wire:
  description: The report. Every key is always there.
  returned: when the options can be used
  type: dict
  contains:
    schema:
      description:
        - Version of this shape.
      type: int
      sample: 2
    host:
      description:
        - The host as it was given.
      type: str
      sample: rds01.example.com
    port:
      description:
        - The port as it was given.
      type: int
      sample: 3389
    depth:
      description:
        - The depth as it was given.
      type: str
      sample: quick
    stage:
      description:
        - Where the connection ended, V(dns), V(tcp), V(x224), V(tls) or V(credssp), or V(ready) when it got as far as
          O(stages) asks.
      type: str
      sample: tls
    ready:
      description:
        - Whether a current client can go on to log on.
        - Also true when only standard RDP security is offered. RV(wire.warnings) says so then.
      type: bool
      sample: false
    reason:
      description:
        - Why the connection ended there, one line.
      type: str
      sample: >-
          The server closed the connection after our TLS ClientHello: it can not use its certificate's private key, or
          shares no TLS version with this client
    client_errors:
      description:
        - The error codes that mstsc may show at this point, as far as they are known.
      type: list
      elements: str
      sample: ["0x904/0x7"]
    tcp:
      description:
        - The TCP connection.
      type: dict
      contains:
        result:
          description:
            - V(open), V(refused), V(filtered) (no answer), V(unreachable) or V(not_tried). Of several addresses
              that failed, the most telling one.
          type: str
          sample: open
        address:
          description:
            - The address that RV(wire.tcp.result) is about.
          type: str
          sample: 192.0.2.7
        addresses:
          description:
            - All addresses of the host, in the order in which they are tried.
          type: list
          elements: str
          sample: ["192.0.2.7"]
        tried:
          description:
            - Each address that was tried.
          type: list
          elements: dict
          contains:
            address:
              description:
                - The address.
              type: str
              sample: 192.0.2.7
            result:
              description:
                - As RV(wire.tcp.result).
              type: str
              sample: open
            milliseconds:
              description:
                - Time until that was known.
              type: float
              sample: 0.9
        own_address:
          description:
            - Whether the address is one of the machine that probes. The client of Windows refuses to connect to its own
              machine with 0x708.
          type: bool
          sample: false
    x224:
      description:
        - The RDP negotiation.
      type: dict
      contains:
        result:
          description:
            - V(response) when a security protocol was selected, V(failure) when the server refused, V(no_negotiation)
              when it does not know negotiation (Windows XP and 2003), V(closed), V(reset), V(timeout), V(garbage) or
              V(not_tried).
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
          description:
            - V(rdp), V(tls), V(credssp), V(credssp_early_auth), V(rdstls), V(entra), or null.
          type: str
          sample: credssp_early_auth
        flags:
          description:
            - Microsoft's names of the flags in the negotiation response.
          type: list
          elements: str
          sample: [EXTENDED_CLIENT_DATA_SUPPORTED, DYNVC_GFX_PROTOCOL_SUPPORTED]
        failure_code:
          description:
            - Code of the negotiation failure, or null. It stays when standard RDP security was accepted afterwards.
          type: int
          sample: 3
        failure:
          description:
            - Microsoft's name of that code, or null.
          type: str
          sample: SSL_CERT_NOT_ON_SERVER
        protocols:
          description:
            - The answer to a request for one security protocol alone, by its name. Depth V(full) asks for V(rdp),
              V(tls), V(credssp), V(credssp_early_auth), V(rdstls) and V(entra), depth V(quick) for what it needs.
          type: dict
          contains:
            result:
              description:
                - V(accepted), V(failure), V(no_negotiation), V(other) when another protocol was selected, V(closed),
                  V(reset), V(timeout) or V(garbage).
              type: str
              sample: failure
            selected:
              description: What was selected, or null.
              type: str
              sample: tls
            failure_code:
              description: Code of the negotiation failure, or null.
              type: int
              sample: 5
            failure:
              description: Microsoft's name of that code, or null.
              type: str
              sample: HYBRID_REQUIRED_BY_SERVER
        security_layer:
          description:
            - The SecurityLayer that the answers show, V(rdp), V(negotiate) or V(tls). Null when they do not tell.
          type: str
          sample: negotiate
        nla:
          description:
            - Whether network level authentication is V(required), V(offered) or V(off). Null when the answers do not
              tell.
          type: str
          sample: required
    tls:
      description:
        - The TLS handshake.
      type: dict
      contains:
        result:
          description:
            - V(completed), or V(closed), V(reset), V(timeout), V(alert), V(error) or V(not_tried).
          type: str
          sample: closed
        offer:
          description:
            - What the client offered, V(modern) for the versions and cipher suites of a current Windows client,
              V(everything) when those were refused and all that Windows ever had was offered next.
          type: str
          sample: modern
        version:
          description:
            - The version that the server chose, or null.
          type: str
          sample: TLS 1.2
        group:
          description:
            - The group of the key exchange, V(x25519), V(secp256r1), V(secp384r1), V(secp521r1) or the size of a
              Diffie-Hellman prime such as V(DH 2048). Null with an RSA key exchange.
          type: str
          sample: secp384r1
        cipher:
          description:
            - The cipher suite that the server chose, by its name in Windows, or null.
          type: str
          sample: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        alert:
          description:
            - Name of the alert with which the server refused, or null.
          type: str
          sample: handshake_failure
        detail:
          description:
            - How the server broke the protocol, or empty.
          type: str
          sample: it is no TLS record
        key_proved:
          description:
            - Whether the server proved that it can use the private key of its certificate.
          type: bool
          sample: true
        certificate:
          description:
            - The certificate of the server, as soon as it was seen, or null.
          type: dict
          contains:
            sha1:
              description:
                - SHA-1 fingerprint, the thumbprint that Windows uses.
              type: str
              sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
            sha256:
              description:
                - SHA-256 fingerprint.
              type: str
              sample: A5B05D2AE076130AA41060F53ECD72BDF864EA0179250E927549C94D5AB2499A
            subject:
              description:
                - Whom it was issued to.
              type: str
              sample: CN=rds01.example.com
            issuer:
              description:
                - Who issued it.
              type: str
              sample: CN=rds01.example.com
            names:
              description:
                - DNS names and addresses that it is for besides.
              type: list
              elements: str
              sample: [rds01.example.com]
            serial:
              description:
                - Serial number in hexadecimal.
              type: str
              sample: 16ED2AA0495F259D4F5D99EDADA570D1
            not_before:
              description:
                - Start of its validity, in UTC.
              type: str
              sample: "2026-07-26T06:03:40Z"
            not_after:
              description:
                - End of its validity, in UTC.
              type: str
              sample: "2027-01-25T06:03:40Z"
            days_left:
              description:
                - Days until that end by the clock of the probing machine, negative when it has passed.
              type: float
              sample: 91.25
            self_signed:
              description:
                - Whether subject and issuer are the same and, where that can be checked, its own key signed it.
              type: bool
              sample: true
            key_algorithm:
              description:
                - V(RSA), V(EC), or an object identifier.
              type: str
              sample: RSA
            key_bits:
              description:
                - Size of the key, or null when it is not known.
              type: int
              sample: 2048
            signature_algorithm:
              description:
                - Name of the signature algorithm, or its object identifier.
              type: str
              sample: sha256WithRSAEncryption
            eku:
              description:
                - Object identifiers of the extended key usage, empty when every use is allowed.
              type: list
              elements: str
              sample: [1.3.6.1.5.5.7.3.1]
        chain:
          description:
            - All certificates that the server sent, its own first.
          type: list
          elements: dict
          contains:
            sha1:
              description:
                - SHA-1 fingerprint, the thumbprint that Windows uses.
              type: str
              sample: 00ABBC7A0DCA04571CB2AB4BB0DC652775F9E20C
            sha256:
              description:
                - SHA-256 fingerprint.
              type: str
              sample: A5B05D2AE076130AA41060F53ECD72BDF864EA0179250E927549C94D5AB2499A
            subject:
              description:
                - Whom it was issued to.
              type: str
              sample: CN=rds01.example.com
            issuer:
              description:
                - Who issued it.
              type: str
              sample: CN=rds01.example.com
            names:
              description:
                - DNS names and addresses that it is for besides.
              type: list
              elements: str
              sample: [rds01.example.com]
            serial:
              description:
                - Serial number in hexadecimal.
              type: str
              sample: 16ED2AA0495F259D4F5D99EDADA570D1
            not_before:
              description:
                - Start of its validity, in UTC.
              type: str
              sample: "2026-07-26T06:03:40Z"
            not_after:
              description:
                - End of its validity, in UTC.
              type: str
              sample: "2027-01-25T06:03:40Z"
            days_left:
              description:
                - Days until that end by the clock of the probing machine, negative when it has passed.
              type: float
              sample: 91.25
            self_signed:
              description:
                - Whether subject and issuer are the same and, where that can be checked, its own key signed it.
              type: bool
              sample: true
            key_algorithm:
              description:
                - V(RSA), V(EC), or an object identifier.
              type: str
              sample: RSA
            key_bits:
              description:
                - Size of the key, or null when it is not known.
              type: int
              sample: 2048
            signature_algorithm:
              description:
                - Name of the signature algorithm, or its object identifier.
              type: str
              sample: sha256WithRSAEncryption
            eku:
              description:
                - Object identifiers of the extended key usage, empty when every use is allowed.
              type: list
              elements: str
              sample: [1.3.6.1.5.5.7.3.1]
        name_match:
          description:
            - Whether the certificate is for the host as it was given. Expect false for an address. Null without one.
          type: bool
          sample: true
        versions:
          description: What each version came to, from V(SSL 3.0) to V(TLS 1.3). Empty without the depth V(full).
          type: dict
          contains:
            result:
              description:
                - V(accepted), V(alert), V(closed), V(reset), V(timeout), V(error), or V(other) when the server answered
                  with another version.
              type: str
              sample: alert
            alert:
              description: Name of the alert with which the version was refused, or null.
              type: str
              sample: protocol_version
            ciphers:
              description: The cipher suites that the server takes, in the order in which it chose them.
              type: list
              elements: str
              sample: [TLS_RSA_WITH_AES_128_CBC_SHA]
            preference:
              description: Whose order of suites decides, V(server) or V(client). Null with fewer than two suites.
              type: str
              sample: server
    credssp:
      description:
        - What the server tells of itself in the first step of a CredSSP logon. That step names no user.
      type: dict
      contains:
        result:
          description:
            - V(challenge), V(refused) (the server takes no NTLM), V(closed), V(reset), V(timeout), V(alert), V(error)
              or V(not_tried).
          type: str
          sample: challenge
        version:
          description:
            - The version of CredSSP that the server speaks, or null.
          type: int
          sample: 6
        error_code:
          description:
            - The NTSTATUS with which the server refused, or null.
          type: str
          sample: "0xC0000022"
        netbios_computer:
          description:
            - NetBIOS name of the computer, or null.
          type: str
          sample: RDS01
        netbios_domain:
          description:
            - NetBIOS name of the domain, or of the computer in a workgroup, or null.
          type: str
          sample: EXAMPLE
        dns_computer:
          description:
            - DNS name of the computer, or null.
          type: str
          sample: rds01.example.com
        dns_domain:
          description:
            - DNS name of the domain, or null.
          type: str
          sample: example.com
        dns_forest:
          description:
            - DNS name of the forest, or null.
          type: str
          sample: example.com
        os_version:
          description:
            - Version and build of Windows, or null.
          type: str
          sample: 10.0.17763
        server_time:
          description:
            - The clock of the server, in UTC, or null.
          type: str
          sample: "2026-11-22T10:00:00Z"
        clock_skew:
          description:
            - Seconds by which that clock is ahead of the probing machine's, or null.
          type: float
          sample: -0.4
        detail:
          description:
            - What was wrong with the answer, or empty.
          type: str
          sample: ""
    standard:
      description:
        - Standard RDP security, where the server selects it.
      type: dict
      contains:
        result:
          description:
            - V(response), V(closed), V(reset), V(timeout), V(error) or V(not_tried).
          type: str
          sample: not_tried
        method:
          description:
            - The encryption that the server chose, V(none), V(40bit), V(56bit), V(128bit) or V(fips), or null.
          type: str
          sample: 128bit
        level:
          description:
            - The encryption level of the server, V(none), V(low), V(client_compatible), V(high) or V(fips), or null.
          type: str
          sample: client_compatible
        methods:
          description:
            - Each encryption that the server takes when nothing else is offered. With depth V(full) only.
          type: list
          elements: str
          sample: [128bit]
        key_bits:
          description:
            - Size of the server's RSA key, or null.
          type: int
          sample: 2048
        detail:
          description:
            - What was wrong with the answer, or empty.
          type: str
          sample: ""
    attempts:
      description:
        - Every time that the probe went the whole way.
      type: list
      elements: dict
      contains:
        offer:
          description:
            - The offer in TLS, as RV(wire.tls.offer).
          type: str
          sample: modern
        stage:
          description:
            - Where it ended, as RV(wire.stage).
          type: str
          sample: tls
        result:
          description:
            - How it ended there.
          type: str
          sample: closed
        milliseconds:
          description:
            - How long it took.
          type: float
          sample: 12.1
    pattern:
      description:
        - V(steady) when comparable attempts ended alike, V(intermittent) when not, null when there were fewer than two
          to compare.
      type: str
      sample: steady
    suspects:
      description:
        - What the network alone makes likely, most likely first. A hint, no diagnosis. M(winops.rdp.rdp_diagnose) looks
          at the host as well.
      type: list
      elements: dict
      contains:
        cause:
          description:
            - The id of a cause.
          type: str
          sample: machine_keys.acl
        why:
          description:
            - What speaks for it.
          type: str
          sample: a server that can not use its private key closes there without a word
    timings:
      description:
        - Milliseconds spent on each stage, on the pauses between connections, and in total.
      type: dict
      contains:
        dns:
          description:
            - Name resolution.
          type: float
          sample: 1.2
        tcp:
          description:
            - TCP connections.
          type: float
          sample: 0.9
        x224:
          description:
            - RDP negotiation.
          type: float
          sample: 3.1
        tls:
          description:
            - TLS handshakes.
          type: float
          sample: 12.8
        credssp:
          description:
            - CredSSP.
          type: float
          sample: 2.2
        standard:
          description:
            - Standard RDP security.
          type: float
          sample: 0.0
        pauses:
          description:
            - Pauses between connections.
          type: float
          sample: 0.0
        total:
          description:
            - All of it.
          type: float
          sample: 20.6
    connections:
      description:
        - TCP connections that were tried.
      type: int
      sample: 2
    complete:
      description:
        - Whether everything was tried that was asked for. V(false) when the deadline came first, or the server took no
          more connections. RV(wire.warnings) says so then.
      type: bool
      sample: true
    warnings:
      description:
        - What limits the result or deserves attention.
      type: list
      elements: str
      sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import DEPTHS, BadInput, probe
from ansible_collections.winops.rdp.plugins.module_utils._wire.walk import STAGES


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 3389},
            "depth": {"type": "str", "choices": list(DEPTHS), "default": "quick"},
            "stages": {"type": "list", "elements": "str", "choices": list(STAGES), "default": list(STAGES)},
            "attempts": {"type": "int"},
            "deadline": {"type": "float"},
            "source": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        wire = probe(**options)
    except BadInput as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, msg=wire["reason"], wire=wire)


if __name__ == "__main__":
    main()
