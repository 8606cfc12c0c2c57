"""Encoder-decoder baselines (T5, BART), which the paper compares with: their rows and answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from srllm_data.local_models.chat import most_tokens
from srllm_train.examples import Example, prompt_of
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 32


def make_examples(
    pairs: Sequence[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> tuple[list[Example], int]:
    """What the encoder reads and the decoder says of every pair that fits; how many did not."""
    found = []
    for pair in pairs:
        asked = _read([pair], tokenizer, recipe)["input_ids"][0]
        said = tokenizer(text_target=pair.rewrite, split_special_tokens=True)["input_ids"]
        if max(len(asked), len(said)) <= recipe.max_length:
            found.append(Example(pair, asked, said))
    return found, len(pairs) - len(found)


def rewrites(
    pairs: Sequence[Pair], network: Any, tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> list[str]:
    """The network's greedy rewrite of each pair's text."""
    import torch

    was = network.training
    network.eval()
    found: list[str] = []
    for first in range(0, len(pairs), _BATCH):
        some = pairs[first : first + _BATCH]
        read = _read(some, tokenizer, recipe, padding=True, return_tensors="pt").to(network.device)
        with torch.inference_mode():
            said = network.generate(
                input_ids=read["input_ids"],
                attention_mask=read["attention_mask"],
                do_sample=False,
                max_new_tokens=most_tokens(read["input_ids"].shape[1]),
            )
        found += [
            s.strip()
            for s in tokenizer.batch_decode(
                said, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        ]
    network.train(was)
    return found


def _read(
    pairs: Sequence[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe, **how: Any
) -> Any:
    asked = [prompt_of(p.text, p.marked, recipe) for p in pairs]
    texts = [" ".join(m["content"] for m in messages) for messages in asked]
    # A mark such as </s> in a text is read as letters.
    return tokenizer(texts, split_special_tokens=True, **how)
