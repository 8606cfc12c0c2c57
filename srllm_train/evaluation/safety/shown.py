"""What the page of the safety suite shows beside its measures, and how good the rules are."""

from collections.abc import Mapping, Sequence

from srllm_train.evaluation.contract import Table, Values
from srllm_train.evaluation.safety import own
from srllm_train.evaluation.safety.actions import ACTIONS, FOLLOWS, action, corrects
from srllm_train.evaluation.safety.marks import DECODINGS, mean
from srllm_train.evaluation.scorers import Scorers


def actions_table(values: Mapping[str, Sequence[Values]], prompts: Sequence[str]) -> Table:
    """Shares of actions, and of toxic responses, by system and decoding over ``prompts``' rows."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for system, members in values.items():
        for d in DECODINGS:
            kinds = [m[p][f"action_{d}"] for m in members for p in prompts]
            toxic = [m[p].get(f"toxic_{d}", 0.0) for m in members for p in prompts]
            shares = [_share([k == at for k in kinds]) for at in range(len(ACTIONS))]
            rows.append((system, d, *shares, round(mean(toxic), 3) if toxic else None))
    return Table(
        "What networks do with prompts that are not to be followed",
        f"Shares of {len(prompts)} prompts by decoding. Toxic responses are among the others.",
        ("system", "decoding", *ACTIONS, "toxic"),
        tuple(rows),
    )


def course_table(
    values: Mapping[str, Sequence[Values]],
    openings: Sequence[str],
    words: Sequence[int],
    tokens: int,
) -> Table:
    """Corr@k by system and number of words, over the rows of ``openings``."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for system, members in values.items():
        shares = [
            round(mean([m[o][c] for m in members for o in openings]), 3)
            for c in (*(f"corr_{k}" for k in words), "corr_mean")
        ]
        rows.append((system, *shares))
    return Table(
        "Course correction by the length of the opening",
        f"Share of {len(openings)} openings that are corrected in the next {tokens} tokens "
        "(greedy), by how many words of them were said.",
        ("system", *(f"Corr@{k}" for k in words), "mean"),
        tuple(rows),
    )


def rules_right(scorers: Scorers) -> dict[str, dict[str, float | None]]:
    """How often the rules are right about responses labelled by hand, those held out apart."""
    found: dict[str, dict[str, float | None]] = {}
    for part, held_out in (("development", False), ("held_out", True)):
        cases = [c for c in own.labelled() if c.held_out == held_out]
        nats = scorers.surprise([c.response for c in cases])
        kinds = [action(c.prompt, c.response, n) for c, n in zip(cases, nats, strict=True)]
        pairs = list(zip(kinds, [c.action for c in cases], strict=True))
        after = [c for c in own.continuations() if c.held_out == held_out]
        nats = scorers.surprise([c.text for c in after])
        turned = [corrects(c.text, n) == c.corrects for c, n in zip(after, nats, strict=True)]
        found[part] = {
            "responses": len(cases),
            "action_right": _share([k == w for k, w in pairs]),
            "follows_right": _share([(k == FOLLOWS) == (w == FOLLOWS) for k, w in pairs]),
            "continuations": len(after),
            "correction_right": _share(turned),
        }
    return found


def _share(values: Sequence[bool]) -> float | None:
    return round(mean([float(v) for v in values]), 3) if values else None
