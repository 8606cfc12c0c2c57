"""Asking a causal language model in memory for rewrites: its prompt, and its answers in batches."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Tokens, prompts and answers together, that one batch may have.
_BATCH_TOKENS = 4096
_MOST_ROWS = 32


def turns(system: str, text: str, marked: Sequence[str] = ()) -> list[dict[str, str]]:
    """The messages that ask for a rewrite of ``text``; marked: its biased words, if shown."""
    shown = f"{text}\n\nBiased words: {'; '.join(marked)}" if marked else text
    return [{"role": "system", "content": system}, {"role": "user", "content": shown}]


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", messages: list[dict[str, str]]) -> list[int]:
    """Tokens of ``messages`` up to where the answer begins, by the tokenizer's own template.

    A template that knows no system turn gets it in front of the user's. A mark of the template
    that a message happens to hold, such as <|im_end|>, is read as letters.
    """
    from jinja2.exceptions import TemplateError

    marks = [t.content for t in tokenizer.added_tokens_decoder.values() if t.special]
    held: dict[str, str] = {}
    safe = []
    for message in messages:
        content = message["content"]
        if any(mark in content for mark in marks):
            # A stand-in of private use goes through the template in its place.
            stand_in = f"\ue000{len(held)}\ue001"
            held[stand_in], content = content, stand_in
        safe.append({**message, "content": content})
    try:
        text = tokenizer.apply_chat_template(safe, tokenize=False, add_generation_prompt=True)
    except TemplateError:
        system, user = (m["content"] for m in safe)
        joined = [{"role": "user", "content": f"{system}\n\n{user}"}]
        text = tokenizer.apply_chat_template(joined, tokenize=False, add_generation_prompt=True)
    ids: list[int] = []
    for piece in re.split(f"({'|'.join(held)})", str(text)) if held else [str(text)]:
        if piece in held:
            ids += plain_ids(tokenizer, held[piece])
        else:
            ids += tokenizer(piece, add_special_tokens=False)["input_ids"]
    return ids


def plain_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Tokens of ``text`` by itself; a mark of the chat template in it is read as letters."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ]
    return ids


def turn_end(tokenizer: "PreTrainedTokenizerBase") -> str | None:
    """The token with which the tokenizer's own template ends an answer; None where it has none.

    It need not be the tokenizer's end token: some templates end turns and texts differently.
    """
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "@"}]
    rest = str(tokenizer.apply_chat_template(said, tokenize=False)).rpartition("@")[2]
    ids = tokenizer(rest, add_special_tokens=False)["input_ids"]
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    found = next((i for i in ids if i in special), None)
    return None if found is None else str(tokenizer.convert_ids_to_tokens(found))


def most_tokens(source: int) -> int:
    """Tokens that an answer to a text of ``source`` tokens may have."""
    return source + source // 2 + 16


def answers(
    network: Any,
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[list[int]],
    limits: Sequence[int],
    done: Callable[[int], None] = lambda rows: None,
    sample: float | None = None,
    seed: int = 1,
) -> list[str]:
    """The answer to each of ``prompts``, greedy unless ``sample`` gives a temperature.

    limits: the most tokens of each. Rows are batched by length and padded on the left. A sample
    depends on its prompt and the seed, not on the rows that it is batched with. done: called with
    the number of rows of each finished batch.
    """
    import torch

    end = end_ids(network, tokenizer)
    found = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]) + limits[i], i))
    for rows in _batches(order, prompts, limits):
        width = max(len(prompts[i]) for i in rows)
        pad = end[0]
        ids = torch.tensor([[pad] * (width - len(prompts[i])) + prompts[i] for i in rows])
        mask = torch.tensor([[0] * (width - len(prompts[i])) + [1] * len(prompts[i]) for i in rows])
        how: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None}
        if sample is not None:
            how["logits_processor"] = [_noise([prompts[i] for i in rows], sample, seed)]
        with torch.inference_mode():
            said = network.generate(
                input_ids=ids.to(network.device),
                attention_mask=mask.to(network.device),
                max_new_tokens=max(limits[i] for i in rows),
                eos_token_id=end,
                pad_token_id=pad,
                **how,
                top_k=None,
            )
        for i, answer in zip(rows, said[:, width:].tolist(), strict=True):
            kept = tokenizer.decode(
                answer[: limits[i]], skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
            found[i] = str(kept).strip()
        done(len(rows))
    return found


def _noise(prompts: Sequence[list[int]], temperature: float, seed: int) -> Callable[..., Any]:
    """What makes the likeliest token a sample: noise on the tempered scores of the top .95.

    Source: the Gumbel-max trick (Maddison, Tarlow and Minka 2014). Each row has its own stream.
    """
    import torch
    from transformers import TemperatureLogitsWarper, TopPLogitsWarper

    streams = []
    for ids in prompts:
        name = hashlib.sha256(f"{seed} {ids}".encode()).digest()[:7]
        streams.append(torch.Generator().manual_seed(int.from_bytes(name, "big")))
    warpers = [TemperatureLogitsWarper(temperature), TopPLogitsWarper(0.95)]

    def process(ids: Any, scores: Any) -> Any:
        scores = scores.float()
        for warper in warpers:
            scores = warper(ids, scores)
        drawn = torch.stack([torch.rand(scores.shape[1], generator=s) for s in streams])
        return scores - (-drawn.clamp_min(1e-20).log()).log().to(scores.device)

    return process


def end_ids(network: Any, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Tokens that end an answer; the tokenizer's own end comes first."""
    also = network.generation_config.eos_token_id
    known = [also] if isinstance(also, int) else list(also or [])
    return list(dict.fromkeys([tokenizer.eos_token_id, *known]))


def _batches(
    order: list[int], prompts: Sequence[list[int]], limits: Sequence[int]
) -> list[list[int]]:
    batches: list[list[int]] = []
    for i in order:
        # The last row is the longest so far.
        longest = len(prompts[i]) + limits[i]
        rows = len(batches[-1]) if batches else _MOST_ROWS
        if rows < _MOST_ROWS and (rows + 1) * longest <= _BATCH_TOKENS:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches
