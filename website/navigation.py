"""Which pages there are, by what a reader wants. A page of docs/ that is missing here fails."""

from __future__ import annotations

from pathlib import Path

# Page, as its file without suffix, in the order of reading.
NAVIGATION = {
    "Start": [
        "docs/start",
        "docs/recipes",
    ],
    "How to": [
        "docs/report",
        "docs/why",
        "docs/diagnosis",
        "docs/trainers",
        "docs/gradients",
        "docs/scale",
        "docs/trials",
        "docs/notebooks",
        "docs/verify",
    ],
    "Understand": [
        "docs/method",
        "docs/methods",
        "docs/features",
        "docs/diversity",
        "docs/chat-templates",
        "docs/evidence",
        "docs/comparison",
    ],
    "Look up": [
        "docs/commands",
        "docs/python",
        "docs/data-formats",
        "docs/scores",
        "docs/numerics",
    ],
    "The project": [
        "CHANGELOG",
        "CONTRIBUTING",
        "SECURITY",
        "docs/dependencies",
        "docs/log",
        "experiments/README",
    ],
}
# Made from the program when the site is made.
MADE = ("docs/commands", "docs/python")


def listed_pages() -> list[str]:
    """Every page, those that are made among them."""
    return [page for pages in NAVIGATION.values() for page in pages]


def pages_without_a_place(root: Path) -> list[str]:
    """Pages of docs/ that no reader would find."""
    listed = set(listed_pages())
    found = sorted(f"docs/{page.stem}" for page in (root / "docs").glob("*.md"))
    return [page for page in found if page not in listed]


def table_of_contents() -> str:
    """The navigation, as Sphinx reads it at the end of the first page."""
    blocks = ["```{toctree}\n:hidden:\n\nOverview <self>\n```\n"]
    for caption, pages in NAVIGATION.items():
        lines = "\n".join(pages)
        blocks.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n")
    return "\n".join(blocks)
