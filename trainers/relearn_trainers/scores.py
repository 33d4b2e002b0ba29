"""Metrics of predictions, for progress and metrics.json; the evaluator of the pipeline computes its own."""

import numpy as np


def metrics_of(task, y, predictions):
    """By name: log_loss, auc, accuracy; log_loss, accuracy; or rmse, mae, r2. `predictions`: [n,classes] or [n]."""
    if task == "regression":
        return regression_metrics(y, predictions)
    chosen = np.clip(predictions[np.arange(len(y)), y], 1e-15, 1)
    found = {"log_loss": -np.log(chosen).mean(), "accuracy": (predictions.argmax(axis=1) == y).mean()}
    if task == "binary" and y.min() != y.max():
        found["auc"] = auc(y, predictions[:, 1])
    return {name: float(value) for name, value in found.items()}


def regression_metrics(y, predictions):
    error = y - predictions
    spread = ((y - y.mean()) ** 2).mean()
    found = {"rmse": np.sqrt((error ** 2).mean()), "mae": np.abs(error).mean()}
    if spread > 0:
        found["r2"] = 1 - (error ** 2).mean() / spread
    return {name: float(value) for name, value in found.items()}


def auc(y, scores):
    """Area under the ROC curve by ranks, ties at their mean rank (Mann-Whitney U)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(y.sum())
    return (ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
