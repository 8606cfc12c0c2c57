"""How the release differs from the one before it."""

from typing import Any

from srllm_data.drift import (
    SCORES,
    VALUES,
    distributions,
    divergence,
    last_release,
    released_rows,
)
from srllm_data.errors import StoreError
from srllm_data.report.tables import Tables

#: Jensen-Shannon divergences (base 2, 0 to 1) from which on drift is small, and large.
SMALL = 0.01
LARGE = 0.1

#: Shifts of shares that are named for an axis.
MOST = 3


def drift(tables: Tables) -> dict[str, Any] | None:
    """Divergence by axis and the largest shifts, the axis that moved most first.

    ``before`` is the name of the release compared with, None where this one is the first.
    None where the run has no rows to release.
    """
    if not tables.has("release"):
        return None
    own = tables.run["release"] and tables.run["release"].rsplit("/", 1)[-1]
    earlier = last_release(tables.workspace, own)
    found: dict[str, Any] = {"before": None, "error": None, "axes": [], "limits": [SMALL, LARGE]}
    if earlier is None:
        return found
    found["before"] = earlier.name
    try:
        before = distributions(released_rows(earlier))
    except StoreError as error:
        return found | {"error": str(error)}
    now = distributions(tables.kept("release", "text", *VALUES, *SCORES))
    axes: list[dict[str, Any]] = []
    for name in now.keys() & before.keys():
        then = before[name]
        value = divergence(now[name], then)
        moved = {v: now[name].get(v, 0) - then.get(v, 0) for v in {*now[name], *then}}
        shifts = sorted(moved.items(), key=lambda m: (-abs(m[1]), m[0]))
        axes.append(
            {
                "name": name,
                "value": value,
                "word": "none" if value < SMALL else "small" if value < LARGE else "large",
                "shifts": [(v, m) for v, m in shifts[:MOST] if abs(m) >= 0.0005],
            }
        )
    return found | {"axes": sorted(axes, key=lambda a: (-a["value"], a["name"]))}
