"""Rows and settings of which tests of gradient features are made, and a watcher that remembers."""

from tests.models.model_folder import talk_rows

from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures

SMALL = ModelConfig(rank=4, dimension=32, batch_tokens=300)
ROWS = talk_rows(20, copies=4)
LONG = {"instruction": "a very long question " * 40, "output": "No."}


class Notes:
    """A watcher that remembers."""

    def __init__(self):
        self.notes, self.steps = [], []

    def note(self, text):
        self.notes.append(text)

    def progress(self, progress):
        self.steps.append(progress)


def transform(model, rows, config=SMALL, **options):
    return GradientFeatures.load(model, config, **options).transform(read(rows))
