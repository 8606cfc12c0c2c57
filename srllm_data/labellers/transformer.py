"""Any transformers sequence classifier, by hub id or folder, as a labeller of one axis."""

from typing import TYPE_CHECKING, Any

from srllm_data.errors import ConfigError
from srllm_data.labellers.opinion import EMPTY, Opinion

if TYPE_CHECKING:
    from srllm_data.config import ClassifierConfig

#: Tokens that two windows of a long text share.
SHARED = 32
_BATCH = 8


class Transformer:
    """The classifier of ``config``; a text longer than its window is read in several.

    Of several windows the one furthest from the neutral end counts. Raises ConfigError where the
    model cannot be loaded, or its labels are not those of ``config.values``.
    """

    def __init__(self, config: "ClassifierConfig") -> None:
        try:
            import transformers
        except ImportError:
            raise ConfigError(
                f"label.transformers names '{config.name}', which needs transformers; run 'pip "
                "install srllm[local]', or take it off the list."
            ) from None
        self.name = config.name
        self._config = config
        named: dict[str, Any] = {"revision": config.revision} if config.revision else {}
        try:
            self._tokeniser = transformers.AutoTokenizer.from_pretrained(config.model, **named)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                config.model, **named
            )
        except (OSError, ValueError, KeyError) as error:
            said = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"label.transformers: '{config.model}' of '{config.name}' cannot be loaded as a "
                f"sequence classifier ({said}); correct its model, or take it off the list."
            ) from None
        self._model = model.eval()
        self.version = f"{config.name}-{config.revision or model.config.transformers_version}"
        labels = [str(model.config.id2label[n]) for n in range(model.config.num_labels)]
        if unknown := sorted(set(config.values) - set(labels)):
            raise ConfigError(
                f"label.transformers: '{config.name}' has no label '{unknown[0]}'; name its own "
                f"({', '.join(labels)}) under values."
            )
        self._values = [config.values.get(label, 0.0) for label in labels]
        longest = model.config.max_position_embeddings
        self._window = min(config.window, self._tokeniser.model_max_length, longest - 2)

    def opinions(self, texts: list[str]) -> list[Opinion]:
        """One opinion on each text, on the axis of the configuration."""
        import torch

        found = []
        with torch.inference_mode():
            for text in texts:
                if not any(c.isalnum() for c in text):
                    found.append(EMPTY)
                    continue
                scores: list[float] = []
                for batch in self._batches(text):
                    logits = self._model(**batch).logits
                    # One label is a probability of its own; several share one.
                    shares = logits.softmax(-1) if logits.shape[1] > 1 else logits.sigmoid()
                    scores += (shares @ torch.tensor(self._values)).tolist()
                found.append(Opinion("answered", {self._config.axis: self._calibrated(scores)}))
        return found

    def _calibrated(self, scores: list[float]) -> float:
        from srllm_data.labellers.combine import platt

        score = max(scores, key=abs)
        if self._config.axis == "sentiment":
            return round(min(1.0, max(-1.0, score)), 4)
        return round(platt(min(1.0, max(0.0, score)), *self._config.calibration), 4)

    def _batches(self, text: str) -> list[Any]:
        read = self._tokeniser(
            text,
            truncation=True,
            max_length=self._window,
            stride=min(SHARED, self._window // 4),
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        names = [n for n in self._tokeniser.model_input_names if n in read]
        windows = len(read["input_ids"])
        return [
            {n: read[n][first : first + _BATCH] for n in names}
            for first in range(0, windows, _BATCH)
        ]
