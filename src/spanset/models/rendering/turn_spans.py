"""The text of a conversation, and the characters of it that the assistant is trained to write.

Where a turn of the assistant's lies in the text of the whole conversation is found in one of three
ways, the first that can be had:

marks
    The template has ``{% generation %}`` marks: the characters between them.
prefixes
    The text of the turns before, with the generation prompt, ends where the turn starts; the text
    up to and including the turn ends where it ends. Both have to be prefixes of the whole text. A
    template that ignores the generation prompt leaves the header of the turn to the model, so that
    it is supervised too.
probes
    The turn's text is changed and the conversation written again (see `probes`): a template may
    write a turn in another way once others follow, or refuse half a conversation. The turn starts
    after what its generation prompt has in common with the text, so that a thinking block that the
    template puts in counts as the model's, and ends after what the template writes behind its text
    where the conversation ends with it.

A turn that is not trained on has no characters here; it is read, not written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from spanset.data.conversation import Conversation, content_texts
from spanset.models.rendering import probes
from spanset.models.rendering.chat_templates import (
    Chat,
    ChatTemplate,
    RenderError,
    reason,
)
from spanset.models.rendering.template_messages import Message
from spanset.models.rendering.token_spans import Span


class Layout(NamedTuple):
    """The text of a row, and the characters of the assistant's turns in it."""

    text: str
    spans: list[Span]
    masked: list[Span]  # characters within them that are not supervised: reasoning
    answered: bool  # whether one of those turns says anything


def lay_out(
    template: ChatTemplate,
    conversation: Conversation,
    *,
    supervise: str = "all",
    mask_reasoning: bool = False,
) -> Layout | RenderError:
    """Text and spans of a conversation, or why there are none.

    Parameters
    ----------
    supervise : {"all", "last"}
        Which of the assistant's turns to find, of those that are trained on.
    mask_reasoning : bool
        Whether to find their reasoning, too.
    """
    turns = conversation.turns
    spoken = [number for number, turn in enumerate(turns) if turn.role == "assistant"]
    asked = spoken[-1:] if supervise == "last" else spoken
    wanted = [number for number in asked if turns[number].is_answer]
    try:
        chat = template.chat(conversation)
        text, marked = template.write(chat)
        writing = _Writing(template, chat, text)
        if template.has_marks:
            spans = writing.marked(marked, spoken, wanted)
        else:
            spans = [span for number in wanted for span in writing.spans_of(number)]
        masked = [
            span for number in wanted if mask_reasoning for span in writing.reasoning_of(number)
        ]
    except RenderError as error:
        return error
    # A template is somebody's program: it may refuse a row, or fail on it in any way.
    except Exception as error:
        return RenderError(f"the chat template refuses the row: {reason(error)}")
    answered = any(_says(chat.messages[number], template) for number in wanted)
    return Layout(text, spans, masked, answered)


def _says(message: Message, template: ChatTemplate) -> bool:
    """Whether there is anything in a turn that the template writes."""
    is_called = "tool_calls" in message and template.writes_calls
    return is_called or any(text.strip() for text in content_texts(message["content"]))


class _Writing:
    """One conversation as its template writes it."""

    def __init__(self, template: ChatTemplate, chat: Chat, text: str) -> None:
        self.template, self.chat, self.text = template, chat, text
        self.end_of_text = template.special_tokens.get("eos_token") or ""

    def marked(self, spans: list[Span], spoken: list[int], wanted: list[int]) -> list[Span]:
        """Those of the template's marks that are of the `wanted` turns."""
        begin = self.template.special_tokens.get("bos_token")
        spans = [span for span in spans if self.text[slice(*span)] != begin]
        if not wanted or len(wanted) == len(spoken):
            return spans if wanted else []
        if len(spans) == len(spoken):  # a mark a turn
            own = {number: spans[spoken.index(number)] for number in wanted}
            if all(self._is_said_in(number, span) for number, span in own.items()):
                return list(own.values())
        first = spoken.index(wanted[0])
        places = [(number, place) for number in spoken[first:] if (place := self._place_of(number))]
        for number in reversed(spoken[:first]):  # the border to what was written before
            if (place := self._place_of(number)) is not None:
                places.insert(0, (number, place))
                break
        return [span for span in spans if self._owner(span, places) in wanted]

    def _is_said_in(self, number: int, span: Span) -> bool:
        """Whether a plain turn's text stands in the characters, which are then its own."""
        content = self.chat.messages[number]["content"]
        is_plain = isinstance(content, str) and content.strip()
        return not is_plain or content.split("</think>")[-1].strip() in self.text[slice(*span)]

    def _owner(self, span: Span, places: list[tuple[int, Span]]) -> int | None:
        """The turn that a mark is of, by where each turn's text stands.

        A template may mark a turn's text, its thinking block and its end apart: what directly
        follows on a text belongs to it, what stands alone to the text after it.
        """
        for number, (_, end) in places:
            if span[0] < end or not self.text[end : span[0]].strip():
                return number
        return places[-1][0] if places else None

    def spans_of(self, number: int) -> list[Span]:
        """Characters of one of the assistant's turns; none where nothing is written of it."""
        # Some templates write no generation prompt where nothing comes before it.
        before = self._up_to(number, prompt=True) if number else None
        is_last = number + 1 == len(self.chat.messages)
        if before is not None and not is_last and self.text.startswith(before):
            end = self._verbatim_end(number, len(before))
            if end is not None:
                return [(self._after_header(len(before)), end)]
        after = self.text if is_last else self._up_to(number + 1)
        if before is not None and after is not None:
            # Phi-3's ends every text with the end of text, and no turn.
            is_prefix = self.text.startswith(after)
            until = after if is_prefix else after.removesuffix(self.end_of_text)
            if until.startswith(before) and (is_prefix or self.text.startswith(until)):
                return [(self._after_header(len(before)), len(until))]
        return self._probed_spans(number, before, after, is_last=is_last)

    def _probed_spans(
        self, number: int, before: str | None, after: str | None, *, is_last: bool
    ) -> list[Span]:
        """Characters of a turn by probes, given the texts before it and up to its end."""
        pieces = self._pieces_of(number)
        if not pieces:
            return []
        start = self._start(number, pieces[0][0], before)
        starts = [start, *(place[0] for place, _ in pieces[1:])]
        if is_last:
            ends = [*(place[1] for place, _ in pieces[:-1]), len(self.text)]
        else:
            ends = [self._end(number, place, probe, after) for place, probe in pieces]
        return list(zip(starts, ends, strict=True))

    def reasoning_of(self, number: int) -> list[Span]:
        """Characters of the reasoning of one of the turns, in its field and between tags."""
        found = (
            self._probed(number, probe) for probe in probes.reasonings(self.chat.messages[number])
        )
        return [span for span in found if span is not None]

    def _verbatim_end(self, number: int, start: int) -> int | None:
        """Where a turn ends that stands here word for word, closed as plain turns are.

        Most do: it saves the writing of the text up to the turn's end.
        """
        message, closing = self.chat.messages[number], self.template.closing
        content = message["content"]
        if not closing or not isinstance(content, str) or "tool_calls" in message:
            return None
        answer = content.rpartition("</think>")[2].strip()  # some drop the reasoning before it
        for said in (content, content.strip(), answer):
            if said and self.text.startswith(said + closing, start):
                return start + len(said) + len(closing)
        return None

    def _after_header(self, start: int) -> int:
        """The place after a header that stands here though the generation prompt left it out."""
        header = self.template.header
        is_left_out = header and not self.text.endswith(header, 0, start)
        return start + len(header) if is_left_out and self.text.startswith(header, start) else start

    def _start(self, number: int, place: Span, before: str | None) -> int:
        """Where the turn starts whose text is at this place."""
        if before is not None:
            shared = probes.shared_start(before, self.text)
            bare = "" if shared == len(before) else self._up_to(number)
            if bare is not None and shared >= probes.shared_start(bare, before):
                return min(self._after_header(shared), place[0])
        # The last generation prompt before the place, or as much of it as there is.
        said_before = self._place_of(number - 1) if number else None
        low = said_before[1] if said_before else 0
        prompt, header = self.template.generation_prompt, self.template.header
        for length in range(len(prompt or ""), max(len(header), 1) - 1, -1):
            found = self.text.rfind(prompt[:length], low, place[0]) if prompt else -1
            if found >= 0:
                return found + length
        if prompt == "":
            return low  # the header is left to the model
        if number and "tool_calls" not in self.chat.messages[number]:
            return place[0]  # it goes on where others spoke: Gemma's joins two turns in a row
        raise RenderError(f"the chat template does not tell where turn {number + 1} begins")

    def _end(self, number: int, place: Span, probe: probes.Probe, after: str | None) -> int:
        """Where the turn ends whose text is at this place, found by this probe.

        That is after what stands behind its text where the conversation ends with it, as far as it
        stands here: the end-of-turn token may be another one.
        """
        if after is None:
            return place[1]
        chat = replace(self.chat, messages=self.chat.messages[: number + 1])
        try:
            there = _Writing(self.template, chat, after)._probed(number, probe)
        except RenderError:
            there = None
        if there is None:
            return place[1]
        behind = after[there[1] :].removesuffix(self.end_of_text)
        until = place[1] + probes.shared_start(behind, self.text[place[1] : place[1] + len(behind)])
        header = self.template.header.strip()
        following = self.text.find(header, place[1]) if header else -1
        return following if 0 <= following < until else until

    def _pieces_of(self, number: int) -> list[tuple[Span, probes.Probe]]:
        """Characters of what the turn says, with the probe that finds where they end.

        Two pieces where another turn is written between: Gemma 4's template writes what an
        assistant says beside a call after the tool's answer.
        """
        whole, probe = self._found(number)
        message, rest = self.chat.messages[number], self.chat.messages[number + 1 :]
        if whole is None:
            return []
        other = self._place_of(number + 1) if rest and "tool_calls" in message else None
        if other is None or not (whole[0] < other[0] and other[1] < whole[1]):
            return [(whole, probe)]
        kinds = (probes.of_fields, probes.of_calls, probes.of_content)
        places = [(place, kind) for kind in kinds if (place := self._probed(number, kind))]
        places.sort(key=lambda piece: piece[0])
        sides = (
            [piece for piece in places if piece[0][0] < other[0]],
            [piece for piece in places if piece[0][0] >= other[0]],
        )
        return [((side[0][0][0], side[-1][0][1]), side[-1][1]) for side in sides if side]

    def _place_of(self, number: int) -> Span | None:
        """Characters of what the turn says."""
        return self._found(number)[0]

    def _found(self, number: int) -> tuple[Span | None, probes.Probe]:
        """Characters of what the turn says, and the probe that finds them.

        Where all that it says is left out, what is put in may still be written.
        """
        place = self._probed(number, probes.of_turn)
        if place is not None:
            return place, probes.of_turn
        return self._probed(number, probes.of_added), probes.of_added

    def _probed(self, number: int, probe: probes.Probe) -> Span | None:
        """The characters that change where the turn does."""
        messages = self.chat.messages

        def write(message: Message) -> str:
            changed = [*messages[:number], message, *messages[number + 1 :]]
            return self.template.write(replace(self.chat, messages=changed))[0]

        found = [probe(messages[number], self.template.source, which) for which in range(2)]
        try:
            return probes.place_of(write, self.text, [one for one in found if one is not None])
        except probes.DisagreementError:
            raise RenderError(
                f"the chat template computes with the text of turn {number + 1}, so its tokens "
                "cannot be told from the others: use --chat-template FILE with {% generation %} "
                "marks"
            ) from None

    def _up_to(self, number: int, *, prompt: bool = False) -> str | None:
        """The text of the first messages alone; None where the template refuses them."""
        chat = replace(self.chat, messages=self.chat.messages[:number])
        try:
            return self.template.write(chat, prompt=prompt)[0]
        except Exception:
            return None
