"""Texts as they may leave this machine: without personal data."""

import re
from collections.abc import Sequence
from pathlib import Path

from srllm_data.personal_data import PLACEHOLDER
from srllm_data.redact import redactions
from srllm_data.workspace import digest
from srllm_train.evaluation.bench import Bench

#: Letters from which on a part of a name stands for the person.
_PART = 3


def masked(bench: Bench, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each text and a rewrite of it with personal data as placeholders, the same one in both.

    What is redacted in the text is redacted in the rewrite too, also where it would not be found
    there. Raises ConfigError as the redact stage does.
    """
    from srllm_data.stages import components
    from srllm_data.workspace import Workspace

    config = bench.config.redact

    def compute(some: list[list[str]]) -> list[list[str]]:
        texts = list(dict.fromkeys(text for text, _ in some))
        told = dict(zip(texts, redactions(texts, config), strict=True))
        # Placeholders that are there already are not given to anything else.
        tails = ["\n" + " ".join(m[0] for m in PLACEHOLDER.finditer(told[t][0])) for t, _ in some]
        known = [_known(other, told[text][1]) for text, other in some]
        given = [other + tail for other, tail in zip(known, tails, strict=True)]
        others = [redacted for redacted, _ in redactions(given, config)]
        return [
            [told[text][0], other.removesuffix(tail)]
            for (text, _), other, tail in zip(some, others, tails, strict=True)
        ]

    workspace = Workspace(Path(bench.config.workspace))
    found = bench.cache.many(
        "masked",
        digest(components("redact", bench.config, workspace, None)),
        [list(pair) for pair in pairs],
        compute,
        says="redaction",
    )
    return [(text, other) for text, other in found]


def _known(text: str, mentions: Sequence[tuple[str, str, str]]) -> str:
    """``text`` with what is mentioned as placeholder, type and surface replaced."""
    names: dict[str, str] = {}
    for placeholder, kind, surface in mentions:
        names.setdefault(surface, placeholder)
        for part in surface.split() if kind == "PERSON" else ():
            if len(part) >= _PART and part[0].isupper():
                names.setdefault(part, placeholder)
    if not names:
        return text
    longest = sorted(names, key=lambda name: (-len(name), name))
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)"
    return re.sub(pattern, lambda match: names[match[0]], text)
