"""Views of results: told from above, found at the first look."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spanset.base.views import Shown, figure_of, html_view


class Unknown(Shown):
    pass


class Known(Shown):
    pass


@html_view.register(Known)
def _known(_: Known) -> str:
    return "<p>known</p>"


def test_a_result_is_shown_by_the_view_of_its_class_or_a_class_above():
    class Below(Known):
        pass

    assert Known()._repr_html_() == Below()._repr_html_() == "<p>known</p>"


def test_what_nothing_is_told_of_is_shown_as_text_and_not_drawn():
    assert Unknown()._repr_html_() is None  # Jupyter takes the text then
    with pytest.raises(TypeError, match="nothing tells how a Unknown is drawn"):
        figure_of(Unknown())


def test_nothing_of_pages_and_figures_is_imported_before_a_look():
    code = (
        "import sys, spanset; spanset.Selection, spanset.Dataset, spanset.Measurement\n"
        "print([name for name in sys.modules if name.startswith('spanset.report')])\n"
        "data = spanset.read([{'instruction': 'a', 'output': 'b'}])\n"
        "print(data._repr_html_()[:4], 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "<div False"]
