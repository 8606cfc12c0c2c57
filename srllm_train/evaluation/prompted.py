"""Asking a model for rewrites that was not trained for them."""

from collections.abc import Sequence
from functools import lru_cache

from srllm_data import local_models
from srllm_data.local_models.chat import answers, most_tokens, plain_ids, prompt_ids
from srllm_data.rewrite import pairs
from srllm_data.workspace import digest
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.sources import ordered

INSTRUCTION = (
    "Rewrite the text without bias, insults, slurs, profanity, stereotypes or loaded words. Keep "
    "every fact, name, number and quotation, and change as little as you can. If there is nothing "
    "to change, repeat the text. Answer with the rewrite only."
)
#: The last example, so that a model sees that a neutral text stays as it is.
_SAME = "The bakery on Mill Road opens at 7 on Saturdays."


def rewrites(network: Network, texts: Sequence[str], shots: int, nearest: bool) -> list[str | None]:
    """The network's greedy rewrites after ``shots`` examples, those nearest to each text or fixed.

    A model without a chat template goes on with plain text, up to the end of the line.
    """
    asked, limits = [], []
    for text in texts:
        shown = _shown(text, shots, nearest)
        if network.chat:
            turns = [{"role": "system", "content": INSTRUCTION}]
            for before, after in shown:
                turns.append({"role": "user", "content": before})
                turns.append({"role": "assistant", "content": after})
            asked.append(_ids(network, [*turns, {"role": "user", "content": text}]))
        else:
            said = [f"Text: {_line(a)}\nRewrite: {_line(b)}\n\n" for a, b in shown]
            plain = f"{INSTRUCTION}\n\n{''.join(said)}Text: {_line(text)}\nRewrite:"
            start = network.tokenizer.bos_token_id
            ids = plain_ids(network.tokenizer, plain)
            asked.append(ids if start is None else [start, *ids])
        limits.append(most_tokens(len(plain_ids(network.tokenizer, text))))
    said = answers(network.weights, network.tokenizer, asked, limits)
    if network.chat:
        return list(said)
    return [answer.split("\n", 1)[0].strip() for answer in said]


def assets(shots: int, nearest: bool) -> str:
    """Digest of what the rewrites depend on beside the model."""
    bank = pairs.digest("own") if shots else None
    return digest([INSTRUCTION, _SAME, shots, nearest, bank, local_models.versions()])


def _shown(text: str, shots: int, nearest: bool) -> list[tuple[str, str]]:
    if not shots:
        return []
    bank = _bank()
    count = shots - 1 if shots > 1 else shots
    if nearest:
        found = bank.nearest(text, count, by="embedding")
    else:
        # A pair that is the text itself is left out of what is nearest, and so it is here.
        usable = set(bank.nearest(text, _MANY, by="random"))
        found = [p for p in _fixed() if p in usable][:count]
    shown = [(p.text, p.rewrite) for p in reversed(found)]
    return [*shown, (_SAME, _SAME)] if shots > 1 else shown


_MANY = 1_000_000


@lru_cache(maxsize=1)
def _bank() -> pairs.PairBank:
    return pairs.PairBank.load(["own"])


@lru_cache(maxsize=1)
def _fixed() -> list[pairs.Pair]:
    every = _bank().nearest("", _MANY, by="random")
    return ordered(every, lambda p: p.text)


def _ids(network: Network, turns: list[dict[str, str]]) -> list[int]:
    """Tokens of ``turns``; a template that knows no system turn gets it with the first text."""
    from jinja2.exceptions import TemplateError

    try:
        return prompt_ids(network.tokenizer, turns)
    except (TemplateError, ValueError):
        system, first, *rest = turns
        joined = {"role": "user", "content": f"{system['content']}\n\n{first['content']}"}
        return prompt_ids(network.tokenizer, [joined, *rest])


def _line(text: str) -> str:
    return " ".join(text.split())
