# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import service
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.examine import before_logon, in_the_way, not_tried
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.options import read
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import summary
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManAuthError, WSManConnectionError


class ActionModule(HostAction):
    def guarded(self, arguments: Arguments) -> Result:
        """Whatever is found is a result: a doctor who fails with the patient is of no help."""
        deadline = Deadline(arguments["timeout"])
        found = before_logon(read(self._connection), deadline)
        why = in_the_way(found["checks"])
        if why:
            found["checks"].append(not_tried(why))
        else:
            told = self._log_on({**arguments, "timeout": deadline.remaining})
            if "checks" in told:
                found["checks"] += told["checks"]
                found["service"] = told["service"]
            else:
                refused = told["refused"]
                found["checks"].append(
                    service.no_logon(found["connection"], told["msg"], found["checks"], refused=refused)
                )
        return {
            "changed": False,
            "msg": summary(found["checks"]),
            "checks": found["checks"],
            "controller": found["controller"],
            "connection": found["connection"],
            "network": found["network"],
            "service": found["service"],
        }

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        answered, checks = service.examine(read(self._connection), host)
        return {"service": answered, "checks": checks}

    def _log_on(self, arguments: Arguments) -> Result:
        """What on_host() returns, or ``msg`` with why there was no logon, and whether the account was ``refused``."""
        try:
            return {"refused": False, **super().guarded(arguments)}
        except (WSManConnectionError, WSManAuthError) as error:
            return {"msg": str(error), "refused": isinstance(error, WSManAuthError)}
