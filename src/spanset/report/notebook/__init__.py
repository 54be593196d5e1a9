"""Results as Jupyter shows them: small tables and pictures, from the blocks of `page`.

cell        the frame: its style reaches nothing else, colours are the notebook's
talk_cells  turns of rows
dataset_view selection_view measurement_view comparison_view trial_view    a result each, by class
shown_rows_view    rows beside what is made of them, for the verb `show`
progress_line   how far a verb is
figure_views    figures and axes that `plot` gives
notebook.css    style of the frame

Everything registers with `base.views`. Rows are untrusted: all text is escaped by `page.markup`.
"""

from spanset.report.notebook import (
    comparison_view,
    dataset_view,
    figure_views,
    measurement_view,
    selection_view,
    trial_view,
)

__all__ = [
    "comparison_view",
    "dataset_view",
    "figure_views",
    "measurement_view",
    "selection_view",
    "trial_view",
]
