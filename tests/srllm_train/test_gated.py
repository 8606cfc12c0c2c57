import pytest

from srllm_data.config import without_sources
from srllm_data.errors import SrllmError
from srllm_train.gated import labelled, verdicts
from srllm_train.pairs import Pair

BIASED = "The shameless so-called experts rammed through a ruinous budget of 3 million on Monday."
FAIR = "The experts adopted a controversial budget of 3 million on Monday."
NEUTRAL = "The library opens at nine and closes at five on weekdays, the council said."


@pytest.mark.slow
def test_biased_texts_go_through_the_gates_and_neutral_ones_must_stay() -> None:
    pairs = [
        *[Pair(f"b{n}", BIASED, FAIR) for n in range(3)],
        *[Pair(f"n{n}", NEUTRAL, NEUTRAL) for n in range(3)],
    ]
    said = [FAIR, BIASED, "", NEUTRAL, NEUTRAL.replace("nine", "ten"), ""]
    assert verdicts(pairs, said, without_sources()) == [
        "accept", "reject", "reject", "accept", "reject", "reject"
    ]  # fmt: skip


def test_labels_by_endpoints_alone_are_not_asked_for() -> None:
    config = without_sources().label.model_copy(update={"embedded": []})
    with pytest.raises(SrllmError, match=r"label\.embedded"):
        labelled([BIASED], config=config)
