# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classes, instances and methods, and how their values look in XML.

Shapes are the recorded ones: properties in the order of their names, null scalars as xsi:nil, null and empty arrays
absent, array elements repeated, datetimes inside cim:Datetime. The form of an embedded object is MEM: unverified.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from tests.lab.object_path import ObjectPath
from tests.lab.wsman import names

if TYPE_CHECKING:
    from tests.lab.model.host import Host
    from tests.lab.model.security import Token


@dataclass(frozen=True)
class Call:
    """One method call: the instance's selectors, the input by parameter name, and who calls."""

    host: Host
    selectors: dict[str, str]
    arguments: dict[str, Any]
    token: Token


@dataclass(frozen=True)
class Method:
    """`inputs` and `outputs` are name to type; `run` gives output values with ReturnValue."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    run: Callable[[Call], dict[str, Any]]
    static: bool = False


@dataclass(frozen=True)
class Embedded:
    """An object inside a property."""

    class_name: str
    values: Mapping[str, Any]
    types: Mapping[str, str]
    namespace: str = "root/cimv2"


@dataclass(frozen=True)
class Instance:
    """One instance. `class_name` may be a derived class; `types` is name to type."""

    class_name: str
    namespace: str
    values: Mapping[str, Any]
    types: Mapping[str, str]


@dataclass(frozen=True)
class CimClass:
    """One class of one or more namespaces. `rows` yields the values of each instance; a row may name a derived class
    under the key `__derived` as (class name, extra types)."""

    name: str
    namespaces: tuple[str, ...]
    types: Mapping[str, str]
    keys: tuple[str, ...] = ()
    rows: Callable[[Host, Query], Iterable[dict[str, Any]]] | None = None
    methods: Mapping[str, Method] = field(default_factory=dict)
    available: Callable[[Host], bool] = lambda host: True

    def property(self, name: str) -> str | None:
        """The property in its own spelling."""
        return next((known for known in self.types if known.lower() == name.lower()), None)

    def method(self, name: str) -> Method | None:
        return next((method for known, method in self.methods.items() if known.lower() == name.lower()), None)

    def instances(self, host: Host, query: Query) -> list[Instance]:
        """Every instance; a row may hold fewer values than the class has properties."""
        found = []
        for row in self.rows(host, query) if self.rows is not None else ():
            derived = row.pop("__derived", None)
            class_name, extra = derived if derived is not None else (self.name, {})
            found.append(Instance(class_name, self.namespaces[0], row, {**self.types, **extra}))
        return found


@dataclass(frozen=True)
class Query:
    """What a provider may use to find instances without building all: text that properties must equal."""

    equals: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.equals.items() if key.lower() == name.lower()), None)


def datetime_text(value: dt.datetime) -> str:
    """`2013-04-15T16:28:39.5Z`: a fraction only when there is one, without trailing zeros (recorded)."""
    text = value.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{value.microsecond // 1000:03d}".rstrip("0")
    return text + (f".{fraction}" if fraction else "") + "Z"


def scalar_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def value_xml(name: str, type_: str, value: Any, prefix: str = "p:", cim: str = "cim:") -> str:
    """One property or parameter as XML."""
    tag = prefix + name
    if type_.endswith("[]"):
        return "".join(value_xml(name, type_[:-2], item, prefix, cim) for item in value or ())
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, ObjectPath):
        return _reference_xml(tag, value)
    if isinstance(value, Embedded):
        uri = f"{names.WMI_PREFIX}{value.namespace}/{value.class_name}"
        inner = "".join(
            value_xml(key, value.types[key], value.values.get(key), "e:", "cim:") for key in sorted_names(value.types)
        )
        return f'<{tag} xmlns:e="{uri}" xsi:type="e:{value.class_name}_Type">{inner}</{tag}>'
    if type_ == "datetime":
        return f"<{tag}><{cim}Datetime>{datetime_text(value)}</{cim}Datetime></{tag}>"
    return f"<{tag}>{scalar_text(value)}</{tag}>"


def _reference_xml(tag: str, path: ObjectPath) -> str:
    """A reference property is an endpoint reference ([MS-WSMV] 4.1.1). All of the lab's are in root/cimv2."""
    listed = "".join(f"<w:Selector Name={quoteattr(name)}>{escape(value)}</w:Selector>" for name, value in path.keys)
    return (
        f'<{tag} xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}"><a:Address>{names.ANONYMOUS}</a:Address>'
        f"<a:ReferenceParameters><w:ResourceURI>{names.WMI_PREFIX}root/cimv2/{path.class_name}</w:ResourceURI>"
        f"<w:SelectorSet>{listed}</w:SelectorSet></a:ReferenceParameters></{tag}>"
    )


def sorted_names(types: Mapping[str, str]) -> list[str]:
    """Property names in the recorded order: alphabetical without case."""
    return sorted(types, key=str.lower)


def instance_xml(instance: Instance, uri_prefix: str) -> str:
    """A whole instance. `uri_prefix` is the class URI without the class name."""
    inner = "".join(
        value_xml(name, instance.types[name], instance.values.get(name)) for name in sorted_names(instance.types)
    )
    name = instance.class_name
    return (
        f'<p:{name} xmlns:xsi="{names.XSI}" xmlns:p="{uri_prefix}{name}" xmlns:cim="{names.CIM_COMMON}" '
        f'xsi:type="p:{name}_Type">{inner}</p:{name}>'
    )


def fragment_xml(instance: Instance, properties: Iterable[str]) -> str:
    """A projected item: children without a namespace, in the order of their names (recorded on Server 2008 R2)."""
    wanted = sorted(set(properties), key=str.lower)
    inner = "".join(value_xml(name, instance.types[name], instance.values.get(name), "", "") for name in wanted)
    return f'<w:XmlFragment xmlns:xsi="{names.XSI}" xmlns:w="{names.WSMAN}">{inner}</w:XmlFragment>'


def output_xml(method: str, class_uri: str, types: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """`<Method>_OUTPUT` with ReturnValue last (recorded for StdRegProv.EnumKey). An out parameter that the method did
    not set is nil, an array absent."""
    inner = "".join(value_xml(name, type_, values.get(name)) for name, type_ in types.items())
    inner += value_xml("ReturnValue", "uint32", values["ReturnValue"])
    return (
        f'<p:{method}_OUTPUT xmlns:xsi="{names.XSI}" xmlns:p="{class_uri}" '
        f'xmlns:cim="{names.CIM_COMMON}">{inner}</p:{method}_OUTPUT>'
    )
