# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed registry over StdRegProv."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
    split,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.fake import FakeRegistry, FakeSession, output

KEY = "SOFTWARE\\Test"
PATH = "HKLM\\SOFTWARE\\Test"


def registry_of(values: dict[str, tuple[int, Any]]) -> tuple[Registry, FakeRegistry]:
    fake = FakeRegistry({KEY: values, KEY + "\\Below": {}})
    return Registry(fake.session), fake  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "stored", "kind", "data"),
    [
        (1, "text", RegistryType.REG_SZ, "text"),
        (1, "", RegistryType.REG_SZ, ""),
        (2, "%SystemDrive%\\x", RegistryType.REG_EXPAND_SZ, "%SystemDrive%\\x"),
        (3, [0, 255, 16], RegistryType.REG_BINARY, b"\x00\xff\x10"),
        (3, [], RegistryType.REG_BINARY, b""),
        (4, 4294967295, RegistryType.REG_DWORD, 4294967295),
        (7, ["a", "b"], RegistryType.REG_MULTI_SZ, ("a", "b")),
        (7, [], RegistryType.REG_MULTI_SZ, ()),
        (11, 1 << 40, RegistryType.REG_QWORD, 1 << 40),
    ],
)
def test_every_type_is_read_as_it_is_stored(number: int, stored: object, kind: RegistryType, data: object) -> None:
    registry, _fake = registry_of({"Value": (number, stored)})
    assert registry.values(PATH)["Value"] == RegistryValue(kind, data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        RegistryValue(RegistryType.REG_SZ, "text"),
        RegistryValue(RegistryType.REG_EXPAND_SZ, "%SystemDrive%\\x"),
        RegistryValue(RegistryType.REG_BINARY, b"\x01\x02"),
        RegistryValue(RegistryType.REG_DWORD, 7),
        RegistryValue(RegistryType.REG_MULTI_SZ, ("one", "two")),
        RegistryValue(RegistryType.REG_QWORD, 1 << 33),
    ],
)
def test_what_is_written_reads_back(value: RegistryValue) -> None:
    registry, _fake = registry_of({})
    registry.set_value(PATH, "New", value)
    assert registry.values(PATH, ["New"]) == {"New": value}


@pytest.mark.parametrize(
    ("reads", "fails"),
    [
        ("%SystemRoot%\\System32\\termsrv.dll", False),
        ("C:\\WINDOWS\\System32\\termsrv.dll", False),  # Windows may give it expanded
        ("C:\\Windows\\Temp\\termsrv.dll", True),
    ],
)
def test_a_text_with_variables_that_is_not_written_is_noticed(reads: str, fails: bool) -> None:
    registry, fake = registry_of({"ServiceDll": (2, "C:\\x.dll")})

    def write(**_parameters: object) -> Instance:
        fake.keys[PATH.removeprefix("HKLM\\")]["ServiceDll"] = (2, reads)
        return output()

    fake.session.answers["SetExpandedStringValue"] = write
    value = RegistryValue(RegistryType.REG_EXPAND_SZ, "%SystemRoot%\\System32\\termsrv.dll")
    with pytest.raises(WindowsError, match="had no effect") if fails else nullcontext():
        registry.set_value(PATH, "ServiceDll", value)


def test_names_have_no_case_and_only_wanted_values_cost_a_request() -> None:
    registry, fake = registry_of({"PortNumber": (4, 3389), "Other": (1, "x")})
    assert registry.values(PATH, ["portnumber", "Missing"]) == {
        "portnumber": RegistryValue(RegistryType.REG_DWORD, 3389)
    }
    assert [method for _class, method, _parameters, _keys in fake.session.calls] == ["EnumValues", "GetDWORDValue"]


def test_absent_keys_and_values_are_told_apart_from_errors() -> None:
    registry, _fake = registry_of({"Text": (1, "x")})
    assert registry.values("HKLM\\SOFTWARE\\Nothing") == {}
    assert registry.subkeys("HKLM\\SOFTWARE\\Nothing") is None
    assert registry.key("HKLM\\SOFTWARE\\Nothing") is None
    assert registry.dword(PATH, "Nothing") is None
    assert registry.dword(PATH, "Text") is None  # there, but no number
    assert registry.subkeys(PATH) == ["Below"]
    assert registry.expanded("HKLM\\SOFTWARE\\Nothing", "x") is None


def test_a_value_of_another_type_is_read_as_what_it_is() -> None:
    registry, _fake = registry_of({"Functions": (7, ["A", "B"])})
    value = registry.value(PATH, "Functions", RegistryType.REG_SZ)
    assert value == RegistryValue(RegistryType.REG_MULTI_SZ, ("A", "B"))


def test_expansion_is_the_hosts() -> None:
    registry, _fake = registry_of({"ProgramData": (2, "%SystemDrive%\\ProgramData")})
    assert registry.expanded(PATH, "ProgramData") == "C:\\ProgramData"


def test_deleting_what_is_not_there_is_no_error() -> None:
    registry, fake = registry_of({"Value": (4, 1)})
    registry.delete_value(PATH, "Value")
    registry.delete_value(PATH, "Value")
    registry.delete_key("HKLM\\SOFTWARE\\Nothing")
    assert fake.keys[KEY] == {}


@pytest.mark.parametrize(("code", "error"), [(5, AccessDenied), (87, WindowsError)])
def test_return_values_become_errors_that_name_the_place(code: int, error: type[WindowsError]) -> None:
    session = FakeSession({"GetDWORDValue": lambda **_: output(code), "SetDWORDValue": lambda **_: output(code)})
    registry = Registry(session)  # type: ignore[arg-type]
    with pytest.raises(error, match=r"HKLM\\SOFTWARE\\Test\\Value"):
        registry.dword(PATH, "Value")
    with pytest.raises(error, match=r"HKLM\\SOFTWARE\\Test\\Value"):
        registry.set_value(PATH, "Value", RegistryValue(RegistryType.REG_DWORD, 1))


@pytest.mark.parametrize("answer", [Instance("OUTPUT", {"ReturnValue": "0"}), Instance("OUTPUT", {"uValue": "1"})])
def test_a_number_without_its_value_or_its_return_value_is_not_taken_for_one(answer: Instance) -> None:
    registry = Registry(FakeSession({"GetDWORDValue": lambda **_arguments: answer}))  # type: ignore[arg-type]
    for read in (registry.value, registry.dword):
        with pytest.raises((WindowsError, WSManProtocolError), match="without its value|no ReturnValue"):
            read(PATH, "Value")


def test_hives() -> None:
    assert split("HKLM\\SYSTEM\\X") == (2147483650, "SYSTEM\\X")
    with pytest.raises(ValueError, match="HKXX"):
        split("HKXX\\SYSTEM")
