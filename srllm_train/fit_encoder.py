"""Train the encoder tier: a low-rank adapter on all-MiniLM-L6-v2, one head a question."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np

from srllm_data.labellers.encoder import (
    FILE,
    HEADS,
    base_folder,
    load_base,
    padded,
    pool,
    states,
    windows,
)
from srllm_train.fit_ngrams import calibration
from srllm_train.labelled_rows import Row, labels_of

VERSION = "encoder-1"
RANK, ALPHA, DROPOUT = 16, 32, 0.05
#: Labels of our own texts that are neither end of their axis.
_BETWEEN = {("toxicity", "Mild"): 0.75, ("harm", "Medium"): 0.5}
TARGETS = ("query", "key", "value", "dense")
EPOCHS, BATCH = 4, 32
RATE, HEAD_RATE = 5e-4, 2e-3
#: Most rows of one source, so that none drowns the others, and how often an epoch reads those
#: that carry bias. Editors' neutrality edits are too faint to learn from (AUROC 0.57).
CAP = 4000
TIMES = {"babe": 2, "own": 2, "wiki_neutrality": 0}
#: Weight of the marks on a text's words beside that of a question.
WORD_WEIGHT = 1.0
#: Weight of a marked word beside an unmarked one: few are marked.
MARKED_WEIGHT = 3.0


def fit(rows: list[Row], part: list[str], folder: Path, seed: int = 0) -> dict[str, Any]:
    """Train on the rows of the part "train", calibrate on "calibration", write ``FILE``.

    Returns what the manifest says of the file. Loss: binary cross-entropy over the questions
    that a row's annotators were asked, by AdamW with a linear decay after a tenth of warm-up.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    order = random.Random(seed)  # noqa: S311
    tokeniser, base = load_base(base_folder())
    base.train()
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=list(TARGETS))
    model = get_peft_model(base, lora)
    head, word_head = torch.nn.Linear(384, len(HEADS)), torch.nn.Linear(384, 1)
    dropout = torch.nn.Dropout(0.1)

    labels = np.stack([_labels(rows, name) for name in HEADS], axis=1)
    train = _sample(rows, part, order)
    ids, marked = _tokens(tokeniser, rows, train)
    updates = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": updates, "lr": RATE},
            {"params": [*head.parameters(), *word_head.parameters()], "lr": HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    steps = EPOCHS * -(-len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / (0.1 * steps)) * max(0.0, 1 - s / steps)
    )
    began, step = time.monotonic(), 0
    for epoch in range(EPOCHS):
        for batch in _batches(train, ids, order):
            wanted = torch.tensor(labels[batch], dtype=torch.float32)
            own = [ids[n] for n in batch]
            tokens, mask = padded(own, max(map(len, own)))
            read = states(model, tokens, mask)
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                head(dropout(pool(read, mask))), wanted.nan_to_num(), reduction="none"
            )
            loss = (losses * ~wanted.isnan()).sum() / len(batch)
            marks = torch.full(mask.shape, float("nan"))
            for at, n in enumerate(batch):
                if n in marked:
                    marks[at, : len(marked[n])] = torch.tensor(marked[n], dtype=torch.float32)
            known = ~marks.isnan()
            if known.any():
                words = torch.nn.functional.binary_cross_entropy_with_logits(
                    word_head(dropout(read))[..., 0][known],
                    marks[known],
                    pos_weight=torch.tensor(MARKED_WEIGHT),
                )
                loss = loss + WORD_WEIGHT * words * known.any(1).float().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(
                [*updates, *head.parameters(), *word_head.parameters()], 1.0
            )
            optimiser.step()
            schedule.step()
            step += 1
            if step % 50 == 0:
                left = (time.monotonic() - began) / step * (steps - step)
                print(f"epoch {epoch + 1}  step {step}/{steps}  loss {loss:.3f}  {left:.0f} s left")
    _write(model, head, word_head, folder)
    said = {"version": VERSION, "heads": list(HEADS), "scale": ALPHA / RANK}
    return said


def calibrate(rows: list[Row], part: list[str], folder: Path) -> None:
    """Write the Platt scale and shift of every head, from the part "calibration", into ``FILE``."""
    from safetensors.numpy import load_file, save_file

    from srllm_data.labellers.encoder import Encoder

    held = [
        n for n, p in enumerate(part) if p == "calibration" and set(rows[n].labels) & set(HEADS)
    ]
    margins = Encoder(folder).margins([rows[n].text for n in held])
    tops = np.array([m.max(0) for m in margins])
    platt = np.tile([[1.0], [0.0]], (1, len(HEADS)))
    for at, name in enumerate(HEADS):
        labels = labels_of([rows[n] for n in held], name)
        known = ~np.isnan(labels)
        sources = [rows[n].source for n, k in zip(held, known, strict=True) if k]
        platt[:, at] = calibration(tops[known, at], labels[known], sources)
    save_file(load_file(folder / FILE) | {"platt": platt}, folder / FILE)


def _labels(rows: list[Row], head: str) -> Any:
    """What to learn: 1, 0 or NaN; for what lies between the ends of an axis, something between."""
    labels = labels_of(rows, head)
    for n, row in enumerate(rows):
        between = _BETWEEN.get((head, row.extra.get(head, "")))
        if between is not None:
            labels[n] = between
    return labels


def _sample(rows: list[Row], part: list[str], order: random.Random) -> list[int]:
    """Places of at most ``CAP`` rows of each source, as even as can be over what they say."""
    by_source: dict[str, dict[str, list[int]]] = {}
    for n, row in enumerate(rows):
        if part[n] == "train" and set(row.labels) & set(HEADS):
            said = by_source.setdefault(row.source, {})
            said.setdefault(str(sorted(row.labels.items())), []).append(n)
    chosen: list[int] = []
    for said in by_source.values():
        room = CAP
        for left, places in zip(
            range(len(said), 0, -1), sorted(said.values(), key=len), strict=True
        ):
            some = order.sample(places, min(len(places), room // left))
            room -= len(some)
            chosen += some
    return [n for n in chosen for _ in range(TIMES.get(rows[n].source, 1))]


def _tokens(
    tokeniser: Any, rows: list[Row], train: list[int]
) -> tuple[dict[int, list[int]], dict[int, list[float]]]:
    """Token ids of each row, and of those whose words were marked a 1 or 0 for each token."""
    ids, marked = {}, {}
    places = sorted(set(train))
    for n, own in zip(places, windows(tokeniser, [rows[n].text for n in places]), strict=True):
        ids[n], offsets = own[0].ids, own[0].places
        spans = rows[n].spans
        if spans is not None:
            marks = [
                float(any(start < last and first < end for first, last in spans))
                for start, end in offsets
            ]
            marked[n] = [float("nan"), *marks, float("nan")]
    return ids, marked


def _batches(train: list[int], ids: dict[int, list[int]], order: random.Random) -> list[list[int]]:
    """Rows of similar length together, in random order."""
    mixed = order.sample(train, len(train))
    sorted_ = [
        n
        for first in range(0, len(mixed), 20 * BATCH)
        for n in sorted(mixed[first : first + 20 * BATCH], key=lambda n: len(ids[n]))
    ]
    batches = [sorted_[first : first + BATCH] for first in range(0, len(sorted_), BATCH)]
    return order.sample(batches, len(batches))


def _write(model: Any, head: Any, word_head: Any, folder: Path) -> None:
    from safetensors.numpy import save_file

    tensors = {}
    for name, value in model.named_parameters():
        if ".lora_" in name:
            stem, kind = name.removeprefix("base_model.model.").split(".lora_")
            tensors[f"{stem}.lora_{kind[0]}"] = value.detach().numpy().astype(np.float16)
    tensors["head.weight"] = head.weight.detach().numpy().astype(np.float16)
    tensors["head.bias"] = head.bias.detach().numpy()
    tensors["word_head.weight"] = word_head.weight.detach().numpy().astype(np.float16)
    tensors["word_head.bias"] = word_head.bias.detach().numpy()
    tensors["platt"] = np.tile([[1.0], [0.0]], (1, len(HEADS)))
    save_file(tensors, folder / FILE)
