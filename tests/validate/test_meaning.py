"""What a rewrite must keep of a text: facts, claims, whose they are and how sure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COUNTS = (
    "_lost",
    "_added",
    "_flipped",
    "_changed",
    "_turned",
    "opposites",
)


def raised(measured: dict[str, float]) -> set[str]:
    """Signals that count something lost, added or turned round."""
    return {name for name, value in measured.items() if name.endswith(COUNTS) and value}


@pytest.fixture(scope="module")
def changes(signals):
    """Signals that a change of words in a careful rewrite of a text raises."""

    def changed(text: str, word: str, old: str, new: str) -> set[str]:
        good = text.replace(f"{word} ", "", 1)
        assert old in good
        assert raised(signals(text, good)) == set()
        return raised(signals(text, good.replace(old, new, 1)))

    return changed


COUNCIL = (
    "The clueless council voted 9 to 3 on Friday night to close the fourth pool, and Mayor Ada "
    "Brent told the Courier that half of the 40 lifeguards had asked her twice for a new roof."
)


@pytest.mark.parametrize(
    ("old", "new", "signal"),
    [
        ("9 to 3", "3 to 9", "amounts_changed"),
        ("half of", "all of", "amounts_changed"),
        ("the fourth pool", "the fifth pool", "numbers_added"),
        ("asked her twice", "asked her", "numbers_lost"),
        ("Friday night", "Friday morning", "dates_lost"),
        ("Friday night", "Friday", "dates_lost"),
        ("on Friday night", "last week", "dates_added"),
        ("Brent", "Brand", "names_lost"),
        ("to close", "to open", "opposites"),
        ("Mayor Ada Brent told the Courier that half", "half", "attribution_lost"),
        ("Mayor Ada Brent told", "a lawyer of Mayor Ada Brent told", "attribution_changed"),
        ("voted", "reportedly voted", "hedges_added"),
        ("voted", "may have voted", "hedges_added"),
        ("had asked", "had never asked", "negations_flipped"),
        ("for a new roof", 'for "a new roof"', "quotations_added"),
        (
            "the fourth pool,",
            "the fourth pool, which had long been a danger to young swimmers,",
            "claims_added",
        ),
        (
            " for a new roof.",
            " for a new roof. Their demand is more than justified.",
            "sentences_added",
        ),
    ],
)
def test_each_fact_and_claim_has_to_stay(changes, old, new, signal):
    assert signal in changes(COUNCIL, "clueless", old, new)


@pytest.mark.parametrize(
    ("text", "rewrite", "signal"),
    [
        ("The stupid guard may have lost it.", "The guard lost it.", "hedges_lost"),
        ("The stupid guard must pay it.", "The guard may pay it.", "hedges_added"),
        ("The stupid guard plans to sell it.", "The guard sells it.", "hedges_lost"),
        ("The stupid guard seems to sleep.", "The guard sleeps.", "hedges_lost"),
        ("The stupid guard is said to have lied.", "The guard has lied.", "hedges_lost"),
        ("The stupid guard hit the driver.", "The driver hit the guard.", "roles_turned"),
        ("The driver was hit by the stupid guard.", "The guard was hit by the driver.",
         "roles_turned"),
        ("The stupid guard must pay the bill.", "The guard must be paid the bill.",
         "roles_turned"),
        ("The stupid guard told me that she sold it.", "She sold it.", "attribution_lost"),
        ("According to the stupid police, prices rose.", "Prices rose.", "attribution_lost"),
        ("She said it works. The stupid guard slept.", "Her lawyer said it works. The guard slept.",
         "attribution_changed"),
        ("The stupid guard refused to help us.", "The guard agreed to help us.",
         "negations_flipped"),
        ("The stupid guard left without a ticket.", "The guard left with a ticket.", "opposites"),
        ("The stupid bus was late, I am livid.", "The bus was late, I am happy.", "praise_added"),
        ("It took the stupid guard two weeks.", "It took the guard two months.", "dates_lost"),
        ("The stupid guard left at 7 a.m. again.", "The guard left at 7 p.m. again.", "dates_lost"),
        ("The stupid guard slept at Christmas.", "The guard slept at Easter.", "dates_lost"),
        ("The stupid guard slept in May again.", "The guard slept in June again.", "dates_lost"),
    ],
)  # fmt: skip
def test_what_is_turned_round_is_noticed(signals, text, rewrite, signal):
    assert signals(text, rewrite)[signal] > 0


@pytest.mark.parametrize(
    ("text", "rewrite"),
    [
        ("The stupid guard left on 14/02.", "The guard left on 14 February."),
        ("The stupid guard left on the third of May.", "The guard left on 3 May."),
        ("The stupid guard rang me two times.", "The guard rang me twice."),
        ("The stupid guard was away for a fortnight.", "The guard was away for a fortnight."),
        ("The stupid guard doesnt know it.", "The guard doesn't know it."),
        ("The guard, a stupid idiot, did not stay.", "The guard did not stay."),
        ("The stupid guard was hit by the driver.", "The driver hit the guard."),
        ("Mr Dole, the stupid guard, said that it rained.", "Mr Dole, the guard, said it rained."),
        ('The stupid guard said: "I saw a red van."', 'The guard said, "I saw a red van."'),
        ("The stupid guard reportedly fell.", "Reportedly, the guard fell."),
        ("The stupid guard did not open the gate.", "The guard left the gate closed."),
        ("At 7 in the morning the stupid guard left.", "At 7 a.m. the guard left."),
    ],
)  # fmt: skip
def test_the_same_may_be_said_in_another_way(signals, text, rewrite):
    assert raised(signals(text, rewrite)) <= {"names_added"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("to close", "to open", "says the contrary with 1 word"),
        ("voted", "may have voted", "less sure of 1"),
        ("Mayor Ada Brent told the Courier that half", "half", "whose statement it is (1 time)"),
        ("on Friday night", "last week", "loses 2 dates and adds 1"),
        ("9 to 3", "3 to 9", "changes 1 amount"),
    ],
)
def test_a_curator_reads_what_was_turned_round(judge, old, new, words):
    good = COUNCIL.replace("clueless ", "")
    assert judge(COUNCIL, good)[0] == "accept"
    verdict, _, reasons = judge(COUNCIL, good.replace(old, new))
    assert verdict == "hold"
    assert any(words in reason for reason in reasons)


def test_a_judgement_on_a_group_may_go_and_whom_the_text_is_about_may_not(signals):
    text = "Pensioners are useless drivers. A Welsh nurse hit my car on 3 May and paid."
    good = "A Welsh nurse hit my car on 3 May and paid."
    assert signals(text, good)["groups_lost"] == 0
    assert signals(text, good.replace("Welsh ", ""))["groups_lost"] == 1


@pytest.mark.parametrize(
    ("text", "good", "erased"),
    [
        (
            "The Baptist loonies of Elm Road sang for 3 hours on Sunday.",
            "The Baptists of Elm Road sang for 3 hours on Sunday.",
            "The people of Elm Road sang for 3 hours on Sunday.",
        ),
        (
            "Hysterical women from the mill rang the council 12 times on Monday.",
            "Women from the mill rang the council 12 times on Monday.",
            "Residents from the mill rang the council 12 times on Monday.",
        ),
        (
            "Lazy Danes bought the mill in 2019 and closed it within a year.",
            "Danish owners bought the mill in 2019 and closed it within a year.",
            "The new owners bought the mill in 2019 and closed it within a year.",
        ),
    ],
)
def test_a_group_may_be_named_in_another_way_and_not_be_left_out(signals, text, good, erased):
    assert signals(text, good)["groups_lost"] == 0
    assert signals(text, erased)["groups_lost"] == 1


def test_a_feeling_may_stand_for_an_insult(signals):
    text = "The builders are useless idiots. They left on 4 June and took 900 pounds."
    rewrite = "I am very unhappy with the builders. They left on 4 June and took 900 pounds."
    measured = signals(text, rewrite)
    assert not any(measured[k] for k in ("sentences_added", "claims_added", "praise_added"))


SENTENCES = [
    "Mr Osei may have told the inquiry on 3 May that half of the 12 boats sank.",
    "Nobody was hurt, she said, and the police did not come until last Friday night.",
    'The nurse refused to sign "the new contract" because it was twice as long.',
    "According to the Herald, the Danish firm plans to sell its second mill before Easter.",
    "The stupid guard was paid by the driver, who seems to like him.",
    "In 2019 prices rose by 4 to 7 per cent, at 9 a.m. on 14/02.",
]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4))
def test_a_text_against_itself_loses_and_adds_nothing(signals, sentences):
    text = " ".join(sentences)
    assert raised(signals(text, text)) == set()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=4, unique=True), st.data())
def test_a_left_out_sentence_adds_nothing(signals, sentences, data):
    left = data.draw(st.sampled_from(sentences))
    rest = [s for s in sentences if s != left]
    found = raised(signals(" ".join(sentences), " ".join(rest)))
    assert not {name for name in found if name.endswith("_added")}
