"""From pairs to tokens: the prompt without loss, the rewrite and the end of the turn with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

from srllm_data.errors import ConfigError, SrllmError
from srllm_data.local_models.chat import plain_ids, prompt_ids, turns
from srllm_train.pairs import Pair, Preference
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: What a token without loss is labelled with.
IGNORED = -100


@dataclass(frozen=True)
class Example:
    """One row as the model sees it: the tokens that it reads, and those that it learns to say."""

    pair: Pair
    asked: list[int]
    learned: list[int]

    @property
    def input_ids(self) -> list[int]:
        """All tokens, for a model that reads and says them in one sequence."""
        return self.asked + self.learned

    @property
    def labels(self) -> list[int]:
        """What is learned at each of ``input_ids``; -100 where nothing is."""
        return [IGNORED] * len(self.asked) + self.learned


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
        answer = answer_ids(pair.rewrite, tokenizer)
        if len(asked) + len(answer) <= recipe.max_length:
            found.append(Example(pair, asked, answer))
    return found, len(pairs) - len(found)


def make_preferences(
    ordered: Sequence[Preference], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe
) -> tuple[list[tuple[Example, Example]], int]:
    """The better and the worse answer to every text where both fit, and how many are left out."""
    found = []
    for number, one in enumerate(ordered, 1):
        answers = [
            Pair(f"preference {number}", one.text, answer, one.marked)
            for answer in (one.chosen, one.rejected)
        ]
        examples, left_out = make_examples(answers, tokenizer, recipe)
        if not left_out:
            found.append((examples[0], examples[1]))
    return found, len(ordered) - len(found)


def answer_ids(rewrite: str, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Tokens of an answer that says ``rewrite`` and ends."""
    return [*plain_ids(tokenizer, rewrite), int(tokenizer.eos_token_id)]


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
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", exact: bool = True
) -> None:
    """Refuse what would teach nothing, or the wrong thing; SrllmError says what and where.

    Every answer must be learned whole and end its turn, no prompt may hold the rewrite beside the
    text, and some rewrite must differ from its text.
    exact: whether the tokenizer must keep every character; T5's keeps no line ends.
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
        if example.learned[-1:] != [tokenizer.eos_token_id]:
            raise SrllmError(
                f"Row {pair.id} would not teach the end of an answer; name another base, whose "
                f"tokenizer has a token for it."
            )
        said = _words(_decoded(example.learned[:-1], tokenizer))
        if exact and said != _words(pair.rewrite):
            raise SrllmError(
                f"Row {pair.id} would teach other words than its rewrite; the base model's "
                f"tokenizer loses some of them, so name another base, or leave the row out."
            )
        if leaks(pair, _decoded(example.asked, tokenizer)):
            raise SrllmError(
                f"Row {pair.id} has its rewrite in its prompt, so the model would learn to copy; "
                f"take it out of the recipe's system turn, or leave the row out."
            )
    if all(e.pair.control for e in examples):
        raise SrllmError(
            "Every rewrite is its text, so a model would learn to change nothing; train on a "
            "release that has rewrites."
        )


def leaks(pair: Pair, prompt: str) -> bool:
    """Whether ``prompt`` says the rewrite, of three or more words, beside the text's own words."""
    rewrite = _words(pair.rewrite)
    own = sum(_words(words).count(rewrite) for words in (pair.text, *pair.marked))
    return rewrite.count(" ") > 1 and _words(prompt).count(rewrite) > own


def shown(example: Example, tokenizer: "PreTrainedTokenizerBase") -> str:
    """The tokens of an example, one a line, with a mark before those that are learned."""
    tokens = [("     ", t) for t in example.asked] + [("learn", t) for t in example.learned]
    return "\n".join(
        f"{mark}  {token:>6}  {_decoded([token], tokenizer)!r}" for mark, token in tokens
    )


def _decoded(tokens: list[int], tokenizer: "PreTrainedTokenizerBase") -> str:
    return str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False))


def _words(text: str) -> str:
    """``text`` but for what tokenizers may change: white space, and how accents are written."""
    return " ".join(normalize("NFC", text).split())
