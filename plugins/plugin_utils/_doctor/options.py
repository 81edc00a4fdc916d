# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The options of the task's connection, as Ansible has put them together. No secret leaves this file.

The names are those that the documentation of the plugins winrm and psrp has (ansible-core 2.16 to 2.21); options of
pywinrm that the winrm plugin does not know itself stand in its option ``_extras`` under their variable's name.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Connection

try:
    from requests.utils import get_environ_proxies, select_proxy
except ImportError:
    get_environ_proxies = select_proxy = None  # type: ignore[assignment]

SUPPORTED = ("winrm", "psrp")
# pywinrm's Protocol.DEFAULT_OPERATION_TIMEOUT_SEC and DEFAULT_READ_TIMEOUT_SEC.
_OPERATION_TIMEOUT, _READ_TIMEOUT = 20, 30
_FROM_ENVIRONMENT = "legacy_requests"


def read(connection: Any) -> Connection:
    """What is in force for this host."""
    plugin = str(getattr(connection, "transport", "") or type(connection).__name__)
    if plugin == "winrm":
        return _winrm(connection.get_option, dict(connection.get_option("_extras") or {}))
    if plugin == "psrp":
        return _psrp(connection.get_option)
    return _nothing(plugin)


def endpoint(options: Connection) -> str:
    host = f"[{options['address']}]" if ":" in options["address"] else options["address"]
    return f"{options['scheme']}://{host}:{options['port']}/{options['path'].lstrip('/')}"


def variable(options: Connection, winrm: str, psrp: str) -> str:
    """The variable of the inventory that sets something, by the plugin in force."""
    return f"ansible_{winrm}" if options["plugin"] == "winrm" else f"ansible_{psrp}"


def _winrm(option: Any, extras: dict[str, Any]) -> Connection:
    port = int(option("port") or 5986)
    scheme = option("scheme") or ("http" if port == 5985 else "https")
    user = str(option("remote_user") or "")
    certificate = str(extras.get("ansible_winrm_cert_pem") or "")
    named = [str(each) for each in option("transport") or [] if each]
    transports = named or [_guess(user, scheme)]
    password = option("remote_password")
    mode = option("kerberos_mode") or ("managed" if password else "manual")
    timeout = int(option("connection_timeout") or 0)
    options = _nothing("winrm")
    options.update(
        {
            "address": str(option("remote_addr")),
            "port": port,
            "scheme": scheme,
            "path": str(option("path")),
            "methods": [_method(each, bool(certificate)) for each in transports],
            "user": user,
            "password": _set(password),
            "client_certificate": certificate,
            "client_key": _set(extras.get("ansible_winrm_cert_key_pem")),
            "validates": extras.get("ansible_winrm_server_cert_validation", "validate") == "validate",
            "trust": _trust(extras.get("ansible_winrm_ca_trust_path", _FROM_ENVIRONMENT)),
            "encryption": str(extras.get("ansible_winrm_message_encryption", "auto")),
            "kerberos_name": str(extras.get("ansible_winrm_kerberos_hostname_override") or ""),
            "kerberos_mode": str(mode),
            "kinit": str(option("kerberos_command")),
            "kinit_environment": [str(each) for each in option("kinit_env_vars") or []],
            "operation_timeout": timeout or _seconds(extras, "operation_timeout_sec", _OPERATION_TIMEOUT),
            "read_timeout": timeout + 10 if timeout else _seconds(extras, "read_timeout_sec", _READ_TIMEOUT),
        }
    )
    proxy = extras.get("ansible_winrm_proxy", _FROM_ENVIRONMENT)
    _set_proxy(options, proxy, environment=proxy == _FROM_ENVIRONMENT)
    return options


def _psrp(option: Any) -> Connection:
    port, scheme = option("port"), option("protocol")
    scheme = scheme or ("http" if port is not None and int(port) == 5985 else "https")
    password = option("remote_password")
    options = _nothing("psrp")
    options.update(
        {
            "address": str(option("remote_addr")),
            "port": int(port if port is not None else 5986 if scheme == "https" else 5985),
            "scheme": scheme,
            "path": str(option("path")),
            "methods": [str(option("auth"))],
            "user": str(option("remote_user") or ""),
            "password": _set(password),
            "client_certificate": str(option("certificate_pem") or ""),
            "client_key": _set(option("certificate_key_pem")),
            "validates": option("cert_validation") != "ignore",
            "trust": _trust(option("ca_cert") or _FROM_ENVIRONMENT),
            "encryption": str(option("message_encryption")),
            "kerberos_name": str(option("negotiate_hostname_override") or ""),
            "kerberos_mode": "managed" if password else "manual",
            "operation_timeout": int(option("operation_timeout")),
            "read_timeout": int(option("read_timeout")),
        }
    )
    _set_proxy(options, option("proxy"), environment=not option("proxy") and not option("ignore_proxy"))
    return options


def _nothing(plugin: str) -> Connection:
    return Connection(
        plugin=plugin,
        address="",
        port=0,
        scheme="",
        path="",
        methods=[],
        user="",
        password="not set",  # noqa: S106
        client_certificate="",
        client_key="not set",
        validates=True,
        trust="",
        encryption="",
        proxy="",
        proxy_source="",
        kerberos_name="",
        kerberos_mode="",
        kinit="",
        kinit_environment=[],
        operation_timeout=0,
        read_timeout=0,
    )


def _guess(user: str, scheme: str) -> str:
    """What the winrm plugin takes when ansible_winrm_transport is not set."""
    if "@" in user:
        return "kerberos"
    return "ssl" if scheme == "https" else "plaintext"


def _method(transport: str, has_certificate: bool) -> str:
    """pywinrm's words for one thing: plaintext is basic, ssl is basic or the certificate of the client."""
    if transport == "ssl":
        return "certificate" if has_certificate else "basic"
    return "basic" if transport == "plaintext" else transport


def _set_proxy(options: Connection, given: Any, *, environment: bool) -> None:
    proxy, source = (given, "option") if given and not environment else ("", "")
    if environment and get_environ_proxies is not None:
        url = endpoint(options)
        proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None)) or ""
        source = "environment" if proxy else ""
    options["proxy"] = without_password(str(proxy))
    options["proxy_source"] = source


def without_password(url: str) -> str:
    """A URL with neither user nor password; both are credentials in a proxy's URL."""
    # Up to the last @, because a password that is not percent-encoded may have anything in it that ends a host.
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", r"\1", url, flags=re.DOTALL)


def _seconds(extras: dict[str, Any], name: str, default: int) -> int:
    """An option that pywinrm itself reads; -1 for what is no number, which pywinrm will refuse."""
    value = str(extras.get(f"ansible_winrm_{name}", default))
    return int(value) if value.isdigit() else -1


def _set(value: object) -> str:
    return "not set" if value in (None, "") else "set"


def _trust(value: Any) -> str:
    """The CA file or folder; without one, requests takes that of the environment."""
    if value != _FROM_ENVIRONMENT:
        return str(value or "")
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or ""
