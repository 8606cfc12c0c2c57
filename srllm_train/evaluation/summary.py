"""What the end of an evaluation prints: the verdict, what to distrust, and the headline table."""

import textwrap

from srllm_train.evaluation.contract import Measure
from srllm_train.evaluation.page.index import compared, heads, seed_notes
from srllm_train.evaluation.verdict import Findings, names
from srllm_train.evaluation.words import interval, shown

_WIDTH = 100


def summary(found: Findings) -> str:
    """The verdict in sentences and the headline table, as plain text of at most 100 columns."""
    told: list[str] = []
    for pair in compared(found):
        told.append(textwrap.fill(pair.head, _WIDTH))
        told += [
            _item(f"{v.says} on {v.measure.name}, {suite}: {v.figures}")
            for v, suite, _ in pair.verdicts
        ]
    if not told:
        told.append("Nothing was compared: no two systems have values of the same measure.")
    for warned in (
        [why for *_, why in found.distrusted],
        [why for _, why in found.idle],
        seed_notes(found),
    ):
        told += ["", *(_item(why, "! ") for why in warned)] if warned else []
    for suite, title, measures in heads(found):
        told += ["", title, *_table(found, suite, [m for m, _ in measures])]
    left = [_item(f"{title}, {names}: {why}") for title, names, why in found.left_out]
    told += ["", "Left out:", *left] if left else []
    return "\n".join(told) + "\n"


def _item(text: str, mark: str = "- ") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"  {mark}",
        subsequent_indent="    ",
        break_long_words=True,
        break_on_hyphens=False,
    )


def _table(found: Findings, suite: str, measures: list[Measure]) -> list[str]:
    """One line a system, in as many blocks of columns as 100 columns need."""
    part = found.suites[suite]
    systems = [
        s for s in names(found.report) if any((s, m.name) in part.estimates for m in measures)
    ]
    first = ["system", *systems]
    columns = []
    for measure in measures:
        cells = [measure.name]
        for system in systems:
            e = part.estimates.get((system, measure.name))
            digits = measure.digits
            cells.append(
                f"{shown(e.value, digits)} {interval(e.low, e.high, digits)}" if e else "–"
            )
        columns.append(_padded(cells, 40))
    side = _padded(first, 26, left=True)
    blocks: list[list[list[str]]] = []
    for column in columns:
        used = sum(2 + len(c[0]) for c in blocks[-1]) if blocks else _WIDTH
        if 2 + len(side[0]) + used + 2 + len(column[0]) > _WIDTH:
            blocks.append([])
        blocks[-1].append(column)
    lines = []
    for block in blocks:
        lines += ["  " + "  ".join(row).rstrip() for row in zip(side, *block, strict=True)]
    return lines


def _padded(cells: list[str], most: int, left: bool = False) -> list[str]:
    cut = [c if len(c) <= most else f"{c[: most - 1]}…" for c in cells]
    width = max(len(c) for c in cut)
    return [c.ljust(width) if left else c.rjust(width) for c in cut]
