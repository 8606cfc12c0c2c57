from hypothesis import given
from hypothesis import strategies as st

from srllm_train.evaluation.spread import spread

_ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), unique=True, max_size=40)


def _id(item: tuple[str, int]) -> str:
    return f"{item[0]}{item[1]}"


def _group(item: tuple[str, int]) -> str:
    return item[0]


def test_every_group_has_its_share_before_one_has_more() -> None:
    items = [("a", n) for n in range(50)] + [("b", n) for n in range(5)] + [("c", 0)]
    found = spread(items, _id, _group, most=9)
    # One each of a, b and c; then a and b in turn: 4 + 4 + 1.
    assert sorted(map(_group, found)) == list("aaaabbbbc")


def test_no_group_has_more_than_it_may() -> None:
    items = [("a", n) for n in range(50)] + [("b", n) for n in range(5)]
    found = spread(items, _id, _group, each=3)
    assert sorted(map(_group, found)) == list("aaabbb")


@given(_ITEMS, st.integers(1, 40), st.integers(0, 3))
def test_a_smaller_sample_is_the_start_of_a_larger_one(
    items: list[tuple[str, int]], most: int, seed: int
) -> None:
    whole = spread(items, _id, _group, seed)
    assert sorted(whole) == sorted(items)
    assert spread(items[::-1], _id, _group, seed, most=most) == whole[:most]
