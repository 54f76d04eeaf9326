"""The results of the runs as Markdown: every run, and `suite` beside its best peer."""

import math

OURS = "suite"
LEAST_COVERED = 0.94
"""A peer counts as one that traced the path if both sides have this share of the energy drop."""
HEAD = [
    "case",
    "program",
    "setting",
    "gradients",
    "Hessians",
    "with Hessians at 6N",
    "frames to reference",
    "reference to path",
    "drop rev / fwd",
    "reached rev / fwd",
    "s",
    "message",
]
BESIDE = [
    "case",
    "suite",
    "gradients",
    "of these for the ends",
    "error",
    "best peer at the same or smaller error",
    "ratio",
    "the same with Hessians at 6N",
    "ratio",
]
HONEST = [
    "case",
    "suite",
    "true error",
    "error of the reference",
    "below the asked",
    "largest estimate",
    "true error inside it",
    "share of frames inside their own",
]


def _number(value, form):
    return "-" if value is None else format(value, form)


def _sides(values, form):
    return " / ".join(form(values[side]) for side in ("reverse", "forward")) if values else "-"


def cells(row):
    """One run as the cells of its line."""
    return [
        row["case"],
        row["program"],
        row["setting"] + (" (default)" if row.get("default") else ""),
        _number(row.get("gradients"), "d"),
        _number(row.get("hessians"), "d"),
        _number(row.get("gradients_with_hessians"), "d"),
        _number(row.get("max_distance"), ".4f"),
        _number(row.get("reference_to_path"), ".4f"),
        _sides(row.get("energy_drop_covered"), lambda value: f"{value:.3f}"),
        _sides(row.get("reached"), lambda value: "yes" if value else "no"),
        _number(row.get("seconds"), ".0f"),
        row.get("message", "")[:80].replace("|", "/"),
    ]


def line(row):
    return "| " + " | ".join(cells(row)) + " |"


def _table(head, rows):
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *rows])


def error(row):
    """The error a run is judged by: a peer's frames alone, for `suite` the larger of the two."""
    if row.get("max_distance") is None:
        return math.inf
    both = [row["max_distance"]]
    if row["program"] == OURS:
        both.append(row["reference_to_path"] or math.inf)
    return max(both)


def traced(row):
    """Whether both sides were followed far enough to be compared."""
    covered = row.get("energy_drop_covered")
    return bool(covered) and min(covered.values()) >= LEAST_COVERED


def best_peer(rows, limit, price="gradients"):
    """The cheapest run of another program with an error at or below a limit, None without one."""
    peers = [row for row in rows if row["program"] != OURS and traced(row) and error(row) <= limit]
    return min(peers, key=lambda row: row[price], default=None)


def most_exact(rows, price="gradients"):
    """The cheapest of the most exact runs of other programs, those within a tenth of the least
    error, None without one. A run that raised is not one: it spends much and proves little."""
    peers = [row for row in rows if row["program"] != OURS and traced(row) and not _raised(row)]
    least = min((error(row) for row in peers), default=None)
    peers = [row for row in peers if error(row) <= 1.1 * least]
    return min(peers, key=lambda row: row[price], default=None)


def _raised(row):
    return any(word in row["message"] for word in ("Error", "Failure", "Failed"))


def ratio(rows, row, price):
    """A run of `suite` over its best peer: the peer in words, the ratio, whether it is a bound.

    Where no peer is as exact the ratio is that to the most exact one, which would have to spend
    more to be as exact: the true ratio is smaller.
    """
    peer = best_peer(rows, error(row), price)
    bound = peer is None
    peer = most_exact(rows, price) if bound else peer
    if peer is None or not traced(row):
        return "-", None, False
    words = f"{peer[price]} ({peer['program']}, {peer['setting']}; {error(peer):.4f})"
    return ("none as exact; " if bound else "") + words, row[price] / peer[price], bound


def comparison(rows):
    """`suite` at each accuracy beside the best peer at the same or smaller error, one case."""
    lines = []
    for row in (row for row in rows if row["program"] == OURS):
        found = []
        for price in ("gradients", "gradients_with_hessians"):
            words, value, bound = ratio(rows, row, price)
            found += [words, "-" if value is None else f"{'< ' if bound else ''}{value:.2f}"]
        by_task = (row.get("suite") or {}).get("gradients_by_task") or {}
        ends, spent = _number(by_task.get("ends"), "d"), _number(row.get("gradients"), "d")
        about = [row["case"], row["setting"], spent, ends, f"{error(row):.4f}"]
        lines.append([*about, *found])
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def goal(by_case):
    """In how many cases `suite` at its default needs a third of the best peer's gradients."""
    found = [
        ratio(rows, row, "gradients")
        for rows in by_case.values()
        for row in rows
        if row["program"] == OURS and row.get("default")
    ]
    parts = []
    for bound, what in ((False, "a peer is as exact"), (True, "none is, and the ratio is a bound")):
        values = [value for _, value, is_bound in found if value is not None and is_bound == bound]
        reached = sum(value <= 1.0 / 3.0 for value in values)
        parts.append(f"{reached} of {len(values)} where {what}")
    return f"At the default at most a third of the best peer's gradients: {'; '.join(parts)}."


def arrivals(rows):
    """Sides of a case where some peer arrived and `suite` at its default did not."""
    ours = [row for row in rows if row["program"] == OURS and row.get("default")]
    found = []
    for side in ("reverse", "forward"):
        there = [row for row in rows if row["program"] != OURS and _reached(row, side)]
        if there and ours and not _reached(ours[0], side):
            programs = sorted({row["program"] for row in there})
            found.append(f"{ours[0]['case']}, {side}: {', '.join(programs)}")
    return found


def _reached(row, side):
    return bool((row.get("reached") or {}).get(side))


def _below(row, limit):
    """Whether a true error is below a limit; "open" where the reference is not known so well."""
    if error(row) <= limit:
        return "yes"
    return "open" if error(row) - row["reference_error"] <= limit else "no"


def honesty(rows):
    """The promise and the estimate of `suite`'s runs: whether true errors are inside them."""
    lines = []
    for row in (row for row in rows if row["program"] == OURS and row.get("suite")):
        estimates = row["suite"]["error_estimate"]
        pairs = [
            (true, estimate)
            for true, estimate in zip(row["distances"], estimates, strict=True)
            if true is not None
        ]
        within = sum(true <= estimate for true, estimate in pairs) / max(len(pairs), 1)
        asked, largest = float(row["setting"].split()[-1]), max(estimates)
        about = [row["case"], row["setting"], f"{error(row):.4f}", f"{row['reference_error']:.0e}"]
        judged = [_below(row, asked), f"{largest:.4f}", _below(row, largest), f"{within:.2f}"]
        lines.append([*about, *judged])
    return lines


def _tally(answers):
    return ", ".join(f"{answers.count(word)} {word}" for word in ("yes", "open", "no"))


def report(rows):
    """All tables in Markdown."""
    cases = sorted({row["case"] for row in rows})
    by_case = {case: [row for row in rows if row["case"] == case] for case in cases}
    beside = [one for case in cases for one in comparison(by_case[case])]
    honest = honesty(rows)
    late = [one for case in cases for one in arrivals(by_case[case])]
    parts = [
        "## Every run\n",
        _table(HEAD, [line(row) for case in cases for row in by_case[case]]),
        "\n## suite beside the best peer at the same or smaller error\n",
        _table(BESIDE, beside),
        "\n" + goal(by_case),
        "\n## The promise and the estimate\n",
        _table(
            HONEST,
            ["| " + " | ".join(cells) + " |" for cells in honest],
        ),
        f"\nTrue error inside the estimate: {_tally([one[6] for one in honest])}; "
        f"below the asked accuracy: {_tally([one[4] for one in honest])}.",
        "A peer arrives and suite at its default does not: " + ("; ".join(late) or "nowhere") + ".",
    ]
    return "\n".join(parts)
