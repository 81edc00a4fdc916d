# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area machine_keys."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="machine_keys.acl",
        title="The private key of the Remote Desktop certificate can not be used by Windows",
        stage="tls",
        what="TermService runs as NETWORK SERVICE and has to read the key file of its certificate; SYSTEM needs full "
        "control to renew it. The file of the self-signed certificate is "
        "f686aace6942fb7f7ceb231212eef4a4_<MachineGuid> in %ProgramData%\\Microsoft\\Crypto\\RSA\\MachineKeys. "
        "Clean-ups, hardening and copied images change its access list or that of the folder. TCP connects, and the "
        "host closes after the ClientHello.",
        needs=("machine_keys", "certificate"),
        proof=(
            "The access list of the key file lacks NETWORK SERVICE: Read or SYSTEM: Full control.",
            "The host closes or resets after the ClientHello, without a ServerHello.",
            "Schannel event 36870 with 0x8009030D and the internal state 10001; events 1057 and 1058 of "
            "TerminalServices-RemoteConnectionManager.",
        ),
        against=(
            "The probe completes a handshake: the host can use its key now.",
            "TLS ends with an alert or in silence; a key that can not be read closes the connection.",
        ),
        confidence="Proved when the list of the key in use was read. Likely when it is not known whose key it is, or "
        "when only the wire and the certificate speak for it. Possible after a handshake that went through.",
        explains=("0x904/0x7",),
        done="Adds the missing rights to that file and to the folder itself with rdp_certificate (machine_keys_acl), "
        "by SID, and restarts SessionEnv and TermService.",
        refused="Never recursive, never with names of accounts, and no key is deleted: the wide form that some pages "
        "give opens every private key of the computer to NETWORK SERVICE.",
        by_hand=(
            'icacls "<key file>" /grant *S-1-5-20:(R) /grant *S-1-5-18:(F)',
            "Restart SessionEnv, then TermService.",
        ),
        references=(sources.INTERNAL_ERROR, sources.EVENT_IDS, sources.MACHINE_KEYS_ACL),
        breaks=True,
        ruled_out="No key file of the listener keeps NETWORK SERVICE or SYSTEM out.",
    ),
    Cause(
        id="machine_keys.missing",
        title="The key file of the Remote Desktop certificate is missing",
        stage="tls",
        what="The certificate is in the store and its key file is not in MachineKeys: a clean-up script took it, or "
        "the machine was cloned and has another MachineGuid. Schannel finds no key and closes during TLS.",
        needs=("machine_keys", "certificate"),
        proof=(
            "The file that follows from the container (TSSecKeySet1) and MachineGuid does not exist.",
            "Schannel event 36870; event 1057, Keyset does not exist.",
        ),
        against=("The probe completes a handshake: the host can use a key now.",),
        confidence="Proved for the active certificate. Likely when only the name of the container tells whose it is.",
        explains=("0x904/0x7",),
        done="Renews the self-signed certificate with rdp_certificate (self_signed_valid): Windows makes a new key "
        "with it. A bound certificate without its key is unbound.",
        refused="No certificate is touched on a connection broker, and none is deleted from MY.",
        by_hand=(
            "Delete the certificate from the computer's store Remote Desktop.",
            "Restart SessionEnv; Windows makes a new certificate with a new key.",
            "Keep clean-up scripts away from f686aace6942fb7f7ceb231212eef4a4_*.",
        ),
        references=(
            sources.EVENT_IDS,
            sources.INTERNAL_ERROR,
            Reference("Clean-up tools for MachineKeys that exclude f686aace6942fb7f7ceb231212eef4a4", "C"),
        ),
        breaks=True,
        ruled_out="No key file of the active certificate is missing.",
    ),
    Cause(
        id="machine_keys.crowded",
        title="The MachineKeys folder is crowded",
        stage="",
        what="A program makes a key for each of its runs and never deletes it. Folders with hundreds of thousands of "
        "files make every opening of a key slow, and sooner or later somebody cleans up and takes the key of Remote "
        "Desktop as well.",
        needs=("machine_keys",),
        proof=("The folder holds 10000 files or more; that limit is a judgement of ours, no source has one.",),
        against=("The keys of the listener are there and Windows has not failed to make one.",),
        confidence="The number is proved. That it is why a key is missing or could not be made is possible.",
        explains=(),
        done="Nothing but a finding.",
        refused="No key is deleted: nobody can tell from outside which ones are still needed.",
        by_hand=(
            "Find out from the times and owners of the files which program makes them, and end that.",
            "Clean up by age, and leave the well-known files alone: f686aace6942fb7f7ceb231212eef4a4_* is Remote "
            "Desktop's, 6de9cb26d2b98c01ec4e9e8b34824aa2_* and 7a436fe806e483969f48a894af2fe9a1_* are those of IIS.",
        ),
        references=(Reference("Reports on MachineKeys folders with millions of files, and their clean-up tools", "C"),),
    ),
)
