"""Names in a figure: drawn as they are whatever they hold, apart, and never cut off."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from matplotlib.text import Text
from tests.report.plots.drawn_sets import make_sets, page, panels, saved, texts

from spanset.report.plots.figures import measure_figure
from spanset.report.plots.layout import spread_out
from spanset.report.plots.names import drawable

HOSTILE = [
    "$\\frac{a$",
    "</svg><script>alert('&')</script>--",
    "数据 🦊",
    "red\x1b[31m\nline\udcff\u202e",
    "x" * 300,
    "",
]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_hostile_names_are_drawn_as_they_are(tmp_path, suffix):
    sets = make_sets(HOSTILE, ["ldd", "vendi", "categories:$a_{ <b> 语\n"])
    scores = {name: float(i) for i, name in enumerate(HOSTILE)}
    content = saved(measure_figure(sets, scores=scores), tmp_path / f"a{suffix}")
    assert content


def test_names_are_escaped_in_svg(tmp_path):
    sets = make_sets(["<script>a</script>", "--><b>&"], ["vendi"])
    content = saved(measure_figure(sets), tmp_path / "a.svg").decode()
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(content).iter()}
    assert not tags & {"script", "b", "a", "image", "text"}
    assert "<script" not in content


def test_a_dollar_is_a_dollar():
    sets = make_sets(["$x^2$"], ["ldd", "vendi"])
    figure = measure_figure(sets, scores={"$x^2$": 1.0})
    found = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert len(found) == 3  # beside the curve, the bars and the points
    assert not any(text.get_parse_math() for text in found)


def test_what_cannot_be_drawn_is_spelt_out():
    assert drawable("a\nb\x1b", 20) == "a\\nb\\x1b"
    assert drawable("数", 20) == "\\u6570"
    assert drawable("Ünï $&<", 20) == "Ünï $&<"


def test_long_names_keep_both_ends_and_stay_apart():
    assert drawable("abcdefghij", 5) == "ab…ij"
    assert drawable("abcde", 5) == "abcde"
    names = ["a" * 40 + middle + "b" * 40 for middle in "xy"]
    shown = [
        text for text in texts(page(measure_figure(make_sets(names, ["vendi"])))) if "…" in text
    ]
    assert len(set(shown)) == 2


def test_nothing_is_cut_off_or_drawn_over_another_name():
    names = [f"runs/a very long folder/{i}/train-of-many-rows.jsonl" for i in range(12)]
    figure = measure_figure(make_sets(names))
    figure.draw_without_rendering()
    whole = figure.bbox
    without_axis = [page(figure), *panels(figure, "bars")]
    hidden = {text for axes in without_axis for text in axes.findobj(Text)}
    hidden -= {text for axes in without_axis for text in axes.texts}
    shown = [text for text in figure.findobj(Text) if text.get_text() and text not in hidden]
    boxes = [text.get_window_extent() for text in shown]
    assert all(box.x0 >= 0 and box.x1 <= whole.x1 for box in boxes)
    assert all(box.y0 >= 0 and box.y1 <= whole.y1 for box in boxes)
    own = [text.get_window_extent().shrunk(0.98, 0.7) for text in page(figure).texts]
    assert not any(a.overlaps(b) for i, a in enumerate(own) for b in own[:i])


def test_names_beside_lines_keep_order_and_distance():
    # By hand: 1.0 and 1.1 share their middle, 1.05, half a distance below and above it.
    assert spread_out([1.1, 1.0, 3.0], 0.5, 4.0) == pytest.approx([1.3, 0.8, 3.0])
    assert spread_out([0.0, 0.0], 0.5, 4.0) == pytest.approx([0.0, 0.5])
    assert spread_out([4.0, 4.0], 0.5, 4.0) == pytest.approx([3.5, 4.0])


def test_names_that_do_not_all_fit_leave_at_the_top():
    assert spread_out([0.3, 0.1, 0.2], 0.5, 0.8) == pytest.approx([1.0, 0.0, 0.5])
