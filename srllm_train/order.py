"""The order in which rows are trained on."""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler


class ByLength(Sampler[int]):
    """Rows of like length in one batch, in an order that the seed and the epoch alone decide.

    transformers' own sampler takes its order from the global random state, which a run that goes
    on in the middle of a later epoch does not have.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths = list(lengths)
        self._batch = batch
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        from transformers.trainer_pt_utils import get_length_grouped_indices

        random = torch.Generator().manual_seed(self._seed + self._epoch)
        order: list[int] = get_length_grouped_indices(  # type: ignore[no-untyped-call]
            self._lengths, self._batch, generator=random
        )
        return iter(order)
