# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WS-Management service of one host: which request goes where, and what comes back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.lab.cim import catalogue
from tests.lab.cim.base import Call, CimClass, Instance, Query, instance_xml, output_xml
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.wsman import config, faults, names
from tests.lab.wsman.enumeration import Enumerations
from tests.lab.wsman.envelope import Request, Writer, message_id_of, parse
from tests.lab.wsman.http import Caller
from tests.lab.wsman.shell import Shells
from tests.lab.wsman.values import ValueProblem, read_parameters

_INVALID_METHOD, _INVALID_METHOD_PARAMETERS = 0x8004102E, 0x8004102F
_METHOD_TEXT, _PARAMETERS_TEXT = "Invalid method ", "Invalid method Parameter(s) "

_CONTINUING = (names.PULL, names.RELEASE, names.RECEIVE, names.SIGNAL, names.DELETE)


@dataclass(frozen=True)
class Resource:
    """A parsed CIM resource URI. `prefix` is what replies put before a class name."""

    namespace: str
    class_name: str
    prefix: str
    selectors: dict[str, str]


class WsManService:
    """Answers of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._writer = Writer(host)
        self._enumerations = Enumerations(host, self._writer)
        self._shells = Shells(host, self._writer)
        self._running: Counter[str] = Counter()

    def never_end(self, endless: bool) -> None:
        """Whether enumerations go on for ever, as a fault."""
        self._enumerations.endless = endless

    async def close(self) -> None:
        await self._shells.close()

    async def handle(self, data: bytes, caller: Caller) -> tuple[int, bytes]:
        """(HTTP status, reply) to one decrypted request body."""
        try:
            request = parse(data)
            if request.identify:
                return 200, self._identify(caller)
            user = caller.user
            if user is None:
                raise faults.access_denied()
            token = user.token(self._host.authority)
            if not token.is_admin:
                raise faults.access_denied()
            self._check_quota(request, token)
            self._running[token.name] += 1
            try:
                with self._host.acting_as(token.name):
                    return 200, await self._dispatch(request, token, caller)
            finally:
                self._running[token.name] -= 1
        except faults.Fault as fault:
            return 500, self._writer.fault(fault, message_id_of(data), caller.local)

    def _check_quota(self, request: Request, token: Token) -> None:
        """MaxConcurrentOperationsPerUser: requests in hand and open enumerations. What ends or continues an operation
        is let through (MEM: unverified what Windows counts besides)."""
        limit = self._host.settings.winrm.max_operations_per_user
        busy = self._running[token.name] + self._enumerations.open_for(token.name)
        if busy >= limit and request.action not in _CONTINUING:
            raise faults.operation_quota(limit)

    def _identify(self, caller: Caller) -> bytes:
        major, minor, build = self._host.profile.version
        stack = self._host.profile.winrm_stack
        version = f"OS: {major}.{minor}.{build} SP: {self._host.profile.service_pack}.0 Stack: {stack}"
        if caller.user is None:
            version = f"OS: 0.0.0 SP: 0.0 Stack: {stack}"
        return (
            f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}"><s:Header/><s:Body>'
            f'<wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
            f"<wsmid:ProtocolVersion>{names.WSMAN}</wsmid:ProtocolVersion>"
            "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
            f"<wsmid:ProductVersion>{version}</wsmid:ProductVersion>"
            "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
        ).encode()

    async def _dispatch(self, request: Request, token: Token, caller: Caller) -> bytes:
        uri = request.resource_uri
        if not uri:
            raise faults.invalid_resource_uri()
        if uri.startswith(names.SHELL + "/"):
            return await self._shells.handle(request, token, caller)
        if uri == names.CONFIG or uri.startswith(names.CONFIG + "/"):
            if request.action != names.GET:
                raise faults.action_not_supported(request.action)
            body = config.get(self._host, uri)
            return self._writer.reply(names.GET + "Response", request.message_id, body, ("a", "x", "w", "p"))
        resource = parse_resource(uri, request.selectors)
        self._check_namespace(resource)
        if request.action in (names.ENUMERATE, names.PULL, names.RELEASE):
            return self._enumerations.handle(request, resource.namespace, resource.class_name, resource.prefix, token)
        if request.action == names.GET:
            instance = self._instance(resource, "GetObject")
            return self._reply(request, names.GET + "Response", instance_xml(instance, resource.prefix))
        base, _separator, method = request.action.rpartition("/")
        if base.lower() != uri.lower().rstrip("/") or not method:
            raise faults.action_not_supported(request.action)
        return self._invoke(request, resource, method, token)

    def _check_namespace(self, resource: Resource) -> None:
        if not catalogue.namespace_exists(self._host, resource.namespace):
            raise faults.invalid_namespace(resource.namespace)

    def _class(self, resource: Resource, operation: str) -> CimClass:
        found = catalogue.find(self._host, resource.namespace, resource.class_name)
        if found is None:
            raise faults.resource_not_found(operation, resource.class_name)
        return found

    def _instance(self, resource: Resource, operation: str) -> Instance:
        """The instance that the selectors name; a fault when they are wrong or name none."""
        cim_class = self._class(resource, operation)
        if not cim_class.keys and not resource.selectors and cim_class.rows is None:
            raise faults.resource_not_found(operation, resource.class_name)
        keys = {key.lower() for key in cim_class.keys}
        given = {name.lower(): value for name, value in resource.selectors.items()}
        if cim_class.keys and set(given) != keys:
            raise faults.unexpected_selectors()
        path = resource.class_name + "." + ",".join(f'{name}="{value}"' for name, value in resource.selectors.items())
        query = Query(dict(resource.selectors))
        for instance in cim_class.instances(self._host, query):
            values = {name.lower(): value for name, value in instance.values.items()}
            if all(str(values.get(name)).lower() == value.lower() for name, value in given.items()):
                return instance
        raise faults.resource_not_found(operation, path, "CIMWin32")

    def _invoke(self, request: Request, resource: Resource, method_name: str, token: Token) -> bytes:
        cim_class = self._class(resource, "GetObject")
        method = cim_class.method(method_name)
        if method is None:
            raise faults.wmi_error(_INVALID_METHOD, _METHOD_TEXT)
        selectors = resource.selectors
        if method.static:
            if selectors:
                raise faults.unexpected_selectors()
        else:
            instance = self._instance(resource, "GetObject")
            selectors = {key: str(instance.values[key]) for key in cim_class.keys}
        body = request.body
        if body is None or body.tag.rpartition("}")[2].lower() != f"{method_name}_INPUT".lower():
            raise faults.schema_error(f"The body of the request is not {method_name}_INPUT. ")
        try:
            arguments = read_parameters(body, method.inputs)
        except ValueProblem as problem:
            raise faults.wmi_error(_INVALID_METHOD_PARAMETERS, _PARAMETERS_TEXT) from problem
        values = method.run(Call(self._host, selectors, arguments, token))
        name = next(known for known in cim_class.methods if known.lower() == method_name.lower())
        uri = resource.prefix + cim_class.name
        xml = output_xml(name, uri, method.outputs, values)
        return self._reply(request, request.action + "Response", xml)

    def _reply(self, request: Request, action: str, xml: str) -> bytes:
        """One object, whole or not at all."""
        reply = self._writer.reply(action, request.message_id, xml, ("a", "x", "w", "p"))
        if len(reply) > self._enumerations.envelope_limit(request):
            raise faults.envelope_exceeded()
        return reply


def parse_resource(uri: str, selectors: dict[str, str]) -> Resource:
    """Namespace and class of a WMI resource URI, or of a DMTF one with the selector `__cimnamespace`."""
    rest = {name: value for name, value in selectors.items() if name.lower() != "__cimnamespace"}
    namespace = next((value for name, value in selectors.items() if name.lower() == "__cimnamespace"), "root/cimv2")
    if uri == names.CIM_ANY:
        return Resource(namespace.lower(), "*", names.CIM_PREFIX, rest)
    if uri.startswith(names.CIM_PREFIX):
        return Resource(namespace.lower(), uri[len(names.CIM_PREFIX) :], names.CIM_PREFIX, rest)
    if not uri.lower().startswith(names.WMI_PREFIX):
        raise faults.resource_not_found("GetObject", uri)
    path, _separator, query = uri.partition("?")
    if query:
        raise faults.invalid_resource_uri()
    namespace, _separator, class_name = path[len(names.WMI_PREFIX) :].strip("/").rpartition("/")
    if not namespace or not class_name:
        raise faults.invalid_resource_uri()
    return Resource(namespace.lower(), class_name, f"{names.WMI_PREFIX}{namespace}/", rest)
