"""From pairs to tokens: the prompt without loss, the rewrite and the end of the turn with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srllm_data.errors import ConfigError, SrllmError
from srllm_data.local_models.chat import prompt_ids, turns
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: What a token without loss is labelled with.
IGNORED = -100


@dataclass(frozen=True)
class Example:
    """One row as the model sees it; labels are -100 where nothing is learned."""

    pair: Pair
    input_ids: list[int]
    labels: list[int]


def prompt_of(text: str, marked: Sequence[str], recipe: Recipe) -> list[dict[str, str]]:
    """The messages that ask for a rewrite of ``text``, as the recipe says."""
    return turns(recipe.system, text, marked if recipe.marks else ())


def make_examples(
    pairs: Sequence[Pair], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> tuple[list[Example], int]:
    """An example of every pair that fits ``recipe.max_length``, and how many did not.

    A longer one is left out whole: cut short, it would teach to stop in the middle.
    """
    found = []
    for pair in pairs:
        asked = prompt_ids(tokenizer, prompt_of(pair.text, pair.marked, recipe))
        answer = tokenizer(pair.rewrite, add_special_tokens=False)["input_ids"]
        answer = [*answer, tokenizer.eos_token_id]
        if len(asked) + len(answer) <= recipe.max_length:
            found.append(Example(pair, asked + answer, [IGNORED] * len(asked) + answer))
    return found, len(pairs) - len(found)


def set_pad(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Give ``tokenizer`` a padding token that does not end a turn.

    Where padding and end are one token, a model that masks padding never learns to stop.
    Raises ConfigError where the vocabulary has no token to spare.
    """
    end = tokenizer.eos_token
    vocabulary = tokenizer.get_vocab()
    named = [t for t in vocabulary if "pad" in t.lower() and t[:1] in "<[" and t[-1:] in ">]"]
    spare = [tokenizer.pad_token, *sorted(named), "<|endoftext|>", tokenizer.unk_token]
    for token in spare:
        if token and token != end and token in vocabulary:
            tokenizer.pad_token = token
            return
    raise ConfigError(
        "base: its tokenizer has no token for padding beside the one that ends a turn; add one "
        "to its vocabulary, or name another model."
    )


def check(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> None:
    """Refuse what would teach nothing, or the wrong thing; SrllmError says what and where.

    Every answer must be learned whole and end its turn, no prompt may be learned, none may hold
    the rewrite beside the text, and some rewrite must differ from its text.
    """
    if not examples:
        raise SrllmError(
            "No pair is left to train on; name a release with rows in its train split, or raise "
            "the recipe's max_length."
        )
    if tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise SrllmError(
            "The tokenizer's padding ends a turn, so a model would not learn to stop; use set_pad."
        )
    for example in examples:
        pair = example.pair
        learned = [t for t in example.labels if t != IGNORED]
        said = str(tokenizer.decode(learned[:-1], clean_up_tokenization_spaces=False))
        if not learned or learned[-1] != tokenizer.eos_token_id:
            raise SrllmError(
                f"Row {pair.id} would not teach the end of an answer; raise the recipe's "
                f"max_length, or leave the row out."
            )
        if said.strip() != pair.rewrite.strip():
            raise SrllmError(
                f"Row {pair.id} would teach other words than its rewrite; the base model's "
                f"tokenizer loses some of them, so name another base."
            )
        asked = [t for t, label in zip(example.input_ids, example.labels, strict=True)
                 if label == IGNORED]  # fmt: skip
        prompt = str(tokenizer.decode(asked, clean_up_tokenization_spaces=False))
        if leaks(pair, prompt, recipe):
            raise SrllmError(
                f"Row {pair.id} has its rewrite in its prompt, so the model would learn to copy; "
                f"take it out of the recipe's system turn, or leave the row out."
            )
    if all(e.pair.control for e in examples):
        raise SrllmError(
            "Every rewrite is its text, so a model would learn to change nothing; train on a "
            "release that has rewrites."
        )


def leaks(pair: Pair, prompt: str, recipe: Recipe) -> bool:
    """Whether ``prompt`` says the rewrite beside the text itself and its own words."""
    asked = prompt_of(pair.text, pair.marked, recipe)[-1]["content"]
    rest = prompt.replace(asked, "\n", 1).replace(pair.text, "\n", 1)
    return len(pair.rewrite.split()) > 2 and pair.rewrite in rest


def shown(example: Example, tokenizer: "PreTrainedTokenizerBase") -> str:
    """The tokens of an example, one a line, with a mark before those that are learned."""
    lines = []
    for token, label in zip(example.input_ids, example.labels, strict=True):
        word = tokenizer.decode([token], clean_up_tokenization_spaces=False)
        lines.append(f"{'learn' if label != IGNORED else '     '}  {token:>6}  {word!r}")
    return "\n".join(lines)
