"""Small random networks, and a bench around them; what they prefer is chance."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from srllm_data.config import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Member, System
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.scorers import Scorers

WORDS = (
    "the a nurse baker plumber is was kind rude tired green in at night he she they tall . , "
    "went home early dr ##ink ##ing bread and sang because of old young people are my friend"
).split()


@lru_cache(maxsize=1)
def reads() -> Network:
    """Reads from left to right, with SmolLM2's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from srllm_data.local_models.language_model import unpacked

    tokenizer = AutoTokenizer.from_pretrained(unpacked())
    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        initializer_range=0.5,
        bos_token_id=1,
        eos_token_id=2,
    )
    return Network(tokenizer, LlamaForCausalLM(shape).eval())


@lru_cache(maxsize=1)
def fills_masks() -> Network:
    """Fills masks; its words are those of WORDS."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    with TemporaryDirectory() as folder:
        vocabulary = Path(folder) / "vocab.txt"
        vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
        tokenizer = BertTokenizer(str(vocabulary))
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        initializer_range=1.0,
    )
    return Network(tokenizer, BertForMaskedLM(shape).eval(), causal=False)


def gone() -> Network:
    raise AssertionError("everything is remembered, so nothing is loaded")


def system(name, network=None, causal=True, digest=None, seeds=1):
    members = (Member(digest or name, None, network, causal),) * seeds
    return System(name, "system", "", members)


def bench(folder, *systems, **settings):
    cache = Cache(folder / "found.sqlite")
    return Bench(list(systems), cache, Scorers(cache), without_sources(), **settings)


def without_hub(monkeypatch):
    """As where the hub cannot be reached, without waiting for it."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
