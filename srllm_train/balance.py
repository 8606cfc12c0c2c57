"""How many of the rows that a model learns from are to come back unchanged."""

from dataclasses import replace

from srllm_train.pairs import Material


def balanced(material: Material, most: float) -> Material:
    """``material`` whose train split has controls for ``most`` of its rows, or fewer.

    Of more, some are left out, evenly. A release may have ten controls for every rewrite, and a
    model that learns from all of them learns to copy: trained on the sample's release, one gave
    back 245 of 261 biased texts.
    """
    rows = material.pairs["train"]
    controls = [i for i, row in enumerate(rows) if row.control]
    changed = len(rows) - len(controls)
    room = len(controls) if most == 1 else int(changed * most / (1 - most))
    if not changed or len(controls) <= room:
        return material
    kept = {controls[i * len(controls) // room] for i in range(room)}
    left = [row for i, row in enumerate(rows) if not row.control or i in kept]
    return replace(material, pairs=material.pairs | {"train": left})
