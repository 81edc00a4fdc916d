# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SOAP faults with the codes and shapes that Windows sends.

Recorded: 2150858752 (Server 2012 R2), 2150858778 (2008 R2), 2150858843 (about a shell and about a command), 2150858793,
2150858767, 87, 2147942402, MustUnderstand, 2150858817, 2150859173 and 2150859174. The others take code, SOAP subcode
and text from the comments of wsmerror.h; the shape of an access-denied and of a malformed-WQL fault is MEM: unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from tests.lab.model.language import Language
from tests.lab.wsman import names

NOT_FOUND_TEXT = (
    "The WS-Management service cannot process the request. The service cannot find the resource identified by the "
    "resource URI and selectors. "
)
FILTER_TEXT = (
    "The data source could not process the filter. The filter might be missing or it might be invalid. Change the "
    "filter and try the request again.  "
)
SELECTORS_TEXT = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the "
    "resource. "
)
SCHEMA_TEXT = (
    "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "
)
TIMEOUT_TEXT = (
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
)
MUST_UNDERSTAND_TEXT = (
    "The WS-Management service cannot process a SOAP header in the request that is marked as mustUnderstand by the "
    "client.  This could be caused by the use of a version of the protocol which is not supported, or may be an "
    "incompatibility  between the client and server implementations. "
)
HEADERS_TEXT = (
    "The WS-Management service cannot process the request. The request contains one or more invalid SOAP headers. "
)
UNKNOWN_COMMAND_TEXT = (
    "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
    "Either the command has completed execution or the client specified an invalid command identifier. "
)
WMI_DLL = "%systemroot%\\system32\\WsmWmiPl.dll"
CMD_DLL = "%systemroot%\\system32\\winrscmd.dll"


@dataclass(frozen=True)
class Look:
    """How a host writes faults. `machine` is how the client named the host, `host_name` how it names itself; `typed` is
    whether this Windows version writes xsi:type into the extended status, `quota_as_wmi_error` whether quota faults
    come as MSFT_WmiError."""

    machine: str
    host_name: str
    typed: bool
    quota_as_wmi_error: bool
    language: Language


@dataclass(frozen=True)
class Extended:
    """What the WMI provider adds to a fault (`__ExtendedStatus`)."""

    operation: str
    parameter: str
    provider: str = "WinMgmt"


@dataclass(eq=False)
class Fault(Exception):
    """One fault. `provider` is (name, path) of a plug-in; `inner` is the text of the plug-in's own fault, or of its
    plain message when `inner_code` is None. `quota` marks the quotas of shells and operations."""

    code: int | None
    sender: bool
    subcode: str
    reason: str
    detail: str = ""
    message: str | None = None
    provider: tuple[str, str] | None = None
    inner: str | None = None
    inner_code: int | None = None
    extended: Extended | None = None
    not_understood: tuple[str, str] | None = None
    quota: bool = False

    @property
    def action(self) -> str:
        prefix = self.subcode.partition(":")[0]
        if prefix == "n":
            return names.ENUMERATION + "/fault"
        return names.WSMAN_FAULT if prefix == "w" else names.ADDRESSING + "/fault"

    def header(self) -> str:
        """Extra header blocks: what was not understood."""
        if self.not_understood is None:
            return ""
        namespace, name = self.not_understood
        qname = quoteattr(f"wsman:{name}")
        return f"<s:NotUnderstood qname={qname} xmlns:wsman={quoteattr(namespace)} />"

    def body(self, look: Look) -> str:
        """The s:Fault element."""
        said = look.language.fault_text
        reason = escape(said(self.code, self.reason))
        reason = f'<s:Reason><s:Text xml:lang="{look.language.tag}">{reason}</s:Text></s:Reason>'
        if self.not_understood is not None:
            return f"<s:Fault><s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>{reason}</s:Fault>"
        value = "s:Sender" if self.sender else "s:Receiver"
        code = f"<s:Code><s:Value>{value}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode></s:Code>"
        detail = f"<w:FaultDetail>{names.FAULT_DETAIL}{self.detail}</w:FaultDetail>" if self.detail else ""
        text = said(self.code, self.reason if self.message is None else self.message)
        if self.quota and look.quota_as_wmi_error:
            return f"<s:Fault>{code}{reason}<s:Detail>{_wmi_error(self.code or 0, text)}</s:Detail></s:Fault>"
        message = self._provider_fault(look)
        fault = (
            f'<f:WSManFault xmlns:f="{names.FAULT}" Code="{self.code}" Machine={quoteattr(look.machine)}>'
            f"<f:Message>{escape(text) if message is None else message}</f:Message></f:WSManFault>"
        )
        return f"<s:Fault>{code}{reason}<s:Detail>{detail}{fault}</s:Detail></s:Fault>"

    def _provider_fault(self, look: Look) -> str | None:
        if self.provider is None:
            return None
        name, path = self.provider
        inner = escape(look.language.fault_text(self.inner_code or self.code, self.inner or self.reason))
        if self.inner_code is not None:
            inner = (
                f'<f:WSManFault xmlns:f="{names.FAULT}" Code="{self.inner_code}" Machine={quoteattr(look.host_name)}>'
                f"<f:Message>{inner}</f:Message></f:WSManFault>"
            )
        if self.extended is not None:
            inner += _extended(self.extended, look.typed)
        return f"<f:ProviderFault provider={quoteattr(name)} path={quoteattr(path)}>{inner}</f:ProviderFault>"


def _extended(status: Extended, typed: bool) -> str:
    text, number = (' xsi:type="cim:cimString"', ' xsi:type="cim:cimUnsignedInt"') if typed else ("", "")
    namespace = (names.CIM_PREFIX if typed else names.WMI_PREFIX + "root/cimv2/") + "__ExtendedStatus"
    return (
        f'<f:ExtendedError><p:__ExtendedStatus xmlns:xsi="{names.XSI}" xmlns:p="{namespace}" '
        f'xmlns:cim="{names.CIM_COMMON}" xsi:type="p:__ExtendedStatus_Type">'
        f'<p:Description xsi:nil="true"{text}/><p:Operation{text}>{escape(status.operation)}</p:Operation>'
        f"<p:ParameterInfo{text}>{escape(status.parameter)}</p:ParameterInfo>"
        f"<p:ProviderName{text}>{escape(status.provider)}</p:ProviderName>"
        f'<p:StatusCode xsi:nil="true"{number}/></p:__ExtendedStatus></f:ExtendedError>'
    )


def _wmi_error(code: int, text: str) -> str:
    """MSFT_WmiError as recorded for both quotas; every property has a type, those without a value are nil."""
    values: tuple[tuple[str, str, str | int | None], ...] = (
        ("CIMStatusCode", "UnsignedInt", 27),
        ("CIMStatusCodeDescription", "String", None),
        ("ErrorSource", "String", None),
        ("ErrorSourceFormat", "UnsignedShort", 0),
        ("ErrorType", "UnsignedShort", 0),
        ("Message", "String", text),
        ("MessageID", "String", f"HRESULT 0x{code:08x}"),
        ("OtherErrorSourceFormat", "String", None),
        ("OtherErrorType", "String", None),
        ("OwningEntity", "String", None),
        ("PerceivedSeverity", "UnsignedShort", 0),
        ("ProbableCause", "UnsignedShort", 0),
        ("ProbableCauseDescription", "String", None),
        ("error_Category", "UnsignedInt", 30),
        ("error_Code", "UnsignedInt", code),
        ("error_Type", "String", "HRESULT"),
        ("error_WindowsErrorMessage", "String", text),
    )
    inner = "".join(
        f'<p:{name} xsi:type="cim:cim{kind}" xsi:nil="true"/>'
        if value is None
        else f'<p:{name} xsi:type="cim:cim{kind}">{escape(str(value))}</p:{name}>'
        for name, kind, value in values
    )
    return (
        f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:xsi="{names.XSI}" xmlns:b="{names.CIM_BINDING}" '
        f'xmlns:p="{names.CIM_PREFIX}MSFT_WmiError" xmlns:cim="{names.CIM_COMMON}" '
        f'xsi:type="p:MSFT_WmiError_Type">{inner}</p:MSFT_WmiError>'
    )


def must_understand(namespace: str, name: str) -> Fault:
    return Fault(None, True, "s:MustUnderstand", MUST_UNDERSTAND_TEXT, not_understood=(namespace, name))


def access_denied() -> Fault:
    return Fault(5, True, "w:AccessDenied", "Access is denied. ")


def resource_not_found(operation: str, parameter: str, provider: str = "WinMgmt") -> Fault:
    """2150858752, with the provider's fault inside (recorded for a Get of a missing Win32_Process)."""
    return Fault(
        2150858752,
        True,
        "a:DestinationUnreachable",
        NOT_FOUND_TEXT,
        detail="InvalidResourceURI",
        provider=("WMI Provider", WMI_DLL),
        inner=NOT_FOUND_TEXT,
        inner_code=2150858752,
        extended=Extended(operation, parameter, provider),
    )


def invalid_namespace(namespace: str) -> Fault:
    """2150858752 for a namespace that is not there (0x8004100E in WMI); shape MEM: unverified."""
    return Fault(
        2150858752,
        True,
        "a:DestinationUnreachable",
        NOT_FOUND_TEXT,
        detail="InvalidResourceURI",
        provider=("WMI Provider", WMI_DLL),
        inner=f"The WS-Management service cannot process the request. The WMI service reported that the WMI namespace "
        f"does not exist: {namespace}. ",
        inner_code=2150858752,
    )


def invalid_class(query: str) -> Fault:
    """2150858778 for a query on a class that is not there (recorded on Server 2008 R2)."""
    return Fault(
        2150858778,
        True,
        "n:CannotProcessFilter",
        FILTER_TEXT,
        provider=("WMI Provider", WMI_DLL),
        inner="The specified class does not exist in the given namespace. ",
        inner_code=2150858778,
        extended=Extended("ExecQuery", query),
    )


def invalid_query(query: str) -> Fault:
    """2150858778 for text that is not WQL; inner text MEM: unverified."""
    return Fault(
        2150858778,
        True,
        "n:CannotProcessFilter",
        FILTER_TEXT,
        provider=("WMI Provider", WMI_DLL),
        inner="The WS-Management service cannot process the request. The WQL query is invalid. ",
        inner_code=2150859002,
        extended=Extended("ExecQuery", query),
    )


def filter_needs_star() -> Fault:
    """A WQL filter belongs to the resource `<namespace>/*`; code of wsmerror.h, shape MEM: unverified."""
    return Fault(
        2150859003,
        True,
        "n:CannotProcessFilter",
        "The resource URI for an enumeration operation with WQL filter must not contain keys and the class name must "
        "be '*' (star). ",
    )


def unsupported_dialect() -> Fault:
    return Fault(
        2150858831,
        True,
        "n:FilterDialectRequestedUnavailable",
        "The WS-Management service does not support the filter dialect in the request. The filter dialect is the type "
        "of filter, such as XPath or WQL. ",
    )


def unsupported_enumeration_mode() -> Fault:
    return Fault(
        2150858886,
        True,
        "w:UnsupportedFeature",
        "The WS-Management service does not support the specified enumeration mode. ",
        detail="EnumerationMode",
    )


def invalid_enumeration_context() -> Fault:
    return Fault(
        2150858779,
        False,
        "n:InvalidEnumerationContext",
        "The WS-Enumeration context in the enumeration is not valid. Enumeration may have been completed or canceled. "
        "You cannot use this enumeration context anymore. Start a new enumeration. ",
    )


def action_not_supported(action: str) -> Fault:
    return Fault(
        2150858771,
        True,
        "a:ActionNotSupported",
        "The WS-Management service does not support the action specified in the request. ",
        message=f"The WS-Management service does not support the action specified in the request: {action}. ",
    )


def invalid_resource_uri() -> Fault:
    return Fault(
        2150858811,
        True,
        "a:DestinationUnreachable",
        "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect "
        "format. Check the documentation or use the following command for information on how to construct a resource "
        'URI: "winrm help uris". ',
        detail="InvalidResourceURI",
    )


def unexpected_selectors(provider: tuple[str, str] | None = None) -> Fault:
    return Fault(
        2150858843,
        True,
        "w:InvalidSelectors",
        SELECTORS_TEXT,
        detail="UnexpectedSelectors",
        provider=provider,
        inner=SELECTORS_TEXT,
        inner_code=2150858843,
    )


def shell_not_found() -> Fault:
    return unexpected_selectors(("Shell provider", "%systemroot%\\system32\\WsmSvc.dll"))


def unknown_command() -> Fault:
    """2150858843 about a command: no plug-in speaks (recorded on Server 2016)."""
    return Fault(
        2150858843,
        True,
        "w:InvalidSelectors",
        SELECTORS_TEXT,
        detail="UnexpectedSelectors",
        message=UNKNOWN_COMMAND_TEXT,
    )


def schema_error(message: str) -> Fault:
    return Fault(2150858817, True, "w:SchemaValidationError", SCHEMA_TEXT, message=message)


def invalid_header(message: str) -> Fault:
    return Fault(2150858767, True, "a:InvalidMessageInformationHeader", HEADERS_TEXT, message=message)


def timed_out() -> Fault:
    return Fault(2150858793, False, "w:TimedOut", TIMEOUT_TEXT)


def envelope_exceeded() -> Fault:
    return Fault(
        2150858824,
        True,
        "w:EncodingLimit",
        "The response that the WS-Management service computed exceeds the maximum envelope size in the request. ",
        detail="MaxEnvelopeSizeExceeded",
    )


def shell_quota(limit: int) -> Fault:
    return Fault(
        2150859173,
        True,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user "
        "has been exceeded. Close existing shells or raise the quota for this user. ",
        message=f"The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{limit} concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. ",
        quota=True,
    )


def operation_quota(limit: int) -> Fault:
    return Fault(
        2150859174,
        False,
        "w:InternalError",
        "The WS-Management service cannot process the request. The maximum number of concurrent operations for this "
        "user has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
        message=f"The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{limit} concurrent operations, which has been exceeded. Close existing operations for this user, or "
        "raise the quota for this user. ",
        quota=True,
    )


def invalid_parameter() -> Fault:
    return Fault(
        87,
        True,
        "w:InvalidParameter",
        "The parameter is incorrect. ",
        detail="InvalidValue",
        provider=("Shell cmd plugin", CMD_DLL),
        inner="The parameter is incorrect. ",
    )


def command_too_long() -> Fault:
    """Recorded: what CreateProcess says of more than 32767 characters."""
    return Fault(
        2147942606,
        False,
        "w:InternalError",
        "The filename or extension is too long. ",
        provider=("Shell cmd plugin", CMD_DLL),
        inner="The filename or extension is too long. ",
    )


def command_not_found() -> Fault:
    return Fault(
        2147942402,
        False,
        "w:InternalError",
        "The system cannot find the file specified. ",
        provider=("Shell cmd plugin", CMD_DLL),
        inner="The system cannot find the file specified. ",
    )


def wmi_error(hresult: int, text: str) -> Fault:
    """A WMI provider's HRESULT that has no WS-Man code of its own; shape after the recorded ones (MEM: unverified)."""
    return Fault(
        hresult,
        False,
        "w:InternalError",
        text,
        provider=("WMI Provider", WMI_DLL),
        inner=text,
        inner_code=hresult,
    )


_QUOTA_TEXTS = {
    2150859175: "The load quota for this user has been exceeded. Send future requests at a slower rate or raise the "
    "quota for this user. ",
    2150859176: "The load quota for the system has been exceeded. Send future requests at a slower rate or raise the "
    "system quota. ",
}


def internal_error(code: int) -> Fault:
    """A code without a shape of its own; texts of the load quotas after the comments of wsmerror.h."""
    text = _QUOTA_TEXTS.get(code, "")
    return Fault(code, False, "w:InternalError", f"The WS-Management service cannot process the request. {text}")
