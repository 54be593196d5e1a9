"""What the figures of `spanset measure` show, and how they are written."""

from __future__ import annotations

import errno
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from spanset.base.errors import DataError, MissingExtraError, OutputError, UsageError
from spanset.diversity.measurement import Curve, MeasuredSet, Measurement
from spanset.report import figures
from spanset.report.figures import check_plot, measure_figure, save_figure
from spanset.report.layout import spread_out
from spanset.report.names import COLOURS, drawable

METRICS = {
    "ldd": ("nats per row", "lower"),
    "vendi": ("effective rows", "higher"),
    "radius": ("distance", "higher"),
    "near-duplicates": ("fraction of rows", "lower"),
    "novelsum": ("novelty", "higher"),
}
HOSTILE = [
    "$\\frac{a$",
    "</svg><script>alert('&')</script>--",
    "数据 🦊",
    "red\x1b[31m\nline\udcff\u202e",
    "x" * 300,
    "",
]


def measurement(metric="vendi", value=2.0, draws=3, curve=None):
    unit, better = METRICS.get(metric, ("rows", "higher"))
    values = value + 0.01 * np.arange(draws)
    return Measurement(metric, unit, better, values, 0.0, 100, 100, curve)


def curve(last=100, height=1.0):
    n = np.unique(np.geomspace(1, last, 12).astype(np.int64))
    mean = height * np.log(n) / math.log(max(last, 2))
    return Curve(n, mean, 0.05 * mean)


def make_sets(names, metrics=METRICS, draws=3):
    return [
        MeasuredSet(
            name,
            100,
            {
                metric: measurement(
                    metric, 1.0 + i, draws, curve(height=1.0 + i) if metric == "ldd" else None
                )
                for metric in metrics
            },
        )
        for i, name in enumerate(names)
    ]


def one_set(value):
    return MeasuredSet("a", 100, {"vendi": measurement("vendi", value, 1)})


def panels(figure, kind):
    return [axes for axes in figure.axes if str(axes.get_label()).startswith(kind)]


def panel(figure, label):
    return next(axes for axes in figure.axes if axes.get_label() == label)


def bars(axes):
    return [bar for container in axes.containers for bar in container if hasattr(bar, "get_width")]


def texts(axes):
    return [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]


def page(figure):
    return panel(figure, "page")


def saved(figure, path):
    save_figure(figure, str(path), force=True)
    return path.read_bytes()


# ------------------------------------------------------------------------------------------- panels


def test_one_panel_a_metric_and_one_for_the_curve():
    figure = measure_figure(make_sets(["a", "b", "c"]))
    assert len(panels(figure, "curve")) == 1
    assert len(panels(figure, "bars")) == len(METRICS)
    assert not panels(figure, "scatter")


def test_a_measure_that_no_set_has_a_value_of_gets_no_panel():
    sets = make_sets(["a", "b"], ["ldd", "coverage"])
    for one in sets:
        one.measurements["coverage"] = measurement("coverage", math.nan)
    figure = measure_figure(sets, scores={"a": 1.0, "b": 2.0})
    assert [axes.get_label() for axes in figure.axes] == [
        "page",
        "curve",
        "bars ldd",
        "scatter ldd",
    ]
    nothing_else = [MeasuredSet("a", 9, {"coverage": measurement("coverage", math.nan)})]
    assert "-" in texts(panel(measure_figure(nothing_else), "bars coverage"))


def test_no_curve_panel_without_a_curve():
    assert not panels(measure_figure(make_sets(["a"], ["vendi", "radius"])), "curve")


def test_a_curve_without_a_finite_value_is_no_curve():
    empty = Curve(np.array([1, 2]), np.array([math.nan, math.inf]), np.zeros(2))
    sets = [MeasuredSet("a", 9, {"ldd": measurement("ldd", curve=empty)})]
    assert not panels(measure_figure(sets), "curve")


@pytest.mark.parametrize("count", [1, 3, 8, 9, 12])
def test_any_number_of_sets_is_drawn_without_a_warning(tmp_path, count):
    sets = make_sets([f"set {i}" for i in range(count)], ["ldd", "vendi"])
    scores = {one.name: float(i) for i, one in enumerate(sets)}
    figure = measure_figure(sets, scores=scores)
    assert len(bars(panel(figure, "bars vendi"))) == count
    assert len(panel(figure, "curve").lines) == count + 1  # and the zero line
    assert saved(figure, tmp_path / "a.png").startswith(b"\x89PNG")


def test_a_set_has_one_colour_in_every_panel():
    names = [f"set {i}" for i in range(10)]
    figure = measure_figure(make_sets(names), scores=dict.fromkeys(names, 1.0))
    expected = [COLOURS[i % len(COLOURS)].lower() for i in range(10)]
    for axes in panels(figure, "bars"):
        assert [to_hex(bar.get_facecolor()) for bar in bars(axes)] == expected
    lines = [line for line in panel(figure, "curve").lines if len(line.get_xdata()) > 2]
    assert [to_hex(line.get_color()) for line in lines] == expected
    for axes in panels(figure, "scatter"):
        marks = [line for line in axes.lines if line.get_marker() != "None"]
        assert [to_hex(mark.get_color()) for mark in marks] == expected


def test_a_colour_that_comes_again_comes_with_another_line_hatch_and_marker():
    names = [f"set {i}" for i in range(9)]
    figure = measure_figure(make_sets(names), scores=dict.fromkeys(names, 1.0))
    first, *_, ninth = bars(panel(figure, "bars vendi"))
    assert first.get_hatch() != ninth.get_hatch()
    lines = [line for line in panel(figure, "curve").lines if len(line.get_xdata()) > 2]
    assert lines[0].get_linestyle() != lines[8].get_linestyle()
    marks = [x for x in panel(figure, "scatter vendi").lines if x.get_marker() != "None"]
    assert marks[0].get_marker() != marks[8].get_marker()


def test_a_panel_says_its_metric_unit_and_direction():
    figure = measure_figure(make_sets(["a"]))
    vendi, ldd = texts(panel(figure, "bars vendi")), texts(panel(figure, "bars ldd"))
    assert {"vendi", "effective rows", "higher is more diverse →"} <= set(vendi)
    assert {"ldd", "nats per row", "← lower is more diverse"} <= set(ldd)


def test_bars_stand_in_the_order_given_from_the_top():
    axes = panel(measure_figure(make_sets(["z", "a", "m"])), "bars vendi")
    assert [bar.get_width() for bar in bars(axes)] == pytest.approx([1.01, 2.01, 3.01])
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_values_stand_at_the_bars_ends_and_stay_in_the_panel():
    figure = measure_figure([one_set(-1.234), one_set(0.5), one_set(12.0)])
    axes = panel(figure, "bars vendi")
    assert {"\N{MINUS SIGN}1.2", "0.5", "12.0"} <= set(texts(axes))
    figure.draw_without_rendering()
    frame = axes.get_window_extent()
    for text in axes.texts:
        box = text.get_window_extent()
        assert frame.x0 - 2 <= box.x0
        assert box.x1 <= frame.x1 + 2


def test_missing_and_undefined_values_are_a_dash(tmp_path):
    sets = [one_set(1.0), one_set(math.nan), MeasuredSet("b", 9, {"radius": measurement("radius")})]
    figure = measure_figure(sets)
    assert texts(panel(figure, "bars vendi")).count("-") == 2
    saved(figure, tmp_path / "a.png")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -1e-300, 1e12, -3.0])
def test_no_value_breaks_a_panel(tmp_path, value):
    sets = [MeasuredSet("a", 9, {"vendi": measurement("vendi", value)})]
    saved(measure_figure(sets, scores={"a": value}), tmp_path / "a.svg")


def test_error_bars_show_the_deviation_and_only_where_there_is_one():
    with_draws = measure_figure(make_sets(["a"], draws=3))
    without = measure_figure(make_sets(["a"], draws=1))
    assert panel(with_draws, "bars vendi").collections
    assert not panel(without, "bars vendi").collections
    assert any("3 draws" in text for text in texts(page(with_draws)))
    assert not any("draws" in text for text in texts(page(without)))


def test_the_curve_runs_from_one_to_n_with_a_named_zero_line():
    figure = measure_figure(make_sets(["a", "b"]))
    axes = panel(figure, "curve")
    assert axes.get_xlim() == (1, 100)
    assert axes.get_ylabel() == "nats per row"
    assert texts(axes) == ["ldd over the number of rows", "← lower is more diverse"]
    assert axes.get_ylim()[0] < 0 < axes.get_ylim()[1]
    assert {"uniform on the sphere", "a", "b"} <= set(texts(page(figure)))
    assert len(axes.collections) == 2  # a band each


def test_the_first_measure_with_a_curve_is_drawn_over_the_reference_named():
    metrics = {"vendi": None, "ldd:drop": curve(), "ldd": curve(height=9.0)}
    measurements = {name: measurement(name, curve=one) for name, one in metrics.items()}
    figure = measure_figure([MeasuredSet("a", 9, measurements)], reference="pool.jsonl")
    (axes,) = panels(figure, "curve")
    assert texts(axes)[0] == "ldd:drop over the number of rows"
    assert {"pool.jsonl", "a"} <= set(texts(page(figure)))


def test_values_of_a_curve_that_are_not_finite_are_left_out(tmp_path):
    mean = np.array([0.0, 1.0, math.nan, math.inf])
    broken = Curve(np.array([1, 2, 3, 4]), mean, np.array([0.0, math.nan, 0.1, math.inf]))
    sets = [MeasuredSet("a", 9, {"ldd": measurement("ldd", curve=broken)})]
    figure = measure_figure(sets)
    assert (
        -0.2
        < panel(figure, "curve").get_ylim()[0]
        < 0
        < 1
        < panel(figure, "curve").get_ylim()[1]
        < 1.2
    )
    saved(figure, tmp_path / "a.png")


def test_a_curve_of_one_point_is_drawn(tmp_path):
    point = Curve(np.array([1]), np.array([0.0]), np.array([0.0]))
    sets = [MeasuredSet("a", 1, {"ldd": measurement("ldd", curve=point)})]
    saved(measure_figure(sets), tmp_path / "a.png")


def test_scatter_panels_show_points_names_and_correlations():
    figure = measure_figure(
        make_sets(["a", "b", "c"]),
        scores={"a": 1.0, "b": 3.0, "c": math.nan},
        correlations={"vendi": (0.5, -0.25), "ldd": (math.nan, 1.0)},
    )
    assert len(panels(figure, "scatter")) == len(METRICS)
    axes = panel(figure, "scatter vendi")
    assert "Pearson 0.50   Spearman \N{MINUS SIGN}0.25" in texts(axes)
    assert "Pearson -   Spearman 1.00" in texts(panel(figure, "scatter ldd"))
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() != "None"]
    np.testing.assert_allclose(points, [(1.01, 1.0), (2.01, 3.0)])
    # Beside the curve, the bars' two rows, and each of the scatter panels' two.
    shown = texts(page(figure))
    assert [shown.count(name) for name in "abc"] == [5, 5, 3], "a set without a score is no point"


def test_all_scatter_panels_have_the_scores_as_their_height():
    sets = make_sets(["a", "b", "c"], ["ldd", "vendi"])
    sets[2].measurements["vendi"] = measurement("vendi", math.nan)
    figure = measure_figure(sets, scores={"a": 1.0, "b": 3.0, "c": 9.0})
    first, second = panels(figure, "scatter")
    assert first.get_ylim() == second.get_ylim()


def test_scores_of_no_set_add_no_panel():
    assert not panels(measure_figure(make_sets(["a"]), scores={"other": 1.0}), "scatter")


def test_nothing_measured_is_refused():
    with pytest.raises(DataError, match="measurement"):
        measure_figure([MeasuredSet("a", 10, {})])


# --------------------------------------------------------------------------------------------- text


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


# ------------------------------------------------------------------------------------------- places


def test_names_beside_lines_keep_order_and_distance():
    # By hand: 1.0 and 1.1 share their middle, 1.05, half a distance below and above it.
    assert spread_out([1.1, 1.0, 3.0], 0.5, 4.0) == pytest.approx([1.3, 0.8, 3.0])
    assert spread_out([0.0, 0.0], 0.5, 4.0) == pytest.approx([0.0, 0.5])
    assert spread_out([4.0, 4.0], 0.5, 4.0) == pytest.approx([3.5, 4.0])


def test_names_that_do_not_all_fit_leave_at_the_top():
    assert spread_out([0.3, 0.1, 0.2], 0.5, 0.8) == pytest.approx([1.0, 0.0, 0.5])


# ------------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_sets_give_the_same_bytes(tmp_path, suffix):
    sets = make_sets([f"set {i}" for i in range(9)], ["ldd", "vendi"])
    scores = {one.name: 1.0 for one in sets}
    first = saved(measure_figure(sets, scores=scores), tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.fonttype": "none"}):
        figure = measure_figure(sets, scores=scores)
        second = saved(figure, tmp_path / f"b{suffix}")
        third = saved(figure, tmp_path / f"c{suffix}")
    assert first == second == third
    assert b"date" not in first.lower()


def test_settings_are_left_as_they_were(tmp_path):
    with mpl.rc_context({"font.size": 30}):
        before = dict(mpl.rcParams)
        saved(measure_figure(make_sets(["a"])), tmp_path / "a.png")
        assert dict(mpl.rcParams) == before


def test_png_has_150_dots_an_inch(tmp_path):
    figure = measure_figure(make_sets(["a"]))
    content = saved(figure, tmp_path / "a.png")
    width = int.from_bytes(content[16:20], "big")
    assert width == pytest.approx(150 * figure.get_figwidth(), abs=1)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.png.txt", "-", ".png"])
def test_another_suffix_is_refused(tmp_path, name):
    path = name if name == "-" else str(tmp_path / name)
    for attempt in (check_plot, lambda path, force: save_figure(Figure(), path, force=force)):
        with pytest.raises(UsageError) as caught:
            attempt(path, force=True)
        assert caught.value.where == "--plot"
        assert ".png" in caught.value.fix
        assert ".svg" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_the_suffix_may_be_in_capitals(tmp_path):
    assert saved(Figure(), tmp_path / "A.PNG").startswith(b"\x89PNG")


def test_an_existing_file_is_replaced_only_by_force(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    for attempt in (check_plot, lambda path, force: save_figure(Figure(), path, force=force)):
        with pytest.raises(UsageError, match="exists") as caught:
            attempt(str(path), force=False)
        assert "--plot" in caught.value.fix
    assert path.read_text() == "mine"
    check_plot(str(path), force=True)
    assert b"<svg" in saved(Figure(), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="folder"):
        check_plot(str(tmp_path / "none" / "a.png"), force=False)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"spanset\[plot\]"):
        check_plot(str(tmp_path / "a.png"), force=False)


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_things_as_they_were(tmp_path, monkeypatch, exists):
    path = tmp_path / "a.png"
    if exists:
        path.write_bytes(b"old")

    def fsync(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(OutputError, match="No space left"):
        save_figure(Figure(), str(path), force=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([b"old"] if exists else [])


def test_a_figure_that_cannot_be_drawn_leaves_no_file(tmp_path, monkeypatch):
    def savefig(figure, file, **settings):
        file.write(b"half")
        raise MemoryError

    monkeypatch.setattr(Figure, "savefig", savefig)
    with pytest.raises(MemoryError):
        save_figure(Figure(), str(tmp_path / "a.png"), force=False)
    assert not list(tmp_path.iterdir())


def test_pyplot_is_never_imported_and_matplotlib_only_when_needed(tmp_path):
    program = """
import sys
import numpy as np
from spanset.report import figures
from spanset.diversity.measurement import MeasuredSet, Measurement
figures.check_plot("a.png", force=False)
for name in ("matplotlib", "sklearn", "scipy"):
    assert name not in sys.modules, f"{name} was imported before it was needed"
one = Measurement("vendi", "rows", "higher", np.ones(1), 0.0, 10)
figure = figures.measure_figure([MeasuredSet("a", 10, {"vendi": one})])
figures.save_figure(figure, "a.png", force=False)
figures.save_figure(figure, "a.svg", force=False)
assert "matplotlib.pyplot" not in sys.modules, "pyplot keeps state for the whole program"
"""
    source = str(Path(figures.__file__).parents[2])
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": source, "HOME": str(Path.home()), "MPLBACKEND": "TkAgg"},
        timeout=60,
    )
