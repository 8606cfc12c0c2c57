"""A text with parts of it masked, and the way back from its offsets to those of the text."""

import re
from bisect import bisect_right
from collections.abc import Iterable

#: What stands for personal data in a redacted text, such as ``<PERSON_1>``.
PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*)_([1-9]\d{0,8})>")


class Masked:
    """``text`` of the original in which every span of ``spans`` reads as its stand-in.

    spans: non-overlapping (start, end, stand-in), in any order.
    """

    def __init__(self, original: str, spans: Iterable[tuple[int, int, str]]) -> None:
        parts: list[str] = []
        self._kept: list[tuple[int, int, int]] = []
        length = done = 0
        for start, end, stand_in in [*sorted(spans), (len(original), len(original), "")]:
            if done < start:
                self._kept.append((length, length + start - done, done))
            parts += original[done:start], stand_in
            length += start - done + len(stand_in)
            done = end
        self.text = "".join(parts)

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Offsets in the original of ``text[start:end]``; None if that touches a mask."""
        at = bisect_right(self._kept, (start, len(self.text) + 1, 0)) - 1
        if at < 0 or end > self._kept[at][1]:
            return None
        shift = self._kept[at][2] - self._kept[at][0]
        return start + shift, end + shift
