"""Any transformers sequence classifier by its folder, here a tiny one with random weights."""

import pytest

from srllm_data.config import ClassifierConfig
from srllm_data.errors import ConfigError
from srllm_data.labellers.transformer import Transformer

WORDS = "the council meets on tuesday at nine what a load of rubbish you fool".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    path = tmp_path_factory.mktemp("classifier")
    vocabulary = path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizer(str(vocabulary)).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label={0: "neutral", 1: "toxic"},
        label2id={"neutral": 0, "toxic": 1},
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(path)
    return path


def settings(folder, **changes):
    given = {"name": "tiny", "model": str(folder), "axis": "toxicity", "values": {"toxic": 1.0}}
    return ClassifierConfig(**(given | changes))


def test_scores_of_its_axis_by_the_values_of_its_labels(folder):
    texts = ["the council meets on tuesday", "what a load of rubbish you fool", "..."]
    said = Transformer(settings(folder)).opinions(texts)
    assert [o.outcome for o in said] == ["answered", "answered", "empty"]
    assert all(set(o.scores) == {"toxicity"} and 0 <= o.scores["toxicity"] <= 1 for o in said[:2])
    turned = Transformer(settings(folder, values={"neutral": 1.0})).opinions(texts)
    for one, other in zip(said[:2], turned[:2], strict=True):
        assert one.scores["toxicity"] + other.scores["toxicity"] == pytest.approx(1, abs=2e-4)


def test_calibration_shifts_the_log_odds(folder):
    text = ["what a load of rubbish you fool"]
    (plain,) = Transformer(settings(folder)).opinions(text)
    (lower,) = Transformer(settings(folder, calibration=[1.0, -2.0])).opinions(text)
    assert lower.scores["toxicity"] < plain.scores["toxicity"]


def test_a_text_longer_than_the_window_is_read_to_its_end(folder):
    model = Transformer(settings(folder, window=16))
    part = "the council meets on tuesday at nine " * 10
    (one,) = model.opinions([part])
    (whole,) = model.opinions([part + "what a load of rubbish you fool"])
    assert whole.scores["toxicity"] >= one.scores["toxicity"]


def test_an_unknown_label_is_named(folder):
    with pytest.raises(ConfigError, match=r"'tiny' has no label 'TOXIC'.*neutral, toxic"):
        Transformer(settings(folder, values={"TOXIC": 1.0}))


def test_a_model_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be loaded as a sequence classifier"):
        Transformer(settings(tmp_path / "none"))
