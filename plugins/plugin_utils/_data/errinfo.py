# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the extended error code says, and the error info of the protocol that it repeats.

Two of Microsoft's lists share the numbers: ExtendedDisconnectReasonCode of the client, and errorInfo, which the host
sends in a Set Error Info PDU ([MS-RDPBCGR] 2.2.5.1.1). Where both have a number, the client's name is given. Clients
also show such a number alone, as the error code ("because of a protocol error (code: 0x112f)").
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import Code, Where

EXTENDED_DISCONNECT: Final = "Microsoft, ExtendedDisconnectReasonCode"
ERROR_INFO: Final = "[MS-RDPBCGR] 2.2.5.1.1"
# ExtendedDisconnectReasonCode: errors of the protocol, on which the event log of the host says more.
PROTOCOL_RANGE: Final = range(0x1000, 0x8000)


def _client(name: str, meaning: str, where: Where) -> Code:
    return Code(f"exDiscReason{name}", meaning, where, EXTENDED_DISCONNECT, "A")


def _host(name: str, meaning: str, where: Where = "protocol") -> Code:
    return Code(f"ERRINFO_{name}", meaning, where, ERROR_INFO, "A")


EXTENDED: Final[dict[int, Code]] = {
    0x0: _client("NoInfo", "The host has said nothing more.", "unknown"),
    0x1: _client("APIInitiatedDisconnect", "A program or an administrator disconnected the session.", "session"),
    0x2: _client("APIInitiatedLogoff", "A program or an administrator logged the session off.", "session"),
    0x3: _client("ServerIdleTimeout", "The session was idle for longer than the host allows.", "session"),
    0x4: _client("ServerLogonTimeout", "The session lasted longer than the host allows.", "session"),
    0x5: _client("ReplacedByOtherConnection", "Another connection took the session over.", "session"),
    0x6: _client("OutOfMemory", "The host ran out of memory.", "session"),
    0x7: _client("ServerDeniedConnection", "The host denied the connection.", "closed"),
    0x8: _client(
        "ServerDeniedConnectionFips", "The host denied the connection for security reasons (FIPS).", "protocol"
    ),
    0x9: _client("ServerInsufficientPrivileges", "The user has no right to log on through Remote Desktop.", "account"),
    0xA: _client("ServerFreshCredsRequired", "The host takes no saved credentials: they have to be typed.", "account"),
    0xB: _client("RpcInitiatedDisconnectByUser", "The user disconnected the session from within.", "session"),
    0xC: _client("LogoffByUser", "The user logged off.", "session"),
    0x100: _client("LicenseInternal", "The licensing of the host failed internally.", "license"),
    0x101: _client("LicenseNoLicenseServer", "The host found no license server.", "license"),
    0x102: _client("LicenseNoLicense", "No license was left for this client.", "license"),
    0x103: _client("LicenseErrClientMsg", "The client sent a bad licensing message.", "license"),
    0x104: _client("LicenseHwidDoesntMatchLicense", "The license of the client belongs to other hardware.", "license"),
    0x105: _client("LicenseErrClientLicense", "The license that the client keeps is bad.", "license"),
    0x106: _client("LicenseCantFinishProtocol", "The network cut the exchange of licenses off.", "license"),
    0x107: _client("LicenseClientEndedProtocol", "The client broke the exchange of licenses off.", "license"),
    0x108: _client("LicenseErrClientEncryption", "A licensing message was encrypted wrongly.", "license"),
    0x109: _client("LicenseCantUpgradeLicense", "The license of the client could not be renewed.", "license"),
    0x10A: _client("LicenseNoRemoteConnections", "The host has no license for remote connections.", "license"),
    0x10B: _client(
        "LicenseCreatingLicStoreAccDenied", "The client may not create the registry key for its license.", "license"
    ),
    0x300: _client("RdpEncInvalidCredentials", "The credentials were not valid.", "account"),
    0xF: _host(
        "CLOSE_STACK_ON_DRIVER_NOT_READY", "The display driver of the session did not start in time.", "session"
    ),
    0x10: _host("SERVER_DWM_CRASH", "The window manager of the session (DWM) crashed.", "session"),
    0x11: _host("CLOSE_STACK_ON_DRIVER_FAILURE", "The display driver of the session failed to start.", "session"),
    0x12: _host(
        "CLOSE_STACK_ON_DRIVER_IFACE_FAILURE",
        "The display driver of the session started and could not be used.",
        "session",
    ),
    0x17: _host("SERVER_WINLOGON_CRASH", "Winlogon of the session crashed.", "session"),
    0x18: _host("SERVER_CSRSS_CRASH", "CSRSS of the session crashed.", "session"),
    0x19: _host("SERVER_SHUTDOWN", "The host is shutting down.", "session"),
    0x1A: _host("SERVER_REBOOT", "The host is restarting.", "session"),
    0x400: _host("CB_DESTINATION_NOT_FOUND", "The connection broker did not find the target.", "session"),
    0x402: _host("CB_LOADING_DESTINATION", "The target is leaving the connection broker.", "session"),
    0x404: _host("CB_REDIRECTING_TO_DESTINATION", "The redirection to the target failed.", "session"),
    0x405: _host("CB_SESSION_ONLINE_VM_WAKE", "The target, a virtual machine, could not be woken.", "session"),
    0x406: _host("CB_SESSION_ONLINE_VM_BOOT", "The target, a virtual machine, could not be started.", "session"),
    0x407: _host("CB_SESSION_ONLINE_VM_NO_DNS", "The target, a virtual machine, has no known address.", "session"),
    0x408: _host("CB_DESTINATION_POOL_NOT_FREE", "The connection broker's pool has no free target.", "session"),
    0x409: _host("CB_CONNECTION_CANCELLED", "The connection was cancelled.", "session"),
    0x410: _host(
        "CB_CONNECTION_ERROR_INVALID_SETTINGS", "The routing token of the client could not be validated.", "session"
    ),
    0x411: _host(
        "CB_SESSION_ONLINE_VM_BOOT_TIMEOUT", "The target, a virtual machine, took too long to start.", "session"
    ),
    0x412: _host(
        "CB_SESSION_ONLINE_VM_SESSMON_FAILED",
        "The session could not be watched while the target, a virtual machine, started.",
        "session",
    ),
    0x10C9: _host("UNKNOWNPDUTYPE2", "A data PDU of an unknown type came (pduType2)."),
    0x10CA: _host("UNKNOWNPDUTYPE", "A PDU of an unknown type came (pduType)."),
    0x10CB: _host("DATAPDUSEQUENCE", "A data PDU came out of sequence."),
    0x10CD: _host("CONTROLPDUSEQUENCE", "A control PDU came out of sequence."),
    0x10CE: _host("INVALIDCONTROLPDUACTION", "A Control PDU asked for an action that does not exist."),
    0x10CF: _host("INVALIDINPUTPDUTYPE", "An input event was of an unknown type."),
    0x10D0: _host("INVALIDINPUTPDUMOUSE", "A mouse event had bad flags."),
    0x10D1: _host("INVALIDREFRESHRECTPDU", "A Refresh Rect PDU was not valid."),
    0x10D2: _host("CREATEUSERDATAFAILED", "The host could not build its answer to the conference request (GCC)."),
    0x10D3: _host("CONNECTFAILED", "The channels could not be connected."),
    0x10D4: _host("CONFIRMACTIVEWRONGSHAREID", "The Confirm Active PDU had a wrong shareID."),
    0x10D5: _host("CONFIRMACTIVEWRONGORIGINATOR", "The Confirm Active PDU had a wrong originatorID."),
    0x10DA: _host("PERSISTENTKEYPDUBADLENGTH", "A Persistent Key List PDU was too short."),
    0x10DB: _host("PERSISTENTKEYPDUILLEGALFIRST", "A second Persistent Key List PDU said that it was the first."),
    0x10DC: _host("PERSISTENTKEYPDUTOOMANYTOTALKEYS", "A Persistent Key List PDU named too many bitmaps in all."),
    0x10DD: _host(
        "PERSISTENTKEYPDUTOOMANYCACHEKEYS", "A Persistent Key List PDU named too many bitmaps for one cache."
    ),
    0x10DE: _host("INPUTPDUBADLENGTH", "An Input Event PDU was too short."),
    0x10DF: _host("BITMAPCACHEERRORPDUBADLENGTH", "A Bitmap Cache Error PDU was too short."),
    0x10E0: _host("SECURITYDATATOOSHORT", "The signature of a fast-path input PDU was too short."),
    0x10E1: _host("VCHANNELDATATOOSHORT", "The data of a virtual channel was too short."),
    0x10E2: _host("SHAREDATATOOSHORT", "A control, data or font list PDU was too short."),
    0x10E3: _host("BADSUPRESSOUTPUTPDU", "A Suppress Output PDU was not valid."),
    0x10E5: _host("CONFIRMACTIVEPDUTOOSHORT", "The Confirm Active PDU was too short."),
    0x10E7: _host("CAPABILITYSETTOOSMALL", "A capability set was too short."),
    0x10E8: _host("CAPABILITYSETTOOLARGE", "A capability set said that it was longer than the data."),
    0x10E9: _host("NOCURSORCACHE", "The client has no cache for mouse pointers."),
    0x10EA: _host("BADCAPABILITIES", "The host did not accept the capabilities of the client."),
    0x10EC: _host("VIRTUALCHANNELDECOMPRESSIONERR", "The data of a virtual channel could not be decompressed."),
    0x10ED: _host("INVALIDVCCOMPRESSIONTYPE", "The data of a virtual channel was compressed in an unknown way."),
    0x10EF: _host("INVALIDCHANNELID", "A virtual channel had an unknown number."),
    0x10F0: _host("VCHANNELSTOOMANY", "The client asked for more than 31 virtual channels."),
    0x10F3: _host(
        "REMOTEAPPSNOTENABLED", "The host serves remote applications only, and the client asked for a desktop."
    ),
    0x10F4: _host("CACHECAPNOTSET", "The client named cached bitmaps without the capability for them."),
    0x10F5: _host("BITMAPCACHEERRORPDUBADLENGTH2", "A Bitmap Cache Error PDU said more than it held."),
    0x10F6: _host("OFFSCRCACHEERRORPDUBADLENGTH", "An Offscreen Bitmap Cache Error PDU was too short."),
    0x10F7: _host("DNGCACHEERRORPDUBADLENGTH", "A DrawNineGrid Cache Error PDU was too short."),
    0x10F8: _host("GDIPLUSPDUBADLENGTH", "A GDI+ Error PDU was too short."),
    0x1111: _host("SECURITYDATATOOSHORT2", "A basic security header was too short."),
    0x1112: _host("SECURITYDATATOOSHORT3", "A security header (FIPS or not) was too short."),
    0x1113: _host("SECURITYDATATOOSHORT4", "The Security Exchange PDU was too short."),
    0x1114: _host("SECURITYDATATOOSHORT5", "The Info Packet was too short for its texts."),
    0x1115: _host("SECURITYDATATOOSHORT6", "The Info Packet was too short for its lengths."),
    0x1116: _host("SECURITYDATATOOSHORT7", "The Extended Info Packet ended before the client's address family."),
    0x1117: _host("SECURITYDATATOOSHORT8", "The Extended Info Packet ended before the client's address."),
    0x1118: _host("SECURITYDATATOOSHORT9", "The Extended Info Packet ended before the length of the client's folder."),
    0x1119: _host("SECURITYDATATOOSHORT10", "The Extended Info Packet ended before the client's folder."),
    0x111A: _host("SECURITYDATATOOSHORT11", "The Extended Info Packet ended before the client's time zone."),
    0x111B: _host("SECURITYDATATOOSHORT12", "The Extended Info Packet ended before the client's session number."),
    0x111C: _host("SECURITYDATATOOSHORT13", "The Extended Info Packet ended before the performance flags."),
    0x111D: _host(
        "SECURITYDATATOOSHORT14", "The Extended Info Packet ended before the length of the reconnection cookie."
    ),
    0x111E: _host("SECURITYDATATOOSHORT15", "The Extended Info Packet ended before the reconnection cookie."),
    0x111F: _host("SECURITYDATATOOSHORT16", "The reconnection cookie in the Extended Info Packet was too long."),
    0x1120: _host(
        "SECURITYDATATOOSHORT17", "The Extended Info Packet ended before the client's address family (second place)."
    ),
    0x1121: _host(
        "SECURITYDATATOOSHORT18", "The Extended Info Packet ended before the client's address (second place)."
    ),
    0x1122: _host(
        "SECURITYDATATOOSHORT19",
        "The Extended Info Packet ended before the length of the client's folder (second place).",
    ),
    0x1123: _host(
        "SECURITYDATATOOSHORT20", "The Extended Info Packet ended before the client's folder (second place)."
    ),
    0x1124: _host(
        "SECURITYDATATOOSHORT21", "The Extended Info Packet ended before the client's time zone (second place)."
    ),
    0x1125: _host(
        "SECURITYDATATOOSHORT22", "The Extended Info Packet ended before the client's session number (second place)."
    ),
    0x1126: _host("SECURITYDATATOOSHORT23", "The Client Info PDU was too short."),
    0x1129: _host("BADMONITORDATA", "The client announced more monitors than it described."),
    0x112A: _host("VCDECOMPRESSEDREASSEMBLEFAILED", "The decompressed data of a virtual channel was too large."),
    0x112B: _host("VCDATATOOLONG", "The data of a virtual channel was too long."),
    0x112C: _host("BAD_FRAME_ACK_DATA", "A Frame Acknowledge PDU was too short."),
    0x112D: _host(
        "GRAPHICSMODENOTSUPPORTED", "The host does not support the graphics mode that the client wants.", "session"
    ),
    0x112E: _host("GRAPHICSSUBSYSTEMRESETFAILED", "The graphics of the host could not be reset.", "session"),
    0x112F: _host(
        "GRAPHICSSUBSYSTEMFAILED",
        "The graphics of the host failed: look at its display driver, memory and graphics policies.",
        "session",
    ),
    0x1130: _host("TIMEZONEKEYNAMELENGTHTOOSHORT", "The name of the client's time zone was cut off."),
    0x1131: _host("TIMEZONEKEYNAMELENGTHTOOLONG", "The name of the client's time zone was too long."),
    0x1132: _host("DYNAMICDSTDISABLEDFIELDMISSING", "The client did not say whether it follows daylight saving time."),
    0x1133: _host("VCDECODINGERROR", "The data of a dynamic virtual channel could not be read."),
    0x1134: _host("VIRTUALDESKTOPTOOLARGE", "The client's monitors make a desktop that is too large."),
    0x1135: _host("MONITORGEOMETRYVALIDATIONFAILED", "The client's monitors do not fit together."),
    0x1136: _host("INVALIDMONITORCOUNT", "The client has too many monitors."),
    0x1191: _host("UPDATESESSIONKEYFAILED", "The session keys of Standard RDP Security could not be renewed."),
    0x1192: _host("DECRYPTFAILED", "Standard RDP Security could not decrypt, or make its keys."),
    0x1193: _host("ENCRYPTFAILED", "Standard RDP Security could not encrypt."),
    0x1194: _host("ENCPKGMISMATCH", "Client and host share no encryption method of Standard RDP Security."),
    0x1195: _host("DECRYPTFAILED2", "Plain data came where Standard RDP Security encrypts."),
    # In FreeRDP's list only (include/freerdp/error.h).
    0x1196: Code("", "The other side has disconnected.", "session", "FreeRDP, ERRINFO_PEER_DISCONNECTED", "C"),
}
