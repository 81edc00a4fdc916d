# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area service."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="service.stopped",
        title="Remote Desktop Services does not run, or a service that it needs is disabled",
        stage="tcp",
        what="Nothing listens without TermService. SessionEnv, KeyIso, CryptSvc and CertPropSvc keep the certificate "
        "alive, UmRdpService the redirection; a manual one that is merely stopped starts when it is needed, a disabled "
        "one does not.",
        needs=("services", "listener"),
        proof=("Win32_Service: TermService is not running, or one of them has the start mode Disabled.",),
        against=("A new connection reached the logon.",),
        confidence="Proved by the service's state. Likely while it is starting or stopping, or when it is not known "
        "whether Remote Desktop is on.",
        explains=("0x204/0x0", "0x108/0x0"),
        done="Gives the services Windows' own start mode and starts them with rdp_service. A TermService that hangs "
        "gets time, and is then ended and started (end_hung).",
        refused="A process that hangs is ended only where no other service runs in it.",
        by_hand=(
            "sc.exe config TermService start= demand, then start it, then UmRdpService.",
            "Where it hangs in start_pending or stop_pending, restart the host.",
        ),
        references=(sources.SERVICE_ISSUES, sources.GENERAL_TROUBLESHOOTING),
        breaks=True,
        ruled_out="TermService runs, or Remote Desktop is off; no service that it needs is disabled.",
    ),
    Cause(
        id="service.restart_pending",
        title="Remote Desktop Services has not been restarted since its settings were changed",
        stage="tls",
        what="This collection changed something that TermService reads when it starts, and has not restarted it, "
        "mostly because people were connected. The mark is the process id that the "
        "service had then. It ends connections wherever the setting that waits does.",
        needs=("services",),
        proof=("HKLM\\SOFTWARE\\winops.rdp\\RestartPending has the process id under which it still runs.",),
        against=(),
        confidence="Proved by the process id.",
        explains=("0x904/0x7",),
        done="Restarts TermService with rdp_service, when nobody is connected or disconnect_users says so.",
        refused="Nobody is cut off unless disconnect_users is set.",
        by_hand=("Restart TermService at a quiet time; sessions go on, and people can connect again.",),
        references=(sources.SERVICE_BUSY, sources.TLS_SETTINGS),
        breaks=True,
        ruled_out="No restart of TermService is due.",
    ),
    Cause(
        id="service.tampered",
        title="TermService loads another program than Microsoft's, or a service runs as another account",
        stage="tcp",
        what="TermService runs what Parameters\\ServiceDll names, %SystemRoot%\\System32\\termsrv.dll. Tools that add "
        "sessions put their own DLL there, and optimiser scripts delete the value; when the DLL is gone or NETWORK "
        "SERVICE may not read it, the service does not start (codes 5, 126, 1053).",
        needs=("services",),
        proof=(
            "ServiceDll is missing or names another file.",
            "A service runs as another account than Windows' own.",
        ),
        against=("A new connection reached the logon: it works, until the next update.",),
        confidence="The value is proved. That it is what fails is likely when the service is stopped or connections "
        "fail. An account that is written in the host's language is possible only.",
        explains=("0x204/0x0", "0x904/0x7"),
        done="Where connections fail, gives TermService Microsoft's program back, and services their own account, with "
        "rdp_service (program, account), and restarts them once.",
        refused="A foreign program that works is left to its owner. So is an account that is not one of Windows' own: "
        "its password could not be given back. Nothing is set where termsrv.dll itself is gone.",
        by_hand=(
            "Remove the tool with its own uninstaller.",
            "Set HKLM\\SYSTEM\\CurrentControlSet\\Services\\TermService\\Parameters\\ServiceDll (REG_EXPAND_SZ) to "
            "%SystemRoot%\\System32\\termsrv.dll.",
            "Restart TermService.",
        ),
        references=(
            sources.MSRD,
            Reference("SeregaSPb/Windows-10-batch-optimizer#17: the value was what failed", "C"),
            Reference("stascorp/rdpwrap#391: NETWORK SERVICE could not read the DLL", "C"),
        ),
        breaks=True,
        ruled_out="No service of Remote Desktop has another program or account than Windows' own.",
    ),
)
