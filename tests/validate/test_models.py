"""Signals of models: MiniLM and SmolLM2 as they are, and an NLI classifier trained here."""

import pytest

from srllm_data.config import RedactConfig, ValidateConfig
from srllm_data.errors import ConfigError
from srllm_data.validate import judge, measure
from srllm_data.validate.models import by_models

TEXT = "The clueless mayor told reporters on Tuesday that the bridge to Ashbeck stays closed."
GOOD = "The mayor told reporters on Tuesday that the bridge to Ashbeck stays closed."
OTHER = "Two swans were seen on the canal near the bakery, and children fed them bread."
NONE = {"similarity": None, "fluency": None, "entailment": None}


def settings(**models) -> ValidateConfig:
    return ValidateConfig(**(NONE | models))


def test_without_models_there_are_no_such_signals():
    assert by_models(TEXT, GOOD, settings()) == {}


def test_similarity_tells_a_rewrite_from_another_text():
    config = settings(similarity="minilm")
    good, other = (by_models(TEXT, r, config)["similarity"] for r in (GOOD, OTHER))
    assert other < config.min_similarity < good
    assert by_models(TEXT, TEXT, config)["similarity"] == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_perplexity_rises_where_words_are_shuffled_or_torn_out():
    config = settings(fluency="smollm2")
    shuffled = "Bridge the told that mayor Ashbeck to on the stays reporters closed Tuesday."
    torn = "The told reporters on that the to Ashbeck stays."
    good, loop, hole = (
        by_models(TEXT, r, config)["perplexity_ratio"] for r in (GOOD, shuffled, torn)
    )
    assert good < config.max_perplexity_ratio < min(loop, hole)
    assert by_models(TEXT, TEXT, config)["perplexity_ratio"] == 1
    assert by_models(TEXT, "", config)["perplexity_ratio"] <= 1


@pytest.mark.parametrize("name", ["similarity", "fluency", "entailment"])
def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path, name):
    with pytest.raises(ConfigError, match=rf"validate\.{name}: .*cannot be loaded"):
        by_models(TEXT, GOOD, settings(**{name: str(tmp_path)}))


WORDS = "the mayor closed opened bridge not rain fell".split()
PREMISES = [
    ("the mayor closed the bridge", "the mayor closed the bridge", 0),
    ("the rain fell", "the rain fell", 0),
    ("the mayor opened the bridge", "the mayor opened the bridge", 0),
    ("the mayor closed the bridge", "the mayor opened the bridge", 2),
    ("the mayor opened the bridge", "the mayor closed the bridge", 2),
    ("the mayor closed the bridge", "the rain fell", 1),
    ("the rain fell", "the mayor opened the bridge", 1),
]


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    """A small classifier that has learned these seven pairs."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    path = tmp_path_factory.mktemp("nli")
    vocabulary = path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    tokenizer = BertTokenizer(str(vocabulary))
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    labels = {0: "ENTAILMENT", 1: "NEUTRAL", 2: "CONTRADICTION"}
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(WORDS) + 5,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            id2label=labels,
            label2id={v: k for k, v in labels.items()},
        )
    )
    premises, hypotheses, gold = zip(*PREMISES, strict=True)
    batch = tokenizer(list(premises), list(hypotheses), padding=True, return_tensors="pt")
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        loss = model(**batch, labels=torch.tensor(gold)).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(path)
    return path


def test_entailment_is_read_both_ways(nli):
    config = settings(entailment=str(nli))
    for premise, hypothesis, gold in PREMISES:
        said = by_models(premise, hypothesis, config)
        assert (said["entails"] > 0.5) == (gold == 0)
        assert (said["contradicts"] > 0.5) == (gold == 2)


def test_the_gates_hold_what_does_not_follow(nli, label_texts, rewrite_rows):
    config = settings(entailment=str(nli))
    rows = rewrite_rows(
        label_texts(["the mayor closed the bridge"] * 2, [False] * 2),
        ["the rain fell", "the mayor opened the bridge"],
    )
    signals = measure(rows, RedactConfig(), None, config)["signals"].to_pylist()
    failed = [
        {n for n, *_ in judge({s["name"]: s["value"] for s in of_row}, config).failed}
        for of_row in signals
    ]
    assert "entailment" in failed[0]
    assert "contradiction" in failed[1]


def test_a_classifier_of_something_else_is_one_sentence(tmp_path):
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizer(str(vocabulary)).save_pretrained(tmp_path)
    small = BertConfig(vocab_size=13, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    BertForSequenceClassification(small).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="no labels for entailment and contradiction"):
        by_models(TEXT, GOOD, settings(entailment=str(tmp_path)))
