"""What a run takes of energy, by codecarbon and without a network."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def measured(country: str | None) -> Iterator[dict[str, float | None]]:
    """Yield a dict that holds energy_kwh and co2_kg when the block ends; None where unknown.

    country: three letters, for CO2. Energy is read from the hardware's counters where the system
    shows them, and estimated from its kind otherwise.
    """
    found: dict[str, float | None] = {"energy_kwh": None, "co2_kg": None}
    if find_spec("codecarbon") is None:
        yield found
        return
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").disabled = True
    tracker = OfflineEmissionsTracker(
        # It insists on a country; without one, its CO2 is not reported.
        country_iso_code=country or "CAN",
        tracking_mode="process",
        save_to_file=False,
        log_level="critical",
        allow_multiple_runs=True,
    )
    tracker.start()
    try:
        yield found
    finally:
        co2 = tracker.stop()
        if co2 is not None:
            found["energy_kwh"] = _short(tracker.final_emissions_data.energy_consumed)
            found["co2_kg"] = _short(co2) if country else None


def _short(value: float) -> float:
    """Three digits: an estimate is no better, and a short run takes little."""
    return float(f"{value:.3g}")
