"""Progress lines of a trainer, read as they come and made safe to publish (the shape of Kubeflow's trainerStatus)."""

import json
import math
import os
import stat

LONGEST_LINE = 64 << 10
LONGEST_HISTORY = 2 << 20
MOST_METRICS = 100


class ProgressFile:
    """Follows the file named by RELEARN_PROGRESS. Broken lines are counted and left out, never raised."""

    def __init__(self, path):
        self._path = path
        self._offset = 0
        self._rest = b""
        self._bytes = 0
        self.history = []
        self.latest = None
        self.refused = 0

    def read(self):
        """Reads what is new; true when there was a good line."""
        try:
            # A pipe or a device that a trainer put here would be waited for, or never end.
            with open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return False
                file.seek(self._offset)
                chunk = file.read(1 << 20)
        except OSError:
            return False
        self._offset += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest, self.refused = b"", self.refused + 1
        return any([self._take(line) for line in lines if line.strip()])

    def _take(self, line):
        progress = clean_line(line) if len(line) <= LONGEST_LINE else None
        if progress is None:
            self.refused += 1
            return False
        self.latest = progress
        text = json.dumps(progress)
        if self._bytes + len(text) <= LONGEST_HISTORY:
            self.history.append(text)
            self._bytes += len(text) + 1
        return True


def clean_line(line):
    """The known fields of one progress line, each within its bounds; None when it is no JSON object."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    clean = {}
    for name, low, high in (("progressPercentage", 0, 100), ("estimatedRemainingSeconds", 0, 1e12), ("step", -1e15, 1e15), ("epoch", -1e15, 1e15)):
        if is_number(found.get(name)):
            clean[name] = min(max(found[name], low), high)
    if isinstance(found.get("message"), str):
        clean["message"] = found["message"][:2_000]
    if isinstance(found.get("metrics"), list):
        clean["metrics"] = [metric for metric in map(clean_metric, found["metrics"][:MOST_METRICS]) if metric]
    return clean


def clean_metric(metric):
    if isinstance(metric, dict) and isinstance(metric.get("name"), str) and is_number(metric.get("value")):
        return {"name": metric["name"][:120], "value": metric["value"]}
    return None


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300 and math.isfinite(value)
