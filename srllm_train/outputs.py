"""What a model's rewrites of dev rows show: whether it is well, and how near it is to people's."""

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from statistics import harmonic_mean
from typing import TYPE_CHECKING, Any

from srllm_data.local_models.chat import answers, most_tokens, prompt_ids
from srllm_train.examples import prompt_of
from srllm_train.pairs import Pair
from srllm_train.recipe import Limits, Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Words in a row that are said again right after: a loop.
_LOOP = 3


def rewrites(
    pairs: Sequence[Pair],
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    recipe: Recipe,
    done: Callable[[int], None] = lambda rows: None,
) -> list[str]:
    """The network's greedy rewrite of each pair's text."""
    if network.config.is_encoder_decoder:
        from srllm_train.seq2seq import rewrites as by_encoder

        return by_encoder(pairs, network, tokenizer, recipe)
    prompts = [prompt_ids(tokenizer, prompt_of(p.text, p.marked, recipe)) for p in pairs]
    limits = [
        most_tokens(len(tokenizer(p.text, add_special_tokens=False)["input_ids"])) for p in pairs
    ]
    was, cache = network.training, network.config.use_cache
    network.eval()
    network.config.use_cache = True
    try:
        return answers(network, tokenizer, prompts, limits, done)
    finally:
        network.config.use_cache = cache
        network.train(was)


def scores(pairs: Sequence[Pair], said: Sequence[str]) -> dict[str, float]:
    """How near ``said`` comes to the references of ``pairs``, each value 0 to 1.

    edit_f1: F1 of the words taken out and put in against those of the reference, mean over rows
    that are to change; an empty answer scores 0. unchanged: share of controls that came back as
    they were. eq: their harmonic mean (after EREN, Chen et al. 2024), or the one that there is
    where all rows are controls, or none is.
    """
    edits = [edit_f1(p, s) for p, s in zip(pairs, said, strict=True) if not p.control]
    same = [p.text.split() == s.split() for p, s in zip(pairs, said, strict=True) if p.control]
    known = [_mean(values) for values in (edits, same) if values]
    eq = harmonic_mean(known) if known else 0.0
    return {"edit_f1": _mean(edits), "unchanged": _mean(same), "eq": eq}


def edit_f1(pair: Pair, said: str) -> float:
    """F1 of the word edits of ``said`` against those of the pair's rewrite."""
    if not said.strip():
        return 0.0
    wanted, made = _edits(pair.text, pair.rewrite), _edits(pair.text, said)
    shared = (wanted & made).total()
    whole = wanted.total() + made.total()
    return 2 * shared / whole if whole else 1.0


def _edits(text: str, rewrite: str) -> Counter[tuple[str, str]]:
    before, after = text.casefold().split(), rewrite.casefold().split()
    found: Counter[tuple[str, str]] = Counter()
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            found.update(("out", w) for w in before[a:b])
            found.update(("in", w) for w in after[c:d])
    return found


def health(pairs: Sequence[Pair], said: Sequence[str]) -> dict[str, float]:
    """Shares of ``said`` that are empty, that loop beyond their text, and in another language.

    The language is compared only where the text is long enough to tell it.
    """
    from srllm_data.validate.measure import identify

    rows = list(zip(pairs, said, strict=True))
    longer = [(p, s) for p, s in rows if len(p.text.split()) >= 8 and len(s.split()) >= 8]
    return {
        "empty": _mean([not any(c.isalnum() for c in s) for _, s in rows]),
        "repeated": _mean([loops(s) > loops(p.text) for p, s in rows]),
        "foreign": _mean([identify(s)[0] != identify(p.text)[0] for p, s in longer]),
    }


def unfit(found: dict[str, float], limits: Limits) -> list[str]:
    """Why an adapter of this health is unfit; empty for a fit one."""
    words = {"empty": "are empty", "repeated": "repeat themselves", "foreign": "change language"}
    return [
        f"{found[name]:.1%} of its rewrites {said} (at most {getattr(limits, f'max_{name}'):.1%})"
        for name, said in words.items()
        if found[name] > getattr(limits, f"max_{name}")
    ]


def loops(text: str) -> int:
    """How many times three or more words in ``text`` are said again right after themselves."""
    words = text.casefold().split()
    found, at = 0, 0
    while at < len(words):
        for size in range(_LOOP, (len(words) - at) // 2 + 1):
            if words[at : at + size] == words[at + size : at + 2 * size]:
                found += 1
                at += size - 1
                break
        at += 1
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
