"""The median of pairwise ratios, and how far they spread."""

import statistics


def ratios(name, pairs, *, aim=None, unit="÷", note=""):
    """A row from pairs (ours, theirs). `aim`: the largest (or, with ≥, smallest) median that is good, as text."""
    values = sorted(ours / theirs for ours, theirs in pairs)
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return {
        "name": name,
        "value": statistics.median(values),
        "spread": [values[0], quarters[0], quarters[2], values[-1]],
        "pairs": len(values),
        "ours": statistics.median(ours for ours, _ in pairs),
        "theirs": statistics.median(theirs for _, theirs in pairs),
        "unit": unit,
        "aim": aim,
        "note": note,
    }


def figure(name, values, unit, *, aim=None, note=""):
    """A row of a plain figure that was measured several times."""
    values = sorted(values)
    return {
        "name": name,
        "value": statistics.median(values),
        "spread": [values[0], values[0], values[-1], values[-1]],
        "pairs": len(values),
        "unit": unit,
        "aim": aim,
        "note": note,
    }


def good(row):
    """Whether a row keeps its aim; None when it has none."""
    if not row["aim"]:
        return None
    sign, limit = row["aim"].split()[:2]
    return row["value"] <= float(limit) if sign == "≤" else row["value"] >= float(limit)
