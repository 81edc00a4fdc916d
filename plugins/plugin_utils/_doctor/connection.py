# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What looks wrong in the options of a connection, before anything is sent. Pure, but for a look at a CA file."""

from __future__ import annotations

import ipaddress
import os

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.options import SUPPORTED, variable
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Check, Connection, failed, ok, warning

HTTP_PORT, HTTPS_PORT = 5985, 5986
# winrm.FEATURE_SUPPORTED_AUTHTYPES of pywinrm 0.5.0, and the choices of the psrp plugin.
_METHODS = {
    "winrm": ("basic", "certificate", "ntlm", "kerberos", "credssp"),
    "psrp": ("basic", "certificate", "negotiate", "ntlm", "kerberos", "credssp"),
}
ENCRYPTS = frozenset({"ntlm", "kerberos", "credssp", "negotiate"})
# Kerberos takes the ticket of whoever runs Ansible, and certificates are credentials themselves.
_NEEDS_PASSWORD = frozenset({"basic", "ntlm", "credssp"})


def judge(options: Connection) -> list[Check]:
    """One check an aspect, in the order in which a person would look."""
    plugin = options["plugin"]
    if plugin not in SUPPORTED:
        return [
            failed(
                "connection.plugin",
                f"The connection {plugin} does not lead to WinRM.",
                "Set ansible_connection to winrm or psrp for this host.",
            )
        ]
    return [
        ok("connection.plugin", f"The connection is {plugin}."),
        _port(options),
        _authentication(options),
        _credentials(options),
        _encryption(options),
        *_validation(options),
        _proxy(options),
        _timeouts(options),
    ]


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _port(options: Connection) -> Check:
    name, port, scheme = "connection.port", options["port"], options["scheme"]
    scheme_variable = variable(options, "winrm_scheme", "psrp_protocol")
    usual = {HTTP_PORT: "http", HTTPS_PORT: "https"}.get(port, scheme)
    if scheme != usual:
        return warning(
            name,
            f"Port {port} is usually {usual}, and the connection speaks {scheme} to it.",
            f"Set {scheme_variable} to {usual}, or ansible_port to {HTTPS_PORT if scheme == 'https' else HTTP_PORT}.",
        )
    return ok(name, f"The connection speaks {scheme} to port {port} of {options['address']}.")


def _authentication(options: Connection) -> Check:
    name, methods = "connection.authentication", options["methods"]
    setting = variable(options, "winrm_transport", "psrp_auth")
    unknown = [method for method in methods if method not in _METHODS[options["plugin"]]]
    if unknown:
        return failed(
            name,
            f"{setting} has {', '.join(unknown)}, which the plugin {options['plugin']} does not know.",
            f"Set {setting} to one of {', '.join(_METHODS[options['plugin']])}.",
        )
    if "certificate" in methods and options["scheme"] == "http":
        return failed(
            name, "A client certificate needs TLS, and the connection speaks http.", "Use https for this host."
        )
    if "kerberos" in methods and is_address(options["address"]) and not options["kerberos_name"]:
        return warning(
            name,
            f"Kerberos knows hosts by name, and ansible_host is the address {options['address']}.",
            "Set ansible_host to the full DNS name of the host, or "
            f"{variable(options, 'winrm_kerberos_hostname_override', 'psrp_negotiate_hostname_override')} to it.",
        )
    if "kerberos" in methods and "." not in (options["kerberos_name"] or options["address"]):
        return warning(
            name,
            f"Kerberos is used with the short name {options['kerberos_name'] or options['address']}.",
            "Set ansible_host to the full DNS name of the host.",
        )
    return ok(name, f"The connection logs on with {' or '.join(methods)}.")


def _credentials(options: Connection) -> Check:
    name, methods, user = "connection.credentials", options["methods"], options["user"]
    if set(methods) <= _NEEDS_PASSWORD:
        if not user:
            return failed(name, "No user is set.", "Set ansible_user for this host.")
        if options["password"] == "not set":  # noqa: S105
            return failed(name, f"No password is set for the user {user}.", "Set ansible_password for this host.")
    if "certificate" in methods and (not options["client_certificate"] or options["client_key"] == "not set"):
        names = [
            variable(options, "winrm_cert_pem", "psrp_certificate_pem"),
            variable(options, "winrm_cert_key_pem", "psrp_certificate_key_pem"),
        ]
        return failed(name, "The certificate of the client or its key is not set.", f"Set {' and '.join(names)}.")
    if "kerberos" in methods:
        return _kerberos_user(options)
    if "basic" in methods and ("@" in user or "\\" in user):
        return warning(
            name,
            f"The user {user} is one of a domain, and Windows takes local accounts only with basic authentication.",
            f"Set {variable(options, 'winrm_transport', 'psrp_auth')} to ntlm or kerberos.",
        )
    return ok(
        name, f"The user is {user or 'that of the ticket or certificate'}; the password is {options['password']}."
    )


def _kerberos_user(options: Connection) -> Check:
    name, user = "connection.credentials", options["user"]
    realm = user.rpartition("@")[2] if "@" in user else ""
    if "\\" in user:
        return warning(
            name,
            f"The user {user} is written as DOMAIN\\user, which Kerberos does not know.",
            "Write ansible_user as user@REALM, with the DNS name of the domain in upper case.",
        )
    if realm != realm.upper():
        return warning(
            name,
            f"The realm of the user {user} is not in upper case, and Kerberos tells {realm} from {realm.upper()}.",
            f"Write ansible_user as {user.rpartition('@')[0]}@{realm.upper()}.",
        )
    return ok(name, f"The user is {user or 'that of the ticket'}; the password is {options['password']}.")


def _encryption(options: Connection) -> Check:
    name, methods, encryption = "connection.encryption", options["methods"], options["encryption"]
    setting = variable(options, "winrm_message_encryption", "psrp_message_encryption")
    plain = [method for method in methods if method not in ENCRYPTS]
    if encryption == "always" and plain:
        return failed(
            name,
            f"{setting} is always, and {', '.join(plain)} cannot encrypt messages.",
            f"Set {setting} to auto.",
        )
    if options["scheme"] == "https":
        return ok(name, "TLS encrypts the connection.")
    if plain:
        return warning(
            name,
            f"With {', '.join(plain)} over http password and messages go over the network in clear text, "
            "which Windows refuses by default.",
            f"Set {variable(options, 'winrm_transport', 'psrp_auth')} to ntlm or kerberos, or use https.",
        )
    if encryption == "never":
        return warning(
            name,
            f"{setting} is never, so messages go over the network in clear text, which Windows refuses by default.",
            f"Set {setting} to auto.",
        )
    return ok(name, f"{' or '.join(methods)} encrypts the messages over http.")


def _validation(options: Connection) -> list[Check]:
    name = "connection.validation"
    if options["scheme"] != "https":
        return []
    if not options["validates"]:
        return [
            warning(
                name,
                "The certificate of the host is not validated, so anybody in between can pose as the host.",
                f"Set {variable(options, 'winrm_ca_trust_path', 'psrp_ca_cert')} to the CA that signed it, and "
                f"{variable(options, 'winrm_server_cert_validation', 'psrp_cert_validation')} to validate.",
            )
        ]
    trust = options["trust"]
    if trust and not os.access(trust, os.R_OK):
        return [
            failed(
                name,
                f"The CA file {trust} is missing or cannot be read.",
                f"Correct {variable(options, 'winrm_ca_trust_path', 'psrp_ca_cert')}.",
            )
        ]
    return [ok(name, f"The certificate of the host is validated against {trust or 'the default CAs of Python'}.")]


def _proxy(options: Connection) -> Check:
    name, proxy = "connection.proxy", options["proxy"]
    if options["proxy_source"] == "environment":
        setting = variable(options, "winrm_proxy to null", "psrp_ignore_proxy to true")
        return warning(
            name,
            f"The connection goes through the proxy {proxy}, which a variable of the environment sets.",
            f"Add {options['address']} to NO_PROXY, or set {setting}, unless the proxy is meant.",
        )
    return ok(name, f"The connection goes through the proxy {proxy}." if proxy else "No proxy is used.")


def _timeouts(options: Connection) -> Check:
    name, operation, read = "connection.timeouts", options["operation_timeout"], options["read_timeout"]
    if 0 < operation < read:
        return ok(name, f"The host has {operation} s for an operation, and the answer {read} s.")
    names = (
        "ansible_winrm_operation_timeout_sec and ansible_winrm_read_timeout_sec",
        "ansible_psrp_operation_timeout and ansible_psrp_read_timeout",
    )
    return failed(
        name,
        f"The time for an operation, {operation} s, has to be more than 0 and less than that for an answer, {read} s.",
        f"Correct {names[options['plugin'] == 'psrp']}.",
    )
