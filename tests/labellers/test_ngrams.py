"""The fast tier: what moves its scores and what must not."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.errors import ConfigError
from srllm_data.labellers.files import MANIFEST, OWN
from srllm_data.labellers.ngrams import FILE, Ngrams
from srllm_data.lexicon.entry import identity_terms

TERMS = sorted({f for fs in identity_terms().values() for f in fs if len(f.split()) == 1})
TEXTS = [
    "What a load of bullshit, you idiots.",
    "The council meets on Tuesday at nine.",
    "Ça va très bien, merci! 😀",
    "they r all the same , arent they",
]


@pytest.fixture(scope="module")
def ngrams():
    return Ngrams()


def test_abuse_scores_over_a_notice(ngrams):
    abuse, notice = ngrams.opinions(TEXTS[:2])
    assert abuse.scores["toxicity"] > 0.8 > 0.2 > notice.scores["toxicity"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TERMS), st.sampled_from(TERMS))
def test_which_group_is_named_moves_no_score(one, other):
    ngrams = Ngrams_shared()
    frame = "My {} neighbour is waiting for the bus with her {} friends."
    assert ngrams.opinions([frame.format(one, one)]) == ngrams.opinions(
        [frame.format(other, other)]
    )


def Ngrams_shared(cache=[]):  # noqa: B006, N802
    if not cache:
        cache.append(Ngrams())
    return cache[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=6))
def test_a_score_depends_on_no_other_text(texts):
    ngrams = Ngrams_shared()
    together = ngrams.opinions(texts)
    assert together == [ngrams.opinions([text])[0] for text in texts]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_case_and_punctuation_do_not_count(text):
    ngrams = Ngrams_shared()
    loud = " ".join(text.upper().split())
    bare = "".join(c if c.isalnum() else " " for c in text)
    assert np.array_equal(ngrams.margins([text]), ngrams.margins([loud]))
    assert np.array_equal(ngrams.margins([text]), ngrams.margins([bare]))


def test_a_text_without_words_has_no_scores(ngrams):
    assert [o.outcome for o in ngrams.opinions(["", " ... ", "!?"])] == ["empty"] * 3


def test_an_altered_file_is_refused(tmp_path):
    shutil.copytree(OWN, tmp_path / "own")
    file = tmp_path / "own" / FILE
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    with pytest.raises(ConfigError, match=r"ngrams\.safetensors has been altered"):
        Ngrams(tmp_path / "own")


@pytest.mark.parametrize("gone", [FILE, MANIFEST])
def test_a_missing_file_is_named(tmp_path, gone):
    shutil.copytree(OWN, tmp_path / "own")
    (tmp_path / "own" / gone).unlink()
    with pytest.raises(ConfigError, match=r"ngrams\.safetensors or its manifest is missing"):
        Ngrams(tmp_path / "own")
