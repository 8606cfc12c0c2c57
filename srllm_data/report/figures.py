"""Which plots a page has, and what each says in words."""

from typing import Any

from srllm_data.report.plots import Line, Plot, Shift, bars, histogram, shifts

#: Bars of one plot; the table beside it has all.
MOST_BARS = 15


def figures(run: dict[str, Any], content: dict[str, Any]) -> dict[str, Plot]:
    """The plots by name; those of sections without rows are left out."""
    found = [
        _funnel(run, content["gathered"]),
        *_acceptance(content["acceptance"]),
        _gates(content["gates"]),
        *_scores(content["scores"]),
        *_balance(content["balance"]),
        _drift(content["drift"]),
    ]
    return {plot.name: plot for plot in found if plot}


def _funnel(run: dict[str, Any], gathered: int) -> Plot | None:
    if not gathered:
        return None
    lines = []
    for stage in run["funnel"]:
        ended: dict[str, int] = {}
        for d in stage["dropped"]:
            ended[d["disposition"]] = ended.get(d["disposition"], 0) + d["rows"]
        dropped = f", {stage['rows_dropped']:,} dropped" if stage["rows_dropped"] else ""
        lines.append(
            Line(
                stage["stage"],
                f"{stage['rows_kept']:,} kept{dropped}",
                [("kept", stage["rows_kept"]), *ended.items()],
            )
        )
    ends = dict.fromkeys(colour for line in lines for colour, _ in line.pieces)
    said = "; ".join(f"{line.label}: {line.value}" for line in lines)
    return bars(
        "plot-funnel",
        "Rows by stage",
        f"Of {gathered:,} gathered rows, each stage keeps some and drops others. {said}.",
        lines,
        gathered,
        [(end, end) for end in ends],
    )


def _acceptance(acceptance: dict[str, Any] | None) -> list[Plot]:
    if not acceptance or not acceptance["all"]:
        return []
    found = []
    for what, groups in acceptance["tables"]:
        lines = []
        for value, ends in groups[:MOST_BARS]:
            whole = ends.total()
            lines.append(
                Line(
                    value if what == "source" else value.replace("_", " "),
                    f"{_percent(ends['accepted'] / whole)} of {whole:,} accepted",
                    [(end, ends[end] / whole) for end in acceptance["ends"]],
                )
            )
        said = "; ".join(f"{line.label}: {line.value}" for line in lines)
        found.append(
            bars(
                f"plot-acceptance-{what.replace(' ', '-')}",
                f"Accepted, held and rejected by {what}",
                f"Shares of the rows that needed a rewrite, the largest {what} first. {said}.",
                lines,
                1,
                [(end, end) for end in acceptance["ends"]],
            )
        )
    return found


def _gates(gates: dict[str, Any] | None) -> Plot | None:
    if not gates or not gates["failed"]:
        return None
    ends = {"hold": "held", "reject": "rejected"}
    lines = [
        Line(name.replace("_", " "), f"{rows:,}, {verdict}", [(ends[verdict], rows)])
        for name, verdict, rows in gates["failed"][:MOST_BARS]
    ]
    said = "; ".join(f"{line.label} {line.value}" for line in lines)
    return bars(
        "plot-gates",
        "Gates that rewrites fail",
        f"Rewrites that fail a gate, and whether it holds or rejects them. {said}.",
        lines,
        gates["failed"][0][2],
        [("held", "a curator decides (hold)"), ("rejected", "out (reject)")],
    )


def _scores(scores: dict[str, Any] | None) -> list[Plot]:
    if not scores or not scores["rows"]:
        return []
    found = []
    for axis in scores["axes"]:
        name = axis["name"]
        found.append(
            histogram(
                f"plot-{name}",
                f"{name.capitalize()} of text and rewrite",
                f"The median {name} score falls from {axis['before_median']:.2f} in the texts to "
                f"{axis['after_median']:.2f} in their rewrites. {axis['over']:,} of "
                f"{axis['rows']:,} rewrites are over the limit of {axis['limit']:g}.",
                scores["edges"],
                axis["before"],
                axis["after"],
                axis["limit"],
                f"{name} score (rows in steps of 0.05)",
            )
        )
    return found


def _balance(balance: dict[str, Any] | None) -> list[Plot]:
    if not balance or not balance["before"]:
        return []
    groups = []
    for name, lines in balance["axes"]:
        shown = [
            Shift(
                value.replace("_", " "),
                then / balance["before"],
                now / balance["after"] if balance["after"] else None,
            )
            for value, then, now in lines
        ]
        groups.append((name, shown))
    found = []
    for name, title, some in (
        ("plot-labels", "Balance of labels", groups[:-1]),
        ("plot-groups", "Balance of target groups", [("", groups[-1][1])]),
    ):
        told = [(f"{head} {s.label}".strip(), s) for head, lines in some for s in lines]
        if balance["after"]:
            moved = sorted(told, key=lambda t: -abs((t[1].after or 0) - t[1].before))[:3]
            said = "; ".join(
                f"{what}: {_percent(s.before)} to {_percent(s.after or 0)}" for what, s in moved
            )
            says = f"Shares of labelled rows and of rows of the release. Largest changes: {said}."
        else:
            most = sorted(told, key=lambda t: -t[1].before)[:3]
            said = "; ".join(f"{what}: {_percent(s.before)}" for what, s in most)
            says = f"Shares of labelled rows. Largest: {said}."
        found.append(shifts(name, title, says, some))
    return found


def _drift(drift: dict[str, Any] | None) -> Plot | None:
    if not drift or not drift["axes"]:
        return None
    lines = [
        Line(a["name"].replace("_", " "), f"{a['value']:.3f}, {a['word']}", [("kept", a["value"])])
        for a in drift["axes"]
    ]
    most = max(drift["limits"][-1] * 2, drift["axes"][0]["value"])
    said = "; ".join(f"{line.label} {line.value}" for line in lines)
    return bars(
        "plot-drift",
        f"Drift against {drift['before']}",
        f"Jensen-Shannon divergence by axis; dotted lines at {drift['limits'][0]:g} (small) and "
        f"{drift['limits'][1]:g} (large). {said}.",
        lines,
        most,
        limits=drift["limits"],
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\u00a0%")
