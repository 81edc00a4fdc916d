# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area tls."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="tls.no_common_version",
        title="No TLS version is left that Remote Desktop may use",
        stage="tls",
        what="SCHANNEL\\Protocols\\<version>\\Server\\Enabled 0 takes a version away from every server on the host. "
        "Hardening tools switch off the old ones; where the listener knows no newer one (Windows 7 and 2008 R2 without "
        "KB3080079, Vista and 2008 always), nothing is left. Connections end during the handshake.",
        needs=("tls", "system"),
        proof=(
            "No version that the listener of this release speaks is enabled for servers.",
            "The host answers with the alert protocol_version, or closes after the ClientHello.",
            "Schannel event 36871 with the internal state 10013.",
        ),
        against=("The probe completes a handshake; the service may still use what it read when it started.",),
        confidence="Proved by SCHANNEL and the release. Likely where it depends on an update that the list may not "
        "show. Possible when SCHANNEL could not be read, or a handshake went through.",
        explains=("0x904/0x7",),
        done="Enables TLS 1.2 for servers with rdp_tls, TLS 1.0 where the listener knows no other, and restarts "
        "TermService. It proves a new WinRM connection afterwards.",
        refused="Nothing is done on a connection broker: one with an internal database needs TLS 1.0. A version is "
        "never switched off by a plan.",
        by_hand=(
            "Set Enabled to 1 and DisabledByDefault to 0 (DWORD) in SCHANNEL\\Protocols\\TLS 1.2\\Server.",
            "On Windows 7 and 2008 R2 install KB3080079 first.",
            "Restart TermService, or the host where that is not enough.",
        ),
        references=(sources.TLS_SETTINGS, sources.TLS_OF_RDP, sources.EVENT_IDS, sources.BROKER_TLS),
        breaks=True,
        ruled_out="A TLS version that the listener of this release speaks is enabled for servers.",
    ),
)
