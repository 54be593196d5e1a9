"""A page for every command, from the program's own help: its text is written once, in the flags."""

from __future__ import annotations

import re

from spanset.cli import app

FLAG = re.compile(r"\* `([^`]+)`: (.*)")
NAMED = re.compile(r"(?<![\w-])(--[a-z][\w-]*|-[a-z](?![\w-]))")  # a flag in the text of another
GROUP = re.compile(r"\*\*(.+)\*\*:")
NO_VALUE = re.compile(r"\s*\*\[default: (\(\)|False)\]\*")  # what every flag that is not given has


def command_names() -> list[str]:
    """Every command, in the order in which they are declared."""
    return [name for name in app if not name.startswith("-")]


def command_index() -> str:
    """The page above those of the commands: one line each."""
    names = command_names()
    lines = ["# Commands", "", "What `spanset --help` and `spanset COMMAND --help` print.", ""]
    lines += ["| command | what it does |", "|---|---|"]
    lines += [f"| [`spanset {name}`](commands/{name}.md) | {first_line(name)} |" for name in names]
    lines += ["", "```{toctree}", ":hidden:", "", *(f"commands/{name}" for name in names), "```"]
    return "\n".join(lines) + "\n"


def first_line(name: str) -> str:
    """What a command does, in a sentence."""
    return str(app[name].help).strip().split("\n", 1)[0]


def command_pages() -> dict[str, str]:
    """Markdown of every command's page, by name."""
    return {name: command_page(name, app[name].generate_docs()) for name in command_names()}


def command_page(name: str, text: str) -> str:
    """The parser's Markdown, with a heading a group of flags and a place of its own a flag.

    Parameters
    ----------
    name : str
        Of the command.
    text : str
        What the parser makes of it: groups in bold, flags as items of lists, whose further lines
        are indented.
    """
    blocks = [f"# spanset {name}", f"```{{program}} spanset {name}\n```"]
    for block in re.split(r"\n(?=\* `)|\n{2,}", text.strip()):
        if block.startswith("# "):
            continue
        if flag := FLAG.match(block):
            said = NO_VALUE.sub("", " ".join(block[flag.start(2) :].split()))
            blocks.append(f"````{{option}} {flag[1]}\n{with_code(said)}\n````")
        elif group := GROUP.fullmatch(block):
            blocks.append(f"## {group[1]}")
        elif block.startswith("```console"):
            values = [word for word in block.split() if word.strip("[]").isupper()]
            blocks.append(f"```console\n{' '.join(['spanset', name, *values])}\n```")
        else:
            blocks.append(block)
    return "\n\n".join(blocks) + "\n"


def with_code(text: str) -> str:
    """Flags that are named in a text as code, so that their dashes stay."""
    parts = text.split("`")  # every other one is code already
    parts[::2] = [NAMED.sub(r"`\1`", part) for part in parts[::2]]
    return "`".join(parts)
