"""Names that the fields of an exchange go by, the more telling first.

A row that has one prompt and one answer by the plain names can be read in one way only. Names that
are used for other things as well (a summary's source, a label, a program) are only guessed at.
"""

from __future__ import annotations

PROMPTS = (
    *("prompt", "instruction", "question", "query", "problem", "input", "inputs"),
    *("user", "user_prompt", "user_input", "human", "request"),
)
ANSWERS = (
    *("answer", "response", "output", "completion", "reply", "assistant", "gpt"),
    *("solution", "generated_solution", "targets", "generation", "model_answer"),
    "expected_output",
)
GUESSED_PROMPTS = ("ask", "q")
GUESSED_ANSWERS = ("target", "result", "ground_truth", "summary", "highlights", "code", "a")

# Fields that say all a prompt or an answer says, or more: which of the two is meant is not clear.
WHOLE_TEXTS = ("text", "content", "document", "body", "passage", "story", "article")
