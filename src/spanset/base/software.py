"""Versions and devices that the bytes of a result depend on."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spanset.base.version import __version__


def version_of(package: str) -> str:
    """Version of a package; our own is known without installed metadata, too."""
    return __version__ if package == "spanset" else version(package)


def processor() -> str:
    """Name of the processor: others of its kind may round otherwise."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        text = ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def software(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages."""
    names = ("spanset", "numpy", *packages)
    return {"python": platform.python_version(), **{name: version_of(name) for name in names}}


def machine(device: str, *packages: str) -> dict[str, Any]:
    """What the bytes of a model's features depend on beside the settings."""
    import torch

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()
    names = ("torch", "transformers", "tokenizers", *packages)
    return {"device": name, "threads": torch.get_num_threads(), **software(*names)}
