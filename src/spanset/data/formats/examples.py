"""A short row of every format, in every shape that it comes in; `spanset show --formats`."""

from __future__ import annotations

from typing import Any, NamedTuple


class Example(NamedTuple):
    """A row of a format, and who writes such rows."""

    format: str
    source: str
    row: dict[str, Any]


_ASK = {"role": "user", "content": "Name a fruit."}
_SAY = {"role": "assistant", "content": "Apple."}
_BAD = {"role": "assistant", "content": "Carrot."}
_CALL = [
    {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
]

EXAMPLES = (
    Example("messages", "OpenAI, TRL", {"messages": [_ASK, _SAY]}),
    Example(
        "messages",
        "with a tool",
        {
            "messages": [
                {"role": "user", "content": "Rain in Oslo?"},
                {"role": "assistant", "tool_calls": _CALL},
                {"role": "tool", "content": "dry"},
                {"role": "assistant", "content": "No, it is dry."},
            ],
        },
    ),
    Example(
        "sharegpt",
        "ShareGPT, LLaMA-Factory",
        {
            "conversations": [
                {"from": "human", "value": "Rain in Oslo?"},
                {"from": "function_call", "value": '{"name": "weather"}'},
                {"from": "observation", "value": "dry"},
                {"from": "gpt", "value": "No, it is dry."},
            ],
            "system": "Be brief.",
        },
    ),
    Example(
        "alpaca",
        "Stanford Alpaca",
        {"instruction": "Name its colour.", "input": "Grass", "output": "Green."},
    ),
    Example(
        "alpaca",
        "LLaMA-Factory, with history",
        {
            "instruction": "And another.",
            "output": "Pear.",
            "history": [["Name a fruit.", "Apple."]],
            "system": "Be brief.",
        },
    ),
    Example(
        "alpaca", "Dolly", {"instruction": "Name it.", "context": "It is red.", "response": "Rose."}
    ),
    Example("prompt-completion", "TRL", {"prompt": "Name a fruit.", "completion": "Apple."}),
    Example("prompt-completion", "TRL, messages", {"prompt": [_ASK], "completion": [_SAY]}),
    Example("question-answer", "GSM8K", {"question": "What is 2 + 3?", "answer": "5"}),
    Example(
        "preference",
        "TRL",
        {"prompt": [_ASK], "chosen": [_SAY], "rejected": [_BAD]},
    ),
    Example("preference", "TRL, implicit", {"chosen": [_ASK, _SAY], "rejected": [_ASK, _BAD]}),
    Example(
        "preference",
        "UltraFeedback",
        {"prompt": "Name a fruit.", "chosen": [_ASK, _SAY], "rejected": [_ASK, _BAD]},
    ),
    Example(
        "preference",
        "LLaMA-Factory",
        {
            "conversations": [{"from": "human", "value": "Name a fruit."}],
            "chosen": {"from": "gpt", "value": "Apple."},
            "rejected": {"from": "gpt", "value": "Carrot."},
        },
    ),
    Example(
        "preference",
        "hh-rlhf",
        {
            "chosen": "\n\nHuman: Name a fruit.\n\nAssistant: Apple.",
            "rejected": "\n\nHuman: Name a fruit.\n\nAssistant: Carrot.",
        },
    ),
    Example(
        "preference",
        "MedicalGPT",
        {
            "question": "Name a fruit.",
            "response_chosen": "Apple.",
            "response_rejected": "Carrot.",
        },
    ),
    Example(
        "preference",
        "ms-swift",
        {"query": "Name a fruit.", "response": "Apple.", "rejected_response": "Carrot."},
    ),
    Example(
        "preference",
        "Alpaca with two outputs",
        {"instruction": "Name a fruit.", "output": ["Apple.", "Carrot."]},
    ),
    Example("kto", "LLaMA-Factory", {"messages": [_ASK, _BAD], "label": False}),
    Example("kto", "TRL", {"prompt": "Name a fruit.", "completion": "Apple.", "label": True}),
    Example(
        "exchanges",
        "Capybara",
        {"conversation": [{"input": "Name a fruit.", "output": "Apple."}]},
    ),
    Example(
        "oasst",
        "Open Assistant trees",
        {
            "prompt": {
                "role": "prompter",
                "text": "Name a fruit.",
                "replies": [
                    {"role": "assistant", "text": "Carrot.", "rank": 1, "replies": []},
                    {"role": "assistant", "text": "Apple.", "rank": 0, "replies": []},
                ],
            }
        },
    ),
    Example(
        "instances",
        "self-instruct",
        {
            "instruction": "Name its colour.",
            "instances": [
                {"input": "Grass", "output": "Green."},
                {"input": "Snow", "output": "White."},
            ],
        },
    ),
    Example(
        "ranked",
        "UltraFeedback",
        {
            "instruction": "Name a fruit.",
            "completions": [
                {"response": "Carrot.", "overall_score": 2.0},
                {"response": "Apple.", "overall_score": 4.5},
            ],
        },
    ),
    Example(
        "ranked",
        "lists",
        {"prompt": "Name a fruit.", "responses": ["Apple.", "Carrot."], "scores": [3, 1]},
    ),
    Example(
        "exchange",
        "ms-swift",
        {
            "system": "Be brief.",
            "query": "And another.",
            "response": "Pear.",
            "history": [["Name a fruit.", "Apple."]],
        },
    ),
    Example("exchange", "FLAN", {"inputs": "Name a fruit.", "targets": "Apple."}),
    Example("exchange", "NuminaMath", {"problem": "What is 2 + 3?", "solution": "2 + 3 = 5"}),
    Example("exchange", "exports of chats", {"user": "Name a fruit.", "assistant": "Apple."}),
    Example("text", "C4", {"text": "Apples are fruits."}),
)
