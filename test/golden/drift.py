"""Writes drift.json: values of SciPy, river and scikit-learn that stats/chi-square.ts, benjamini-hochberg.ts, page-hinkley.ts, adwin.ts and cbpe.ts must agree with. Needs scipy, river; run by hand."""
import itertools, json, pathlib, random
import numpy as np
import river, scipy
from river.drift import PageHinkley
from river._river_rust.drift import AdaptiveWindowing
from scipy.stats import chi2, false_discovery_control

random.seed(5)
tails = [{"x": x, "degrees": k, "p": float(chi2.sf(x, k))} for k in (1, 2, 5, 21, 50, 300) for x in (0.01, 0.5, 3, 20, 21.3, 80, 400) if chi2.sf(x, k) > 1e-280]
several = []
for n in (1, 3, 20):
    p = [random.random() ** 3 for _ in range(n)] + [0.01] * (n > 1)
    several.append({"p": p, "adjusted": [float(x) for x in false_discovery_control(p)]})

rises = []
for seed, step in ((1, 0), (2, 0.15), (3, 0.4), (4, 1)):
    rng = random.Random(seed)
    stream = [float(rng.random() < 0.2 + (step if i >= 1500 else 0)) for i in range(3000)]
    detector, found = PageHinkley(mode="up"), []
    for i, x in enumerate(stream):
        detector.update(x)
        if detector.drift_detected: found.append(i)
    rises.append({"seed": seed, "stream": [int(x) for x in stream], "found": found})

cuts = []
for seed, step in ((1, 0), (2, 0.15), (3, 0.4), (4, -0.15)):
    rng = random.Random(seed)
    stream = [round(rng.random() * 0.2 + 0.3 + (step if i >= 1000 else 0), 3) for i in range(2000)]
    # Without the detector around it, which starts anew after a change: the paper goes on with what is kept.
    window, found = AdaptiveWindowing(delta=0.002, clock=32, max_buckets=5, min_window_length=5, grace_period=10), []
    for i, x in enumerate(stream):
        if window.update(x): found.append(i)
    cuts.append({"stream": stream, "found": found, "mean": window.get_total() / window.get_width(), "width": int(window.get_width())})

expected = []
for seed, n in ((1, 8), (2, 60)):
    rng = random.Random(seed)
    score = [round(rng.betavariate(0.8, 1.6), 2) for _ in range(n)]
    s, predicted = np.array(score), np.array(score) >= 0.5
    pairs = [(i, j) for i, j in itertools.permutations(range(n), 2)]
    above = sum(s[i] * (1 - s[j]) * (1 if s[i] > s[j] else 0.5 if s[i] == s[j] else 0) for i, j in pairs)
    clipped = np.clip(s, 1e-15, 1)
    expected.append({"score": score, "accuracy": float(np.where(predicted, s, 1 - s).mean()), "precision": float(s[predicted].mean()), "recall": float(s[predicted].sum() / s.sum()),
                     "log_loss": float(-(s * np.log(clipped) + (1 - s) * np.log(np.clip(1 - s, 1e-15, 1))).mean()), "auc": float(above / sum(s[i] * (1 - s[j]) for i, j in pairs))})

out = {"versions": {"scipy": scipy.__version__, "river": river.__version__}, "tails": tails, "several": several, "rises": rises, "cuts": cuts, "expected": expected}
(pathlib.Path(__file__).parent / "drift.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
