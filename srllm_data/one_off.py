"""Rewriting single texts outside a build: the same stages, one call."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from srllm_data.config import Config, RedactConfig
from srllm_data.schema import row_id, schema_after

#: Signals that tell a reader what a rewrite did to a text.
SCORES = (
    "bias_before",
    "bias_after",
    "toxicity_before",
    "toxicity_after",
    "content_kept",
    "added",
    "length_ratio",
)


@dataclass(frozen=True)
class Rewritten:
    """What became of one text.

    outcome: ok, control (nothing to change; the rewrite is the text) or why there is no rewrite
    (then it is None). verdict, reasons and signals: what the gates say of a rewrite. by: who wrote
    it. cost: US dollars that were spent on the call for all of its texts, divided by them.
    """

    text: str
    rewrite: str | None
    outcome: str
    verdict: str | None
    reasons: list[str]
    signals: dict[str, float]
    by: str | None
    detail: str
    cost: float

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def rewrite_texts(texts: Sequence[str], config: Config) -> list[Rewritten]:
    """Rewrite each of ``texts`` with the settings of ``config``, through its request ledger.

    Personal data is replaced by placeholders before a text leaves the machine, and put back into
    what is returned. Raises ConfigError and ProviderError as the stages do.
    """
    from srllm_data.label import label
    from srllm_data.redact import redact
    from srllm_data.rewrite import rewrite
    from srllm_data.stages import rewriting
    from srllm_data.workspace import Workspace

    if not texts:
        return []
    records = [
        {
            "id": row_id("one-off", str(number)),
            "text": text,
            "source": "one-off",
            "source_key": str(number),
            "cluster": row_id("one-off", str(number)),
            "language": _language(text),
        }
        for number, text in enumerate(texts)
    ]
    rows = pa.Table.from_pylist(records, schema=schema_after("deduplicate"))
    workspace = Workspace(Path(config.workspace))
    # What was asked for is rewritten, whatever it looks like and however many rows a build takes.
    asked = config.label.model_copy(
        update={"max_spam": 1.0, "max_unintelligible": 1.0, "most_rows": None}
    )
    rows = label(redact(rows, config.redact).kept, asked, workspace.requests).kept
    names = _placeholders(texts, rows, config.redact)
    parts = rewriting(config)
    # A spend cap holds for all that spends from the workspace, so only one may do so at a time.
    alone = workspace.locked() if config.rewrite.max_cost is not None else nullcontext()
    with alone:
        output = rewrite(rows, config.rewrite, workspace.requests, **parts)
    kept = {r["id"]: r for r in output.kept.to_pylist()}
    dropped = {r["id"]: r for r in output.dropped.to_pylist()}
    biased = [r for r in kept.values() if not r["control"]]
    judged = parts["gatekeeper"]([(r, r["rewrite"]) for r in biased])
    judgements = {r["id"]: j for r, j in zip(biased, judged, strict=True)}
    cost = float(str(output.facts.get("cost", 0.0))) / len(texts)
    found = []
    for text, record, hidden in zip(texts, records, names, strict=True):
        row = kept.get(record["id"])
        judgement = judgements.get(record["id"])
        if row is None:
            end = dropped[record["id"]]
            found.append(
                Rewritten(text, None, end["reason"], None, [], {}, None, end["detail"], cost)
            )
        elif judgement is None:
            found.append(Rewritten(text, text, "control", None, [], {}, None, "", 0.0))
        else:
            found.append(
                Rewritten(
                    text,
                    _restored(row["rewrite"], hidden),
                    "ok",
                    judgement.verdict,
                    judgement.reasons,
                    judgement.signals,
                    row["rewrite_by"],
                    "",
                    cost,
                )
            )
    return found


def _language(text: str) -> str:
    from srllm_data.validate.measure import identify

    return identify(text)[0]


def _placeholders(
    texts: Sequence[str], rows: pa.Table, config: RedactConfig
) -> list[dict[str, str]]:
    """For each text, what every placeholder of its row stands for."""
    from srllm_data.personal_data import find

    return [
        {
            entity["placeholder"]: text[finding.start : finding.end]
            for entity, finding in zip(entities, findings, strict=True)
        }
        for text, entities, findings in zip(
            texts, rows["entities"].to_pylist(), find(list(texts), config), strict=True
        )
    ]


def _restored(text: str, hidden: dict[str, str]) -> str:
    for placeholder, words in hidden.items():
        text = text.replace(placeholder, words)
    return text
