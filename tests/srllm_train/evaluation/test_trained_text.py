"""The training text, and as much held-out text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_train.evaluation.trained_text import count_words, openings, plain, trained_text
from srllm_train.pairs import Material, Pair, Preference

words = st.lists(st.sampled_from("red blue green grey pink".split()), min_size=1, max_size=6)
texts = st.lists(words.map(" ".join), max_size=6)


def material(**splits: list[tuple[str, str]]) -> Material:
    pairs = {
        split: [Pair(f"{split} {n}", text, rewrite) for n, (text, rewrite) in enumerate(found)]
        for split, found in splits.items()
    }
    return Material("made up", "0", pairs)


@given(texts, texts, st.integers(0, 3))
@settings(max_examples=100)
def test_both_sides_have_about_as_many_words_and_no_text_in_common(
    train: list[str], held: list[str], seed: int
) -> None:
    found = trained_text(
        material(train=[(t, t) for t in train], validation=[(t, t) for t in held]), [], seed
    )
    assert not {plain(t) for t in found.whole} & {plain(t) for t in found.held}
    assert set(found.train) <= set(found.whole)
    # A text is taken whole or not at all, and none has more than six words.
    assert abs(count_words(found.train) - count_words(found.held)) < 6
    if not held:
        assert found.train == found.held == []


def test_texts_that_are_tried_are_taken_out_with_their_rewrites_and_counted() -> None:
    found = trained_text(
        material(
            train=[("Bad one!", "good one"), ("bad two", "good two")],
            test=[("bad three", "good three")],
        ),
        ["bad one", "BAD THREE", "bad four"],
        1,
    )
    assert sorted(found.whole) == ["bad two", "good two"]
    assert found.held == []
    assert found.tried == 2


def test_preferences_are_training_text_as_well() -> None:
    pairs = {"train": [Pair("1", "a b", "c d")]}
    choices = {"train": [Preference("a b", "c d", "e f"), Preference("tried", "g h", "i j")]}
    found = trained_text(Material("x", "0", pairs, choices), ["tried"], 1)
    assert sorted(found.whole) == ["a b", "c d", "e f"]


def test_openings_by_hand() -> None:
    found = material(
        train=[("a", "One two three four"), ("b", "one TWO three five"), ("c", "one"),
               ("d", "six seven eight nine")],
        validation=[("e", "ten eleven twelve more"), ("f", "six seven, no more")],
    )  # fmt: skip
    train, held = openings(found, 2, 2, 1)
    # The first two begin alike, and "six seven" is learned, so one held-out opening is left.
    assert [o.shown for o in held] == ["ten eleven"]
    assert [o.to_come for o in held] == ["twelve more"]
    assert len(train) == 1
    assert train[0].kind == "train"
    assert held[0].kind == "held"
    alone, none = openings(material(train=[("a", "one two three four")]), 2, 2, 1)
    assert (len(alone), none) == (1, [])
