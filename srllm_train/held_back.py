"""How adapters and the embedded editor do on texts that a release holds back for tests."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config, ReleaseConfig
from srllm_data.progress import advance
from srllm_data.split import split_of
from srllm_data.workspace import Workspace
from srllm_train.adapter import read_record
from srllm_train.pairs import Pair
from srllm_train.recipe import Recipe

if TYPE_CHECKING:
    import pyarrow as pa


def rows_to_test(manifest: dict[str, Any], workspace: Workspace, most: int) -> "pa.Table":
    """Labelled rows of the test split of the release with this manifest, biased ones first.

    Not only those with a released rewrite: these are the ones with which the rewriter of the
    release, often the very one that an adapter has to beat, came through the gates.
    most: of biased rows; at most as many controls join them. Which ones are taken depends on
    nothing but their ids.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    stages = manifest["stages"]
    split = ReleaseConfig.model_validate(stages["release"]["components"]["settings"])
    rows = workspace.kept("label", stages["label"]["key"])
    test = [split_of(cluster, split) == "test" for cluster in rows["cluster"].to_pylist()]
    rows = rows.filter(pa.array(test, pa.bool_()))
    order = [hashlib.sha256(id_.encode()).digest() for id_ in rows["id"].to_pylist()]
    rows = rows.take(pa.array(sorted(range(len(order)), key=order.__getitem__), pa.int64()))
    biased = rows.filter(pc.invert(rows["control"])).slice(0, most)
    return pa.concat_tables([biased, rows.filter(rows["control"]).slice(0, biased.num_rows)])


def rewrites_of(rows: "pa.Table", adapter: Path | None) -> list[str]:
    """The rewrite of each row's text by the adapter in this folder; by the editor if None."""
    pairs = [_pair(row) for row in rows.select(["id", "text", "biased_spans"]).to_pylist()]
    if adapter is not None:
        return _by_adapter(pairs, adapter)
    from srllm_data.rewrite.editor import rewrite_text

    found = []
    for pair in pairs:
        found.append(rewrite_text(pair.text))
        advance()
    return found


def right(rows: "pa.Table", rewrites: Sequence[str], config: Config) -> list[bool]:
    """Whether the gates accept each rewrite; that of a control has to be its text."""
    from srllm_train.gated import judged

    return [verdict == "accept" for verdict in judged(rows, rewrites, config)]


def _pair(row: dict[str, Any]) -> Pair:
    """What a model is asked with; there is no rewrite to learn."""
    used = [s["text"] for s in row["biased_spans"] or [] if s["use"] == "used"]
    return Pair(row["id"], row["text"], "", tuple(dict.fromkeys(used)))


def _by_adapter(pairs: Sequence[Pair], folder: Path) -> list[str]:
    import torch
    from peft import PeftModel

    from srllm_train.base import load_base
    from srllm_train.outputs import rewrites

    recipe = Recipe.model_validate(read_record(folder)["recipe"])
    whole = recipe.method == "full"
    if whole:
        recipe = recipe.model_copy(update={"base": str(folder), "revision": None})
    tokenizer, network = load_base(recipe)
    if not whole:
        network = PeftModel.from_pretrained(network, folder)
    if torch.cuda.is_available() and not recipe.quantize:
        network.to("cuda")
    return rewrites(pairs, network, tokenizer, recipe, advance)
