"""Training on a CPU: our loss against TRL's own, on the same model, rows and steps.

    python benchmarks/train_cpu.py [--steps 6]

One trainer of the recipe ``embedded`` takes the first batches of data/pairs; each is computed
forward and backward by TRL's loss and by ours (srllm_train/trainers.py), alternately. Prints tokens
a CPU second of both, their ratio, and the largest difference of their losses.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

RESULTS = Path(__file__).parent / "results" / "train_cpu.json"


def main() -> None:
    """Time both and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6)
    given = parser.parse_args()

    import torch
    from trl import SFTTrainer

    from srllm_train.base import load_base, trained_part
    from srllm_train.embedded import OWN, own_pairs
    from srllm_train.examples import make_examples
    from srllm_train.recipe import load_recipe
    from srllm_train.trainers import sft_trainer

    recipe = load_recipe("embedded", ["track=none"])
    tokenizer, network = load_base(recipe)
    examples, _ = make_examples(list(own_pairs(OWN / "pairs")), tokenizer, recipe)
    with TemporaryDirectory() as out:
        trainer = sft_trainer(
            network, tokenizer, examples, [], recipe=recipe, out=Path(out), dev=[],
            part=trained_part(recipe, network), callbacks=[],
        )  # fmt: skip
        trainer.model.train()
        batches = [
            b for b, _ in zip(trainer.get_train_dataloader(), range(given.steps + 1), strict=False)
        ]

    def one(ours: bool, batch: dict[str, torch.Tensor]) -> tuple[float, float]:
        """Loss, and tokens a CPU second."""
        inputs = {k: v.clone() for k, v in batch.items()}
        began = time.process_time()
        way = trainer.compute_loss if ours else lambda *a: SFTTrainer.compute_loss(trainer, *a)
        loss = way(trainer.model, inputs)
        loss.backward()
        spent = time.process_time() - began
        return float(loss.detach()), int(batch["attention_mask"].sum()) / spent

    rates: dict[bool, list[float]] = {True: [], False: []}
    apart = 0.0
    for number, batch in enumerate(batches):
        found = {ours: one(ours, batch) for ours in (False, True)}
        if number:
            # The first one warms up.
            apart = max(apart, abs(found[True][0] - found[False][0]))
            for ours, (_, rate) in found.items():
                rates[ours].append(rate)
    result = {
        "threads": torch.get_num_threads(),
        "batches": len(batches) - 1,
        "tokens a CPU second, TRL": round(statistics.median(rates[False])),
        "tokens a CPU second, ours": round(statistics.median(rates[True])),
        "ours over TRL, median of the ratios": round(
            statistics.median(a / b for a, b in zip(rates[True], rates[False], strict=True)), 2
        ),
        "largest difference of the losses": round(apart, 5),
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
