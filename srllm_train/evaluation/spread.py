"""A sample in which every group has its share."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from srllm_train.evaluation.sources import ordered

T = TypeVar("T")


def spread(
    items: Sequence[T],
    id_of: Callable[[T], str],
    group_of: Callable[[T], str],
    seed: int = 1,
    each: int | None = None,
    most: int | None = None,
) -> list[T]:
    """At most ``each`` items of a group and ``most`` in all, the groups in turn.

    Within a group the order depends on nothing but ids and the seed, and so does that of the
    groups: a smaller sample is the start of a larger one.
    """
    seen: dict[str, int] = {}
    placed: list[tuple[int, T]] = []
    for item in ordered(items, id_of, seed):
        place = seen[group_of(item)] = seen.get(group_of(item), 0) + 1
        if each is None or place <= each:
            placed.append((place, item))
    turns = sorted(placed, key=lambda p: p[0])
    return [item for _, item in turns[:most]]
