# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The way to the host without credentials: its name, TCP, TLS, and what WinRM says to anybody."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.winops.rdp.plugins.module_utils._wire import net, x509
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import http
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.connection import (
    ENCRYPTS,
    HTTP_PORT,
    HTTPS_PORT,
    is_address,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.options import endpoint, variable
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Connection,
    Network,
    Tls,
    failed,
    ok,
    skipped,
    warning,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

try:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH
except ImportError:
    DEFAULT_CA_BUNDLE_PATH = ""

# Of each step on its own, within the task's own time.
_STEP_SECONDS = 10.0
_SOON_DAYS = 30
# What Active Directory bears by default (Microsoft, "Maximum tolerance for computer clock synchronization").
_SKEW_SECONDS = 300
# The HTTP schemes that the libraries of the connections use for a method. A client certificate is not offered in HTTP.
_SCHEMES = {
    "basic": {"basic"},
    "ntlm": {"negotiate", "ntlm"},
    "negotiate": {"negotiate", "kerberos"},
    "kerberos": {"kerberos", "negotiate"},
    "credssp": {"credssp"},
}
_SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}
# Microsoft's own client says so with Identify when it has no credentials to show; several other clients do, too.
_ANONYMOUS = {"WSMANIDENTIFY": "unauthenticated"}
# OpenSSL, x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = (62, 64)
_CORRECT_PROXY = "Correct the proxy of the connection, or unset it."


def nothing() -> Network:
    return Network(addresses=[], tcp="not_tried", tls=None, offered=[], identified=False, clock_skew=None)


def examine(options: Connection, deadline: Deadline) -> tuple[Network, list[Check]]:
    """As far as the way leads. Behind a proxy only the proxy can be looked at."""
    network = nothing()
    if options["proxy"]:
        try:
            proxy = urlsplit(options["proxy"] if "//" in options["proxy"] else f"//{options['proxy']}")
            host, port = proxy.hostname or "", proxy.port or 80
        except ValueError:
            return network, [failed("network.name", f"The proxy {options['proxy']} is no URL.", _CORRECT_PROXY)]
        checks = _reach(network, host, port, deadline, options)
        beyond = "The connection goes through a proxy, so nothing can be said about what lies behind it."
        return network, [*checks, skipped("network.service", beyond)]
    checks = _reach(network, options["address"], options["port"], deadline, options)
    if network["tcp"] != "open":
        return network, checks
    if options["scheme"] == "https":
        network["tls"] = tls = _tls(options, network["addresses"][0], deadline.sub(_STEP_SECONDS))
        checks.append(judge_tls(options, tls))
        if not tls["version"]:
            return network, checks
        checks += judge_certificate(options, tls)
    checks += _service(options, network, deadline)
    return network, checks


# -- name and TCP ----------------------------------------------------------------------------------------------------


def _reach(network: Network, host: str, port: int, deadline: Deadline, options: Connection) -> list[Check]:
    """``host`` is the address of the connection, or its proxy."""
    shown = f"the proxy {host}" if options["proxy"] else host
    try:
        targets = net.resolve(host, port, socket.AF_UNSPEC, _step(deadline))
    except net.NotResolved as error:
        todo = _CORRECT_PROXY if options["proxy"] else "Correct ansible_host, or the DNS."
        return [failed("network.name", f"The name of {shown} cannot be resolved ({error}).", todo)]
    network["addresses"] = [target.address for target in targets]
    known = "needs no resolving" if is_address(host) else f"is {', '.join(network['addresses'])}"
    network["tcp"] = result = _connect(network, targets, _step(deadline))
    other = None
    if result != "open" and not options["proxy"]:
        other = _other_port(targets[0], port, _step(deadline, 2.0))
    return [ok("network.name", f"{shown} {known}."), judge_tcp(result, shown, port, other, options)]


def _step(deadline: Deadline, seconds: float = _STEP_SECONDS) -> net.Deadline:
    return net.Deadline(min(seconds, deadline.remaining))


def _connect(network: Network, targets: list[net.Target], limit: net.Deadline) -> str:
    """How the first address that answers does, which then stands first; else the result of the first one."""
    results: list[str] = []
    for target in targets:
        share = net.Deadline(limit.left() / (len(targets) - len(results)))
        try:
            net.Connection.open(target, None, share).close()
        except net.NotConnected as error:
            results.append(error.result)
            continue
        network["addresses"].remove(target.address)
        network["addresses"].insert(0, target.address)
        return "open"
    return results[0]


def _other_port(target: net.Target, port: int, limit: net.Deadline) -> int | None:
    """A usual port of WinRM that is open, other than this one; that of https first."""
    for other in (each for each in (HTTPS_PORT, HTTP_PORT) if each != port):
        there = target._replace(sockaddr=(target.address, other, *target.sockaddr[2:]))
        try:
            net.Connection.open(there, None, net.Deadline(limit.left() / 2)).close()
        except net.NotConnected:
            continue
        return other
    return None


def judge_tcp(result: str, shown: str, port: int, other: int | None, options: Connection) -> Check:
    """``other`` is a usual port of WinRM that is open."""
    name = "network.tcp"
    if result == "open":
        return ok(name, f"Port {port} of {shown} takes TCP connections.")
    text = {
        "refused": f"Port {port} of {shown} refuses connections, so nothing listens there.",
        "filtered": f"Port {port} of {shown} does not answer: the host is down, or a firewall drops the packets.",
        "unreachable": f"There is no route to port {port} of {shown}.",
    }[result]
    if options["proxy"]:
        return failed(name, text, _CORRECT_PROXY)
    # Without TLS only where messages are encrypted all the same.
    if other == HTTPS_PORT or (other == HTTP_PORT and set(options["methods"]) <= ENCRYPTS):
        scheme = "https" if other == HTTPS_PORT else "http"
        setting = variable(options, "winrm_scheme", "psrp_protocol")
        return failed(name, f"{text} Port {other} is open.", f"Set ansible_port to {other} and {setting} to {scheme}.")
    todo = {
        # Microsoft, "Installation and configuration for Windows Remote Management": starts WinRM and makes a listener.
        "refused": f"On the host, run: winrm quickconfig{' -transport:https' if options['scheme'] == 'https' else ''}",
        "filtered": f"See that the host is up, and allow TCP port {port} in its firewall and on the way to it.",
        "unreachable": "Correct ansible_host, or the network between the controller and the host.",
    }[result]
    return failed(name, text, todo)


# -- TLS -------------------------------------------------------------------------------------------------------------


def _tls(options: Connection, address: str, deadline: Deadline) -> Tls:
    """A handshake that asks for no certificate of ours, then one that validates the host's as the connection does."""
    tls = Tls(version="", cipher="", certificate=None, trusted=None, reason="")
    try:
        with _handshake(_anybody(), options, address, deadline) as stream:
            tls["version"] = stream.version() or ""
            cipher = stream.cipher()
            tls["cipher"] = cipher[0] if cipher else ""
            data = stream.getpeercert(binary_form=True) or b""
    except OSError as error:
        tls["reason"] = _tls_reason(error)
        return tls
    try:
        tls["certificate"] = x509.describe(x509.parse(data), http.now())
    except x509.BadCertificate as error:
        tls["reason"] = str(error)
    if options["validates"]:
        tls["trusted"], tls["reason"] = _validate(options, address, deadline)
    return tls


def _validate(options: Connection, address: str, deadline: Deadline) -> tuple[bool | None, str]:
    trust = options["trust"] or DEFAULT_CA_BUNDLE_PATH
    folder = Path(trust).is_dir()
    try:
        context = ssl.create_default_context(cafile=None if folder else trust or None, capath=trust if folder else None)
    except OSError as error:  # ssl.SSLError is one
        return None, f"the CA file {trust} cannot be read ({error.strerror or type(error).__name__})"
    # urllib3 takes no common name for the name of a host either.
    context.hostname_checks_common_name = False
    try:
        _handshake(context, options, address, deadline).close()
    except ssl.SSLCertVerificationError as error:
        return False, f"{error.verify_message.rstrip('.')} [{error.verify_code}]"
    except OSError as error:
        return None, _tls_reason(error)
    return True, ""


def _anybody() -> ssl.SSLContext:
    """Only looks: nothing that is worth anything is sent over such a connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(context: ssl.SSLContext, options: Connection, address: str, deadline: Deadline) -> ssl.SSLSocket:
    left = max(deadline.remaining, 0.001)
    stream = socket.create_connection((address, options["port"]), timeout=left)
    try:
        stream.settimeout(max(deadline.remaining, 0.001))
        return context.wrap_socket(stream, server_hostname=options["address"].partition("%")[0])
    except BaseException:
        stream.close()
        raise


def _tls_reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return (error.reason or type(error).__name__).lower().replace("_", " ")
    return error.strerror or type(error).__name__


def judge_tls(options: Connection, tls: Tls) -> Check:
    name, place = "network.tls", f"Port {options['port']} of {options['address']}"
    if tls["version"]:
        return ok(name, f"{place} speaks {tls['version']} with {tls['cipher']}.")
    text = f"{place} does not complete a TLS handshake ({tls['reason']})."
    if options["port"] == HTTP_PORT or re.search("wrong version|record layer|http request", tls["reason"]):
        return failed(
            name,
            text,
            f"Set {variable(options, 'winrm_scheme', 'psrp_protocol')} to http for this port, or ansible_port to "
            f"{HTTPS_PORT}.",
        )
    return failed(
        name,
        text,
        "See that the HTTPS listener of WinRM has a certificate with a private key, and that host and controller have "
        "a TLS version in common.",
    )


def judge_certificate(options: Connection, tls: Tls) -> list[Check]:
    name, certificate = "network.certificate", tls["certificate"]
    renew = "Give the HTTPS listener of WinRM a new certificate."
    if certificate is None:
        return [failed(name, f"The certificate of the host cannot be read ({tls['reason']}).", renew)]
    what = f"The certificate of {certificate['subject'] or 'no name'} from {certificate['issuer'] or 'nobody'}"
    until = f"valid until {certificate['not_after']}"
    if tls["trusted"] is False:
        return [failed(name, f"{what} is not trusted: {_without_code(tls['reason'])}.", _trust_todo(options, tls))]
    if options["validates"] and tls["trusted"] is None:
        return [skipped(name, f"{what} is {until}; whether it is trusted was not found out: {tls['reason']}.")]
    if certificate["days_left"] < 0:
        return [warning(name, f"{what} has ended on {certificate['not_after']}.", renew)]
    if certificate["days_left"] < _SOON_DAYS:
        return [warning(name, f"{what} ends soon: it is {until}.", renew)]
    return [ok(name, f"{what} is {until}{' and trusted' if tls['trusted'] else ', and was not validated'}.")]


def _trust_todo(options: Connection, tls: Tls) -> str:
    found = re.search(r"\[(\d+)\]$", tls["reason"])
    code = int(found.group(1)) if found else 0
    if code == _EXPIRED:
        return "Give the HTTPS listener of WinRM a new certificate."
    if code == _NOT_YET_VALID:
        return "Set the clocks of controller and host right."
    if code in _WRONG_NAME:
        names = ", ".join(tls["certificate"]["names"] if tls["certificate"] else [])
        if names:
            return f"Set ansible_host to a name of the certificate: {names}."
        return f"Give the HTTPS listener of WinRM a certificate with the name {options['address']}."
    return f"Set {variable(options, 'winrm_ca_trust_path', 'psrp_ca_cert')} to a file with the CA that signed it."


def _without_code(reason: str) -> str:
    return re.sub(r" \[\d+\]$", "", reason)


# -- WinRM without credentials ---------------------------------------------------------------------------------------


def _service(options: Connection, network: Network, deadline: Deadline) -> list[Check]:
    """Two requests: Identify, which Windows may answer to anybody, and an empty one, which it answers with 401."""
    opener = _opener(options, network["addresses"][0])
    host = urlsplit(endpoint(options)).netloc

    def ask(body: bytes, headers: dict[str, str]) -> http.Answer:
        return http.post(opener, host, options["path"], body, {**_SOAP, **headers}, deadline.sub(_STEP_SECONDS))

    try:
        told = ask(envelope.identify(), _ANONYMOUS)
        challenge = told if told.status == 401 else ask(b"", {})
    except http.NoAnswer as error:
        return [_no_service(options, network, str(error), deadline)]
    network["identified"] = _is_identity(told)
    network["offered"] = challenge.offered
    network["clock_skew"] = challenge.clock_skew(http.now())
    checks = [judge_answer(options, told, challenge)]
    if checks[0]["status"] == "ok":
        checks += [judge_offer(options, network["offered"]), *judge_clock(options, network["clock_skew"])]
    return checks


def _is_identity(answer: http.Answer) -> bool:
    if answer.status != 200 or not reply.HAS_DEFUSEDXML:
        return False
    try:
        reply.read_identity(reply.read_body(answer.body))
    except WSManError:
        return False
    return True


def _opener(options: Connection, address: str) -> Callable[[float], socket.socket]:
    def connect(seconds: float) -> socket.socket:
        if options["scheme"] == "https":
            return _handshake(_anybody(), options, address, Deadline(seconds))
        return socket.create_connection((address, options["port"]), timeout=max(seconds, 0.001))

    return connect


def _no_service(options: Connection, network: Network, why: str, deadline: Deadline) -> Check:
    """A port that takes http and says nothing to it may speak TLS."""
    text = f"Port {options['port']} takes the connection and does not speak HTTP: {why}."
    if options["scheme"] == "http" and _tls(options, network["addresses"][0], deadline.sub(_STEP_SECONDS))["version"]:
        return failed(
            "network.service",
            f"Port {options['port']} speaks TLS, and the connection speaks http.",
            f"Set {variable(options, 'winrm_scheme', 'psrp_protocol')} to https.",
        )
    return failed("network.service", text, "See what listens on that port, and set ansible_port to the one of WinRM.")


def judge_answer(options: Connection, told: http.Answer, challenge: http.Answer) -> Check:
    name, place = "network.service", f"Port {options['port']} of {options['address']}"
    status = challenge.status
    if 503 in (told.status, status):
        return failed(
            name,
            f"{place} answers with HTTP 503: WinRM is stopped, starting or overloaded.",
            "Start WinRM on the host.",
        )
    if status == 401:
        return ok(name, f"{place} answers as WinRM does, and asks for authentication.")
    if status == 404:
        return failed(
            name,
            f"{place} answers that it has no {options['path']} (HTTP 404).",
            f"Set {variable(options, 'winrm_path', 'psrp_path')} to wsman, or ansible_port to the port of WinRM.",
        )
    if status == 403:
        return failed(
            name,
            f"{place} refuses everybody (HTTP 403), or wants a certificate of the client first.",
            "Look at the IP filter of WinRM on the host, and for a proxy or firewall in between.",
        )
    if told.status == 200 and status < 500:
        return ok(name, f"{place} answers to Identify, and to an empty request with HTTP {status}.")
    return failed(
        name,
        f"{place} answers with HTTP {status}, not as WinRM does.",
        "See what listens on that port, and set ansible_port to the one of WinRM.",
    )


def judge_offer(options: Connection, offered: list[str]) -> Check:
    name = "network.authentication"
    if not offered:
        return skipped(name, "The service names no authentication that it offers.")
    words = {scheme.lower() for scheme in offered}
    shown = ", ".join(offered)
    usable = [method for method in options["methods"] if method == "certificate" or _SCHEMES.get(method, set()) & words]
    if usable:
        return ok(name, f"The service offers {shown}; {' and '.join(usable)} can be used.")
    setting = variable(options, "winrm_transport", "psrp_auth")
    best = next((method for method in _preferred(options) if _SCHEMES[method] & words), "")
    return failed(
        name,
        f"The service offers {shown}, and not {' or '.join(options['methods'])}, which the connection is set to.",
        f"Set {setting} to {best}." if best else "Allow an authentication in winrm/config/service/auth.",
    )


def _preferred(options: Connection) -> list[str]:
    """What to propose: Kerberos for an account of a domain, and basic only where TLS protects the password."""
    first = ["kerberos", "ntlm"] if "@" in options["user"] else ["ntlm", "kerberos"]
    return [*first, "credssp", *(["basic"] if options["scheme"] == "https" else [])]


def judge_clock(options: Connection, skew: int | None) -> list[Check]:
    name = "network.clock"
    if skew is None:
        return [skipped(name, "The service does not tell its time.")]
    if abs(skew) <= _SKEW_SECONDS:
        return [ok(name, f"The clocks of controller and host differ by {abs(skew)} s.")]
    text = f"The clock of the host is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} that of the controller."
    todo = "Set both clocks right, best by time synchronization."
    judged = failed if options["methods"] == ["kerberos"] else warning
    return [judged(name, text, todo)]
