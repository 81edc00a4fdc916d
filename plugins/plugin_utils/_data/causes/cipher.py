# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What is known of the causes that lie in the cipher suites."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

_CIPHER_SUITES: Final = Reference(
    "Microsoft, Cipher Suites in TLS/SSL (Schannel SSP), and its page for each Windows version",
    "A",
    "https://learn.microsoft.com/windows/win32/secauthn/cipher-suites-in-schannel",
)
_RESTRICT: Final = Reference(
    "Microsoft, How to restrict the use of certain cryptographic algorithms and protocols in Schannel.dll (KB245030)",
    "A",
    "https://learn.microsoft.com/troubleshoot/windows-server/certificates-and-public-key-infrastructure-pki/"
    "restrict-cryptographic-algorithms-protocols-schannel",
)
_VALUE_ONE: Final = Reference(
    "0x6d69636b/windows_hardening#95: 1 in place of 0xffffffff broke Remote Desktop",
    "C",
    "https://github.com/0x6d69636b/windows_hardening/issues/95",
)

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="tls.no_common_cipher",
        title="No cipher suite is left that Remote Desktop and a current client share",
        stage="tls",
        what="The policy SSL Cipher Suite Order, the list of the host, switches below SCHANNEL\\Ciphers, Hashes and "
        "KeyExchangeAlgorithms, or FIPS mode leave no suite that current clients offer and that the key of the "
        "listener's certificate can serve. Hardening guides and tools do that, and a certificate with an EC key where "
        "only RSA suites are left, or the other way round. Every handshake ends with the alert handshake_failure.",
        needs=("tls", "certificate"),
        proof=(
            "The list, less what is switched off, has no suite of Windows 10 22H2 or Windows 11 for a version that "
            "both have.",
            "The key of the certificate is of a kind that no suite left takes (RSA, ECDSA).",
            "The host answers with the alert handshake_failure (40).",
            "Schannel events 36874, and 36888 with alert 40.",
        ),
        against=("The probe completes a handshake; the service may still use what it read when it started.",),
        confidence="Proved by list, switches and key. Possible when they could not be read and only the alert was "
        "seen.",
        explains=("0x904/0x7",),
        done="Where a bound certificate has the wrong kind of key, goes back to the self-signed one, which has an RSA "
        "key. Else the least that helps, with rdp_tls: the value Enabled of AES, SHA and key exchanges that are off is "
        "deleted; the list of the policy goes where the host's record of policies shows that no Group Policy object "
        "sets it.",
        refused="A list that a Group Policy object sets, or of which nobody knows who sets it, stays. The host's own "
        "list is never replaced by a plan. No suite with RC4, DES, 3DES, export keys or NULL is ever proposed. Nothing "
        "is done on a connection broker.",
        by_hand=(
            "Set the policy SSL Cipher Suite Order to Not configured, or add suites with ECDHE_RSA and AES to it.",
            "Delete Functions in SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002 if it "
            "stays.",
            "Delete Enabled below SCHANNEL\\Ciphers, Hashes and KeyExchangeAlgorithms where it is 0 for AES, SHA256, "
            "SHA384, ECDH or PKCS.",
            "Restart TermService, and probe again.",
        ),
        references=(sources.INTERNAL_ERROR, _CIPHER_SUITES, _RESTRICT),
        breaks=True,
        ruled_out="A current client shares a cipher suite with the host, and the certificate's key can serve it.",
    ),
    Cause(
        id="tls.fips",
        title="FIPS mode is on, and clients that can not do it are turned away",
        stage="tls",
        what="With FIPSAlgorithmPolicy\\Enabled 1 or the encryption level FIPS, the host takes FIPS algorithms alone: "
        "AES and 3DES with SHA. Old clients, and others than Microsoft's, may not have them. Current Windows clients "
        "do.",
        needs=("tls", "listener"),
        proof=(
            "Lsa\\FIPSAlgorithmPolicy\\Enabled is 1, or MinEncryptionLevel is 4.",
            "The client shows the extended code 0x8, ServerDeniedConnectionFips.",
        ),
        against=("The probe reaches the logon.",),
        confidence="Likely where a connection ends in the negotiation or in TLS. Possible otherwise: FIPS mode alone "
        "harms no current client.",
        explains=("0x904/0x8", "0x904/0x7"),
        done="Nothing: whether FIPS is needed is a rule of the owner.",
        refused="FIPS mode and the encryption level are not lowered.",
        by_hand=(
            "Bring the clients up to date.",
            "Where no rule asks for it, switch the policy System cryptography: Use FIPS compliant algorithms off, and "
            "restart the host.",
        ),
        references=(sources.CANNOT_CONNECT_AZURE, _CIPHER_SUITES),
    ),
    Cause(
        id="tls.misused_value",
        title="Schannel's switches for algorithms have a value that is not meant for them",
        stage="tls",
        what="Below SCHANNEL\\Ciphers, Hashes and KeyExchangeAlgorithms, Enabled is 0 for off and 0xffffffff for on; "
        "1 is right below Protocols alone. A tester who wrote 1 everywhere could not connect any more: the host said "
        "that it shares no cipher suite with the client.",
        needs=("tls",),
        proof=("Enabled is neither 0 nor 0xffffffff.", "The alert handshake_failure, Schannel event 36874."),
        against=("The probe completes a handshake.",),
        confidence="Likely where handshakes fail, possible where nothing was probed: one report says what the value "
        "does.",
        explains=("0x904/0x7",),
        done="Deletes the values with rdp_tls (repair_misused_values), so that Windows decides, where handshakes fail.",
        refused="Nothing is done on a connection broker.",
        by_hand=("Delete the value Enabled of each, so that Windows decides.", "Restart TermService, and probe again."),
        references=(_RESTRICT, _VALUE_ONE),
        breaks=True,
        ruled_out="No switch has another value than 0 or 0xffffffff.",
    ),
)
