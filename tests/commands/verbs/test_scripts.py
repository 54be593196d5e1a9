"""Scripts of ten lines, as users write them: what they print, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.conftest import make_rows, write_lines

CHOOSE = """
import spanset

bar = spanset.progress_bar()
data = spanset.read("rows.jsonl")
pick = spanset.select(data, 20, quality="column:rating", watcher=bar)
data[pick.order].write("best.jsonl")
print(len(pick), len(open("best.jsonl").readlines()))
"""

FRAME = """
import pandas
import spanset

data = spanset.read(pandas.read_json("rows.jsonl", lines=True))
frame = spanset.select(data, "10%").to_pandas(data)
rows = data.to_pandas().iloc[frame["position"]].reset_index()
print(len(frame), sorted(frame.columns), rows["instruction"].str.startswith("Write").all())
"""

FIGURE = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import spanset

X = spanset.represent(spanset.read("rows.jsonl"), "lexical")
fig, (left, right) = plt.subplots(1, 2)
for kernel in ("rbf", "cosine"):
    spanset.select(X, 30, kernel=kernel).plot(left, label=kernel)
spanset.measure(X, "ldd", n=30).plot(right)
left.legend()
fig.savefig("gains.png")
spanset.measure({"all": X, "half": X[:100]}, ["ldd", "vendi"], n=30).plot().savefig("sets.png")
print(len(left.get_lines()), len(right.get_lines()))
"""


@pytest.mark.parametrize(
    ("script", "printed", "needs", "left"),
    [
        (CHOOSE, "20 20\n", (), {"best.jsonl"}),
        (
            FRAME,
            "20 ['gain', 'line', 'position', 'rank', 'row', 'score', 'source'] True\n",
            ("pandas",),
            set(),
        ),
        (FIGURE, "2 1\n", ("matplotlib",), {"gains.png", "sets.png"}),
    ],
    ids=["choose", "frame", "figure"],
)
def test_a_script_prints_what_it_prints_and_leaves_what_it_writes(
    tmp_path, script, printed, needs, left
):
    for name in needs:
        pytest.importorskip(name)
    write_lines(tmp_path / "rows.jsonl", make_rows(200))
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")
    assert {one.name for one in tmp_path.iterdir()} == {"rows.jsonl", *left}
