"""The baseline: logistic regression, or ridge for a regression. `python -m relearn_trainers.linear`.

Parameters: `C` (inverse strength of the logistic penalty, 1), `alpha` (the ridge's, 1), `max_iterations` (100),
`max_categories` (200, a column), `validation_share` (0.1: the newest rows, on which a first fit is measured).
"""

import sys
import warnings

import numpy as np

from .columns import drop_unlabelled, read_label
from .contract import Job, JobError
from .graph import DOUBLE, FLOAT, Graph, classification_outputs
from .linear_columns import LinearColumns
from .scores import metrics_of

PACKAGES = ("scikit-learn", "scipy")
PARAMS = {"C": 1.0, "alpha": 1.0, "max_iterations": 100, "max_categories": 200, "validation_share": 0.1}
NEVER = -30.0


def train(job):
    params = settings(job)
    table = job.train_table()
    y, known = read_label(table, job)
    encoder = LinearColumns(job.columns, drop_unlabelled(table, known), int(params["max_categories"]))
    matrix = encoder.matrix(drop_unlabelled(table, known))
    job.progress(0.2, message="fitting the newest rows' rehearsal")
    metrics = {"rows": len(y), **validate(job, params, matrix, y)}
    job.progress(0.5, message="fitting all rows", **metrics)
    weights, offset = fit(job, params, matrix, y)
    found = metrics_of(job.task, y, predict(job, matrix, weights, offset))
    metrics.update({"train_" + name: value for name, value in found.items()})
    sample = predict(job, encoder.matrix(job.sample_table()), weights, offset)
    job.save(to_onnx(job, encoder, weights, offset), sample, metrics, PACKAGES)
    job.progress(1, 0, "done", **metrics)


def settings(job):
    unknown = sorted(job.params.keys() - PARAMS.keys())
    if unknown:
        raise JobError("params.%s is not known to this trainer; it takes %s" % (unknown[0], ", ".join(PARAMS)))
    params = {**PARAMS, **job.params}
    for name, value in params.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or name in ("C", "alpha") and value == 0:
            raise JobError("params.%s is %r; it must be a positive number" % (name, value))
    return params


def validate(job, params, matrix, y):
    """Metrics on the newest rows of a fit without them; none where there are too few."""
    cut = len(y) - int(len(y) * params["validation_share"])
    if not 50 <= cut <= len(y) - 50 or job.task != "regression" and len(np.unique(y[:cut])) < 2:
        return {}
    found = metrics_of(job.task, y[cut:], predict(job, matrix[cut:], *fit(job, params, matrix[:cut], y[:cut])))
    return {"validation_" + name: value for name, value in found.items()}


def fit(job, params, matrix, y):
    """(weights [k,outputs], offsets [outputs])."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if job.task == "regression":
        # The iterations stop at a share of the label's size, so they run on a label of size one.
        mean, spread = y.mean(), y.std() or 1.0
        model = Ridge(alpha=params["alpha"], solver="sparse_cg", tol=1e-10).fit(matrix, (y - mean) / spread)
        return model.coef_.reshape(-1, 1) * spread, np.array([model.intercept_ * spread + mean])
    model = LogisticRegression(C=params["C"], max_iter=int(params["max_iterations"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(matrix, y)
    if max(model.n_iter_) >= params["max_iterations"]:
        print("the fit stopped after %d iterations, before it settled; params.max_iterations raises that" % max(model.n_iter_))
    if job.task == "binary":
        return model.coef_.T, model.intercept_
    return spread_classes(model, len(job.classes))


def spread_classes(model, count):
    """Weights for every class, also for those that no training row has: they get next to no chance. Two fitted classes share one row."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.array([-intercepts[0], intercepts[0]]) / 2
    weights, offset = np.zeros((coefficients.shape[1], count)), np.full(count, NEVER)
    weights[:, model.classes_], offset[model.classes_] = coefficients.T, intercepts
    return weights, offset


def predict(job, matrix, weights, offset):
    """Scores [n,classes] or values [n]."""
    raw = np.asarray(matrix @ weights) + offset
    if job.task == "regression":
        return raw[:, 0]
    if job.task == "binary":
        raw = np.column_stack([np.zeros(len(raw)), raw[:, 0]])
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def to_onnx(job, encoder, weights, offset):
    graph = Graph()
    product = graph.add("MatMul", [encoder.nodes(graph), graph.constant(DOUBLE, list(weights.shape), weights.reshape(-1))])
    raw = graph.add("Add", [product, graph.constant(DOUBLE, [len(offset)], offset)])
    if job.task == "regression":
        return graph.model([(graph.cast(raw, FLOAT), "value", FLOAT, 1)], {"task": job.task})
    return graph.model(classification_outputs(graph, raw, job), {"task": job.task, "classes": "\n".join(job.classes or ["0", "1"])})


def main():
    try:
        train(Job.from_env())
    except JobError as error:
        print("linear trainer: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
