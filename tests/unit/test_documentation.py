# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation says is what the code does. Everything in the folders is tested; nothing is listed here."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._action import TIMEOUTS, HostAction
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Step, Verdict
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import Prediction, Summary
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Examination
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client, HostFacts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.drift import Drift
from ansible_collections.winops.rdp.plugins.plugin_utils._report import Row

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.winops.rdp.plugins"
PREFIX = "winops.rdp."
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("rdp_*.py"))
ACTIONS = sorted(path.stem for path in (ROOT / "plugins/action").glob("rdp_*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# What every task result has, whatever the module.
COMMON_KEYS = {"changed", "failed", "unreachable", "diff"}

Json = dict[str, Any]


# -- reading ---------------------------------------------------------------------------------------------------------


@cache
def documentation() -> dict[str, Json]:
    """By module: ``doc`` with its fragments, ``examples`` and ``return``, as Ansible itself reads them."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "ANSIBLE_NOCOLOR": "1"}
    command = [sys.executable, "-m", "ansible", "doc", "-t", "module", "-j", *(PREFIX + name for name in MODULES)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Json] = json.loads(done.stdout)
    return {name.removeprefix(PREFIX): each for name, each in found.items()}


def options_of(module: str) -> Json:
    options: Json = documentation()[module]["doc"]["options"]
    return options


def attributes_of(module: str) -> Json:
    attributes: Json = documentation()[module]["doc"]["attributes"]
    return attributes


def returns_of(module: str) -> Json:
    returns: Json = documentation()[module]["return"]
    return returns


def action_class(name: str) -> Any:
    return importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule


def is_host_action(name: str) -> bool:
    return name in ACTIONS and issubclass(action_class(name), HostAction)


class _SpecSeen(Exception):
    pass


def argument_spec(module: str, monkeypatch: pytest.MonkeyPatch) -> Json:
    """The specification that checks the options of a task: of the action plugin, else of the module itself."""
    if module in ACTIONS:
        arguments: Json = action_class(module).ARGUMENTS
        return {**arguments, **TIMEOUTS} if is_host_action(module) else arguments
    code = importlib.import_module(f"{PLUGINS}.modules.{module}")
    seen: Json = {}

    def record(argument_spec: Json, **_others: object) -> None:
        seen.update(argument_spec)
        raise _SpecSeen

    monkeypatch.setattr(code, "AnsibleModule", record)
    with pytest.raises(_SpecSeen):
        code.main()
    return seen


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# -- options ---------------------------------------------------------------------------------------------------------


def plain(options: Mapping[str, Json], children: str) -> Json:
    """Options in one form. ``children`` is the key of suboptions, which documentation and code spell differently."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "aliases": option.get("aliases", []),
            "options": plain(option.get(children) or {}, children),
        }
        for name, option in options.items()
    }


def test_every_action_has_its_documentation() -> None:
    assert set(ACTIONS) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_options_are_those_of_the_code(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = plain(argument_spec(module, monkeypatch), "options")
    assert plain(options_of(module), "suboptions") == code


def described(options: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, Json]]:
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from described(option.get("suboptions") or {}, f"{path}{name}.")


@pytest.mark.parametrize("module", MODULES)
def test_texts_are_whole(module: str) -> None:
    doc = documentation()[module]["doc"]
    assert doc["module"] == module
    assert not doc["short_description"].endswith(".")
    texts = {name: option["description"] for name, option in described(options_of(module))}
    texts |= {"description": doc["description"], "notes": doc.get("notes", ["None."])}
    for name, text in texts.items():
        for sentence in [text] if isinstance(text, str) else text:
            assert sentence.strip().endswith("."), f"{name}: {sentence}"


# -- attributes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_attributes_are_there(module: str) -> None:
    wanted = {"check_mode", "diff_mode", "platform"}
    if module in ACTIONS:
        wanted |= {"action", "async", "become", "bypass_host_loop", "idempotent"}
    if is_host_action(module):
        wanted |= {"action_group", "connection", "delegation"}
    attributes = attributes_of(module)
    assert wanted <= set(attributes)
    assert [name for name, attribute in attributes.items() if not attribute.get("support")] == []


@pytest.mark.parametrize("module", ACTIONS)
def test_attributes_say_what_the_action_does(module: str) -> None:
    action, attributes = action_class(module), attributes_of(module)
    assert (attributes["check_mode"]["support"] == "full") is action._supports_check_mode
    assert (attributes["async"]["support"] == "full") is action._supports_async
    assert (attributes["bypass_host_loop"]["support"] == "full") is getattr(action, "BYPASS_HOST_LOOP", False)
    assert ("connection" in attributes) is getattr(action, "_requires_connection", True)
    assert ("ansible_facts" in returns_of(module)) is ("facts" in attributes)


def test_the_action_group_holds_every_module_that_uses_the_connection() -> None:
    group = read_yaml(ROOT / "meta/runtime.yml")["action_groups"]["rdp"]
    assert sorted(group) == [module for module in MODULES if is_host_action(module)]
    members = [
        module
        for module in MODULES
        if PREFIX + "rdp" in attributes_of(module).get("action_group", {}).get("membership", [])
    ]
    assert sorted(group) == members


# -- return values ---------------------------------------------------------------------------------------------------


def values(returns: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in returns.items():
        yield f"{path}{name}", value
        yield from values(value.get("contains") or {}, f"{path}{name}.")


@pytest.mark.parametrize("module", MODULES)
def test_return_values_are_whole(module: str) -> None:
    returns = returns_of(module)
    assert [name for name, value in returns.items() if not value.get("returned")] == []
    for name, value in values(returns):
        assert value.get("description"), name
        assert value.get("type"), name
        assert (value["type"] == "list") is ("elements" in value), name
        assert "sample" in value or value.get("contains"), f"{name} has no sample"


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


@pytest.mark.parametrize("module", MODULES)
def test_samples_have_their_type(module: str) -> None:
    for name, value in values(returns_of(module)):
        sample: Any = value.get("sample")
        if sample is None or value["type"] == "raw":
            continue
        assert isinstance(sample, PYTHON_TYPES[value["type"]]), name
        assert not isinstance(sample, bool) or value["type"] == "bool", name
        if value["type"] == "list" and value["elements"] != "dict":
            kinds = PYTHON_TYPES[value["elements"]]
            assert [each for each in value["sample"] if not isinstance(each, kinds)] == [], name


def keys_in_code(module: str) -> set[str]:
    """Keys that an action puts in its result: set one by one, given to update(), or in a dict that it returns."""
    tree = ast.parse((ROOT / f"plugins/action/{module}.py").read_text(encoding="utf-8"))
    action = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    keys: set[str] = set()
    for function in action.body:
        if not isinstance(function, ast.FunctionDef) or function.name not in ("run", "guarded", "on_host"):
            continue
        for node in ast.walk(function):
            match node:
                case ast.Subscript(value=ast.Name(id="result"), slice=ast.Constant(value=str(key)), ctx=ast.Store()):
                    keys.add(key)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="result"), attr="update"), keywords=keywords):
                    keys |= {keyword.arg for keyword in keywords if keyword.arg}
                case ast.Return(value=ast.Dict(keys=names)):
                    keys |= {
                        name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)
                    }
                case ast.Attribute(value=ast.Name(id="self"), attr="outcome"):
                    keys |= keys_of_outcome()
    return keys - COMMON_KEYS


def keys_of_outcome() -> set[str]:
    task = types.SimpleNamespace(_task=types.SimpleNamespace(diff=True))
    return set(HostAction.outcome(task, [], {}, {}))  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ACTIONS)
def test_return_keys_are_those_of_the_code(module: str) -> None:
    assert set(returns_of(module)) == keys_in_code(module)


def shape(kind: Any) -> tuple[str, str | None, Any]:
    """Type, elements and the TypedDict inside, as RETURN writes them; a dict by name is told by its entries."""
    origin, inner = get_origin(kind), [each for each in get_args(kind) if each is not type(None)]
    if origin in (Union, types.UnionType):
        assert len(inner) == 1, kind
        return shape(inner[0])
    if origin is Literal:
        return "str", None, None
    if origin is list:
        element, _none, content = shape(inner[0])
        return "list", element, content
    if origin is dict:
        return "dict", None, shape(inner[1])[2]
    if is_typeddict(kind):
        return "dict", None, kind
    return ("raw" if kind is Any else kind.__name__), None, None


def compare(documented: Json, schema: Any, path: str) -> None:
    hints = get_type_hints(schema)
    assert set(documented) == set(hints), path
    for name, hint in hints.items():
        value, (kind, elements, content) = documented[name], shape(hint)
        here = f"{path}.{name}"
        # Any stands for what depends on the setting: the documentation may be narrower where there is only one.
        assert kind == "raw" or (value["type"], value.get("elements")) == (kind, elements), here
        assert value.get("contains") or content is None, here
        if content is not None:
            compare(value["contains"], content, here)


@pytest.mark.parametrize(
    ("module", "path", "schema"),
    [
        ("rdp_facts", ("ansible_facts", "rdp"), HostFacts),
        ("rdp_client_facts", ("ansible_facts", "rdp_client"), Client),
        ("rdp_compatibility", ("rows",), Prediction),
        ("rdp_compatibility", ("summary",), Summary),
        ("rdp_diagnose", ("verdict",), Verdict),
        ("rdp_baseline", ("drift",), Drift),
        ("rdp_baseline", ("plan",), Step),
        ("rdp_probe", ("wire",), Report),
        ("rdp_report", ("rows",), Row),
        ("rdp_doctor", (), Examination),
    ],
)
def test_return_values_have_the_shape_of_their_schema(module: str, path: tuple[str, ...], schema: Any) -> None:
    documented = returns_of(module)
    for name in path:
        documented = documented[name]["contains"]
    compare(documented, schema, ".".join(path))


def test_what_diagnose_tells_of_the_wire_is_in_the_report() -> None:
    told, hints = returns_of("rdp_diagnose")["wire"]["contains"], get_type_hints(Report)
    assert {name: (value["type"], value.get("elements")) for name, value in told.items()} == {
        name: shape(hints[name])[:2] for name in told
    }


# -- tasks: examples and roles ---------------------------------------------------------------------------------------


def tasks_in(tasks: list[Json]) -> Iterator[Json]:
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_in(task.get(part) or [])


def check_call(module: str, given: Json) -> None:
    """The options of a call are documented, and values that are no template are valid."""
    options = options_of(module)
    assert set(given) <= set(options), f"{module} has no {', '.join(sorted(set(given) - set(options)))}"
    assert {name for name, option in options.items() if option.get("required")} <= set(given), module
    literal = {name: value for name, value in given.items() if "{{" not in str(value)}
    specification = validator_spec(options)
    for name in options:
        if name not in literal:
            specification[name].update(required=False)
    errors = ArgumentSpecValidator(specification).validate(literal).error_messages
    assert not errors, errors


def validator_spec(options: Mapping[str, Json]) -> Json:
    specification: Json = {}
    for name, option in options.items():
        known = {key: option[key] for key in ("type", "elements", "required", "choices") if option.get(key) is not None}
        if option.get("suboptions"):
            known["options"] = validator_spec(option["suboptions"])
        specification[name] = known
    return specification


def calls_in(tasks: list[Json]) -> Iterator[tuple[str, Json]]:
    for task in tasks_in(tasks):
        assert task.get("name"), task
        for key, given in task.items():
            if key.startswith(PREFIX):
                yield key.removeprefix(PREFIX), given or {}


@pytest.mark.parametrize("module", MODULES)
def test_examples_use_what_is_documented(module: str) -> None:
    calls = list(calls_in(yaml.safe_load(documentation()[module]["examples"])))
    assert module in {name for name, _given in calls}
    for name, given in calls:
        check_call(name, given)


@pytest.mark.parametrize("module", ACTIONS)
def test_examples_show_check_mode_where_something_changes(module: str) -> None:
    if attributes_of(module)["diff_mode"]["support"] == "N/A":
        return
    tasks = yaml.safe_load(documentation()[module]["examples"])
    assert any(task.get("check_mode") is True and PREFIX + module in task for task in tasks_in(tasks))


# -- roles and playbooks ---------------------------------------------------------------------------------------------


def specification_of(role: str) -> Json:
    specification: Json = read_yaml(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]
    return specification


def rendered(value: Any) -> Any:
    """A default as it is when the user has set no variable at all."""
    if isinstance(value, str) and "{{" in value:
        return NativeEnvironment().from_string(value).render()
    return value


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_those_of_its_specification(role: str) -> None:
    defaults = read_yaml(ROOT / "roles" / role / "defaults/main.yml") or {}
    options = specification_of(role)["options"]
    assert set(defaults) == {name for name, option in options.items() if not option.get("required")}
    for name, value in defaults.items():
        told = options[name].get("default")
        assert value == told or rendered(value) == told, name


@pytest.mark.parametrize("role", ROLES)
def test_role_variables_carry_its_name(role: str) -> None:
    assert [name for name in specification_of(role)["options"] if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_valid(role: str) -> None:
    def without_texts(options: Mapping[str, Json]) -> Json:
        kept: Json = {}
        for name, option in options.items():
            kept[name] = {key: value for key, value in option.items() if key not in ("description", "options")}
            if "options" in option:
                kept[name]["options"] = without_texts(option["options"])
        return kept

    options = {
        name: option
        for name, option in specification_of(role)["options"].items()
        if "{{" not in str(option.get("default"))
    }
    result = ArgumentSpecValidator(without_texts(options)).validate({})
    assert not result.error_messages


@pytest.mark.parametrize("role", ROLES)
def test_role_readme_tells_every_variable(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    options = specification_of(role)["options"]
    assert [name for name in options if f"| `{name}` |" not in text] == []
    for heading in ("## Variables", "## Example", "## Behaviour"):
        assert heading in text


@pytest.mark.parametrize("role", ROLES)
def test_role_readme_example_sets_only_its_variables(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    plays = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    used = {entry["role"]: entry.get("vars", {}) for play in plays for entry in play["roles"]}
    assert PREFIX + role in used
    for name, variables in used.items():
        assert set(variables) <= set(specification_of(name.removeprefix(PREFIX))["options"]), name


@pytest.mark.parametrize("role", ROLES)
def test_role_tasks_use_what_is_documented(role: str) -> None:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        for module, given in calls_in(read_yaml(path)):
            check_call(module, given)


def mirrored(role_option: Json, module_options: Mapping[str, Json]) -> None:
    for name, option in role_option["options"].items():
        told = module_options[name]
        for key in ("type", "elements", "choices", "required", "default"):
            assert option.get(key) == told.get(key), (name, key)


@pytest.mark.parametrize("role", ROLES)
def test_role_suboptions_are_those_of_its_module(role: str) -> None:
    """An option of a role that has suboptions hands them to the one module that the role calls."""
    nested = {name: option for name, option in specification_of(role)["options"].items() if option.get("options")}
    calls = [module for module, _given in calls_in(read_yaml(ROOT / "roles" / role / "tasks/main.yml"))]
    for name, option in nested.items():
        (module,) = calls
        module_options = options_of(module)
        if option["type"] == "list":
            module_options = module_options[name.removeprefix(f"{role}_")]["suboptions"]
        mirrored(option, module_options)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbooks_list_roles_only(playbook: str) -> None:
    plays = read_yaml(ROOT / "playbooks" / f"{playbook}.yml")
    assert plays
    for play in plays:
        assert {"tasks", "pre_tasks", "post_tasks", "handlers"}.isdisjoint(play)
        assert play["name"]
        assert play["roles"]
        for entry in play["roles"]:
            role = entry["role"].removeprefix(PREFIX)
            assert role in ROLES
            assert set(entry.get("vars", {})) <= set(specification_of(role)["options"])
