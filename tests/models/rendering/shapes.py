"""Conversations of every shape that fine-tuning data have, as messages and tools."""

from __future__ import annotations

from typing import Any

ASK, SAY = "What is 2+2?", "It is four."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "A city."}},
                "required": ["city"],
            },
        },
    }
]


def _message(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def _user(content: str) -> dict[str, Any]:
    return _message("user", content)


def _assistant(content: str, **more: Any) -> dict[str, Any]:
    return _message("assistant", content, **more)


def _call(number: int, **arguments: Any) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": arguments}
    return {"id": f"call0000{number}", "type": "function", "function": function}


def _result(number: int, content: str) -> dict[str, Any]:
    return _message("tool", content, name="get_weather", tool_call_id=f"call0000{number}")


_THOUGHT = "10*3=30 and 7*3=21, in sum 51."
_ASKED = _user("Weather in Oslo?")
_OSLO = _call(1, city="Oslo")
_ANSWERED = [_result(1, "12 C"), _assistant("It is 12 degrees.")]

PLAIN: dict[str, list[dict[str, Any]]] = {
    "one turn": [_user(ASK), _assistant(SAY)],
    "several turns": [
        *(_user("Name a fruit."), _assistant("Apple, for one.")),
        *(_user("Another?"), _assistant("Plum.")),
    ],
    "system": [_message("system", "Be brief."), _user(ASK), _assistant(SAY)],
    "developer": [_message("developer", "Be brief."), _user(ASK), _assistant(SAY)],
    "several system turns": [
        *(_message("system", "Be brief."), _user(ASK), _assistant(SAY)),
        *(_message("system", "Now be loud."), _user("And 3+3?"), _assistant("SIX!")),
    ],
    "reasoning in a field": [
        _user("What is 17*3?"),
        _assistant("The result is 51.", reasoning_content=_THOUGHT),
    ],
    "reasoning in tags": [
        _user("What is 17*3?"),
        _assistant(f"<think>\n{_THOUGHT}\n</think>\n\nThe result is 51."),
    ],
    "reasoning in a field, earlier too": [
        _user("What is 17*3?"),
        _assistant("The result is 51.", reasoning_content=_THOUGHT),
        *(_user("Plus one?"), _assistant("52 then.", reasoning_content="51+1.")),
    ],
    "reasoning in tags, earlier too": [
        _user("What is 17*3?"),
        _assistant(f"<think>\n{_THOUGHT}\n</think>\n\nThe result is 51."),
        *(_user("Plus one?"), _assistant("<think>\n51+1.\n</think>\n\n52 then.")),
    ],
    "empty reasoning": [
        *(_user("What is 17*3?"), _assistant("The result is 51.", reasoning_content="")),
        *(_user("Plus one?"), _assistant("52 then.", reasoning_content="")),
    ],
    "assistant first": [_assistant("Hello, how can I help?"), _user(ASK), _assistant(SAY)],
    "two user turns": [_user("Listen."), _user(ASK), _assistant(SAY)],
    "two assistant turns": [_user(ASK), _assistant("Let me see."), _assistant(SAY)],
    "empty turn": [_user(ASK), _assistant(""), _user("Hello?"), _assistant(SAY)],
    "user last": [_user(ASK), _assistant(SAY), _user("Thanks.")],
}
WITH_TOOLS: dict[str, list[dict[str, Any]]] = {
    "tools unused": [_user(ASK), _assistant(SAY)],
    "tool call": [_ASKED, _assistant("", tool_calls=[_OSLO]), *_ANSWERED],
    "parallel calls": [
        _user("Weather in Oslo and Rome?"),
        _assistant("", tool_calls=[_OSLO, _call(2, city="Rome")]),
        *(_result(1, "12 C"), _result(2, "20 C")),
        _assistant("12 and 20 degrees."),
    ],
    "call beside text": [_ASKED, _assistant("I will look.", tool_calls=[_OSLO]), *_ANSWERED],
    "call after reasoning": [
        _ASKED,
        _assistant("", reasoning_content="I must look it up.", tool_calls=[_OSLO]),
        _result(1, "12 C"),
        _assistant("It is 12 degrees.", reasoning_content="The tool said 12."),
    ],
    "call without arguments": [
        _user("Weather?"),
        _assistant("", tool_calls=[_call(1)]),
        *(_result(1, "dry"), _assistant("It is dry.")),
    ],
    "call last": [_ASKED, _assistant("", tool_calls=[_call(1, city="Oslo", days=3, wet=True)])],
}

# A row of messages for every shape.
ROWS: dict[str, dict[str, Any]] = {
    **{name: {"messages": messages} for name, messages in PLAIN.items()},
    **{name: {"messages": messages, "tools": TOOLS} for name, messages in WITH_TOOLS.items()},
}
