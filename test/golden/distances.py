"""Writes distances.json: values of SciPy that the tests of stats/ must agree with. Needs scipy; run by hand."""
import json, pathlib, random
import scipy
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import ks_2samp

random.seed(1)
cases = []
for bins in (2, 5, 20, 60):
    for size in (50, 5000):
        weights = [random.random() ** 2 for _ in range(bins)]
        drifted = [w * random.uniform(0.3, 3) for w in weights]
        draw = lambda w: random.choices(range(bins), w, k=size)
        a, b = draw(weights), draw(drifted)
        p, q = ([x.count(i) for i in range(bins)] for x in (a, b))
        floor = lambda c: [max(n / sum(c), 1e-4) for n in c]
        fp, fq = floor(p), floor(q)
        cases.append({
            "reference": p, "current": q,
            "jensenShannon": float(jensenshannon(p, q, base=2)),
            "psi": float(sum(rel_entr(fq, fp)) + sum(rel_entr(fp, fq)) - 0.0),
            "kolmogorovSmirnov": float(ks_2samp(a, b, method="asymp").statistic),
        })
out = {"scipy": scipy.__version__, "cases": cases}
pathlib.Path(__file__).with_name("distances.json").write_text(json.dumps(out, indent=1) + "\n")
