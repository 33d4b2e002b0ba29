"""Writes calibration-shift.json: the statistic of stats/calibration-shift.ts from its formula in NumPy, with SciPy's chi-square tail. Needs scipy; run by hand."""
import json, pathlib, random
import numpy as np
import scipy
from scipy.stats import chi2

def tenth(s): return np.minimum(9, np.floor(s * 10)).astype(int)

cases = []
for seed, n, flip in ((1, 400, 0.0), (2, 400, 0.1), (3, 900, 0.4)):
    rng = random.Random(seed)
    draw = lambda: round(rng.betavariate(1.2, 2.0), 3)
    old = np.array([draw() for _ in range(3000)])
    truth = np.array([rng.random() < 0.1 + 0.8 * s for s in old])
    before = [{"from": b / 10, "to": (b + 1) / 10, "rows": int(m.sum()), "predicted": float(old[m].mean()), "observed": float(truth[m].mean())} for b in range(10) if (m := tenth(old) == b).any()]
    score = np.array([draw() for _ in range(n)])
    label = np.array([(rng.random() < 0.1 + 0.8 * s) != (rng.random() < flip) for s in score])
    known = [b for b in before if b["rows"] >= 30]
    chance = np.interp(score, [b["predicted"] for b in known], [b["observed"] for b in known])
    distance = rows = x = degrees = 0
    for b in known:
        m = tenth(score) == round(b["from"] * 10)
        if m.sum() < 30: continue
        gap, r = label[m].sum() - chance[m].sum(), b["observed"]
        distance, rows, degrees = distance + abs(gap), rows + m.sum(), degrees + 1
        x += gap**2 / ((chance[m] * (1 - chance[m])).sum() + m.sum() ** 2 * r * (1 - r) / b["rows"])
    cases.append({"score": score.tolist(), "label": [int(y) for y in label], "before": before, "value": float(distance / rows), "p": float(chi2.sf(x / 2, degrees))})

out = {"versions": {"scipy": scipy.__version__, "numpy": np.__version__}, "cases": cases}
(pathlib.Path(__file__).parent / "calibration-shift.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
