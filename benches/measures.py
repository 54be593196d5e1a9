"""Which measures tell something that the others do not, in the default space.

Fourteen data sets, 800 rows of each (public ones in English and Chinese, chats, four templates of
T0, Alpaca with every row twice), draws of 640, one draw; Spearman of every two measures over them,
turned so that higher is more diverse.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benches.neighbours import read_t0
from spanset import measure, read

FILES = {
    "Alpaca": "alpaca_data.json.gz",
    "LIMA": "lima.json",
    "GSM8K": "gsm8k_train.jsonl",
    "GPTeacher, code": "gpteacher_codegen.json",
    "GPTeacher, role play": "gpteacher_roleplay.json",
    "Code Alpaca": "code_alpaca_4535.json",
    "MMLU": "mmlu_val.jsonl",
    "AlpacaEval": "alpaca_eval_outputs.json",
    "Alpaca, Chinese": "formats/alpaca_zh_demo.json",
    "ShareGPT, Chinese": "formats/sharegpt_zh_1K_format.jsonl",
    "hh-rlhf": "formats/hh_rlhf_harmless_test.jsonl.gz",
}
ROWS = 800
TEMPLATES = 4


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure all sets by all measures."""
    rows = 100 if quick else ROWS
    sets = {name: read(data / file) for name, file in FILES.items()}
    with tempfile.TemporaryDirectory() as folder:
        sets["T0"] = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        first = np.flatnonzero(sets["T0"].source < TEMPLATES)
        sets["T0, four templates"] = sets["T0"][first]
        half = sets["Alpaca"][np.arange(rows // 2)]
        sets["Alpaca, every row twice"] = half[np.tile(np.arange(rows // 2), 2)]
        some = {
            name: one[np.sort(np.random.default_rng(0).permutation(len(one))[:rows])]
            for name, one in sets.items()
        }
        results = measure(some, "all", draws=1)
    names = list(results[0].measurements)
    values = np.array([[one.measurements[name].value for name in names] for one in results])
    better = [results[0].measurements[name].better == "higher" for name in names]
    turned = values * np.where(better, 1.0, -1.0)
    ranks: Any = spearmanr(turned)
    matrix = np.asarray(ranks.statistic)
    for one, row in zip(results, values, strict=True):
        room = "" if one.headroom is None else f", room {one.headroom.ratio:.2f}"
        print(f"{one.name}: LDD {row[0]:.3f}, equivalent size {row[1]:.0f}{room}")
    for name, row in zip(names, matrix, strict=True):
        print(f"{name:18s}" + " ".join(f"{value:+.2f}" for value in row))
    return {
        "measures": names,
        "sets": {
            one.name: {
                "room": None if one.headroom is None else one.headroom.ratio,
                "values": dict(zip(names, row.tolist(), strict=True)),
            }
            for one, row in zip(results, values, strict=True)
        },
        "spearman": matrix.tolist(),
    }
