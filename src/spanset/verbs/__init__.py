"""The pipeline's verbs for use from Python (`read` and `score` stand with what they are about)."""

from spanset.verbs.measuring import measure
from spanset.verbs.representing import represent
from spanset.verbs.selecting import resolved_weight, select

__all__ = ["measure", "represent", "resolved_weight", "select"]
