# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which security protocol the listener picks, or the failure that it sends instead.

Sources and decisions:

* A request without RDP_NEG_REQ is confirmed without negotiation data whatever the settings are ([MS-RDPBCGR]
  3.3.5.3.1 and 3.3.5.3.2; recorded: RDP-003.pcap). A server that requires TLS or NLA then closes later.
* SecurityLayer 0 picks Standard RDP Security when nothing else is requested (recorded: rdp-x509.pcap), and otherwise
  fails with SSL_NOT_ALLOWED_BY_SERVER rather than fall back (recorded: rdp-proprietary-encryption.pcap).
* SecurityLayer 1 takes the most secure protocol that the client has (Win32_TSGeneralSetting.SetSecurityLayer), so
  HYBRID_EX before HYBRID before SSL before RDP; recorded: rdp-to-ssl.pcap (3 is answered with 2) and
  rdp-no-cookie-mstshash.pcap (0x0b is answered with 8).
* SecurityLayer 2 is the same, but a request for RDP alone fails with SSL_REQUIRED_BY_SERVER (2.2.1.2.2).
* NLA fails every request without CredSSP with HYBRID_REQUIRED_BY_SERVER (2.2.1.2.2).
* SecurityLayer 0 with NLA on contradicts itself. "Configure Server Authentication and Encryption Levels" (Server
  2008 R2, cc770833) says that NLA cannot be used with the RDP Security Layer, so the layer wins here and NLA is
  without effect. The policy text of the NLA setting reads the other way (only clients with NLA can connect).
  MEM: unverified on a host.
* No certificate at all: SSL_CERT_NOT_ON_SERVER once an external security protocol would be picked (2.2.1.2.2 and
  5.4.2.1: an error while the provider is set up is a failure, so SecurityLayer 1 does not fall back either). A request
  that the settings refuse anyway gets the code for that (the order of the two checks is MEM: unverified).
* Before Vista there is no CredSSP server, so CredSSP alone fails with SSL_REQUIRED_BY_SERVER, which 2.2.1.2.2 words
  for exactly this; there and up to 2008 R2 the HYBRID_EX flag is not known (MEM: unverified; recorded for 2008 R2 only
  without the flag).
* RDSTLS alone is selected from Windows 10 build 14393 on, with NLA too: published outputs of rdp-enum-encryption for
  the builds 14393, 17763, 20348 and 22000 show it (older ones, and its rank before SSL, are MEM: unverified). RDSAAD
  is not offered (no Entra join in the lab); alone it is treated like a client without TLS (MEM: unverified).
* INCONSISTENT_FLAGS comes after the Direct Approach only (server.py).
  SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER comes from RDP 6.0 servers only (note 4) and only with client certificates,
  for which the listener has no setting. It is never sent.
* MinEncryptionLevel 1 with SecurityLayer 2 is corrected by the service so that connections proceed (event 1050),
  hence it changes nothing here; levels 3 and 4 narrow the cipher suites.

Response flags: 0x01 recorded from Windows 7 or Server 2008 R2 (rdp-to-ssl.pcap), 0x1f recorded together with HYBRID_EX
(rdp-no-cookie-mstshash.pcap), 0x00 recorded from an older server with RDP selected. The rest follows the feature each
bit stands for (graphics pipeline with RDP 8.0, restricted admin with 8.1, Remote Credential Guard with build 14393),
with the reserved bit where restricted admin is (MEM: unverified). With Standard RDP Security the two bits of CredSSP
features are left out (MEM: unverified).
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.x224 import (
    ConnectionRequest,
    FailureCode,
    Protocol,
    ResponseFlags,
    connection_confirm,
    negotiation_failure,
    negotiation_response,
)

_CREDSSP = Protocol.HYBRID | Protocol.HYBRID_EX
_CREDSSP_FLAGS = ResponseFlags.RESTRICTED_ADMIN_MODE_SUPPORTED | ResponseFlags.REDIRECTED_AUTHENTICATION_MODE_SUPPORTED
_AUTHENTICATED = _CREDSSP | Protocol.RDSTLS
_VISTA = (6, 0, 0)
_WINDOWS_8 = (6, 2, 0)
_WINDOWS_10_1607 = (10, 0, 14393)
_FLAGS_BY_VERSION: tuple[tuple[tuple[int, int, int], ResponseFlags], ...] = (
    ((10, 0, 14393), ResponseFlags(0x1F)),
    ((6, 3, 0), ResponseFlags(0x0F)),
    ((6, 2, 0), ResponseFlags(0x03)),
    ((6, 1, 0), ResponseFlags(0x01)),
)


@dataclass(frozen=True)
class Selected:
    """The protocol that the connection goes on with; ``confirm`` is the PDU to send."""

    protocol: Protocol
    confirm: bytes


@dataclass(frozen=True)
class Refused:
    """The connection ends after ``confirm``, which carries ``code``."""

    code: FailureCode
    confirm: bytes


def select(state: ListenerState, request: ConnectionRequest) -> Selected | Refused:
    """Answer a connection request under the listener's settings."""
    requested = request.requested_protocols
    if requested is None or state.legacy_no_negotiation:
        return Selected(Protocol.RDP, connection_confirm())
    outcome = _outcome(state, requested)
    if isinstance(outcome, FailureCode):
        return refuse(outcome)
    flags = response_flags(state.os_version, outcome)
    return Selected(outcome, connection_confirm(negotiation_response(flags, outcome)))


def refuse(code: FailureCode) -> Refused:
    """The refusal with a failure code."""
    return Refused(code, connection_confirm(negotiation_failure(code)))


def takes_standard_security(state: ListenerState) -> bool:
    """Whether Standard RDP Security goes on after the confirm: neither TLS nor NLA is demanded."""
    if state.legacy_no_negotiation or state.security_layer == 0:
        return True
    return state.security_layer == 1 and not state.user_authentication


def allows_external_security(state: ListenerState) -> bool:
    """Whether TLS can be spoken at all: a layer above RDP, a server that negotiates, and a certificate."""
    return state.security_layer > 0 and not state.legacy_no_negotiation and state.certificate_pem is not None


def response_flags(os_version: tuple[int, int, int], selected: Protocol) -> ResponseFlags:
    """``flags`` of RDP_NEG_RSP for a Windows version."""
    for version, flags in _FLAGS_BY_VERSION:
        if os_version >= version:
            return flags & ~_CREDSSP_FLAGS if selected == Protocol.RDP else flags
    return ResponseFlags.NONE


def _outcome(state: ListenerState, requested: Protocol) -> Protocol | FailureCode:
    if state.security_layer == 0:
        return Protocol.RDP if requested == Protocol.RDP else FailureCode.SSL_NOT_ALLOWED_BY_SERVER
    picked = _most_secure(state.os_version, requested)
    if state.user_authentication and not picked & _AUTHENTICATED:
        return FailureCode.HYBRID_REQUIRED_BY_SERVER
    if picked == Protocol.RDP:
        if requested != Protocol.RDP or state.security_layer == 2:
            return FailureCode.SSL_REQUIRED_BY_SERVER
        return Protocol.RDP
    if state.certificate_pem is None:
        return FailureCode.SSL_CERT_NOT_ON_SERVER
    return picked


def _most_secure(os_version: tuple[int, int, int], requested: Protocol) -> Protocol:
    """The best of the requested protocols that the version knows; RDP when it knows none of them."""
    known = [Protocol.SSL]
    if os_version >= _WINDOWS_10_1607:
        known.insert(0, Protocol.RDSTLS)
    if os_version >= _VISTA:
        known.insert(0, Protocol.HYBRID)
    if os_version >= _WINDOWS_8:
        known.insert(0, Protocol.HYBRID_EX)
    return next((protocol for protocol in known if requested & protocol), Protocol.RDP)
