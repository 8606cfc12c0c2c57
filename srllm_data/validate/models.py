"""Signals that models on this machine give, each only where ``validate`` names its model."""

from math import exp

from srllm_data.config import ValidateConfig
from srllm_data.local_models import files, versions


def by_models(text: str, rewrite: str, config: ValidateConfig) -> dict[str, float]:
    """What models say of ``rewrite`` against ``text``.

    similarity: cosine of their embeddings. perplexity_before, perplexity_after: of their tokens;
    perplexity_ratio: the second over the first, or, if that is more, how many times less likely
    the rewrite is for each token of the shorter of the two (the first rises where words are cut
    out, the second where they are all there in a wrong order), and the same by letters if that is
    less. entails: probability that the text
    entails the rewrite; contradicts: the higher one, over both directions, that they contradict.
    """
    signals: dict[str, float] = {}
    if config.similarity:
        from srllm_data.local_models.embedding import embed

        before, after = embed([text, rewrite], config.similarity, "validate.similarity")
        signals["similarity"] = float(before @ after)
    if config.fluency:
        signals |= _perplexity(text, rewrite, config.fluency)
    if config.entailment:
        from srllm_data.local_models.entailment import entailment

        there, back = (
            entailment(a, b, config.entailment, "validate.entailment")
            for a, b in ((text, rewrite), (rewrite, text))
        )
        signals |= {"entails": there[0], "contradicts": max(there[1], back[1])}
    return signals


def _perplexity(text: str, rewrite: str, model: str) -> dict[str, float]:
    from srllm_data.local_models.language_model import surprise

    (before, tokens), (after, tokens_after) = (
        surprise(t, model, "validate.fluency") for t in (text, rewrite)
    )
    # By token and by letter: a rare word of many sure tokens makes a text look fluent by token.
    letters, letters_after = (sum(c.isalnum() for c in t) for t in (text, rewrite))
    rise = min(
        _rise(before, tokens, after, tokens_after),
        _rise(before, letters, after, letters_after) * letters / max(1, tokens),
    )
    return {
        "perplexity_before": exp(before / max(1, tokens)),
        "perplexity_after": exp(after / max(1, tokens_after)),
        "perplexity_ratio": exp(min(rise, 20.0)),
    }


def _rise(before: float, length: int, after: float, length_after: int) -> float:
    """Nats by which one unit of length became less likely."""
    shorter = max(1, min(length, length_after))
    return max(after / max(1, length_after) - before / max(1, length), (after - before) / shorter)


def assets(config: ValidateConfig) -> dict[str, str]:
    """What these signals depend on, by name: versions of libraries and digests of model files."""
    named = [m for m in (config.similarity, config.fluency, config.entailment) if m]
    found = versions() if named else {}
    for model in named:
        found |= files(model)
    return found
