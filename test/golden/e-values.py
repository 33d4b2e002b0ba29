"""Writes e-values.json: values of SciPy that stats/beta.ts and stats/e-values.ts must agree with. Needs scipy; run by hand."""
import json, math, pathlib, random
import numpy as np
import scipy
from scipy.special import betaln, gammaln
from scipy.stats import beta, betabinom, binom
from scipy.optimize import minimize_scalar

random.seed(1)
gammas = [{"x": x, "logGamma": float(gammaln(x))} for x in (1e-3, 0.5, 1, 2.5, 7.9, 8.1, 100.25, 1e4, 1e7)]
tails = []
for a, b in ((0.5, 0.5), (0.5, 200.5), (3.5, 997.5), (40.5, 960.5), (2000.5, 98000.5), (5, 2)):
    for x in (1e-4, 0.01, 0.05, 0.5, 0.9):
        tails.append({"a": a, "b": b, "x": x, "below": float(beta.logcdf(x, a, b)), "above": float(beta.logsf(x, a, b))})
tails = [t for t in tails if all(math.isfinite(t[k]) and t[k] > -600 for k in ("below", "above"))]

rates = []
for limit in (0.001, 0.01, 0.5):
    for n in (0, 1, 20, 500, 20000):
        for h in sorted({0, min(n, 1), int(n * limit), int(n * limit * 3), n // 2}):
            if h > n: continue
            # beta-binomial over binomial, the prior cut off at the limit
            log_e = betabinom.logpmf(h, n, 0.5, 0.5) - binom.logpmf(h, n, limit) + beta.logsf(limit, 0.5 + h, 0.5 + n - h) - beta.logsf(limit, 0.5, 0.5)
            if math.isfinite(log_e): rates.append({"hits": h, "n": n, "limit": limit, "logE": float(log_e)})

samples = []
for share in (0.05, 0.25, 0.5):
    for cells in (2, 7, 20):
        for moved in (0, 1):
            counts = []
            for k in range(cells):
                both = random.randint(0, 400)
                p = share * (1 + moved * random.uniform(-0.8, 0.8))
                counts.append({"candidate": sum(random.random() < p for _ in range(both)), "both": both})
            a, b = 10 * share, 10 * (1 - share)
            bets = sum(betaln(a + c["candidate"], b + c["both"] - c["candidate"]) - betaln(a, b) for c in counts)
            x, n = sum(c["candidate"] for c in counts), sum(c["both"] for c in counts)
            best = -minimize_scalar(lambda q: -(x * math.log(q) + (n - x) * math.log1p(-q)), bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}).fun
            samples.append({"cells": counts, "share": share, "logE": float(bets - best)})
out = {"scipy": scipy.__version__, "gammas": gammas, "tails": tails, "rates": rates, "samples": samples}
pathlib.Path(__file__).with_name("e-values.json").write_text(json.dumps(out, indent=1) + "\n")
