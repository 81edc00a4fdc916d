# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ASSOCIATORS OF: the objects that association classes tie to one.

WHERE of Microsoft's "ASSOCIATORS OF Statement": AssocClass, ResultClass, Role (the role of the object named) and
ResultRole (that of the objects wanted); anything else is an invalid query. Result classes match the class itself and
Win32_Account for what derives from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim import accounts, logon
from tests.lab.cim.base import CimClass, Instance, Query
from tests.lab.model.host import Host
from tests.lab.object_path import ObjectPath
from tests.lab.wql import Associators

_KNOWN = {"assocclass", "resultclass", "role", "resultrole"}
_ACCOUNTS = ("win32_useraccount", "win32_group", "win32_systemaccount")

Find = Callable[[str], CimClass | None]


def _service(name: str) -> ObjectPath:
    return ObjectPath("Win32_Service", (("Name", name),))


def _dependency_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    """Antecedent is what the dependent service needs."""
    for service in host.services.all():
        for needed in service.depends_on:
            found = host.services.find(needed)
            if found is not None:
                yield {"Antecedent": _service(found.name), "Dependent": _service(service.name)}


DEPENDENT_SERVICE = CimClass(
    "Win32_DependentService",
    ("root/cimv2",),
    {"Antecedent": "ref", "Dependent": "ref", "TypeOfDependency": "uint16"},
    ("Antecedent", "Dependent"),
    _dependency_rows,
)
CLASSES = (DEPENDENT_SERVICE,)
_ASSOCIATIONS = (DEPENDENT_SERVICE, accounts.GROUP_USER, logon.LOGGED_ON_USER)


def _family(class_name: str) -> frozenset[str]:
    """The names that an object of this class answers to."""
    name = class_name.lower()
    return frozenset({name, "win32_account"} if name in _ACCOUNTS else {name})


def _same(left: ObjectPath, right: ObjectPath) -> bool:
    return left.key_set() == right.key_set() and bool(_family(left.class_name) & _family(right.class_name))


def associators(host: Host, query: Associators, find: Find) -> list[Instance] | None:
    """The objects, each once; None when the WHERE is not one of ASSOCIATORS."""
    where = dict(query.where)
    if set(where) - _KNOWN:
        return None
    found: dict[str, Instance] = {}
    for association in _ASSOCIATIONS:
        if where.get("assocclass") in (None, association.name.lower()):
            for path in _tied(host, association, query.path, where):
                instance = _resolve(host, path, find)
                if instance is not None and _wanted(instance, where.get("resultclass")):
                    found[str(path).lower()] = instance
    return list(found.values())


def _tied(host: Host, association: CimClass, path: ObjectPath, where: dict[str, str]) -> Iterator[ObjectPath]:
    roles = [name for name, type_ in association.types.items() if type_ == "ref"]
    for row in association.rows(host, Query()) if association.rows is not None else ():
        for role, other in (roles, roles[::-1]):
            if where.get("role") in (None, role.lower()) and where.get("resultrole") in (None, other.lower()):
                if _same(row[role], path):
                    yield row[other]


def _resolve(host: Host, path: ObjectPath, find: Find) -> Instance | None:
    cim_class = find(path.class_name)
    if cim_class is None:
        return None
    for instance in cim_class.instances(host, Query(dict(path.keys))):
        values = {name.lower(): str(value).lower() for name, value in instance.values.items()}
        if all(values.get(name) == value for name, value in path.key_set()):
            return instance
    return None


def _wanted(instance: Instance, result_class: str | None) -> bool:
    return result_class is None or result_class in _family(instance.class_name)
