"""Golden values of stats/ for models, from scikit-learn, SciPy and the published formulas. Needs scikit-learn and scipy.

    python model-metrics.py > model-metrics.json
"""

import json

import numpy as np
from scipy import stats
from sklearn import metrics as m

rng = np.random.default_rng(11)
n = 400


def numbers(values):
    return [float(v) for v in values]


def ece(claimed, came):
    place = np.clip((claimed * 10).astype(int), 0, 9)
    return float(sum(abs((claimed - came)[place == b].sum()) for b in range(10)) / len(claimed))


def delong(label, a, b):
    """DeLong, DeLong and Clarke-Pearson 1988, equation for two curves on the same rows; returns both areas and the deviation of a - b."""
    def parts(score):
        x, y = score[label == 1], score[label == 0]
        psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
        return psi.mean(), psi.mean(axis=1), psi.mean(axis=0)

    (auc_a, va, wa), (auc_b, vb, wb) = parts(a), parts(b)
    variance = np.var(va - vb, ddof=1) / len(va) + np.var(wa - wb, ddof=1) / len(wa)
    return float(auc_a), float(auc_b), float(np.sqrt(variance))


label = rng.integers(0, 2, n)
score = np.round(np.clip(0.5 + 0.25 * (label - 0.5) + rng.normal(0, 0.25, n), 0.01, 0.99), 2)
other = np.round(np.clip(0.5 + 0.2 * (label - 0.5) + rng.normal(0, 0.25, n), 0.01, 0.99), 2)
predicted = (score > 0.5).astype(int)
auc, auc_other, deviation = delong(label, score, other)
binary = {
    "label": label.tolist(), "score": numbers(score), "other": numbers(other), "delong": {"auc": auc, "other": auc_other, "deviation": deviation},
    "metrics": {
        "auc": float(m.roc_auc_score(label, score)), "log_loss": float(m.log_loss(label, score)), "brier": float(m.brier_score_loss(label, score)), "ece": ece(score, label),
        "accuracy": float(m.accuracy_score(label, predicted)), "f1": float(m.f1_score(label, predicted)), "precision": float(m.precision_score(label, predicted)), "recall": float(m.recall_score(label, predicted)),
    },
}

kind = rng.integers(0, 3, n)
raw = rng.uniform(0.05, 1, (n, 3)) + 0.5 * np.eye(3)[kind]
share = raw / raw.sum(axis=1, keepdims=True)
top = share.argmax(axis=1)
multiclass = {
    "label": kind.tolist(), "score": numbers(share.ravel()),
    "metrics": {
        "log_loss": float(m.log_loss(kind, share)), "brier": float(((share - np.eye(3)[kind]) ** 2).sum(axis=1).mean()), "accuracy": float(m.accuracy_score(kind, top)),
        "macro_f1": float(m.f1_score(kind, top, average="macro")), "macro_auc": float(m.roc_auc_score(kind, share, multi_class="ovr")), "ece": ece(share.max(axis=1), (top == kind).astype(float)),
    },
}

y = rng.normal(10, 3, n)
value = y + rng.normal(0.2, 1, n)
regression = {
    "label": numbers(y), "score": numbers(value),
    "metrics": {
        "mae": float(m.mean_absolute_error(y, value)), "mse": float(m.mean_squared_error(y, value)), "rmse": float(m.root_mean_squared_error(y, value)),
        "r2": float(m.r2_score(y, value)), "bias": float(abs((value - y).mean())),
    },
}

quantiles = {str(p): float(stats.norm.ppf(p)) for p in (0.001, 0.02, 0.1, 0.5, 0.9, 0.975, 0.995)}
loss = np.abs(y - value)
boot = stats.bootstrap((loss,), np.mean, n_resamples=20_000, method="percentile", random_state=1).confidence_interval
interval = {"low": float(boot.low), "high": float(boot.high)}
print(json.dumps({"binary": binary, "multiclass": multiclass, "regression": regression, "normalQuantiles": quantiles, "maeInterval": interval}))
