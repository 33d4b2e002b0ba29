"""The job as a trainer sees it: data, parameters, progress, checkpoints, and what it must leave behind.

    from relearn_trainers import Job

    job = Job.from_env()
    table = job.train_table()
    ...
    job.save(onnx_model, predictions, {"auc": 0.7})

Only `train_table`, `sample_table` and `save` need a package (pyarrow); the rest is the standard library.
"""

import json
import os
import platform
import sys


class JobError(Exception):
    """The trainer cannot go on; the message is for the person who wrote the definition."""


class Job:
    """One training job. `columns` is a list of (name, column), column as in the pipeline's definition: {"type": "number", ...}."""

    def __init__(self, manifest, params, output, checkpoints, progress):
        self.run = manifest["run"]
        self.seed = manifest["seed"]
        self.params = params
        self.columns = [(item["name"], item["column"]) for item in manifest["columns"]]
        self.label = manifest["label"]["column"]
        self.task = manifest["label"]["task"]
        self.classes = manifest["label"]["classes"]
        self.output = output
        self.checkpoints = checkpoints
        self._inputs = manifest["inputs"]
        self._progress = progress

    @classmethod
    def from_env(cls, env=None):
        env = os.environ if env is None else env
        if "RELEARN_INPUT_MANIFEST" not in env:
            raise JobError("RELEARN_INPUT_MANIFEST is not set: start this program as a pipeline's trainer.command")
        return cls(
            read_json(env["RELEARN_INPUT_MANIFEST"]), read_json(env["RELEARN_PARAMS"]),
            env["RELEARN_OUTPUT_DIR"], env["RELEARN_CHECKPOINT_DIR"], env["RELEARN_PROGRESS"],
        )

    def train_files(self):
        """Paths of the training partitions, oldest day first."""
        return [item["file"] for item in self._inputs if item["path"].startswith("train/")]

    def sample_file(self):
        return next((item["file"] for item in self._inputs if item["path"].startswith("sample/")), None)

    def train_tables(self):
        """Each training partition as a pyarrow.Table, oldest first, one in memory at a time."""
        return (read_parquet(path) for path in self.train_files())

    def train_table(self):
        """All training rows as one pyarrow.Table, oldest day first."""
        import pyarrow

        tables = [table for table in self.train_tables() if table.num_rows]
        if not tables:
            raise JobError("the training window has no rows")
        return pyarrow.concat_tables(tables, promote_options="permissive")

    def sample_table(self):
        """The rows on which the trainer's own predictions are due, in the order they are due."""
        path = self.sample_file()
        if path is None:
            raise JobError("this job has no sample/sample.parquet")
        return read_parquet(path)

    def progress(self, share=None, remaining_seconds=None, message=None, step=None, **metrics):
        """Says how far the job is: `share` of the work done from 0 to 1, and current figures by name."""
        line = {
            "progressPercentage": None if share is None else round(100 * min(max(share, 0), 1), 2),
            "estimatedRemainingSeconds": remaining_seconds, "message": message, "step": step,
            "metrics": [{"name": name, "value": float(value)} for name, value in metrics.items()] or None,
        }
        with open(self._progress, "a") as file:
            file.write(json.dumps({name: value for name, value in line.items() if value is not None}) + "\n")

    def checkpoint(self, content, name="checkpoint"):
        """Keeps bytes, or a file's content, for the next attempt should this one die. Whole or not at all."""
        if not isinstance(content, (bytes, bytearray)):
            with open(content, "rb") as file:
                content = file.read()
        write_whole(os.path.join(self.checkpoints, name), content)

    def last_checkpoint(self, name="checkpoint"):
        """The bytes of the newest checkpoint, or None on a first attempt."""
        try:
            with open(os.path.join(self.checkpoints, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def save(self, onnx_model, predictions, metrics, packages=()):
        """Writes model.onnx, predictions.parquet, metrics.json and environment.json.

        `onnx_model`: bytes or an onnx.ModelProto. `predictions`: for a classification an array [rows, classes] of scores, for a
        regression [rows] of values, in the order of the sample and computed without the ONNX file, so that the two can be compared.
        """
        model = onnx_model if isinstance(onnx_model, (bytes, bytearray)) else onnx_model.SerializeToString(deterministic=True)
        write_predictions(os.path.join(self.output, "predictions.parquet"), predictions, self.task)
        self._save_json("metrics.json", {name: float(value) for name, value in metrics.items()})
        self._save_json("environment.json", environment(packages))
        write_whole(os.path.join(self.output, "model.onnx"), model)

    def _save_json(self, name, value):
        write_whole(os.path.join(self.output, name), json.dumps(value, indent=1, sort_keys=True).encode())


def write_predictions(path, predictions, task):
    """`score_0 ... score_<k-1>` in class order, or `value`; one row a sample row, doubles."""
    import pyarrow
    import pyarrow.parquet

    columns = predictions.T if task != "regression" else [predictions.reshape(-1)]
    names = ["score_%d" % i for i in range(len(columns))] if task != "regression" else ["value"]
    table = pyarrow.table({name: pyarrow.array(column, pyarrow.float64()) for name, column in zip(names, columns)})
    pyarrow.parquet.write_table(table, path + ".tmp")
    os.replace(path + ".tmp", path)


def environment(packages):
    """Python, platform, and the versions of packages by distribution name."""
    # It costs more to import than the wrapper takes for a whole small job.
    from importlib import metadata

    found = {"python": platform.python_version(), "platform": "%s-%s" % (sys.platform, platform.machine())}
    for name in ("pyarrow", "numpy", "onnx", *packages):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return found


def read_parquet(path):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path, use_threads=False, memory_map=True)


def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_whole(path, content):
    with open(path + ".tmp", "wb") as file:
        file.write(content)
    os.replace(path + ".tmp", path)
