"""A language model on this machine: how likely texts are to it, and what it writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srllm_data.local_models.chat import answers, plain_ids, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Tokens that one batch may have, padding included. On a CPU more of them are slower, since what is
#: said of each, a number for every word of the vocabulary, no longer fits its caches.
_BATCH_TOKENS = {"cpu": 512, "cuda": 16384}
#: Tokens that are read of a text.
MOST_TOKENS = 512


@dataclass(frozen=True)
class Network:
    """Tokenizer and weights; causal: whether it reads from left to right, else it fills masks."""

    tokenizer: "PreTrainedTokenizerBase"
    weights: Any
    causal: bool = True

    @property
    def chat(self) -> bool:
        """Whether it can be asked in turns."""
        return self.causal and bool(self.tokenizer.chat_template)

    def log_likelihoods(self, texts: Sequence[tuple[str, str]]) -> list[tuple[float, int]]:
        """For each (context, continuation): log-likelihood of the continuation in nats, and tokens.

        The continuation is read after the context, its own first space included; an empty context
        is a start mark. Only of causal models.
        """
        start = self.tokenizer.bos_token_id
        if start is None:
            start = self.tokenizer.eos_token_id
        read = []
        for context, continuation in texts:
            before = plain_ids(self.tokenizer, context) if context else []
            said = plain_ids(self.tokenizer, continuation)
            ids = [start, *before, *said][-MOST_TOKENS:]
            read.append((ids, min(len(said), len(ids) - 1)))
        found: list[tuple[float, int]] = [(0.0, 0)] * len(read)
        for some in _batches([len(ids) for ids, _ in read], self.weights.device.type):
            for i, logs in zip(some, self._logs([read[i][0] for i in some]), strict=True):
                count = read[i][1]
                found[i] = (float(logs[len(logs) - count :].sum()), count)
        return found

    def masked_logs(self, rows: Sequence[tuple[Sequence[int], int]]) -> list[float]:
        """For each (tokens, place): log-probability in nats of the token there if it is masked.

        Only of models that fill masks; tokens include the marks of start and end.
        """
        import torch

        mask, pad = self.tokenizer.mask_token_id, self.tokenizer.pad_token_id or 0
        found = [0.0] * len(rows)
        for some in _batches([len(ids) for ids, _ in rows], self.weights.device.type):
            width = max(len(rows[i][0]) for i in some)
            hidden = [
                [mask if n == at else token for n, token in enumerate(ids)]
                + [pad] * (width - len(ids))
                for ids, at in (rows[i] for i in some)
            ]
            there = [[int(n < len(rows[i][0])) for n in range(width)] for i in some]
            device = self.weights.device
            with torch.inference_mode():
                logits = self.weights(
                    input_ids=torch.tensor(hidden, device=device),
                    attention_mask=torch.tensor(there, device=device),
                ).logits
            for n, i in enumerate(some):
                ids, at = rows[i]
                found[i] = float(logits[n, at].double().log_softmax(-1)[ids[at]])
        return found

    def _logs(self, rows: list[list[int]]) -> list[Any]:
        """Log-probability of each token after the first, by row; padded on the right."""
        import torch

        width = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*r, *[pad] * (width - len(r))] for r in rows])
        mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows])
        ids, mask = ids.to(self.weights.device), mask.to(self.weights.device)
        with torch.inference_mode():
            logits = self.weights(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            likely = logits.gather(2, ids[:, 1:, None])[..., 0] - logits.logsumexp(-1)
        return [likely[n, : len(r) - 1].double().cpu() for n, r in enumerate(rows)]

    def generate(
        self,
        prompts: Sequence[Sequence[dict[str, str]] | str],
        limit: int,
        temperature: float = 0.0,
        seed: int = 1,
        opening: Sequence[str] | None = None,
    ) -> list[str]:
        """What follows each prompt, at most ``limit`` tokens; greedy at temperature 0.

        prompts: messages, asked through the chat template, or plain text to go on with. opening:
        the first words of each answer, already said; they are not in what is returned.
        """
        asked = []
        for i, prompt in enumerate(prompts):
            if isinstance(prompt, str):
                ids = plain_ids(self.tokenizer, prompt)
                start = self.tokenizer.bos_token_id
                ids = ids if start is None else [start, *ids]
            else:
                ids = prompt_ids(self.tokenizer, [dict(m) for m in prompt])
            if opening is not None:
                ids = ids + plain_ids(self.tokenizer, opening[i])
            asked.append(ids)
        return answers(
            self.weights,
            self.tokenizer,
            asked,
            [limit] * len(asked),
            sample=temperature or None,
            seed=seed,
        )


def _batches(lengths: Sequence[int], device: str) -> list[list[int]]:
    """Places of rows that are read together, of about the same length."""
    most = _BATCH_TOKENS.get(device, _BATCH_TOKENS["cuda"])
    found: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if found and (len(found[-1]) + 1) * lengths[i] <= most:
            found[-1].append(i)
        else:
            found.append([i])
    return found
