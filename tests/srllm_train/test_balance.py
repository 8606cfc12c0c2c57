from hypothesis import given
from hypothesis import strategies as st

from srllm_train.balance import balanced
from srllm_train.pairs import Material, Pair


def material(changes, controls):
    rows = [Pair(f"r{i}", "a dim text", "a text") for i in range(changes)]
    rows += [Pair(f"c{i}", "a text", "a text") for i in range(controls)]
    return Material("m", "d", {"train": rows, "validation": rows, "test": []})


@given(st.integers(1, 30), st.integers(0, 300), st.floats(0, 1))
def test_controls_have_their_share_at_most_and_no_other_row_is_left_out(changes, controls, most):
    before = material(changes, controls)
    after = balanced(before, most)
    rows = after.pairs["train"]
    kept = [r for r in rows if r.control]
    assert [r for r in rows if not r.control] == before.pairs["train"][:changes]
    assert len(kept) <= most * len(rows) + 1e-6
    # One more would be too many, unless there is none.
    assert len(kept) == controls or len(kept) + 1 > most * (len(rows) + 1) - 1e-6
    assert after.pairs["validation"] == before.pairs["validation"]


def test_controls_are_left_out_evenly():
    kept = [r.id for r in balanced(material(3, 9), 0.5).pairs["train"] if r.control]
    assert kept == ["c0", "c3", "c6"]


def test_controls_alone_are_left_as_they_are_for_the_check_to_refuse():
    assert len(balanced(material(0, 5), 0.5).pairs["train"]) == 5
