"""Gradient boosted trees: `python -m relearn_trainers.lightgbm`. Every parameter of LightGBM but those that Relearn sets goes through."""

import json
import os
import sys
import time

import numpy as np

from .columns import drop_unlabelled, read_label
from .contract import Job, JobError
from .scores import metrics_of
from .tree_columns import TreeColumns

PACKAGES = ("lightgbm", "scikit-learn")
OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
REGRESSIONS = ("regression", "l2", "regression_l1", "l1", "huber", "fair", "quantile", "mape")
# With their aliases: what decides repeatability, parity, or the number of trees, which is `iterations`.
FIXED = set("""
    num_class num_classes metric metrics metric_types seed random_state random_seed deterministic verbosity verbose linear_tree linear_trees
    zero_as_missing categorical_feature cat_feature categorical_column cat_column categorical_features input_model model_input model_in output_model
    data valid test task task_type config config_file boosting boosting_type boost data_sample_strategy application app objective_type loss
    num_iteration n_iter num_tree num_trees num_round num_rounds nrounds num_boost_round n_estimators max_iter
    early_stopping_round early_stopping_rounds n_iter_no_change force_row_wise force_col_wise
""".split())
OWN = {"iterations": 200, "early_stopping": 20, "validation_share": 0.1, "max_categories": 1000, "checkpoint_seconds": 15}


def train(job):
    own, params = settings(job)
    table = job.train_table()
    y, known = read_label(table, job)
    table = drop_unlabelled(table, known)
    encoder = TreeColumns(job.columns, table, own["max_categories"])
    matrix = encoder.matrix(table)
    del table
    rounds, validation = choose_rounds(job, own, params, matrix, y)
    booster = Boosting(job, params, matrix, y, "all", 0.5 if validation else 0.0, own).run(rounds)
    from .lightgbm_onnx import to_onnx, predict

    model = to_onnx(booster, encoder, job)
    metrics = {"iterations": rounds, "rows": len(y), **prefixed("train_", metrics_of(job.task, y, predict(booster, matrix, job.task)))}
    sample = predict(booster, encoder.matrix(job.sample_table()), job.task)
    job.save(model, sample, {**metrics, **validation}, PACKAGES)
    job.progress(1, 0, "done", **metrics)


def settings(job):
    """(own parameters, LightGBM's). Raises JobError for one that would break what Relearn promises of the model."""
    own = {name: job.params.get(name, value) for name, value in OWN.items()}
    own["iterations"] = job.params.get("num_iterations", own["iterations"])
    for name, value in own.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise JobError("params.%s is %r; it must be a number of at least 0" % (name, value))
    given = {name: value for name, value in job.params.items() if name not in OWN}
    for name in sorted(FIXED & given.keys()):
        raise JobError("params.%s is set by Relearn itself or by iterations and early_stopping; leave it out" % name)
    objective = given.pop("objective", OBJECTIVES[job.task])
    allowed = REGRESSIONS if job.task == "regression" else (OBJECTIVES[job.task],)
    if objective not in allowed:
        raise JobError("params.objective is %r; for this task it can be %s" % (objective, ", ".join(allowed)))
    given.pop("num_iterations", None)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    params = {
        "num_threads": cores, "num_leaves": 63, "learning_rate": 0.06, "min_data_in_leaf": 50,
        **given, "objective": objective, "seed": job.seed % (1 << 31), "deterministic": True, "force_row_wise": True, "verbosity": -1, "metric": "None",
    }
    return own, {**params, "num_class": len(job.classes)} if job.task == "multiclass" and job.classes else params


def choose_rounds(job, own, params, matrix, y):
    """How many trees: by early stopping on the newest rows, which a second training then uses too. (rounds, validation metrics)"""
    cut = len(y) - int(len(y) * own["validation_share"])
    if not 50 <= cut <= len(y) - 50 or job.task != "regression" and len(np.unique(y[:cut])) < len(np.unique(y)):
        return int(own["iterations"]), {}
    boosting = Boosting(job, params, matrix[:cut], y[:cut], "head", 0.0, own, (matrix[cut:], y[cut:]))
    booster = boosting.run(int(own["iterations"]), int(own["early_stopping"]))
    from .lightgbm_onnx import predict

    rounds = boosting.best[1] if own["early_stopping"] else int(own["iterations"])
    return rounds, prefixed("validation_", metrics_of(job.task, y[cut:], predict(booster, matrix[cut:], job.task, rounds)))


class Boosting:
    """One training of one phase, which can be left and taken up again at any iteration."""

    def __init__(self, job, params, matrix, y, phase, share, own, held_out=None):
        import lightgbm

        self.lightgbm, self.job, self.params, self.own = lightgbm, job, params, own
        self.phase, self.share, self.held_out = phase, share, held_out
        if job.task == "multiclass":
            self.params = {**params, "num_class": len(job.classes)}
        self.data = lightgbm.Dataset(matrix, label=y, params=self.params, free_raw_data=False)
        self.best = (None, 0)
        self.started = self.saved = time.monotonic()

    def run(self, rounds, patience=0):
        done, text = self._resume()
        if done >= rounds or self._exhausted(done, patience):
            return self.lightgbm.Booster(model_str=text)
        before = self.lightgbm.Booster(model_str=text) if text else None
        first = done

        def after(env):
            nonlocal done
            done = first + env.iteration - env.begin_iteration + 1
            score = env.evaluation_result_list[0][2] if env.evaluation_result_list else None
            if score is not None and (self.best[0] is None or score < self.best[0]):
                self.best = (score, done)
            self._report(done, first, rounds, score)
            self._keep(done, env.model)
            if self._exhausted(done, patience):
                raise self.lightgbm.callback.EarlyStopException(done - 1, env.evaluation_result_list)

        valid = [self.lightgbm.Dataset(self.held_out[0], label=self.held_out[1], reference=self.data, free_raw_data=False)] if self.held_out else None
        params = {**self.params, "metric": validation_metric(self.job.task, self.params)} if self.held_out else self.params
        booster = self.lightgbm.train(params, self.data, rounds - done, valid_sets=valid, init_model=before, callbacks=[after], keep_training_booster=True)
        self._keep(done, booster, True)
        booster.best_iteration = -1
        return booster

    def _exhausted(self, done, patience):
        return bool(patience and self.best[1] and done - self.best[1] >= patience)

    def _resume(self):
        """(iterations done, model) of this phase's checkpoint; (0, None) without one."""
        try:
            kept = json.loads(self.job.last_checkpoint(self.phase + ".json") or "{}")
        except ValueError:
            return 0, None
        if kept.get("rows") != self.data.get_label().shape[0] or kept.get("params") != self.params:
            return 0, None
        self.best = tuple(kept["best"])
        return kept["done"], kept["model"]

    def _keep(self, done, booster, at_once=False):
        now = time.monotonic()
        if at_once or now - self.saved >= self.own["checkpoint_seconds"]:
            text = booster.model_to_string(num_iteration=-1)
            kept = {"rows": self.data.num_data(), "params": self.params, "done": done, "best": self.best, "model": text}
            self.job.checkpoint(json.dumps(kept).encode(), self.phase + ".json")
            self.saved = now

    def _report(self, done, first, rounds, score):
        span = 1 - self.share if self.share else 0.5 if self.held_out else 1
        elapsed = time.monotonic() - self.started
        left = elapsed / max(done - first, 1) * (rounds - done)
        figures = {} if score is None else {"validation_loss": score}
        self.job.progress((self.share + span * done / rounds) * 0.98, round(left, 2), step=done, message="boosting (%s rows)" % self.phase, **figures)


def validation_metric(task, params):
    return {"binary": "binary_logloss", "multiclass": "multi_logloss"}.get(task) or ("l2" if params["objective"] == "regression" else params["objective"])


def prefixed(prefix, metrics):
    return {prefix + name: value for name, value in metrics.items()}


def main():
    try:
        train(Job.from_env())
    except JobError as error:
        print("lightgbm trainer: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
