"""Jobs on made data with every column type, nulls and unseen categories, run in this process."""

import json
import os
import tempfile

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as parquet

from relearn_trainers import Job
from relearn_trainers.columns import read_column

ROOT = tempfile.TemporaryDirectory(prefix="relearn-trainers-")


def new_folder():
    """A folder that goes when the tests have ended."""
    return tempfile.mkdtemp(dir=ROOT.name)


COLUMNS = {
    "distance": {"type": "number"}, "precip": {"type": "number", "nullable": True}, "exact": {"type": "number", "wide": True},
    "never_null": {"type": "number", "nullable": True}, "stops": {"type": "integer"}, "big": {"type": "integer"},
    "carrier": {"type": "category", "nullable": True}, "note": {"type": "text", "nullable": True},
    "night": {"type": "boolean", "nullable": True}, "at": {"type": "time"}, "vector": {"type": "embedding", "size": 3},
}


def made_table(rows, seed, unseen=False):
    """Rows whose label depends on every column. `unseen` adds categories, and nulls in a column that had none in training."""
    r = np.random.default_rng(seed)
    carriers = np.array(["AA", "B6", "DL", "UA", "é'\"\\", " "] + (["??", "new"] if unseen else []))
    distance, precip, stops = r.gamma(2, 300, rows), r.normal(0, 1, rows), r.integers(0, 4, rows)
    never, carrier = r.normal(0, 1, rows), carriers[r.integers(0, len(carriers), rows)]
    at = r.integers(-10**15, 2 * 10**15, rows)
    vector = r.normal(0, 1, (rows, 3)).astype(np.float32)
    big = 10**12 + r.integers(0, 10**6, rows)
    exact = 1e9 + r.normal(0, 1, rows)
    signal = 0.002 * distance + precip + 0.5 * stops + never + (carrier == "AA") + vector[:, 0] + (big - 10**12) / 10**6 + (exact - 1e9) + ((at // 3_600_000_000) % 24 > 12)
    table = pa.table({
        "distance": pa.array(distance), "precip": pa.array(precip, mask=r.random(rows) < 0.1), "exact": exact,
        "never_null": pa.array(never, mask=(r.random(rows) < 0.1) & unseen), "stops": pa.array(stops), "big": pa.array(big),
        "carrier": pa.array(carrier, mask=r.random(rows) < 0.05), "note": pa.array(np.char.add("n", r.integers(0, 3000, rows).astype(str)), mask=r.random(rows) < 0.1),
        "night": pa.array(r.random(rows) < 0.5, mask=r.random(rows) < 0.05), "at": pa.array(at, pa.timestamp("us", "UTC")),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vector.reshape(-1)), 3),
    })
    return table, signal + r.normal(0, 0.5, rows)


def labelled(table, signal, task):
    if task == "binary":
        return table.append_column("y", pa.array(signal > np.median(signal)))
    if task == "multiclass":
        return table.append_column("y", pa.array(np.array(["low", "mid", "high"])[np.digitize(signal, np.quantile(signal, [0.3, 0.7]))]))
    return table.append_column("y", pa.array(1000 * signal))


def made_job(task, params=None, rows=4000, sample_rows=20000, columns=None, tables=None, classes=None, seed=3, checkpoints=None):
    """A Job in a temporary folder, with two training partitions."""
    folder = new_folder()
    train, sample = tables or (labelled(*made_table(rows, 1), task), made_table(sample_rows, 2, unseen=True)[0])
    half = train.num_rows // 2
    inputs = []
    for name, part in (("train/a.parquet", train.slice(0, half)), ("train/b.parquet", train.slice(half)), ("sample/sample.parquet", sample)):
        path = os.path.join(folder, name.replace("/", "-"))
        parquet.write_table(part, path)
        inputs.append({"path": name, "file": path, "rows": part.num_rows})
    os.makedirs(os.path.join(folder, "out"))
    os.makedirs(checkpoints or os.path.join(folder, "checkpoints"), exist_ok=True)
    manifest = {
        "run": "r", "seed": seed, "inputs": inputs, "label": {"column": "y", "task": task, "classes": classes},
        "columns": [{"name": name, "column": column} for name, column in (columns or COLUMNS).items()],
    }
    return Job(manifest, params or {}, os.path.join(folder, "out"), checkpoints or os.path.join(folder, "checkpoints"), os.path.join(folder, "progress.jsonl"))


def outputs(job):
    """(model bytes, predictions [rows, k], metrics)."""
    table = parquet.read_table(os.path.join(job.output, "predictions.parquet"))
    with open(os.path.join(job.output, "model.onnx"), "rb") as model, open(os.path.join(job.output, "metrics.json")) as metrics:
        return model.read(), np.column_stack([column.to_numpy() for column in table.columns]), json.load(metrics)


def feeds(job):
    table = job.sample_table()
    return {name: feed(read_column(table, name, column), column) for name, column in job.columns}


def feed(values, column):
    if column["type"] in ("category", "text"):
        return np.array(values.to_pylist(), object).reshape(-1, 1)
    return values.reshape(len(values), -1)


def run_onnx(job, model):
    """({output: array}, session) of the model on the sample."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds(job)))), session


def largest_difference(found, expected):
    """Relative to max(1, |v|), as the pipeline judges parity."""
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())
