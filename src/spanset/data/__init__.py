"""Rows in and out."""

from spanset.data.conversation import Conversation, Turn
from spanset.data.dataset import BadRow, Dataset
from spanset.data.reader import read
from spanset.data.writing import write_rows

__all__ = ["BadRow", "Conversation", "Dataset", "Turn", "read", "write_rows"]
