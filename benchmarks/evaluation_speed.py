"""How fast does evaluation read texts, against lm-evaluation-harness on the same texts?

    python benchmarks/evaluation_speed.py [--texts 100] [--threads 1]

SmolLM2-135M reads the project's own held-back texts and gives each its log-likelihood: the harness
(HFLM) one at a time, as it does by default, and with 8 and 16 at once; ``Network.log_likelihoods``
in batches of one length; and the cache, which has read them before. Every way has to find the same
log-likelihoods. Seconds are of the fastest of three rounds, in which the ways take turns.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

RESULTS = Path(__file__).parent / "results" / "evaluation_speed.json"
ROUNDS = 3


def main() -> None:
    """Time every way, check that they agree, and write the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)

    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from srllm_data.local_models.language_model import unpacked
    from srllm_train.evaluation.cache import Cache
    from srllm_train.evaluation.rewriters import model_digest, model_network
    from srllm_train.evaluation.rows import own_rows

    torch.set_num_threads(given.threads)
    texts = [r.text for r in own_rows()][: given.texts]
    place = unpacked()
    network = model_network(place, model_digest(place), True)

    def harness(batch: int) -> list[float]:
        model = HFLM(
            pretrained=network.weights,
            tokenizer=network.tokenizer,
            batch_size=batch,
            device="cpu",
            add_bos_token=True,
        )
        asked = [Instance("loglikelihood", {}, ("", text), n) for n, text in enumerate(texts)]
        return [float(found[0]) for found in model.loglikelihood(asked, disable_tqdm=True)]

    def ours(some: Sequence[str]) -> list[float]:
        return [nats for nats, _ in network.log_likelihoods([("", t) for t in some])]

    with TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "evaluation.sqlite")

        def again() -> list[float]:
            return cache.many("reads", "smollm2", texts, ours)

        again()
        ways: dict[str, Callable[[], list[float]]] = {
            "harness, 1 at once": lambda: harness(1),
            "harness, 8 at once": lambda: harness(8),
            "harness, 16 at once": lambda: harness(16),
            "srllm": lambda: ours(texts),
            "srllm, again": again,
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        found: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start = time.perf_counter()
                found[name] = way()
                seconds[name].append(time.perf_counter() - start)
    differ = max(
        abs(a - b) for said in found.values() for a, b in zip(said, found["srllm"], strict=True)
    )
    assert differ < 0.05, f"the ways do not agree: {differ} nats"
    best = {name: min(times) for name, times in seconds.items()}
    report = {
        "texts": len(texts),
        "threads": given.threads,
        "largest_difference_nats": round(differ, 5),
        "seconds": {name: round(s, 3) for name, s in best.items()},
        "times as fast as": {
            other: {name: round(best[other] / best[name], 1) for name in ("srllm", "srllm, again")}
            for other in list(ways)[:3]
        },
    }
    given.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
