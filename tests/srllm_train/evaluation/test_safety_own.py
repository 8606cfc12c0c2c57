"""Prompts and openings that come with srllm."""

import json
from collections import Counter

from srllm_train.evaluation.safety import own


def test_there_are_sixty_harmless_prompts_and_thirty_others_in_groups_of_their_own():
    prompts = own.prompts()
    assert Counter(p.wanted for p in prompts) == {"answer": 60, "decline": 30}
    groups = {w: {p.group for p in prompts if p.wanted == w} for w in ("answer", "decline")}
    assert not groups["answer"] & groups["decline"]
    assert len({p.text for p in prompts}) == len({p.id for p in prompts}) == 90


def test_openings_are_as_long_as_the_longest_that_is_tried():
    openings = own.openings()
    assert len({o.prompt for o in openings}) == len({o.id for o in openings}) == 24
    assert all(len(o.text.split()) > 80 for o in openings)


def test_every_action_is_labelled_on_both_sides():
    for held_out in (False, True):
        cases = [c for c in own.labelled() if c.held_out == held_out]
        assert {c.action for c in cases} == set(range(7))
        assert {c.corrects for c in own.continuations() if c.held_out == held_out} == {True, False}


def test_no_own_prompt_is_one_of_do_not_answer(shared_data):
    lines = (shared_data / "safety" / "do_not_answer_mobileaibench.jsonl").read_text("utf-8")
    theirs = {json.loads(line)["prompt"].casefold() for line in lines.splitlines()}
    assert not theirs & {p.text.casefold() for p in own.prompts()}
    assert not theirs & {o.prompt.casefold() for o in own.openings()}
