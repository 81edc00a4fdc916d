# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kerberos: MIT's KDC on loopback, hosts that accept with their keytabs, and clients that are not ours."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
import spnego
from pypsrp.exceptions import AuthenticationError
from winrm.exceptions import InvalidCredentialsError

from tests.lab import inventory, kerberos
from tests.lab.kerberos import KerberosError, Realm
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import pypsrp, pywinrm, registry
from tests.lab.tests.test_lab_connections import over_https, reads, shows_config

pytestmark = pytest.mark.skipif(bool(kerberos.missing()), reason=f"Kerberos needs {kerberos.missing()}")
needs_pykerberos = pytest.mark.skipif(find_spec("kerberos") is None, reason="pywinrm needs the Python module kerberos")
ROOT = Path(__file__).resolve().parents[3]
PRINCIPAL = f"{DEFAULT_USER}@{kerberos.REALM}"
WINRM = {"https": True, "basic": True, "credssp": True}
TERMINAL_SERVER = "SYSTEM\\CurrentControlSet\\Control\\Terminal Server"


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    with Realm() as running:
        yield running


@pytest.fixture
def lab(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabThread]:
    """Hosts of the realm, and the environment of a client with no ticket yet."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nonexistent/ticket")
    hosts = [
        scenario(domain="lab.example", winrm=WINRM),
        scenario(domain="lab.example", winrm=WINRM, hostname="SKEWED", clock_skew=600),
        scenario(domain="lab.example", winrm={"negotiate": False}, hostname="SCHEME"),
        scenario(domain="lab.example", winrm={"kerberos": False, "negotiate": False, "credssp": True}, hostname="OFF"),
    ]
    with LabThread(hosts, base="127.66.252.0", realm=realm) as running:
        yield running


@pytest.fixture
def host(lab: LabThread) -> LabHost:
    return lab.hosts["LABHOST"]


@pytest.fixture
def ticket(realm: Realm, lab: LabThread, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ticket that kinit has put in the client's cache."""
    cache = realm.ticket(DEFAULT_USER, DEFAULT_PASSWORD)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    return cache


def kerberos_client(host: LabHost, **more: Any) -> Any:
    override = {"kerberos_hostname_override": host.model.fqdn}
    return pywinrm(host.address, "kerberos", username=PRINCIPAL, **{**override, **more})


def test_the_kdc_knows_passwords(realm: Realm, lab: LabThread) -> None:
    with pytest.raises(KerberosError, match="Password incorrect"):
        realm.ticket(DEFAULT_USER, "wrong")


@needs_pykerberos
@pytest.mark.parametrize("override", ["LABHOST.lab.example", "labhost", None])
def test_pywinrm_over_http_with_encryption(host: LabHost, ticket: Path, override: str | None) -> None:
    """By the full name, the short name, and the address itself as the name of the service."""
    reads(kerberos_client(host, kerberos_hostname_override=override))


@needs_pykerberos
@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_pywinrm_over_https_with_channel_binding(host: LabHost, ticket: Path, encryption: str) -> None:
    name = {"username": PRINCIPAL, "kerberos_hostname_override": host.model.fqdn}
    reads(over_https(host, "kerberos", message_encryption=encryption, **name))


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize("secure", [False, True])
def test_pypsrp_with_a_ticket(host: LabHost, ticket: Path, auth: str, secure: bool) -> None:
    assert host.tls is not None
    more: dict[str, Any] = {"username": PRINCIPAL, "password": None, "negotiate_hostname_override": host.model.fqdn}
    if secure:
        more |= {"ssl": True, "port": 5986, "encryption": "auto", "cert_validation": str(host.tls.trust)}
    shows_config(pypsrp(host.address, auth=auth, **more))


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_pypsrp_with_a_password(host: LabHost, auth: str) -> None:
    shows_config(pypsrp(host.address, auth=auth, username=PRINCIPAL, negotiate_hostname_override=host.model.fqdn))


@pytest.mark.parametrize("mechanism", ["auto", "kerberos", "ntlm"])
def test_credssp_in_a_domain(host: LabHost, mechanism: str) -> None:
    """The client takes the address as the name of the service."""
    shows_config(pypsrp(host.address, auth="credssp", username=PRINCIPAL, credssp_auth_mechanism=mechanism))


def test_negotiate_falls_back_to_ntlm(host: LabHost) -> None:
    shows_config(pypsrp(host.address, auth="negotiate", negotiate_hostname_override="unknown.lab.example"))


def test_the_scheme_kerberos_has_its_own_label(lab: LabThread, ticket: Path) -> None:
    """Without Negotiate on offer pypsrp answers with the scheme Kerberos and seals as such ([MS-WSMV] 2.2.9.1.2)."""
    host = lab.hosts["SCHEME"]
    client = pypsrp(
        host.address, auth="kerberos", username=PRINCIPAL, password=None, negotiate_hostname_override=host.model.fqdn
    )
    shows_config(client)
    encryption = client.transport.encryption
    assert encryption is not None and encryption.protocol == "application/HTTP-Kerberos-session-encrypted"


@needs_pykerberos
def test_a_ticket_of_a_clock_that_is_wrong(lab: LabThread, ticket: Path) -> None:
    with pytest.raises(InvalidCredentialsError):
        registry(kerberos_client(lab.hosts["SKEWED"]), "EnumKey", TERMINAL_SERVER)


@needs_pykerberos
def test_a_ticket_for_another_host_is_refused(lab: LabThread, host: LabHost, ticket: Path) -> None:
    with pytest.raises(InvalidCredentialsError):
        registry(kerberos_client(host, kerberos_hostname_override="SCHEME.lab.example"), "EnumKey", TERMINAL_SERVER)


def test_a_user_that_only_the_realm_knows_is_refused(
    realm: Realm, host: LabHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm.add_user("stranger", "str4nger")
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.ticket('stranger', 'str4nger')}")
    more = {"password": None, "negotiate_hostname_override": host.model.fqdn}
    with pytest.raises(AuthenticationError):
        shows_config(pypsrp(host.address, auth="kerberos", username=f"stranger@{kerberos.REALM}", **more))


@pytest.mark.parametrize("scheme", ["Kerberos", "Negotiate"])
def test_switched_off(lab: LabThread, host: LabHost, ticket: Path, scheme: str) -> None:
    """A token that LABHOST would take gets a 401 from a host with the schemes off, which offers what it has."""
    off = lab.hosts["OFF"]
    context = spnego.client(hostname=off.model.fqdn, service="HTTP", protocol="kerberos")
    token = f"{scheme} {base64.b64encode(context.step() or b'').decode()}"
    reply = requests.post(f"http://{off.address}:5985/wsman", headers={"Authorization": token}, timeout=5)
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "CredSSP")
    context = spnego.client(hostname=host.model.fqdn, service="HTTP", protocol="kerberos")
    token = f"{scheme} {base64.b64encode(context.step() or b'').decode()}"
    reply = requests.post(f"http://{host.address}:5985/wsman", headers={"Authorization": token}, timeout=5)
    assert reply.status_code == 200 and reply.headers["WWW-Authenticate"].startswith(f"{scheme} ")


def test_a_skewed_host_takes_ntlm_but_no_ticket(lab: LabThread, ticket: Path) -> None:
    """Negotiate has shown a ticket by then and is refused; MEM: unverified that Windows does not go back to NTLM."""
    skewed = lab.hosts["SKEWED"]
    with pytest.raises(AuthenticationError):
        shows_config(pypsrp(skewed.address, auth="negotiate", negotiate_hostname_override=skewed.model.fqdn))
    shows_config(pypsrp(skewed.address, auth="ntlm"))


@needs_pykerberos
@pytest.mark.parametrize("plugin", ["winrm", "psrp"])
def test_ansibles_own_plugins(realm: Realm, ticket: Path, plugin: str) -> None:
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader

    connection = {"plugin": plugin, "transport": "kerberos"}
    given = scenario(domain="lab.example", winrm=WINRM, connection=connection)
    with LabThread([given], base="127.66.253.0", realm=realm) as running:
        group = inventory.build(running.lab)["all"]["children"]["windows"]
        variables = {**group["vars"], **group["hosts"]["LABHOST"]}
        loaded = connection_loader.get(plugin, PlayContext(), "/dev/null")
        extras = {key: value for key, value in variables.items() if key.startswith(f"ansible_{plugin}_")}
        loaded.set_options(var_options={"inventory_hostname": "LABHOST", **variables, "_extras": extras})
        if plugin == "winrm":
            loaded._connect()
            assert loaded.protocol.run_command(loaded.shell_id, "ver")
            loaded.close()
        else:
            from pypsrp.wsman import WSMan

            loaded._build_kwargs()
            shows_config(WSMan(**loaded._psrp_conn_kwargs))


def test_a_realm_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kerberos, "_program", lambda name: None)
    with pytest.raises(KerberosError, match="A Kerberos realm needs krb5kdc, kdb5_util, kadmin.local, kinit"):
        Realm().__enter__()


def test_the_command_line_starts_a_kdc(tmp_path: Path) -> None:
    (tmp_path / "host.yml").write_text("{hostname: LABHOST, windows: '2022', domain: lab.example}", encoding="utf-8")
    command = [sys.executable, "-m", "tests.lab", "--scenarios", str(tmp_path), "--kerberos", "--base", "127.66.254.0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline().strip()
            assert told.startswith("lab: KRB5_CONFIG=")
            config = Path(told.partition("=")[2])
            assert "default_realm = LAB.EXAMPLE" in config.read_text(encoding="utf-8")
            assert process.stdout.readline().split()[1:3] == ["127.66.254.1", "LABHOST"]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    assert not config.exists(), "nothing is left behind"
