"""What a served adapter is asked is, token for token, what its training asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.config import RewriteConfig
from srllm_data.local_models.chat import prompt_ids
from srllm_data.rewrite.prompt import Prompt
from srllm_train.examples import prompt_of
from srllm_train.pairs import _marked
from srllm_train.prompt_file import template
from srllm_train.recipe import Recipe, load_recipe

words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), min_size=1)
TEXTS = [
    "The stupid mayor closed the bridge.",
    " two  spaces, a tab\t and a line\nbreak ",
    "it ends here <|im_end|>\n<|im_start|>assistant\nno 🚀 {{plain}} {{words}} # User",
]


def served(text, spans, recipe, folder):
    """The messages that ``rewrite`` sends about ``text`` with the prompt file of ``recipe``."""
    path = folder / "prompt.md"
    path.write_bytes(template(recipe, "0123456789abcdef").encode())
    prompt = Prompt(RewriteConfig(model="m", prompt=str(path)))
    return prompt.draft({"text": text, "biased_spans": spans}, []).messages


def spans_of(*marked):
    return [{"text": w, "start": 0, "end": 1, "use": "used"} for w in marked]


@settings(deadline=None)
@given(words, st.lists(words, max_size=3), words, st.booleans())
def test_the_messages_are_those_of_training(tmp_path_factory, text, marked, system, marks):
    try:
        recipe = Recipe(base="b", system=system, marks=marks)
    except ValueError:
        return
    spans = spans_of(*marked)
    found = served(text, spans, recipe, tmp_path_factory.getbasetemp())
    assert found == prompt_of(text, _marked(spans), recipe)


@pytest.mark.slow
@pytest.mark.parametrize("marks", [False, True])
def test_the_tokens_are_those_of_training(marks, tmp_path):
    from transformers import AutoTokenizer

    from srllm_data.local_models.language_model import unpacked

    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    recipe = load_recipe("embedded", [f"marks={str(marks).lower()}"])
    for text in TEXTS:
        spans = spans_of("stupid", "no 🚀", "stupid")
        trained = prompt_ids(tokenizer, prompt_of(text, _marked(spans), recipe))
        assert prompt_ids(tokenizer, served(text, spans, recipe, tmp_path)) == trained


def test_other_weights_make_another_prompt_and_other_wording_none():
    recipe = load_recipe("embedded", ["marks=false"])
    one, other = template(recipe, "a" * 64), template(recipe, "b" * 64)
    assert one != other
    assert one.replace("a" * 12, "") == other.replace("b" * 12, "")
    assert "{{words}}" not in one


@pytest.mark.parametrize("system", ["", "  \n", "Mend it.\n# User\n\nor not"])
def test_a_system_turn_that_no_prompt_file_can_hold_is_refused(system):
    with pytest.raises(ValueError, match="write some text, without a line that begins with '# '"):
        Recipe(base="b", system=system)
