"""Which words went and which came between a text and its rewrite."""

import difflib
import re
from typing import Literal

Change = Literal["same", "del", "ins"]
_TOKEN = re.compile(r"\s+|[^\s\w]|\w+")


def word_diff(before: str, after: str) -> list[tuple[Change, str]]:
    """Runs of text that stayed, went or came, in reading order; what went is before what came.

    The runs that are not "ins" join to ``before``, those that are not "del" to ``after``.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    kinds = [code[0] for code in codes]
    runs: list[tuple[Change, str]] = []
    gone = come = ""

    def end_change() -> None:
        nonlocal gone, come
        changes: list[tuple[Change, str]] = [("del", gone), ("ins", come)]
        runs.extend(run for run in changes if run[1])
        gone = come = ""

    for n, (kind, i, j, k, m) in enumerate(codes):
        went, came = "".join(old[i:j]), "".join(new[k:m])
        # A space between two replaced words goes with them: else two phrases stand interleaved.
        within = went.isspace() and kinds[n - 1 : n] == kinds[n + 1 : n + 2] == ["replace"]
        if kind == "equal" and not within:
            end_change()
            runs.append(("same", went))
        else:
            gone += went
            come += came
    end_change()
    return runs
