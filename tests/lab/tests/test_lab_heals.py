# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One model behind both sides: what is repaired over WinRM is seen on the RDP port."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import time
from collections.abc import Callable

from cryptography import x509
from winrm.protocol import Protocol

from tests.lab.model import certificates
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.lab_clients import CIMV2, invoke, pywinrm, query, registry, selectors, texts

RunHost = Callable[..., tuple[LabThread, LabHost]]
# TPKT, X.224 connection request, rdpNegReq for TLS or CredSSP ([MS-RDPBCGR] 2.2.1.1).
REQUEST = bytes.fromhex("030000130ee000000000000100080003000000")


def served(address: str) -> x509.Certificate | None:
    """The certificate that the listener shows; None when TLS does not come up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, 3389), 3) as raw:
            raw.sendall(REQUEST)
            confirm = raw.recv(64)
            if len(confirm) < 19 or confirm[11] != 2:
                return None
            with context.wrap_socket(raw) as secure:
                der = secure.getpeercert(binary_form=True)
    except (ConnectionError, ssl.SSLError):
        return None
    return None if der is None else x509.load_der_x509_certificate(der)


def service(protocol: Protocol, method: str, name: str, state: str) -> None:
    """Call a method of a service and wait for the state."""
    code = invoke(protocol, CIMV2 + "Win32_Service", method, header=selectors(Name=name))["ReturnValue"][0]
    assert code in ("0", "10")
    deadline = time.monotonic() + 5
    while texts(query(protocol, f"select State from Win32_Service where Name='{name}'")[0])["State"] != state:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def restart_term_service(lab: LabThread, host: LabHost, protocol: Protocol) -> None:
    service(protocol, "StopService", "UmRdpService", "Stopped")
    service(protocol, "StopService", "TermService", "Stopped")
    service(protocol, "StartService", "TermService", "Running")
    lab.settle(host.name)


def test_key_acl(run_host: RunHost) -> None:
    lab, host = run_host(certificate={"key": "unreadable"})
    assert served(host.address) is None
    protocol = pywinrm(host.address)
    path = host.model.remote_desktop.key_file(certificates.RDP_CONTAINER)
    line = (
        f"cmd.exe /c takeown /f {path} /a && icacls {path} /grant *S-1-5-20:R && icacls {path} /grant *S-1-5-32-544:F"
    )
    shell = protocol.open_shell()
    command = protocol.run_command(shell, line)
    assert protocol.get_command_output(shell, command)[2] == 0
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None


def test_expired_certificate(run_host: RunHost) -> None:
    stopped = {"SessionEnv": {"start": "disabled", "state": "stopped"}}
    lab, host = run_host(certificate={"self_signed": "expired"}, services=stopped)
    now = dt.datetime.now(dt.timezone.utc)
    before = served(host.address)
    assert before is not None and before.not_valid_after_utc < now
    protocol = pywinrm(host.address)
    mode = invoke(
        protocol,
        CIMV2 + "Win32_Service",
        "ChangeStartMode",
        "<p:StartMode>Manual</p:StartMode>",
        selectors(Name="SessionEnv"),
    )
    assert mode["ReturnValue"] == ["0"]
    service(protocol, "StartService", "SessionEnv", "Running")
    lab.settle(host.name)
    after = served(host.address)
    assert after is not None and after.not_valid_after_utc > now, "SessionEnv alone brings a new one"


def test_tls_versions(run_host: RunHost) -> None:
    protocols = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
    off = {f"{protocols}\\TLS {version}\\Server": {"Enabled": 0} for version in ("1.0", "1.1", "1.2")}
    lab, host = run_host(windows="2019", registry=off)
    assert served(host.address) is None
    protocol = pywinrm(host.address)
    key = protocols.removeprefix("HKLM\\") + "\\TLS 1.2\\Server"
    assert registry(protocol, "SetDWORDValue", key, "Enabled", "<p:uValue>1</p:uValue>")["ReturnValue"] == ["0"]
    assert served(host.address) is None, "a restart is needed"
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None
