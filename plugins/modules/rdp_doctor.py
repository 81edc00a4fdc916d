#!/usr/bin/python
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation only: the action plugin of the same name does the work on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: rdp_doctor
short_description: Find out why Ansible can not talk to a Windows host, or that it can
version_added: 1.0.0
description:
  - Looks at the way from the controller to the account's rights on the host, one thing after the other, and says for
    each what was found and, where it is not as it should be, the one thing to do.
  - 'The controller: versions, the Python packages that the connection of the host needs, and Kerberos where it is
    used.'
  - 'The connection: the options that the inventory has put in force, and what looks wrong in them.'
  - 'The network, without credentials: the name, TCP, TLS and the certificate, whether WinRM answers, which
    authentication it offers, and how far its clock is off.'
  - 'The host, with the account: who answers, the limits of WinRM, remote shells, and whether the account may read what
    this collection reads.'
  - What could not be found out is V(skipped), and the text says why.
options: {}
extends_documentation_fragment:
  - winops.rdp._attributes
  - winops.rdp._attributes.host
  - winops.rdp._attributes.reads
  - winops.rdp._winrm
notes:
  - The task fails for bad options only. Whatever it finds, a host that is down or refuses the account included, is a
    result. For a task that fails, see the examples.
  - Passwords and keys are told as V(set) or V(not set). The user and password in the URL of a proxy are left out.
  - An account is tried once with each authentication of the connection, and not at all where an earlier check shows
    that it would be in vain. Without Python's packages, a connection or an authentication that the host offers, no
    password is sent.
  - It opens no remote shell and leaves nothing on the host.
seealso:
  - module: winops.rdp.rdp_diagnose
  - module: winops.rdp.rdp_facts
author:
  - the winops.rdp authors (@winops)
"""

EXAMPLES = r"""
# From the command line: ansible windows -m winops.rdp.rdp_doctor
- name: Find out what stands between Ansible and the host
  winops.rdp.rdp_doctor:
  register: doctor

- name: Show what there is to do
  ansible.builtin.debug:
    msg: "{{ doctor.msg }}"

- name: Show everything that is not as it should be
  ansible.builtin.debug:
    msg: "{{ item.text }} {{ item.todo }}"
  loop: "{{ doctor.checks | rejectattr('status', 'in', ['ok', 'skipped']) }}"
  loop_control:
    label: "{{ item.name }}"

- name: Fail where Ansible can not work with the host
  winops.rdp.rdp_doctor:
    timeout: 60
  register: doctor
  failed_when: doctor.checks | selectattr('status', 'equalto', 'failed') | length > 0
"""

RETURN = r"""
msg:
  description: One line, that all is well, or what to do first and why.
  returned: always
  type: str
  sample: >-
    Port 5986 of 192.0.2.10 refuses connections, so nothing listens there. Port 5985 is open. Set ansible_port to 5985
    and ansible_winrm_scheme to http.
checks:
  description:
    - Everything that was looked at, in the order in which one thing needs the other.
    - Names begin with C(controller), C(kerberos), C(connection), C(network) or C(service).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What was looked at.
      type: str
      sample: network.tcp
    status:
      description: >-
        V(ok), V(warning) (works, or may work, and looks wrong), V(failed), or V(skipped) (not found out).
      type: str
      sample: failed
    text:
      description: What was found, or why it was not looked for.
      type: str
      sample: Port 5986 of 192.0.2.10 refuses connections, so nothing listens there. Port 5985 is open.
    todo:
      description: The one thing to do. Empty when there is nothing.
      type: str
      sample: Set ansible_port to 5985 and ansible_winrm_scheme to http.
controller:
  description: What the controller has.
  returned: always
  type: dict
  contains:
    python:
      description: Version of the Python that runs Ansible.
      type: str
      sample: 3.11.7
    ansible_core:
      description: Version of ansible-core.
      type: str
      sample: 2.19.14
    collection:
      description: Version of this collection.
      type: str
      sample: 1.0.0
    openssl:
      description: The OpenSSL of Python.
      type: str
      sample: OpenSSL 3.0.19 27 Jan 2026
    packages:
      description: The Python packages that the connection of this host needs.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the package.
          type: str
          sample: pywinrm
        version:
          description: Its version. Empty when it is not there, or does not tell.
          type: str
          sample: 0.5.0
        least:
          description: The oldest version that will do. Empty for any.
          type: str
          sample: 0.5.0
        state:
          description: V(present), V(missing), V(too_old) or V(broken) (it can not be imported).
          type: str
          sample: present
        reason:
          description: Why it can not be imported. Empty when it can.
          type: str
          sample: ""
    kerberos:
      description: Kerberos on the controller. Null when the connection does not use it.
      type: dict
      contains:
        managed:
          description: Whether Ansible gets the ticket itself, with the password.
          type: bool
          sample: false
        configuration:
          description: The configuration files in force that exist.
          type: list
          elements: str
          sample: [/etc/krb5.conf]
        default_realm:
          description: The realm of users that name none. Empty when no file sets it.
          type: str
          sample: EXAMPLE.COM
        kinit:
          description: Path of the program that the connection P(ansible.builtin.winrm#connection) gets tickets with.
          type: str
          sample: /usr/bin/kinit
        cache:
          description: The ticket cache, from C(KRB5CCNAME). Empty for the default one.
          type: str
          sample: FILE:/tmp/krb5cc_1000
        ticket:
          description: >-
            V(valid), V(none) (no ticket, or one that has expired), V(unknown), or V(not_needed) where
            RV(controller.kerberos.managed).
          type: str
          sample: valid
        principal:
          description: Whose ticket it is. Empty when there is none.
          type: str
          sample: ansible@EXAMPLE.COM
connection:
  description: >-
    The options of the connection in force for this host. Empty for another connection than
    P(ansible.builtin.winrm#connection) and P(ansible.builtin.psrp#connection).
  returned: always
  type: dict
  contains:
    plugin:
      description: The connection plugin.
      type: str
      sample: winrm
    address:
      description: Name or address of the host.
      type: str
      sample: 192.0.2.10
    port:
      description: The TCP port.
      type: int
      sample: 5986
    scheme:
      description: V(http) or V(https).
      type: str
      sample: https
    path:
      description: The path of the URL.
      type: str
      sample: /wsman
    methods:
      description: >-
        How the connection logs on, in the order in which it tries: V(ntlm), V(kerberos), V(basic), V(credssp),
        V(certificate) or V(negotiate).
      type: list
      elements: str
      sample: [ntlm]
    user:
      description: The user.
      type: str
      sample: ansible
    password:
      description: V(set) or V(not set).
      type: str
      sample: set
    client_certificate:
      description: File with the certificate of the client. Empty for none.
      type: str
      sample: ""
    client_key:
      description: V(set) or V(not set).
      type: str
      sample: not set
    validates:
      description: Whether the certificate of the host is validated.
      type: bool
      sample: true
    trust:
      description: >-
        CA file or folder that it is validated against, also where the environment names it. Empty for the default of
        Python's requests.
      type: str
      sample: /etc/ssl/certs/example-ca.pem
    encryption:
      description: Encryption of messages, V(auto), V(always) or V(never).
      type: str
      sample: auto
    proxy:
      description: URL of the proxy, without its user and password. Empty for none.
      type: str
      sample: ""
    proxy_source:
      description: V(option), V(environment), or empty.
      type: str
      sample: ""
    kerberos_name:
      description: Name that stands in for the address in Kerberos. Empty for none.
      type: str
      sample: ""
    kerberos_mode:
      description: V(managed) when the connection gets tickets with the password, else V(manual).
      type: str
      sample: managed
    kinit:
      description: The program that gets tickets. Empty for P(ansible.builtin.psrp#connection), which needs none.
      type: str
      sample: kinit
    kinit_environment:
      description: Variables of the environment that are handed on to it.
      type: list
      elements: str
      sample: [KRB5_CONFIG]
    operation_timeout:
      description: Seconds that the connection gives the host for an operation.
      type: int
      sample: 20
    read_timeout:
      description: Seconds that the connection waits for an answer.
      type: int
      sample: 30
network:
  description: What the way to the host shows to somebody without credentials.
  returned: always
  type: dict
  contains:
    addresses:
      description: The addresses of the host, or of the proxy. The one that took the connection comes first.
      type: list
      elements: str
      sample: [192.0.2.10]
    tcp:
      description: V(open), V(refused), V(filtered), V(unreachable) or V(not_tried).
      type: str
      sample: open
    tls:
      description: The TLS of the port. Null when it was not tried.
      type: dict
      contains:
        version:
          description: The version that was agreed on. Empty when the handshake failed.
          type: str
          sample: TLSv1.2
        cipher:
          description: The cipher suite, as OpenSSL names it.
          type: str
          sample: ECDHE-RSA-AES256-GCM-SHA384
        certificate:
          description: The certificate of the host. Null when there is none that can be read.
          type: dict
          contains:
            sha1:
              description: Its thumbprint.
              type: str
              sample: 9C1185A5C5E9FC54612808977EE8F548B2258D31
            sha256:
              description: Its SHA-256.
              type: str
              sample: E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
            subject:
              description: Whose it is.
              type: str
              sample: CN=rds01.example.com
            issuer:
              description: Who signed it.
              type: str
              sample: CN=Example CA
            names:
              description: The names and addresses that it is for.
              type: list
              elements: str
              sample: [rds01.example.com]
            serial:
              description: Its serial number in hexadecimal digits.
              type: str
              sample: 16ED2AA0495F259D4F5D99EDADA570D1
            not_before:
              description: The first moment at which it is valid.
              type: str
              sample: "2026-01-10T08:00:00Z"
            not_after:
              description: The last moment at which it is valid.
              type: str
              sample: "2027-01-10T08:00:00Z"
            days_left:
              description: Days until then, by the clock of the controller.
              type: float
              sample: 49.5
            self_signed:
              description: Whether its own key signed it.
              type: bool
              sample: false
            key_algorithm:
              description: V(RSA), V(EC) or an OID.
              type: str
              sample: RSA
            key_bits:
              description: Size of the key.
              type: int
              sample: 2048
            signature_algorithm:
              description: How it is signed.
              type: str
              sample: sha256WithRSAEncryption
            eku:
              description: OIDs of what it may be used for. Empty for everything.
              type: list
              elements: str
              sample: [1.3.6.1.5.5.7.3.1]
        trusted:
          description: >-
            Whether the settings of the connection accept it. Null when they do not validate, or when it could not be
            found out.
          type: bool
          sample: true
        reason:
          description: Why it is not trusted, or why there is no TLS. Empty for neither.
          type: str
          sample: ""
    offered:
      description: The authentication that the service offers, as HTTP names it. A client certificate is never offered.
      type: list
      elements: str
      sample: [Negotiate, Kerberos]
    identified:
      description: Whether the service says to anybody that it is WS-Management.
      type: bool
      sample: true
    clock_skew:
      description: Seconds that the clock of the host is ahead of that of the controller. Null when it does not tell.
      type: int
      sample: 1
service:
  description: What the host said to the account. Null without a logon.
  returned: always
  type: dict
  contains:
    product_vendor:
      description: The vendor, by Identify.
      type: str
      sample: Microsoft Corporation
    product_version:
      description: The version, by Identify.
      type: str
      sample: "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
    protocol_version:
      description: The protocol, by Identify.
      type: str
      sample: http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd
    windows:
      description: What Windows calls itself, and its version. Empty when the account may not read it.
      type: str
      sample: Microsoft Windows Server 2022 Standard 10.0.20348
    limits:
      description: Limits of WinRM. Null where it does not say.
      type: dict
      contains:
        max_envelope_kb:
          description: The largest message.
          type: int
          sample: 500
        max_timeout_ms:
          description: The longest time for an operation.
          type: int
          sample: 60000
        max_operations_per_user:
          description: Operations of an account at a time.
          type: int
          sample: 1500
        max_connections:
          description: Connections at a time.
          type: int
          sample: 300
        max_shells_per_user:
          description: Remote shells of an account at a time.
          type: int
          sample: 30
    authentication:
      description: What the service is configured to accept.
      type: list
      elements: str
      sample: [Kerberos, Negotiate]
    allow_unencrypted:
      description: Whether it accepts messages in clear text. Null when it does not say.
      type: bool
      sample: false
    channel_bindings:
      description: Whether it demands that an authentication is bound to its TLS, V(None), V(Relaxed) or V(Strict).
      type: str
      sample: Relaxed
    remote_shell:
      description: Whether remote shells are allowed. Null when it does not say.
      type: bool
      sample: true
"""
