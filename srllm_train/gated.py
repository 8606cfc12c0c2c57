"""What the gates of *validate* say of rewrites that no build made."""

from collections.abc import Sequence

import pyarrow as pa

from srllm_data.config import Config, LabelConfig
from srllm_data.errors import SrllmError
from srllm_data.label import label
from srllm_data.schema import COLUMNS, schema_after
from srllm_data.validate import MEASURED, judge, measure
from srllm_train.pairs import Pair


def verdicts(pairs: Sequence[Pair], rewrites: Sequence[str], config: Config) -> list[str]:
    """The verdict on a rewrite of each pair's text: accept, hold or reject.

    Texts are labelled as ``config`` says, see :func:`judged`.
    """
    rows = labelled([p.text for p in pairs], [p.control for p in pairs], config.label)
    return judged(rows, rewrites, config)


def judged(rows: pa.Table, rewrites: Sequence[str], config: Config) -> list[str]:
    """The verdict on a rewrite of each of ``rows``, which the label stage made.

    That of a control is accepted if it is the text itself. No endpoint is asked: neither raters
    nor the judge.
    """
    signals = measure(rewritten(rows, rewrites), config.redact, config.label, config.validate_)
    return [
        judge({s["name"]: s["value"] for s in of_row}, config.validate_, control).verdict
        for of_row, control in zip(
            signals["signals"].to_pylist(), rows["control"].to_pylist(), strict=True
        )
    ]


def labelled(
    texts: Sequence[str],
    controls: Sequence[bool] | None = None,
    config: LabelConfig | None = None,
) -> pa.Table:
    """Rows of ``texts`` as the label stage hands them on; all need a rewrite if none is said.

    config: whose labellers on this machine label, the default ones if None.
    Raises SrllmError where they label nothing.
    """
    records = [
        {"id": f"{at:06}", "text": text, "source": "pairs", "language": "en", "entities": []}
        for at, text in enumerate(texts)
    ]
    usable = (config or LabelConfig()).model_copy(
        update={"raters": [], "most_rows": None, "max_spam": 1.0, "max_unintelligible": 1.0}
    )
    rows = label(pa.Table.from_pylist(records, schema=schema_after("redact")), usable).kept
    if rows.num_rows != len(texts):
        raise SrllmError(
            "The gates need labels that do not come from an endpoint; add all that come with srllm "
            "to label.embedded."
        )
    values = pa.array(controls if controls is not None else [False] * len(texts))
    return rows.set_column(rows.schema.get_field_index("control"), "control", values)


def rewritten(rows: pa.Table, rewrites: Sequence[str]) -> pa.Table:
    """What is measured of ``rows`` and a rewrite of each."""
    said = pa.array(rewrites, COLUMNS["rewrite"].type)
    rows = rows.select([name for name in MEASURED if name != "rewrite"])
    return rows.append_column("rewrite", said)
