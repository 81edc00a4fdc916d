# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Files and folders, through CIM_DataFile, Win32_Directory and Win32_LogicalFileSecuritySetting.

Paths are full Windows paths with single backslashes. In WQL every backslash is doubled (Microsoft, "CIM_DataFile").
Unknown: whether a backslash in a selector of a WS-Man request is doubled, too. It is sent single first; a host that
does not know the object then is asked again with doubled ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Ace, Security
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import deliver, settle
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_NAMESPACE = "root/cimv2"
_SE_DACL_PROTECTED = 0x1000  # Microsoft, "SECURITY_DESCRIPTOR_CONTROL"
_ACE_TYPES = {0: "allow", 1: "deny"}
_ACCESS_DENIED = (2, 9)  # GetSecurityDescriptor: access denied, privilege missing


def quoted(path: str) -> str:
    """A path as a WQL string."""
    return "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Files:
    """The file system of one host."""

    def __init__(self, session: Session, tools: Tools) -> None:
        self._session = session
        self._tools = tools

    def exists(self, path: str) -> bool:
        """Whether a file of that full name exists."""
        rows = self._session.query(_NAMESPACE, f"SELECT Name FROM CIM_DataFile WHERE Name = {quoted(path)}")
        return bool(rows)

    def version(self, path: str) -> str | None:
        """The file version of a program or library, such as 10.0.14393.2248; None for a file that is not there."""
        rows = self._session.query(_NAMESPACE, f"SELECT Version FROM CIM_DataFile WHERE Name = {quoted(path)}")
        return (rows[0].text("Version") or "").strip() if rows else None

    def size(self, path: str) -> int | None:
        """The size of a file in bytes; None for a file that is not there."""
        rows = self._session.query(_NAMESPACE, f"SELECT FileSize FROM CIM_DataFile WHERE Name = {quoted(path)}")
        return rows[0].integer("FileSize") if rows else None

    def rename(self, path: str, new_path: str) -> None:
        """Renames a file; both are full paths on one drive."""

        def write() -> None:
            output = self._on_file("CIM_DataFile", "Rename", {"Name": path}, {"FileName": new_path})
            _check(output, f"rename of {path} to {new_path}")

        settle(
            self._session,
            f"the renaming of {path} to {new_path}",
            read=lambda: [each for each in (path, new_path) if self.exists(each)],
            write=write,
            wanted=lambda found: found == [new_path],
            show=lambda found: " and ".join(found) or "neither of them",
        )

    def security(self, path: str) -> Security:
        """Owner and access list of a file or folder; the status says when they may not be read."""
        try:
            output = self._on_file("Win32_LogicalFileSecuritySetting", "GetSecurityDescriptor", {"Path": path}, {})
        except WSManFault as fault:
            if fault.is_access_denied:
                return _unread("denied", f"reading the access list of {path} was denied")
            if fault.is_not_found:
                return _unread("absent", f"{path} does not exist")
            raise
        code = output.return_value
        if code in _ACCESS_DENIED:
            return _unread("denied", f"reading the access list of {path} was denied")
        _check(output, f"GetSecurityDescriptor of {path}")
        descriptor = output.instance("Descriptor")
        if descriptor is None:
            return _unread("error", f"the host gave no security descriptor of {path}")
        return _security(descriptor)

    def set_security(self, path: str, before: Security, after: Security, deadline: Deadline) -> None:
        """Sets owner and access list of this one object, and reads them back.

        WindowsError when the host ends up with something else than what was asked for.
        """
        try:
            lines = acl.commands(path, before, after)
        except ValueError as error:
            raise WindowsError(f"the access list of {path} can not be written: {error}") from error
        codes: list[int | None] = []
        try:
            for line in lines:
                self._run(path, line, codes, deadline)
            found = self.security(path)
        except WSManError as error:
            if not codes:
                raise
            raise WindowsError(
                f"{len(codes)} of {len(lines)} commands have changed the access list of {path}, and then "
                f"{str(error).rstrip('.')}; look at it before the task is run again"
            ) from error
        if found["status"] == "ok" and acl.same(found, after):
            return
        detail = found["reason"] or f"owner {found['owner']}, entries {_readable(found)}"
        raise WindowsError(
            f"the access list of {path} is not what was asked for after takeown and icacls "
            f"(exit codes {codes}): {detail}"
        )

    def _run(self, path: str, line: str, codes: list[int | None], deadline: Deadline) -> None:
        """One tool on one object. Each does one thing at once, so after a lost reply any difference means done."""
        before = self.security(path)
        deliver(
            self._session,
            f"{line.split()[0]} on {path}",
            lambda: codes.append(self._tools.run(line, deadline)),
            read=lambda: self.security(path),
            wanted=lambda found: found["status"] == "ok" and found != before,
            before=before,
            show=lambda found: found["reason"] or _readable(found),
        )

    def _on_file(
        self, class_name: str, method: str, keys: Mapping[str, str], parameters: Mapping[str, str]
    ) -> Instance:
        idempotent = not parameters  # what takes parameters writes
        try:
            return self._session.invoke(_NAMESPACE, class_name, method, parameters, keys, idempotent=idempotent)
        except WSManFault as fault:
            if not fault.is_not_found:
                raise
            doubled = {name: value.replace("\\", "\\\\") for name, value in keys.items()}
            return self._session.invoke(_NAMESPACE, class_name, method, parameters, doubled, idempotent=idempotent)


def _unread(status: str, reason: str) -> Security:
    return Security(status=status, reason=reason, owner=None, protected=None, dacl=[])  # type: ignore[typeddict-item]


def _security(descriptor: Instance) -> Security:
    owner = descriptor.instance("Owner")
    dacl: list[Ace] = []
    for row in descriptor.instances("DACL"):
        trustee = row.instance("Trustee")
        kind = _ACE_TYPES.get(row.integer("AceType", -1) or 0)
        if trustee is None or kind is None:
            continue
        dacl.append(
            Ace(
                sid=trustee.text("SIDString") or "",
                type="allow" if kind == "allow" else "deny",
                mask=(row.integer("AccessMask", 0) or 0) & 0xFFFFFFFF,
                flags=row.integer("AceFlags", 0) or 0,
            )
        )
    if not dacl:
        # Over WS-Man no list (everybody may do everything) and an empty one (nobody may do anything) look the same.
        return _unread("error", "the host shows no entry: the list is empty, or there is none")
    return Security(
        status="ok",
        reason="",
        owner=None if owner is None else owner.text("SIDString"),
        protected=bool((descriptor.integer("ControlFlags", 0) or 0) & _SE_DACL_PROTECTED),
        dacl=dacl,
    )


def _readable(security: Security) -> str:
    return ", ".join(f"{ace['type']} {ace['sid']} 0x{ace['mask']:x}" for ace in security["dacl"]) or "none"


def _check(output: Instance, operation: str) -> None:
    code = output.return_value
    if code == 2:
        raise AccessDenied(f"{operation} was denied", code)
    if code:
        raise WindowsError(f"{operation} returned {code}", code)
