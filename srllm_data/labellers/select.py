"""Active selection: which rows are worth a curator's or a model's time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from srllm_data.labellers.opinion import Axis

if TYPE_CHECKING:
    from srllm_data.config import LabelConfig

_ASKED: tuple[Axis, ...] = ("bias", "toxicity", "harm")
#: Rows about no group share one place among the groups.
NO_GROUP = "none"


def priority(opinions: Iterable[Mapping[str, Any]], scores: Mapping[Axis, float]) -> float:
    """How much there is to learn from a row, 0 to 1: mean of uncertainty and disagreement.

    Uncertainty: 1 where a combined score is 0.5, 0 where it is 0 or 1. Disagreement: how far two
    labellers' scores are apart. Both on the axis where they are highest.
    """
    told = list(opinions)
    unsure = [1 - abs(2 * scores[axis] - 1) for axis in _ASKED if axis in scores]
    apart = []
    for axis in _ASKED:
        given = [o[axis] for o in told if o[axis] is not None]
        if given:
            apart.append(max(given) - min(given))
    return round((max(unsure, default=1.0) + max(apart, default=0.0)) / 2, 4)


def select(rows: Sequence[Mapping[str, Any]], config: "LabelConfig") -> set[str]:
    """Ids of at most ``config.most_rows`` rows: the worthiest, in the mix of groups wanted.

    Each next row is the one with the highest priority of the group that is furthest below its
    share of ``config.target_mix`` (even shares where it names none). Rows: id, target_groups and
    priority.
    """
    most = config.most_rows or len(rows)
    ranked = sorted(rows, key=lambda row: (-row["priority"], row["id"]))
    queues: dict[str, list[Mapping[str, Any]]] = {}
    for row in reversed(ranked):
        for group in groups_of(row):
            queues.setdefault(group, []).append(row)
    wanted = {g: config.target_mix.get(g, 0.0) for g in queues} if config.target_mix else {}
    shares = wanted if any(wanted.values()) else {group: 1 / len(queues) for group in queues}
    chosen: dict[str, Mapping[str, Any]] = {}
    taken: Counter[str] = Counter()
    while len(chosen) < most and queues:
        group = min(queues, key=lambda g: (taken[g] - shares[g] * most, -shares[g], g))
        row = queues[group].pop()
        if not queues[group]:
            del queues[group]
        if row["id"] not in chosen:
            chosen[row["id"]] = row
            taken.update(groups_of(row))
    return set(chosen)


def worthiest_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """``rows`` with the highest priority first; a row of a rare group counts for more.

    A row gains up to 1 for its rarest group: 1 - its share of the rows over the largest share.
    """
    sizes = Counter(group for row in rows for group in groups_of(row))
    most = max(sizes.values(), default=1)

    def worth(row: Mapping[str, Any]) -> float:
        rarest = min(sizes[group] for group in groups_of(row))
        return float(row["priority"]) + 1 - rarest / most

    return sorted(rows, key=lambda row: (-worth(row), row["id"]))


def groups_of(row: Mapping[str, Any]) -> list[str]:
    """The target groups of a row, or that it has none."""
    return list(row["target_groups"]) or [NO_GROUP]
