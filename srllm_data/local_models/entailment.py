"""Natural language inference by any transformers classifier that knows its three labels."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_MOST_TOKENS = 512


def entailment(premise: str, hypothesis: str, model: str, setting: str) -> tuple[float, float]:
    """Probabilities that ``premise`` entails and that it contradicts ``hypothesis``.

    model: hub id or folder. Raises ConfigError, which names ``setting``, where it cannot be loaded
    or names no labels for entailment and contradiction.
    """
    import torch

    tokenizer, network, (entails, contradicts) = _load(model, setting)
    longest = min(_MOST_TOKENS, network.config.max_position_embeddings - 2)
    read = tokenizer(premise, hypothesis, truncation=True, max_length=longest, return_tensors="pt")
    with torch.inference_mode():
        shares = network(**read).logits[0].softmax(-1)
    return float(shares[entails]), float(shares[contradicts])


@lru_cache(maxsize=1)
def _load(
    model: str, setting: str
) -> "tuple[PreTrainedTokenizerBase, PreTrainedModel, tuple[int, int]]":
    try:
        import transformers
    except ImportError:
        raise ConfigError(
            f"{setting} needs transformers; run 'pip install srllm[local]', or set it to null."
        ) from None
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        network: Any = transformers.AutoModelForSequenceClassification.from_pretrained(model)
    except (OSError, ValueError, KeyError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{setting}: '{model}' cannot be loaded as a sequence classifier ({said}); name "
            f"another, or set it to null."
        ) from None
    labels = {int(at): str(name).lower() for at, name in network.config.id2label.items()}
    found = [
        next((at for at, name in labels.items() if name.startswith(kind)), None)
        for kind in ("entail", "contradict")
    ]
    if found[0] is None or found[1] is None:
        raise ConfigError(
            f"{setting}: '{model}' has no labels for entailment and contradiction "
            f"({', '.join(labels.values())}); name an NLI classifier, or set it to null."
        )
    return tokenizer, network.eval(), (found[0], found[1])
