"""Tools and calls of them, in the one form that chat templates read.

A tool is ``{"type": "function", "function": {"name": ..., "parameters": ...}}``, a call of it
``{"type": "function", "function": {"name": ..., "arguments": {...}}}``. What is written as JSON
text is parsed, a definition or a call without the outer object gets it, and keys that a table
filled in with null are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spanset.data.formats.texts import Row, RowError, kind_of, parsed_json

TOOLS = ("tools", "functions")  # fields of a row
OTHER_ARGUMENTS = ("parameters", "args", "input")  # what a call's arguments go by elsewhere
DEFINED = ("parameters", "description")  # what stands beside the name of a function
DEEPEST = 100  # levels of what is given to a template
SETTINGS = "chat_template_kwargs"  # likewise: TRL gives them to the template

Structure = Mapping[str, Any]


def without_nulls(value: Any, depth: int = 0) -> Any:
    """A value less the keys of its objects that are null, at any depth.

    Raises
    ------
    RowError
        More than `DEEPEST` lists and objects inside each other.
    """
    if depth > DEEPEST:
        raise RowError(f"lists and objects nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        found = ((key, inner) for key, inner in value.items() if inner is not None)
        return {str(key): without_nulls(inner, depth + 1) for key, inner in found}
    if isinstance(value, list):
        return [without_nulls(inner, depth + 1) for inner in value]
    return value


def calls_in(value: Any) -> list[dict[str, Any]]:
    """Tool calls that a value is: one, or a list of them, or either as JSON text; else none."""
    value = parsed_json(value) if isinstance(value, str) else value
    calls = [_call(one) for one in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call is not None] if all(calls) else []


def tools_of(row: Row) -> tuple[tuple[dict[str, Any], ...], str]:
    """Definitions of the row's tools; or none, and what is wrong with them."""
    field = next((name for name in TOOLS if row.get(name) not in (None, "", "null", [], {})), None)
    if field is None:
        return (), ""
    value = row[field]
    tools = parsed_json(value) if isinstance(value, str) else value
    if tools is None and field != TOOLS[0] and not value.lstrip().startswith(("[", "{")):
        return (), ""  # a text of that name is something else: code, say
    if tools is None:
        return (), f"field {field!r} is text, and not JSON: expected a list of tool definitions"
    tools = [tools] if isinstance(tools, dict) else tools
    if not isinstance(tools, list):
        return (), f"field {field!r} is {kind_of(tools)}, expected a list of tool definitions"
    tools = [(parsed_json(tool) or tool) if isinstance(tool, str) else tool for tool in tools]
    tools = [tool for tool in tools if tool is not None]
    for number, tool in enumerate(tools):
        if not isinstance(tool, dict):
            return (), f"{field}[{number}] is {kind_of(tool)}, expected a tool definition"
    try:
        return tuple(_wrapped(without_nulls(tool), DEFINED) for tool in tools), ""
    except RowError as error:
        return (), f"field {field!r}: {error}"


def settings_of(row: Row) -> tuple[tuple[str, Any], ...]:
    """What else the row gives to its chat template, by name, in order of the names."""
    value = row.get(SETTINGS)
    value = parsed_json(value) if isinstance(value, str) else value
    return tuple(sorted(without_nulls(value).items())) if isinstance(value, dict) else ()


def _call(value: Any) -> dict[str, Any] | None:
    """A call with its arguments as an object; None for anything else."""
    if not isinstance(value, dict):
        return None
    call = _wrapped(without_nulls(value), ("arguments", *OTHER_ARGUMENTS))
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    other = next((name for name in OTHER_ARGUMENTS if isinstance(function.get(name), dict)), None)
    if "arguments" not in function and other is not None:
        named = {key: inner for key, inner in function.items() if key != other}
        function = {**named, "arguments": function[other]}
    arguments = parsed_json(function.get("arguments"))
    if isinstance(arguments, dict):
        function = {**function, "arguments": without_nulls(arguments)}
    elif function.get("arguments") in (None, ""):
        function = {**function, "arguments": {}}
    return {**call, "function": function}


def _wrapped(value: dict[str, Any], beside: Sequence[str]) -> dict[str, Any]:
    """A function's name and what stands beside it, in the outer object that templates expect."""
    if "function" in value or not isinstance(value.get("name"), str):
        return value
    if "type" in value and not any(name in value for name in beside):
        return value  # a tool of the provider's own, such as a search
    inner = {key: one for key, one in value.items() if key not in ("id", "type")}
    outer = {"id": value["id"]} if "id" in value else {}
    return {"type": "function", **outer, "function": inner}
