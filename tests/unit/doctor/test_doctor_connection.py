# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rdp_doctor reads from the connection plugins of Ansible, and what looks wrong to it in that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import connection, options
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Check, Connection

SECRET = "canary-Passw0rd"
LOGIN = {"ansible_host": "srv.example.com", "ansible_user": "ansible", "ansible_password": SECRET}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def read(plugin: str, **variables: Any) -> Connection:
    """The options that a host with these variables has, through Ansible's own plugin."""
    found = connection_loader.get(plugin, PlayContext(), "/dev/null")
    given = {**LOGIN, **variables}
    extras = {name: value for name, value in given.items() if name.startswith(f"ansible_{plugin}_")}
    found.set_options(var_options={**given, "_extras": extras})
    return options.read(found)


@pytest.mark.parametrize(
    ("plugin", "variables", "expected"),
    [
        ("winrm", {}, {"port": 5986, "scheme": "https", "methods": ["basic"], "kerberos_mode": "managed"}),
        ("winrm", {"ansible_port": 5985}, {"scheme": "http", "methods": ["basic"]}),
        ("winrm", {"ansible_user": "a@EXAMPLE.COM"}, {"methods": ["kerberos"], "kinit": "kinit"}),
        ("winrm", {"ansible_winrm_kinit_mode": "manual"}, {"kerberos_mode": "manual"}),
        (
            "winrm",
            {"ansible_winrm_cert_pem": "/c.pem", "ansible_winrm_cert_key_pem": "/k.pem"},
            {"methods": ["certificate"], "client_certificate": "/c.pem", "client_key": "set"},
        ),
        ("winrm", {"ansible_winrm_transport": ["ntlm", "plaintext"]}, {"methods": ["ntlm", "basic"]}),
        ("winrm", {"ansible_winrm_server_cert_validation": "ignore"}, {"validates": False}),
        ("winrm", {"ansible_winrm_ca_trust_path": "/ca.pem"}, {"trust": "/ca.pem"}),
        ("winrm", {"ansible_winrm_message_encryption": "never"}, {"encryption": "never"}),
        ("winrm", {"ansible_winrm_connection_timeout": 50}, {"operation_timeout": 50, "read_timeout": 60}),
        ("winrm", {"ansible_winrm_read_timeout_sec": "70"}, {"operation_timeout": 20, "read_timeout": 70}),
        ("winrm", {"ansible_winrm_read_timeout_sec": "soon"}, {"read_timeout": -1}),
        ("winrm", {"ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"]}, {"kinit_environment": ["KRB5_CONFIG"]}),
        ("winrm", {"ansible_password": None}, {"password": "not set", "kerberos_mode": "manual"}),
        ("psrp", {}, {"port": 5986, "scheme": "https", "methods": ["negotiate"], "path": "wsman"}),
        ("psrp", {"ansible_psrp_protocol": "http"}, {"port": 5985, "scheme": "http"}),
        ("psrp", {"ansible_port": 5985}, {"scheme": "http"}),
        ("psrp", {"ansible_psrp_cert_validation": "ignore"}, {"validates": False}),
        ("psrp", {"ansible_psrp_ca_cert": "/ca.pem"}, {"trust": "/ca.pem"}),
        ("psrp", {"ansible_psrp_negotiate_hostname_override": "x.y"}, {"kerberos_name": "x.y"}),
        ("psrp", {"ansible_psrp_read_timeout": 90}, {"read_timeout": 90}),
    ],
)
def test_options_are_those_that_the_plugin_has(
    plugin: str, variables: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = read(plugin, **variables)
    assert {name: value for name, value in found.items() if name in expected} == expected
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("plugin", "variables", "environment", "expected"),
    [
        ("winrm", {}, {"https_proxy": "http://p:1"}, ("http://p:1", "environment")),
        ("winrm", {}, {"https_proxy": "http://p:1", "no_proxy": "srv.example.com"}, ("", "")),
        ("winrm", {"ansible_winrm_proxy": None}, {"https_proxy": "http://p:1"}, ("", "")),
        ("winrm", {"ansible_winrm_proxy": f"http://u:{SECRET}@p:1"}, {}, ("http://p:1", "option")),
        ("psrp", {}, {"https_proxy": f"http://u:{SECRET}@p:1/"}, ("http://p:1/", "environment")),
        # A password that should be percent-encoded and is not.
        ("winrm", {"ansible_winrm_proxy": f"http://u:a/{SECRET}@p:1"}, {}, ("http://p:1", "option")),
        ("winrm", {"ansible_winrm_proxy": f"u:{SECRET}//a@p:1"}, {}, ("p:1", "option")),
        ("psrp", {"ansible_psrp_proxy": f"http://u:{SECRET}#a@p:1"}, {}, ("http://p:1", "option")),
        ("psrp", {}, {"https_proxy": f"http://u:@{SECRET}?/@p:1"}, ("http://p:1", "environment")),
        ("psrp", {}, {"https_proxy": f"http://u:[{SECRET}@p:1"}, ("http://p:1", "environment")),
        ("psrp", {"ansible_psrp_ignore_proxy": True}, {"https_proxy": "http://p:1"}, ("", "")),
        ("psrp", {"ansible_psrp_proxy": "http://q:2"}, {"https_proxy": "http://p:1"}, ("http://q:2", "option")),
    ],
)
def test_the_proxy_in_force(
    monkeypatch: pytest.MonkeyPatch,
    plugin: str,
    variables: dict[str, Any],
    environment: dict[str, str],
    expected: tuple[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = read(plugin, **variables)
    assert (found["proxy"], found["proxy_source"]) == expected
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_the_environment_names_the_trust_unless_an_option_does(monkeypatch: pytest.MonkeyPatch, plugin: str) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    assert read(plugin)["trust"] == "/environment.pem"
    own = {"winrm": "ansible_winrm_ca_trust_path", "psrp": "ansible_psrp_ca_cert"}[plugin]
    assert read(plugin, **{own: "/own.pem"})["trust"] == "/own.pem"


def test_another_connection_has_nothing_to_say() -> None:
    found = options.read(connection_loader.get("ssh", PlayContext(), "/dev/null"))
    assert found["plugin"] == "ssh"
    (check,) = connection.judge(found)
    assert (check["name"], check["status"]) == ("connection.plugin", "failed")
    assert check["todo"] == "Set ansible_connection to winrm or psrp for this host."


HTTP = {"ansible_port": 5985}
NTLM = {"ansible_winrm_transport": "ntlm"}
KERBEROS = {"ansible_winrm_transport": "kerberos", "ansible_user": "a@EXAMPLE.COM"}


@pytest.mark.parametrize(
    ("plugin", "variables", "name", "status", "todo"),
    [
        ("winrm", NTLM, "", "", ""),
        ("winrm", HTTP | NTLM, "", "", ""),
        ("winrm", KERBEROS, "", "", ""),
        ("winrm", {"ansible_winrm_transport": ["kerberos", "ntlm"], "ansible_password": None}, "", "", ""),
        ("psrp", {}, "", "", ""),
        ("winrm", {"ansible_winrm_scheme": "http"} | NTLM, "connection.port", "warning", "winrm_scheme to https"),
        ("winrm", HTTP | {"ansible_winrm_scheme": "https"}, "connection.port", "warning", "or ansible_port to 5986"),
        ("psrp", HTTP | {"ansible_psrp_protocol": "https"}, "connection.port", "warning", "psrp_protocol to http"),
        ("winrm", {"ansible_winrm_transport": "nltm"}, "connection.authentication", "failed", "to one of basic"),
        ("winrm", KERBEROS | {"ansible_host": "10.0.0.1"}, "connection.authentication", "warning", "full DNS name"),
        ("winrm", KERBEROS | {"ansible_host": "fe80::1%eth0"}, "connection.authentication", "warning", "full DNS name"),
        ("winrm", KERBEROS | {"ansible_host": "srv"}, "connection.authentication", "warning", "full DNS name"),
        ("winrm", KERBEROS | {"ansible_user": "a@example.com"}, "connection.credentials", "warning", "a@EXAMPLE.COM"),
        ("winrm", KERBEROS | {"ansible_user": "EX\\a"}, "connection.credentials", "warning", "user@REALM"),
        ("winrm", NTLM | {"ansible_user": None}, "connection.credentials", "failed", "Set ansible_user"),
        ("winrm", NTLM | {"ansible_password": None}, "connection.credentials", "failed", "Set ansible_password"),
        (
            "winrm",
            {"ansible_winrm_transport": "certificate"},
            "connection.credentials",
            "failed",
            "ansible_winrm_cert_pem and ansible_winrm_cert_key_pem",
        ),
        (
            "psrp",
            {"ansible_psrp_auth": "basic", "ansible_user": "EX\\a"},
            "connection.credentials",
            "warning",
            "Set ansible_psrp_auth to ntlm or kerberos.",
        ),
        ("winrm", HTTP, "connection.encryption", "warning", "Set ansible_winrm_transport to ntlm or kerberos"),
        (
            "winrm",
            HTTP | NTLM | {"ansible_winrm_message_encryption": "never"},
            "connection.encryption",
            "warning",
            "Set ansible_winrm_message_encryption to auto.",
        ),
        (
            "psrp",
            {"ansible_psrp_auth": "basic", "ansible_psrp_message_encryption": "always"},
            "connection.encryption",
            "failed",
            "Set ansible_psrp_message_encryption to auto.",
        ),
        (
            "winrm",
            NTLM | {"ansible_winrm_server_cert_validation": "ignore"},
            "connection.validation",
            "warning",
            "ansible_winrm_ca_trust_path",
        ),
        ("psrp", {"ansible_psrp_ca_cert": "/nonexistent.pem"}, "connection.validation", "failed", "psrp_ca_cert"),
        (
            "winrm",
            NTLM | {"ansible_winrm_operation_timeout_sec": 40},
            "connection.timeouts",
            "failed",
            "ansible_winrm_read_timeout_sec",
        ),
    ],
)
def test_what_looks_wrong(plugin: str, variables: dict[str, Any], name: str, status: str, todo: str) -> None:
    """Each set of options has one thing wrong at most, and exactly that is found."""
    wrong = [check for check in connection.judge(read(plugin, **variables)) if check["status"] != "ok"]
    assert [(check["name"], check["status"]) for check in wrong] == ([(name, status)] if name else [])
    assert all(todo in check["todo"] for check in wrong)


def test_a_client_certificate_needs_tls() -> None:
    found = connection.judge(read("winrm", ansible_port=5985, ansible_winrm_transport="certificate"))
    (check,) = [each for each in found if each["name"] == "connection.authentication"]
    assert (check["status"], check["todo"]) == ("failed", "Use https for this host.")


def test_a_proxy_of_the_environment_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    (check,) = [each for each in connection.judge(read("psrp")) if each["status"] != "ok"]
    assert check["name"] == "connection.proxy"
    assert "Add srv.example.com to NO_PROXY, or set ansible_psrp_ignore_proxy to true" in check["todo"]


def test_every_check_is_whole() -> None:
    found: list[Check] = []
    for plugin in ("winrm", "psrp"):
        found += connection.judge(read(plugin))
        found += connection.judge(read(plugin, ansible_port=5985, ansible_user=None))
    assert len(found) > 10
    for check in found:
        assert check["text"].endswith("."), check
        assert bool(check["todo"]) is (check["status"] in ("failed", "warning")), check
