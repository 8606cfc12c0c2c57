"""What is learned of a row: the rewrite and the end, exactly, whatever its text holds."""

from unicodedata import normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from training import CHATML, INSTRUCT, ROWS, byte_level, sentence_pieces

from srllm_data.errors import ConfigError, SrllmError
from srllm_train.examples import (
    IGNORED,
    check,
    leaks,
    make_examples,
    make_preferences,
    prompt_of,
    set_pad,
    shown,
)
from srllm_train.pairs import Pair, Preference
from srllm_train.recipe import load_recipe

RECIPE = load_recipe("smoke", ["max_length=100000"])
KINDS = ["smollm2", "chatml", "instruct", "composing", "pieces"]

#: Letters of every kind, and what a text may hold of marks, emoji and white space.
TEXTS = st.lists(
    st.one_of(
        # SmolLM2 has no tokens for some control characters, nor for planes that are empty.
        st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs"]), max_size=8),
        st.sampled_from(
            ["<|im_end|>", "<|im_start|>assistant\n", "<|endoftext|>", "</s>", "<s>", "[/INST]"]
        ),
        st.sampled_from(["🤦🏽‍♀️", "🇸🇪", "é", "e\u0301", "ﬁ", "  ", "\n", "\t", "\u2028", " idiot"]),
    ),
    min_size=1,
    max_size=6,
).map("".join)
WORDS = TEXTS.filter(str.strip)
#: Three or more words.
SENTENCES = st.lists(WORDS, min_size=3, max_size=4).map(" ".join)


@pytest.fixture(scope="module")
def tokenizers(smollm2_tokenizer):
    from tokenizers import normalizers

    names = {"eos_token": "<|im_end|>", "pad_token": "<|pad|>"}
    bracket = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    found = {
        "smollm2": smollm2_tokenizer,
        "chatml": byte_level(CHATML, **names),
        "instruct": byte_level(INSTRUCT, **bracket),
        # Qwen's composes letters and accents.
        "composing": byte_level(CHATML, normalizers.NFC(), **names),
        "pieces": sentence_pieces(),
    }
    for tokenizer in found.values():
        set_pad(tokenizer)
    return found


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(text=WORDS, rewrite=WORDS)
def test_exactly_the_rewrite_and_the_end_are_learned(tokenizers, kind, text, rewrite):
    tokenizer = tokenizers[kind]
    (example,), left_out = make_examples([Pair("r", text, rewrite)], tokenizer, RECIPE)
    end = tokenizer.eos_token_id
    assert left_out == 0
    assert example.learned[-1] == end
    assert end not in example.learned[:-1]
    said = tokenizer.decode(example.learned[:-1], clean_up_tokenization_spaces=False)
    assert normalize("NFC", said) == normalize("NFC", rewrite)
    if kind not in ("composing", "pieces"):
        assert said == rewrite
    assert example.input_ids == example.asked + example.learned
    assert example.labels == [IGNORED] * len(example.asked) + example.learned


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(text=WORDS)
def test_a_mark_in_a_text_opens_and_ends_no_turn(tokenizers, kind, text):
    tokenizer = tokenizers[kind]
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    harmless, hostile = (
        make_examples([Pair("r", t, "Fine.")], tokenizer, RECIPE)[0][0].asked
        for t in ("A text.", text)
    )
    for mark in marks:
        assert hostile.count(mark) == harmless.count(mark)
    read = tokenizer.decode(hostile, clean_up_tokenization_spaces=False)
    assert "".join(normalize("NFC", text).split()) in "".join(normalize("NFC", read).split())


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_no_row_is_refused_for_what_its_own_text_says(tokenizers, kind, rows):
    pairs = [Pair(str(n), t, r) for n, (t, r) in enumerate(rows)]
    assume(not all(p.control for p in pairs))
    examples, _ = make_examples(pairs, tokenizers[kind], RECIPE)
    check(examples, tokenizers[kind])


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(text=WORDS, rewrite=SENTENCES, before=TEXTS, after=TEXTS)
def test_a_rewrite_in_the_system_turn_is_refused(tokenizers, kind, text, rewrite, before, after):
    tokenizer = tokenizers[kind]
    told = RECIPE.model_copy(update={"system": f"{before} {rewrite} {after}"})
    examples, _ = make_examples([Pair("r1", text, rewrite)], tokenizer, told)
    with pytest.raises(SrllmError, match="Row r1 has its rewrite in its prompt"):
        check(examples, tokenizer)


def test_a_rewrite_inside_its_text_is_no_leak():
    text = "You idiots, the mayor closed the bridge."
    pair = Pair("r", text, "the mayor closed the bridge.")
    assert not leaks(pair, f"Rewrite this. {text}")
    assert leaks(pair, f"Rewrite this. {text} the  mayor closed the bridge.")


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(WORDS, WORDS), max_size=6), most=st.integers(40, 90))
def test_a_row_that_does_not_fit_is_left_out_whole(tokenizers, rows, most):
    tokenizer = tokenizers["smollm2"]
    pairs = [Pair(str(n), t, r) for n, (t, r) in enumerate(rows)]
    whole, none = make_examples(pairs, tokenizer, RECIPE)
    short = RECIPE.model_copy(update={"max_length": most})
    kept, left_out = make_examples(pairs, tokenizer, short)
    assert none == 0
    assert kept == [e for e in whole if len(e.input_ids) <= most]
    assert left_out == len(pairs) - len(kept)


def test_a_preference_is_left_out_where_either_answer_does_not_fit(tokenizers):
    tokenizer = tokenizers["smollm2"]
    long = "very " * 100
    ordered = [
        Preference("a text", "good", "bad"),
        Preference("a text", long, "bad"),
        Preference("a text", "good", long),
    ]
    found, left_out = make_preferences(
        ordered, tokenizer, RECIPE.model_copy(update={"max_length": 80})
    )
    assert left_out == 2
    ((better, worse),) = found
    assert better.asked == worse.asked
    assert [tokenizer.decode(e.learned) for e in (better, worse)] == [
        "good<|im_end|>",
        "bad<|im_end|>",
    ]


def test_marked_words_are_shown_where_the_recipe_says_so():
    pair = Pair("r", *ROWS[0], marked=("stupid", "mayor"))
    plain = prompt_of(pair.text, pair.marked, RECIPE)
    marked = prompt_of(pair.text, pair.marked, RECIPE.model_copy(update={"marks": True}))
    assert plain[1]["content"] == pair.text
    assert marked[1]["content"] == f"{pair.text}\n\nBiased words: stupid; mayor"


@pytest.mark.parametrize("kind", KINDS)
def test_padding_never_ends_a_turn(tokenizers, kind):
    tokenizer = tokenizers[kind]
    assert tokenizer.pad_token_id is not None
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


@pytest.mark.parametrize(
    ("names", "pad"),
    [
        ({"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}, "<unk>"),
        ({"eos_token": "</s>", "additional": "<|finetune_right_pad_id|>"}, "<|finetune_right_pad"),
        ({"eos_token": "<|im_end|>", "unk_token": "<|endoftext|>"}, "<|endoftext|>"),
        ({"eos_token": "</s>", "pad_token": "[PAD]"}, "[PAD]"),
    ],
)
def test_padding_is_found_in_the_vocabulary(names, pad):
    extra = names.get("additional")
    tokenizer = byte_level(CHATML, **{n: t for n, t in names.items() if n != "additional"})
    if extra:
        tokenizer.add_tokens([extra], special_tokens=True)
    size = len(tokenizer)
    set_pad(tokenizer)
    assert tokenizer.pad_token.startswith(pad)
    assert len(tokenizer) == size


def test_a_vocabulary_without_a_token_to_spare_is_refused():
    tokenizer = byte_level(CHATML, eos_token="<|endoftext|>", unk_token="<|endoftext|>")
    with pytest.raises(ConfigError, match="no token for padding beside the one that ends a turn"):
        set_pad(tokenizer)


def test_what_would_teach_nothing_is_refused(tokenizers):
    tokenizer = tokenizers["smollm2"]
    with pytest.raises(SrllmError, match="No pair is left to train on"):
        check([], tokenizer)
    controls, _ = make_examples([Pair("r", "a b", "a  b")], tokenizer, RECIPE)
    with pytest.raises(SrllmError, match="Every rewrite is its text"):
        check(controls, tokenizer)


def test_a_tokenizer_that_loses_words_is_refused(tokenizers):
    from tokenizers import normalizers

    unknown = [Pair("r8", "a", "b \x04 c")]
    examples, _ = make_examples(unknown, tokenizers["smollm2"], RECIPE)
    with pytest.raises(SrllmError, match="Row r8 would teach other words than its rewrite"):
        check(examples, tokenizers["smollm2"])
    tokenizer = byte_level(CHATML, eos_token="<|im_end|>", pad_token="<|pad|>")
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    examples, _ = make_examples([Pair("r9", *ROWS[0])], tokenizer, RECIPE)
    with pytest.raises(SrllmError, match="Row r9 would teach other words than its rewrite"):
        check(examples, tokenizer)
    check(examples, tokenizer, exact=False)


def test_the_shown_example_marks_what_is_learned(tokenizers):
    tokenizer = tokenizers["smollm2"]
    (example,), _ = make_examples([Pair("r", *ROWS[0])], tokenizer, RECIPE)
    lines = shown(example, tokenizer).splitlines()
    assert len(lines) == len(example.input_ids)
    learned = [line.split(maxsplit=2)[2] for line in lines if line.startswith("learn")]
    assert learned[0] == "'The'"
    assert learned[-1] == "'<|im_end|>'"
    assert len(learned) == len(example.learned)
