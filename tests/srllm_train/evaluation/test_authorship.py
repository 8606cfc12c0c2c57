"""Who wrote a text, and how varied texts are."""

import random

import pytest

from srllm_train.evaluation.authorship import (
    COVERED,
    covered,
    opening,
    told_apart,
    variety,
    who_wrote,
)

NOUNS = "council school river bus market garden bridge library street shop".split()
VERBS = "opened closed moved grew failed changed returned waited ended stayed".split()


def plain(count: int, seed: int) -> dict[str, str]:
    order = random.Random(seed)
    return {
        f"row {n}": f"The {order.choice(NOUNS)} {order.choice(VERBS)} near the "
        f"{order.choice(NOUNS)} in {order.choice(NOUNS)} {n}."
        for n in range(count)
    }


def test_a_habit_gives_an_author_away() -> None:
    people = plain(40, 1)
    system = {row: f"It is important to note that {text.lower()}" for row, text in people.items()}
    told = told_apart(system, people, 1)
    assert told is not None
    assert set(told.right.values()) == {1.0}
    assert told.auroc == 1.0
    assert {"it is", "important"} & set(told.giveaways[0])
    assert told == told_apart(system, people, 1)


def test_two_people_of_one_kind_are_not_told_apart() -> None:
    one, other = plain(120, 1), plain(120, 2)
    told = told_apart(one, other, 1)
    assert told is not None
    assert 0.35 < sum(told.right.values()) / len(told.right) < 0.65
    assert 0.35 < told.auroc < 0.65


def test_rows_with_the_same_words_and_rows_of_one_alone_are_left_out() -> None:
    people = plain(30, 1)
    system = {row: f"Well, {text}" for row, text in people.items()}
    system["row 3"] = people["row 3"].upper()
    system["own"] = "Nobody else wrote about this."
    told = told_apart(system, people, 1)
    assert told is not None
    assert set(told.right) == set(people) - {"row 3"}


def test_fewer_than_ten_rows_say_nothing() -> None:
    people = plain(9, 1)
    assert told_apart({r: f"Well, {t}" for r, t in people.items()}, people, 1) is None


def test_a_row_is_never_learnt_from_and_asked_about() -> None:
    # Each row's only mark is a word of its own: known if the row is learnt from, else unknown.
    people = {f"row {n}": f"mark{n} the same words" for n in range(60)}
    system = {f"row {n}": f"sign{n} the same words" for n in range(60)}
    mixed = {r: (system if n % 2 else people)[r] for n, r in enumerate(people)}
    others = {r: (people if n % 2 else system)[r] for n, r in enumerate(people)}
    told = told_apart(mixed, others, 1)
    assert told is not None
    assert sum(told.right.values()) / 60 < 0.7


def test_every_author_with_a_habit_is_named() -> None:
    people = plain(30, 1)
    texts = {
        "people": people,
        "a": {r: f"Please note: {t}" for r, t in people.items()},
        "b": {r: f"{t} Thanks, everyone!" for r, t in people.items()},
        "few": {"row 1": "Only one."},
    }
    found = who_wrote(texts, 1)
    assert set(found) == {"people", "a", "b"}
    means = {author: sum(right.values()) / len(right) for author, right in found.items()}
    assert min(means.values()) > 0.9
    assert who_wrote({"people": people}, 1) == {}


def test_a_text_that_two_authors_share_names_neither() -> None:
    people = plain(30, 1)
    system = {r: f"Please note: {t}" for r, t in people.items()} | {"row 5": people["row 5"]}
    found = who_wrote({"people": people, "system": system}, 1)
    assert "row 5" not in found["people"]
    assert "row 5" not in found["system"]


def test_variety_by_hand() -> None:
    found = variety({"1": "We can do it", "2": "we can do it!", "3": "We can do more.", "4": "No"})
    # Words: we can do it / we can do it / we can do more / no: 13, of them distinct we, can, do,
    # it, more, no: 6. Pairs: 3 + 3 + 3 + 0 = 9, distinct we-can, can-do, do-it, do-more: 4.
    total = {c: sum(v[c] for v in found.values()) for c in found["1"]}
    assert total["words_1"] == 13
    assert total["distinct_1"] == pytest.approx(6)
    assert total["words_2"] == 9
    assert total["distinct_2"] == pytest.approx(4)
    assert [found[r]["repeated"] for r in "1234"] == [1, 1, 0, 0]
    assert [found[r]["opening"] for r in "1234"] == [1, 1, 1, 0]
    # Of the first row's words, we, can, do are there three times and it twice.
    assert found["1"]["distinct_1"] == pytest.approx(1 / 3 + 1 / 3 + 1 / 3 + 1 / 2)


def test_the_most_common_opening() -> None:
    assert opening({"1": "We can do it", "2": "We can do more", "3": "No"}) == "we can do"
    assert opening({}) == ""
    assert variety({}) == {}


def test_terms_of_the_lexicon_are_covered() -> None:
    assert covered("idiots") == COVERED
    assert covered("the idiots") == f"the {COVERED}"
    assert covered("note that") == "note that"
