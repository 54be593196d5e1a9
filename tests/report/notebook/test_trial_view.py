"""A trial in a notebook: verdicts and intervals, a table a judge."""

from __future__ import annotations

from tests.report.notebook.parsed_html import HOSTILE, parsed
from tests.report.plots.drawn_trials import GROUPS, UNKNOWN, around, told

from spanset.runs import trial_lines


def test_every_judge_has_a_table_with_verdicts_and_both_differences():
    pairs = [(around(-0.1, 0.05), around(0.02, 0.05))]
    found = parsed(told(["dpp"], pairs)._repr_html_())
    text = " ".join(found.text.split())
    assert found.tags.count("table") == len(GROUPS)
    assert "Away from home: mmlu-style, e" in text
    assert "dpp better by more tokens alone 3 1 -0.1 ± 0.05 +0.02 ± 0.05" in text
    assert "-10 ± 5" in text  # accuracy in percent


def test_differences_that_leave_out_0_are_bold_and_unknown_intervals_not_written():
    html = told(["a"], [(around(0.5, 0.1), UNKNOWN)], GROUPS[:1])._repr_html_()
    assert '<td><b>+0.5 ± 0.1</b></td><td class="n">+0.5</td>' in html


def test_names_of_choices_are_text():
    pairs = [(around(0, 1), around(0, 1))]
    assert HOSTILE in parsed(told([HOSTILE], pairs)._repr_html_()).text


def test_every_kind_of_judge_has_a_title():
    assert set(trial_lines.TITLES) == {sets.name for sets in GROUPS}
