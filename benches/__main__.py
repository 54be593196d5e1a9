"""Run a measurement and keep its result: ``python -m benches run NAME [options]``."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from benches.machine import describe

RESULTS = Path(__file__).parent / "results"
NAMES = (
    "beyond-memory",
    "decontamination",
    "device",
    "diversity",
    "faults",
    "feature-speed",
    "gradients",
    "greedy",
    "growth",
    "host-time",
    "kernels",
    "known-sets",
    "measures",
    "methods",
    "mixed",
    "neighbours",
    "pages",
    "peers",
    "ray-features",
    "ray-greedy",
    "rendering",
    "representations",
    "scale",
    "scores",
    "select",
    "sketch",
    "static-choices",
    "ten-million",
    "trials",
    "two-rounds",
)


def main() -> None:
    """Parse, run, print, write benches/results/NAME.json."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the bench itself")
    parser.add_argument("--device", help="of gradients and device: cpu, cuda or cuda:1")
    parser.add_argument("--peers", type=Path, help="of peers: the folder of environments")
    parser.add_argument("--only", help="of peers: tasks to measure, a comma between them")
    arguments = parser.parse_args()
    module = importlib.import_module(f"benches.{arguments.name.replace('-', '_')}")
    asked = {name: getattr(arguments, name) for name in ("device", "peers", "only")}
    options = {name: value for name, value in asked.items() if value is not None}
    measured = module.run(arguments.data, quick=arguments.quick, **options)
    result = {"machine": describe(), **measured}
    if not arguments.quick:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{arguments.name}.json"
        path.write_text(json.dumps(result, indent=2) + "\n")
        print(f"kept in {path}")


if __name__ == "__main__":
    main()
