"""Names that the fields of an exchange go by, the more telling first; compared without case.

A row with one prompt and one answer by the plain names can be read in one way only. Names that are
used for other things as well (a summary's source, a program, what a server was asked) are only
guessed at.
"""

from __future__ import annotations

PROMPTS = (
    *("prompt", "instruction", "question", "query", "problem", "input", "inputs"),
    *("user", "user_prompt", "user_input", "human"),
)
ANSWERS = (
    *("answer", "response", "output", "completion", "reply", "assistant", "gpt"),
    *("solution", "generated_solution", "targets", "generation", "model_answer"),
    "expected_output",
)
GUESSED_PROMPTS = ("request", "ask", "q")
GUESSED_ANSWERS = ("target", "result", "ground_truth", "summary", "highlights", "code", "a")

# Speakers: beside an answer of another name, a `user` may be who wrote it.
ASKING, ANSWERING = ("user", "human"), ("assistant", "gpt")

# Exam questions, whose answers may be numbers, and may stand beside a worked solution for graders.
EXAMS = ("question", "problem")
WORKED, GRADED = ("solution", "generated_solution"), ("answer", "ground_truth")

# Fields that say all a prompt or an answer says, or more: which of the two is meant is not clear.
WHOLE_TEXTS = ("text", "content", "document", "body", "passage", "story", "article")

# What says what to do with an input; the others may, or be notes on the row.
TASKS = ("instructions", "definition", "task_definition", "task_description")
GUESSED_TASKS = ("task", "description")

SYSTEM = ("system", "system_prompt", "system_message", "system_instruction")

# Sides of a pair.
CHOSEN = ("chosen", "preferred", "winner", "better", "accepted", "positive", "good")
REJECTED = ("rejected", "dispreferred", "loser", "worse", "refused", "negative", "bad")
