"""What can be evaluated, and how a command line names it.

| name | what it is |
|---|---|
| ``embedded``, ``current``, a folder of ``srllm train`` | an adapter; ``A,B,C``: its seeds |
| ``smollm2``, a folder or hub id of a model | that model, prompted without an example |
| ``MODEL@3``, ``MODEL@3-nearest`` | the same with three examples: fixed, or nearest to the text |
| ``configured`` | the endpoint of ``rewrite`` in the configuration, by its settings |
| ``configured:MODEL`` | another model of ``rewrite.others``; ``@3`` and ``@3-nearest`` as above |
| ``build`` | what a build makes of a text: labels, rewriter and gates together |
| ``editor`` | the lexicon-guided editor |

People's references and the trivial systems always join. ``NAME=...`` gives a system another name.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from srllm_data import trivial
from srllm_data.config import Config
from srllm_data.errors import ConfigError
from srllm_data.stages import components
from srllm_data.workspace import Workspace, digest, file_digest
from srllm_train.adapter import read_record, weights_digest
from srllm_train.evaluation import prompted, rewriters
from srllm_train.evaluation.contract import Member, System

HUMAN = "reference"
_SHOTS = re.compile(r"(?P<model>.+)@(?P<count>\d+)(?P<nearest>-nearest)?")


def systems(specs: Sequence[str], config: Config) -> list[System]:
    """People's references, the systems that ``specs`` name, and the trivial ones.

    Raises ConfigError for a name that is nothing, or that comes twice.
    """
    workspace = Workspace(Path(config.workspace))
    asked = [system(spec, config, workspace) for spec in specs]
    found = [_human(), *asked, *_trivial(config, workspace)]
    names = [s.name for s in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise ConfigError(
            f"Two systems are called '{twice[0]}'; give one another name, such as 'new={twice[0]}'."
        )
    return found


def system(spec: str, config: Config, workspace: Workspace) -> System:
    """The system that ``spec`` names; ConfigError where it names none."""
    name, equals, rest = spec.partition("=")
    if not equals or "/" in name:
        name, rest = "", spec
    if rest in ("editor", "build"):
        return _made_here(name or rest, rest, config, workspace)
    if re.match(r"configured($|[:@])", rest):
        return _configured(name or rest, rest, config, workspace)
    if "," in rest:
        return _seeds(name, [part for part in rest.split(",") if part], config, workspace)
    folder = rewriters.adapter_folder(rest, workspace)
    if folder is not None:
        return _adapter(name or _short(rest), folder)
    return _prompted(name or _short(rest), rest)


def _human() -> System:
    says = "a person's rewrite; a text that needs none, as it is"
    return System(HUMAN, "human", says, (Member("reference"),), "people", "none")


def _trivial(config: Config, workspace: Workspace) -> list[System]:
    by = digest([file_digest(Path(trivial.__file__)), components("label", config, workspace, None)])
    found = []
    for name, write in trivial.SYSTEMS.items():

        def rewrite(
            texts: Sequence[str], write: Callable[[str, trivial.Spans], str] = write
        ) -> list[str | None]:
            marked = rewriters.spans_of(texts)
            return [write(t, spans) for t, spans in zip(texts, marked, strict=True)]

        member = Member(digest([by, name]), rewrite)
        found.append(System(name, "trivial", "needs no understanding of a text", (member,)))
    return found


def _made_here(name: str, what: str, config: Config, workspace: Workspace) -> System:
    if what == "editor":
        parts = [components("rewrite", config, workspace, None)]
        says = "srllm's lexicon-guided editor"
        return System(
            name, "system", says, (Member(digest([what, parts]), rewriters.by_editor),), "", "none"
        )
    parts = [components(s, config, workspace, None) for s in ("redact", "label", "rewrite")]
    member = Member(digest([what, parts]), lambda texts: rewriters.by_build(texts, config))
    says = "labels, rewriter and gates of this configuration together"
    return System(name, "system", says, (member,), "", "none")


def _configured(name: str, spec: str, config: Config, workspace: Workspace) -> System:
    asked = _SHOTS.fullmatch(spec)
    model = (asked["model"] if asked else spec).partition(":")[2]
    known = config.rewrite.each_model() if config.rewrite.model else []
    chosen = next((c for c in known if model in ("", c.model)), None)
    if chosen is None:
        raise ConfigError(
            f"'{spec}' is no endpoint of rewrite.model or rewrite.others "
            f"({', '.join(str(c.model) for c in known) or 'none is set'}); set it in srllm.yaml."
        )
    changes: dict[str, Any] = {"others": []}
    if asked:
        by = "embedding" if asked["nearest"] else "random"
        changes |= {"examples": int(asked["count"]), "examples_by": by}
    chosen = chosen.model_copy(update=changes)
    alone = config.model_copy(update={"rewrite": chosen})
    parts = [components(s, alone, workspace, None) for s in ("redact", "label", "rewrite")]
    member = Member(
        digest(["configured", parts]), lambda texts: rewriters.by_endpoint(texts, alone)
    )
    how = f"{chosen.examples} {'random' if chosen.examples_by == 'random' else 'nearest'} examples"
    prompting = how if chosen.examples else "zero-shot"
    says = f"{chosen.model} at {chosen.where}, {chosen.prompt}, {prompting}"
    return System(name, "system", says, (member,), prompting, "none")


def _adapter(name: str, folder: Path) -> System:
    record = read_record(folder)
    recipe = record["recipe"]
    by = digest([weights_digest(folder), record["base"], recipe, rewriters.versions()])
    says = f"{record['base']['name']} with an adapter ({recipe['method']}, seed {recipe['seed']})"
    member = Member(
        by,
        lambda texts: rewriters.by_adapter(texts, folder, by),
        lambda: rewriters.adapter_network(folder, by),
    )
    size = rewriters.size_of(rewriters.base_place(recipe["base"], folder, recipe["method"]))
    return System(name, "system", says, (member,), "as trained", recipe["method"], size)


def _seeds(name: str, parts: list[str], config: Config, workspace: Workspace) -> System:
    each = [system(part, config, workspace) for part in parts]
    first = each[0]
    same = [(s.prompting, s.tuning, s.size) for s in each]
    if len(each) < 2 or len(set(same)) > 1 or not first.tuning or first.tuning == "none":
        raise ConfigError(
            f"'{','.join(parts)}' are not seeds of one system; name adapters of one base and "
            f"method, or each by itself."
        )
    digests = [s.members[0].digest for s in each]
    if len(set(digests)) < len(digests):
        raise ConfigError(f"'{','.join(parts)}' names one adapter twice; name each seed once.")
    says = re.sub(r", seed \d+\)$", f", {len(each)} seeds)", first.says)
    members = tuple(s.members[0] for s in each)
    name = name or first.name
    return System(name, "system", says, members, first.prompting, first.tuning, first.size)


def _prompted(name: str, spec: str) -> System:
    found = _SHOTS.fullmatch(spec)
    model = found["model"] if found else spec
    shots = int(found["count"]) if found else 0
    nearest = bool(found and found["nearest"])
    place = rewriters.place_of(model, spec)
    causal = rewriters.is_causal(place, spec)
    by = digest([rewriters.model_digest(place), rewriters.versions()])
    asks = digest([by, prompted.assets(shots, nearest)])

    def network() -> Any:
        return rewriters.model_network(place, by, causal)

    how = "zero-shot" if not shots else f"{shots} {'nearest' if nearest else 'fixed'} examples"
    if not causal:
        member = Member(by, None, network, causal)
        return System(name, "system", f"{model}, a masked model", (member,), "", "none")
    member = Member(
        asks,
        lambda texts: prompted.rewrites(network(), texts, shots, nearest),
        network,
        weights=by,
    )
    size = rewriters.size_of(place)
    return System(name, "system", f"{model}, prompted: {how}", (member,), how, "none", size)


def _short(spec: str) -> str:
    return Path(spec).name if "/" in spec else spec
