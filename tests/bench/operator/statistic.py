"""What is told of many measurements."""

import math
import statistics


def spread(seconds):
    ordered = sorted(seconds)

    def quantile(share):
        """The smallest that so many are not above."""
        return round(ordered[max(math.ceil(len(ordered) * share), 1) - 1], 3)

    return {"p50": round(statistics.median(ordered), 3), "p99": quantile(0.99), "max": round(ordered[-1], 3)}
