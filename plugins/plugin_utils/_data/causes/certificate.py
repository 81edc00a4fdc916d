# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area certificate."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="certificate.not_created",
        title="Windows has not made the self-signed Remote Desktop certificate",
        stage="tls",
        what="No certificate is bound to the listener, and the store Remote Desktop is empty, so Schannel has nothing "
        "to show. The host refuses TLS with SSL_CERT_NOT_ON_SERVER or closes after the ClientHello. Windows makes the "
        "certificate when SessionEnv starts; that fails when KeyIso or CryptSvc can not run, when the MachineKeys "
        "folder does not let it make a key, or when SelfSignedCertStore leads elsewhere.",
        needs=("certificate", "listener", "services"),
        proof=(
            "SystemCertificates\\Remote Desktop\\Certificates has no entry and RDP-Tcp has no SSLCertificateSHA1Hash.",
            "The probe is refused with failure code 3, SSL_CERT_NOT_ON_SERVER.",
            "Event 1057 or 1058 of TerminalServices-RemoteConnectionManager: Windows could not make or replace it.",
        ),
        against=(
            "The probe completes a handshake: the host has a certificate.",
            "Remote Desktop is off or TermService does not run: it has not been needed yet.",
        ),
        confidence="Proved when both places were read and are empty. Possible when only the wire shows it, or when "
        "something speaks against it.",
        explains=("0x904/0x7",),
        done="Sets SelfSignedCertStore where it leads elsewhere, starts the services that make it, and renews it with "
        "rdp_certificate (self_signed_valid), which restarts SessionEnv.",
        refused="Nothing is done on a connection broker, whose certificate belongs to the farm.",
        by_hand=(
            "Start KeyIso, CryptSvc and CertPropSvc.",
            "Restart the service SessionEnv; no session is cut off by that.",
            "Look whether the store Remote Desktop of the computer has a certificate now; if not, read events 1057 "
            "and 1058.",
        ),
        references=(sources.EVENT_IDS, sources.INTERNAL_ERROR, sources.BCGR),
        breaks=True,
        ruled_out="A certificate is bound, or one is in the store Remote Desktop.",
    ),
    Cause(
        id="certificate.binding_stale",
        title="The certificate that is bound to Remote Desktop is gone or has no private key",
        stage="tls",
        what="RDP-Tcp\\SSLCertificateSHA1Hash names a certificate that is not in the store, or that was imported "
        "without its private key. Windows does not always fall back to its own certificate, and closes connections "
        "during TLS. It happens after a renewal that deleted the old certificate, or after an import of a .cer file.",
        needs=("certificate",),
        proof=(
            "The thumbprint in SSLCertificateSHA1Hash is in neither MY nor Remote Desktop of the computer.",
            "Or the entry in the store has no property KEY_PROV_INFO.",
            "Events 1051, 1054, 1055 or 1059 of TerminalServices-RemoteConnectionManager; Schannel 36870.",
        ),
        against=("The port shows this very certificate and proves its key.",),
        confidence="Proved by the stores. Possible when the host serves that certificate all the same.",
        explains=("0x904/0x7",),
        done="Removes the binding with rdp_certificate (binding: self_signed), so that Windows serves its own, and "
        "restarts SessionEnv and TermService.",
        refused="Nothing is done on a connection broker. No certificate is deleted from MY: WinRM, IIS or SQL Server "
        "may use it.",
        by_hand=(
            "Import the certificate with its private key into the computer's store MY, and let NETWORK SERVICE read "
            "the key; or delete the value SSLCertificateSHA1Hash.",
            "Restart SessionEnv, then TermService.",
        ),
        references=(sources.LISTENER_CERTIFICATE, sources.EVENT_IDS, sources.INTERNAL_ERROR),
        breaks=True,
        ruled_out="No certificate is bound, or the bound one is in the store with its key.",
    ),
    Cause(
        id="certificate.expired",
        title="The Remote Desktop certificate has expired",
        stage="tls",
        what="The certificate that the listener serves is past its end. Windows renews its own a while before, unless "
        "a service that it needs for that can not run or the key folder is locked. A certificate of a CA is renewed by "
        "nobody but its owner. Clients that check dates refuse it; gateways report it as 0x3000019.",
        needs=("certificate",),
        proof=(
            "The end of the active certificate is before the host's clock.",
            "The port serves that certificate.",
            "Event 1058 (the expired one could not be replaced) or 1053 (the bound one has expired) of "
            "TerminalServices-RemoteConnectionManager.",
        ),
        against=(
            "The host's clock is ahead, and by the right time the certificate is valid.",
            "The port serves another certificate, which is valid.",
        ),
        confidence="Proved by the date in the store. Likely when the clock or the port speaks against it.",
        explains=("0x904/0x7", "0x1B07/0x0", "0x3000019/0x0"),
        done="Renews the self-signed certificate with rdp_certificate (self_signed_valid), with the services it needs. "
        "A bound certificate is left to its owner.",
        refused="A bound certificate is never replaced, and none is renewed on a broker or by a wrong clock.",
        by_hand=(
            "Start KeyIso, CryptSvc, CertPropSvc and SessionEnv.",
            "Delete the expired certificate from the store Remote Desktop, and restart SessionEnv.",
            "For a bound certificate: renew it at its CA, import it with its key, and bind the new thumbprint.",
        ),
        references=(
            sources.EVENT_IDS,
            sources.MSRD,
            Reference(
                "Rackspace, RDS client disconnected codes and reasons",
                "C",
                "https://docs.rackspace.com/support/how-to/rds-client-disconnected-codes-and-reasons",
            ),
        ),
        breaks=True,
        ruled_out="No certificate that the listener should serve is past its dates.",
    ),
    Cause(
        id="certificate.store",
        title="Windows keeps the self-signed certificate in another place than Remote Desktop needs",
        stage="tls",
        what="WinStations\\SelfSignedCertStore has to be Remote Desktop, and ProfileList\\ProgramData has to be "
        "%SystemDrive%\\ProgramData. With another value Windows makes the certificate or its key where the listener "
        "does not look, at the latest with the next renewal.",
        needs=("certificate", "machine_keys"),
        proof=(
            "SelfSignedCertStore is another text than Remote Desktop, or is missing.",
            "The folder of machine keys that follows from ProgramData is not below ProgramData.",
        ),
        against=("A certificate is bound, so the self-signed one is not needed.",),
        confidence="The values are proved. That they are what fails now is likely when TLS is dropped.",
        explains=("0x904/0x7",),
        done="Sets SelfSignedCertStore with rdp_certificate (self_signed_store), and restarts SessionEnv.",
        refused="ProgramData is left to a person: it moves more than this key. Nothing is done on a connection broker.",
        by_hand=(
            "Set HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\SelfSignedCertStore (REG_SZ) "
            "to Remote Desktop.",
            "Set HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\ProgramData (REG_EXPAND_SZ) to "
            "%SystemDrive%\\ProgramData.",
            "Restart SessionEnv, and look for the certificate in the store Remote Desktop.",
        ),
        references=(sources.INTERNAL_ERROR, sources.MSRD),
        breaks=True,
        ruled_out="SelfSignedCertStore and ProgramData are Windows' own, or no certificate was made yet.",
    ),
)
