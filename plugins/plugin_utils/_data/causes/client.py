# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What is known of the causes that lie between the host and the client's own machine."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

_CREDSSP: Final = Reference(
    "Microsoft, CredSSP updates for CVE-2018-0886 (KB4093492)",
    "A",
    "https://support.microsoft.com/topic/5cbf9e5f-dc6d-744f-9e97-7ba400d6d3ea",
)
_CREDSSP_AZURE: Final = Reference(
    "Microsoft, CredSSP encryption oracle remediation error when you use RDP to a Windows VM in Azure",
    "A",
    "https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/credssp-encryption-oracle-remediation",
)
_FREERDP_OPENSSL: Final = Reference(
    "FreeRDP#7839: with OpenSSL 3 its security level leaves TLS 1.0 and 1.1 out",
    "C",
    "https://github.com/FreeRDP/FreeRDP/issues/7839",
)
_MSRD_CLIENT: Final = Reference(
    "Microsoft support, MSRD-Collect: the keys of a client that it collects", "B", "https://aka.ms/MSRD-Collect"
)
_UDP: Final = Reference(
    "engineerdirect.co.uk, RDP sessions disconnect after about 65 seconds over UDP, quoting Microsoft's release health",
    "C",
    "https://www.engineerdirect.co.uk/guides/library/d/remote-access-vpn/"
    "rdp-udp-disconnect-65-seconds-win11-24h2-server-2016/",
)

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="client.credssp_oracle",
        title="CredSSP of host and client do not go together since CVE-2018-0886",
        stage="credssp",
        what="The updates of 2018 changed CredSSP. A corrected client with AllowEncryptionOracle 1 (the default) or 0 "
        "refuses a host without the correction; a corrected host with 0 refuses clients without it. The user types a "
        "password and sees that an authentication error has occurred, with the words CredSSP encryption oracle "
        "remediation. People then set AllowEncryptionOracle to 2, and it stays.",
        needs=("updates", "logon"),
        proof=(
            "TSpkg.dll of the host is older than the correction.",
            "AllowEncryptionOracle is 2 on the host.",
            "With a client that was named: its correction and its AllowEncryptionOracle, by Microsoft's matrix.",
            "The host answers with a version of CredSSP below 5.",
        ),
        against=("The host answers with version 5 or 6 of CredSSP.",),
        confidence="Proved for a client that was named, and where AllowEncryptionOracle is 2. Likely where the host is "
        "not corrected; possible where its CredSSP says otherwise.",
        explains=(),
        done="AllowEncryptionOracle 2 on a corrected host is deleted with rdp_client (encryption_oracle), where no "
        "policy sets it; that counts after a restart of Windows. From then on the host connects only to others that "
        "have the correction. A host that is not corrected is left alone: an update is due.",
        refused="AllowEncryptionOracle is never set to 2.",
        by_hand=(
            "Install a cumulative update of May 2018 or later on the side without the correction, and restart it.",
            "Delete AllowEncryptionOracle on both sides; rdp_client does it on clients.",
        ),
        references=(_CREDSSP_AZURE, _CREDSSP),
        breaks=True,
        ruled_out="TSpkg.dll has the correction, and AllowEncryptionOracle lets nobody in without it.",
    ),
    Cause(
        id="client.tls",
        title="The client shares no TLS version or cipher suite with a host that is sound for others",
        stage="tls",
        what="An old client (Windows 7 without Remote Desktop Connection 8, XP), one that was hardened, or FreeRDP "
        "with OpenSSL 3 against a host that speaks TLS 1.0 only. Others connect, this one does not.",
        needs=("tls", "listener", "certificate", "client"),
        proof=(
            "The versions and suites of the client, its support for CredSSP and the settings of the host together "
            "leave nothing, while a current client gets through.",
        ),
        against=("The same program connects to other hosts that are set as this one.",),
        confidence="Proved when the client was read with rdp_client_facts and all that decides is known. Likely for a "
        "profile.",
        explains=("0x904/0x7",),
        done="Names the one change that helps. rdp_tls with side client can enable a version on the client.",
        refused="The host is not weakened for one client: no TLS 1.0, no RC4 or 3DES, no NLA off.",
        by_hand=("Do what the finding's decision says, or connect from a current client.",),
        references=(sources.TLS_OF_RDP, sources.BCGR, _FREERDP_OPENSSL),
    ),
    Cause(
        id="client.stale_certificate",
        title="The client remembers another certificate of this host",
        stage="client",
        what="A user who accepts a certificate has its hash kept in Terminal Server Client\\Servers\\<host>\\CertHash. "
        "When the host gets a new certificate, the client warns again, and programs without a screen stop there.",
        needs=("certificate", "client"),
        proof=("CertHash of this host's name is not the thumbprint of the active certificate.",),
        against=("The active certificate is one that the client trusts by its CA: then CertHash does not count.",),
        confidence="Proved by both values. Whether it stops anybody, it does not say.",
        explains=(),
        done="Names the user and the value.",
        refused="The value is not deleted: a changed certificate is also what an interception looks like.",
        by_hand=(
            "Find out that the certificate was renewed on purpose.",
            "Delete CertHash of the host in the user's registry (rdp_client, forget_certificates_of), or bind a "
            "certificate of a CA that clients trust.",
        ),
        references=(_MSRD_CLIENT,),
    ),
    Cause(
        id="client.udp",
        title="The client's build drops UDP sessions to old hosts",
        stage="session",
        what="Windows 11 24H2 from KB5050094 to before KB5053656 loses sessions over UDP to Windows Server 2016 and "
        "older after about 65 seconds. TCP sessions hold.",
        needs=("system", "client"),
        proof=(
            "The client's build is in that range, the host's is 14393 or older, and fClientDisableUDP is not set on "
            "the client.",
        ),
        against=("Sessions of this client end at other times, or the host does no UDP.",),
        confidence="Possible: the builds fit, the session was not watched.",
        explains=(),
        done="Names the update and the value.",
        refused="",
        by_hand=(
            "Install KB5053656 or later on the client.",
            "Until then set fClientDisableUDP to 1 there (rdp_client).",
        ),
        references=(_UDP,),
    ),
)
