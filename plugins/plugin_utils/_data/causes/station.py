# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area listener: the WinStation RDP-Tcp itself."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="listener.missing",
        title="The listener RDP-Tcp does not exist",
        stage="tcp",
        what="The registry key WinStations\\RDP-Tcp is gone, so TermService makes no listener and nothing is on the "
        "port. Clean-ups and uninstallers of other remote desktops take it.",
        needs=("listener",),
        proof=("There is no key HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp.",),
        against=("A new connection reached the logon: the service has it in memory until it restarts.",),
        confidence="Proved by the registry.",
        explains=("0x204/0x0",),
        done="Nothing: the key differs between Windows versions, and no source has all of it.",
        refused="It is not imported from another host, and rdp_listener sets nothing there: that would make a key with "
        "one value.",
        by_hand=(
            "Export the key from a host of the same Windows version.",
            "Import it, and restart TermService.",
        ),
        references=(sources.CANNOT_CONNECT,),
        breaks=True,
        ruled_out="The key RDP-Tcp exists.",
    ),
    Cause(
        id="listener.port_conflict",
        title="The port of Remote Desktop belongs to something else",
        stage="x224",
        what="Another process listens on the listener's port, or a second WinStation has the same port. TCP connects, "
        "and what answers is no Remote Desktop; it comes first by the order in which services start.",
        needs=("port", "listener"),
        proof=(
            "The process that listens on the port is not TermService's.",
            "A second WinStation that is on has the same PortNumber.",
        ),
        against=("TermService listens on the port.", "A new connection reached the logon."),
        confidence="Proved by the owner of the port. Likely by two WinStations with one port; possible when "
        "TermService has the port all the same.",
        explains=("0x904/0x7", "0x204/0x0"),
        done="Nothing: what the other process is for, a person knows. rdp_listener (port) can move the listener.",
        refused="No process is ended.",
        by_hand=(
            "netstat -ano shows the process of the port, tasklist /svc its services.",
            "Stop it or give it another port, and restart TermService.",
        ),
        references=(sources.CANNOT_CONNECT, sources.ALIBABA),
        breaks=True,
        ruled_out="No other process or listener is known to have the listener's port.",
    ),
    Cause(
        id="listener.dead",
        title="Remote Desktop Services runs and does not serve its port",
        stage="tcp",
        what="TermService is running, and nothing listens on the port, or it listens on the port that it had before a "
        "change, or it takes connections and answers none. It hangs, leaks or was not restarted.",
        needs=("port", "services", "listener", "wire"),
        proof=(
            "Nothing on the host listens on the port, or TermService listens on other ports only.",
            "TCP connects on the configured port, and the connection request ends in silence or is cut.",
            "Events 7022, 7023, 7031 or 7034 of the Service Control Manager for TermService.",
        ),
        against=("A new connection reached the logon.", "A device in the path or a throttle cuts the request as well."),
        confidence="Proved by the table of ports. Likely when the request ends in silence on TermService's own port, "
        "or with such events; possible by the wire alone.",
        explains=("0x204/0x0", "0x904/0x7", "0x108/0x0"),
        done="Restarts TermService with rdp_service, when nobody is connected or disconnect_users says so.",
        refused="A process that does not stop is ended only where no other service runs in it.",
        by_hand=(
            "Restart TermService, then UmRdpService; where it hangs in stop_pending, restart the host.",
            "If it comes back, look at events 7031 and 7034, and at the memory of the process.",
        ),
        references=(sources.SERVICE_ISSUES, sources.CANNOT_CONNECT, sources.SERVICE_BUSY),
        breaks=True,
        ruled_out="TermService listens on its port and answers, or another finding says why it does not.",
    ),
    Cause(
        id="listener.third_party",
        title="Another vendor's protocol sits on the listener RDP-Tcp",
        stage="x224",
        what="RDP-Tcp\\LoadableProtocol_Object names the protocol manager that serves the listener. Citrix agents put "
        "theirs there and keep Microsoft's in CitrixBackupRdpTcpLoadableProtocolObject; after an uninstallation that "
        "went wrong nobody answers any more.",
        needs=("listener",),
        proof=(
            "LoadableProtocol_Object is neither {5828227c-20cf-4408-b73f-73ab70b8849f} nor, before Windows 8, "
            "{18b726bb-6fe6-4fb9-9276-ed57ce7c7cb2}.",
            "WdName has no Microsoft in it and is not RDPWD.",
            "Values of a Citrix agent are on RDP-Tcp.",
        ),
        against=("A new connection reached the logon: that protocol works.",),
        confidence="Likely: the values are read, and another vendor's protocol may work as it should.",
        explains=("0x904/0x7",),
        done="Nothing but a finding.",
        refused="The protocol of another vendor is not taken away.",
        by_hand=(
            "Repair or remove the agent with its own tools.",
            "Where it is gone, restore RDP-Tcp from a host of the same Windows version, and restart TermService.",
        ),
        references=(
            Reference(
                "Microsoft, Registering the Protocol Manager",
                "A",
                "https://learn.microsoft.com/windows/win32/termserv/registering-the-custom-protocol",
            ),
            sources.MSRD,
        ),
        breaks=True,
        ruled_out="No other vendor's protocol is on RDP-Tcp.",
    ),
)
