"""Encoder-decoder baselines (T5, BART), which the paper compares with: their rows and answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from srllm_data.local_models.chat import most_tokens
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 32


def rows_of(
    pairs: Sequence[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> list[dict[str, list[int]]]:
    """Tokens that the encoder reads and the decoder says, of every pair that fits."""
    rows = []
    for pair in pairs:
        read = tokenizer(_source(pair.text, recipe))["input_ids"]
        said = tokenizer(text_target=pair.rewrite)["input_ids"]
        if max(len(read), len(said)) <= recipe.max_length:
            rows.append({"input_ids": read, "labels": said})
    return rows


def rewrites(
    pairs: Sequence[Pair], network: Any, tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> list[str]:
    """The network's greedy rewrite of each pair's text."""
    import torch

    was = network.training
    network.eval()
    found: list[str] = []
    for first in range(0, len(pairs), _BATCH):
        some = [_source(p.text, recipe) for p in pairs[first : first + _BATCH]]
        read = tokenizer(some, padding=True, return_tensors="pt").to(network.device)
        with torch.inference_mode():
            said = network.generate(
                input_ids=read["input_ids"],
                attention_mask=read["attention_mask"],
                do_sample=False,
                max_new_tokens=most_tokens(read["input_ids"].shape[1]),
            )
        found += [s.strip() for s in tokenizer.batch_decode(said, skip_special_tokens=True)]
    network.train(was)
    return found


def _source(text: str, recipe: Recipe) -> str:
    return f"{recipe.system} {text}"
