# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area listener: its settings."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="listener.disabled",
        title="Remote Desktop is switched off",
        stage="tcp",
        what="fDenyTSConnections 1 switches Remote Desktop off, fEnableWinStation 0 the listener RDP-Tcp. Nothing "
        "listens then, and TCP is refused or not answered.",
        needs=("listener",),
        proof=("fDenyTSConnections is 1, locally or by policy; or RDP-Tcp\\fEnableWinStation is 0.",),
        against=("A new connection reached the logon: the value counts from the next start.",),
        confidence="Proved by the value that Windows applies.",
        explains=("0x204/0x0",),
        done="Switches it on with rdp_listener, opens the firewall's own rules where they are off, and starts "
        "TermService.",
        refused="A policy's value is left alone. Home editions have no Remote Desktop host.",
        by_hand=(
            "Set HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\fDenyTSConnections (DWORD) to 0.",
            "Set RDP-Tcp\\fEnableWinStation (DWORD) to 1.",
            "Where a policy sets the value, change the policy.",
        ),
        references=(sources.GENERAL_TROUBLESHOOTING, sources.CANNOT_CONNECT),
        breaks=True,
        ruled_out="No switch of Remote Desktop or of RDP-Tcp is off.",
    ),
    Cause(
        id="listener.contradiction",
        title="Security settings of the listener contradict each other",
        stage="x224",
        what="NLA needs TLS, TLS excludes the encryption level Low, and NLA as well as the security layer Negotiate "
        "need fAllowSecProtocolNegotiation. Windows corrects some of it silently (event 1050) and refuses the "
        "negotiation in other cases.",
        needs=("listener",),
        proof=(
            "SecurityLayer, UserAuthentication, MinEncryptionLevel, fAllowSecProtocolNegotiation exclude each other.",
            "The negotiation is refused for another reason than the certificate.",
            "Event 1050 of TerminalServices-RemoteConnectionManager.",
        ),
        against=("A new connection reached the logon: Windows has corrected it.",),
        confidence="The contradiction is proved by the values. That it is what ends connections is likely when the "
        "negotiation fails.",
        explains=("0x904/0x7",),
        done="Changes what gives way with rdp_listener, always towards the safer value.",
        refused="Nothing is made weaker: SecurityLayer 0 and NLA off are never the way out. A policy's value is left.",
        by_hand=("Set SecurityLayer 2, UserAuthentication 1, MinEncryptionLevel 3, fAllowSecProtocolNegotiation 1.",),
        references=(
            sources.INTERNAL_ERROR,
            sources.MSRD,
            Reference("Microsoft, event ID 1050 of Remote Connection Manager", "A"),
        ),
        breaks=True,
        ruled_out="No settings of the listener exclude each other.",
    ),
    Cause(
        id="listener.weakened",
        title="The listener is less secure than Windows makes it",
        stage="",
        what="SecurityLayer 0, NLA off or the encryption level Low was set and left so, as the repair buttons of some "
        "cloud vendors do. It works, and anybody in the path can take part.",
        needs=("listener",),
        proof=(
            "A value is weaker than the default of this release, and somebody set it.",
            "The weak values are exactly those that a known tool leaves, which the finding then names: ResetRDPCert or "
            "DisableNLA of Azure, FixAll of AWSSupport-TroubleshootRDP, an installer of a tunnel.",
        ),
        against=("It is the default of this release.",),
        confidence="Proved by the value.",
        explains=(),
        done="Raises SecurityLayer and the encryption level with rdp_listener, once all that TLS needs is in order. "
        "NLA is left to a person: only the owner knows which clients need it off.",
        refused="It is never lowered. TLS is not raised on a doubt.",
        by_hand=("Set SecurityLayer 2, UserAuthentication 1, MinEncryptionLevel 3, and probe again.",),
        references=(sources.RESET_RDP_CERT, sources.MSRD),
    ),
    Cause(
        id="listener.not_as_configured",
        title="Remote Desktop does not answer as it is configured",
        stage="",
        what="The port shows another certificate, other TLS versions or another NLA than the host is set to: mostly "
        "the settings changed after TermService had started.",
        needs=("wire", "listener", "tls", "certificate"),
        proof=("An answer on the port differs from the setting that decides it.",),
        against=("A restart of TermService is due, which explains it.",),
        confidence="Likely: both sides were read, and what lies between them is not known.",
        explains=(),
        done="Nothing: whether the setting or the answer is what was wanted, a person has to say.",
        refused="",
        by_hand=("Check the settings, restart TermService at a quiet time, and probe again.",),
        references=(sources.TLS_SETTINGS, sources.BCGR),
    ),
    Cause(
        id="listener.unknown_value",
        title="Settings of the listener have values without a meaning",
        stage="",
        what="A number such as SecurityLayer 7 or fDenyTSConnections 2 is in none of Microsoft's tables. What Windows "
        "makes of it no source says, so it is neither called broken nor sound.",
        needs=("listener",),
        proof=("The number is outside the documented ones.",),
        against=(),
        confidence="That the number has no meaning is proved. What it does is not known.",
        explains=(),
        done="Sets what this Windows has by itself, and enabled to on, with rdp_listener.",
        refused="NLA where this Windows has it off: nobody but the owner knows which clients can use it.",
        by_hand=("Set a documented value; look for the tool or the policy that wrote the other one.",),
        references=(sources.GENERAL_TROUBLESHOOTING, sources.MSRD),
    ),
    Cause(
        id="listener.drain",
        title="The host is being drained",
        stage="logon",
        what="TSServerDrainMode 1 or 2 lets nobody have a new session; sessions that exist can be gone back to. "
        "1 ends with the next restart. The port answers as ever, so no probe without credentials sees it.",
        needs=("listener",),
        proof=("TSServerDrainMode is 1 or 2.",),
        against=(),
        confidence="Proved by the value.",
        explains=("0x904/0x7",),
        done="Nothing: somebody may be at work on the host. rdp_listener (drain_mode) opens it.",
        refused="It is not opened by a plan.",
        by_hand=("chglogon /query shows it, change logon /enable ends it.",),
        references=(sources.GENERAL_ERROR, sources.TERMINAL_SERVICE_SETTING),
        breaks=True,
        ruled_out="The host is not being drained.",
    ),
    Cause(
        id="listener.logon_disabled",
        title="The listener refuses logons",
        stage="logon",
        what="RDP-Tcp\\fLogonDisabled 1 and TSUserEnabled 1 refuse everybody; MaxInstanceCount is the number of "
        "connections that RDP-Tcp takes, and 4294967295 (999999 by policy) is no limit. Nothing of it shows before "
        "the logon.",
        needs=("listener",),
        proof=(
            "fLogonDisabled is 1, TSUserEnabled is 1 or MaxInstanceCount is 0.",
            "As many people are connected as MaxInstanceCount lets in.",
        ),
        against=("Fewer people are connected than the limit.",),
        confidence="Proved by the switches. Likely for a limit, since who is connected changes.",
        explains=("0x904/0x7",),
        done="Sets the switches, and a limit of 0, as Windows has them, with rdp_listener (logons_allowed, "
        "user_logons_allowed, max_instances).",
        refused="A limit that people have reached is not raised: how many may connect, somebody has decided.",
        by_hand=(
            "Set RDP-Tcp\\fLogonDisabled and Terminal Server\\TSUserEnabled (DWORD) to 0.",
            "Set RDP-Tcp\\MaxInstanceCount (DWORD) to 0xFFFFFFFF, or change the policy that limits it.",
        ),
        references=(sources.GENERAL_ERROR, sources.MSRD),
        breaks=True,
        ruled_out="No switch refuses logons, and no limit of connections is known to be reached.",
    ),
)
