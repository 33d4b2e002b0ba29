"""Raw columns as arrays: how each column type of a definition is read from Arrow, as the model's ONNX inputs will hold it."""

import numpy as np

from .contract import JobError

DAY = 86_400_000_000
WEEK = 7 * DAY
YEAR = 31_556_952_000_000


def read_column(table, name, column):
    """One column as a numpy array: float32 (number, boolean), float64 (wide), int64 (integer, time), str (category, text), float32 [n,k].

    Nulls are NaN or "". Raises JobError where the type has no null, or the data is of another type.
    """
    if name not in table.column_names:
        raise JobError("column %s is not in the data; it has %s" % (name, ", ".join(table.column_names)))
    try:
        return READERS[column["type"]](table.column(name).combine_chunks(), column)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise JobError("column %s cannot be read as %s: %s" % (name, column["type"], error)) from error


def read_number(values, column):
    import pyarrow

    found = values.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found if column.get("wide") else found.astype(np.float32)


def read_integer(values, _column):
    import pyarrow

    refuse_nulls(values)
    return values.cast(pyarrow.int64()).to_numpy(zero_copy_only=False)


def read_boolean(values, _column):
    import pyarrow

    return values.cast(pyarrow.int8()).cast(pyarrow.float32()).to_numpy(zero_copy_only=False)


def read_text(values, _column):
    import pyarrow

    return values.cast(pyarrow.large_string()).fill_null("")


def read_time(values, _column):
    import pyarrow

    refuse_nulls(values)
    if pyarrow.types.is_integer(values.type):
        return values.cast(pyarrow.int64()).to_numpy(zero_copy_only=False)
    return values.cast(pyarrow.timestamp("us", getattr(values.type, "tz", None)), safe=False).cast(pyarrow.int64()).to_numpy(zero_copy_only=False)


def read_embedding(values, column):
    import pyarrow

    refuse_nulls(values)
    flat = values.flatten().cast(pyarrow.float32()).to_numpy(zero_copy_only=False)
    if len(flat) != len(values) * column["size"]:
        raise ValueError("not every list holds %d numbers" % column["size"])
    return flat.reshape(len(values), column["size"])


def refuse_nulls(values):
    if values.null_count:
        raise ValueError("%d of %d are null, which this type does not allow" % (values.null_count, len(values)))


READERS = {
    "number": read_number, "integer": read_integer, "boolean": read_boolean, "category": read_text,
    "text": read_text, "time": read_time, "embedding": read_embedding,
}


def read_label(table, job):
    """(y, known): y is 0/1, a class index, or a double; `known` marks the rows that have a label. Sets job.classes for a multiclass."""
    import pyarrow.compute as compute

    if job.label not in table.column_names:
        raise JobError("the label column %s is not in the training data" % job.label)
    values = table.column(job.label).combine_chunks()
    known = compute.is_valid(values).to_numpy(zero_copy_only=False)
    values = values.drop_null()
    if not len(values):
        raise JobError("no training row has a label in %s" % job.label)
    y = {"binary": binary_label, "multiclass": multiclass_label, "regression": regression_label}[job.task](values, job)
    if job.task != "regression" and y.min() == y.max():
        raise JobError("the label %s is the same in all %d training rows, so there is nothing to learn" % (job.label, len(y)))
    return y, known


def binary_label(values, job):
    import pyarrow

    if not (pyarrow.types.is_string(values.type) or pyarrow.types.is_large_string(values.type)):
        numbers = values.cast(pyarrow.int8() if pyarrow.types.is_boolean(values.type) else pyarrow.float64()).to_numpy(zero_copy_only=False)
        if not np.isin(numbers, (0, 1)).all():
            raise JobError("a binary label must be 0 or 1; %s also holds %r" % (job.label, numbers[~np.isin(numbers, (0, 1))][0].item()))
        return numbers.astype(np.int64)
    names = list(job.classes or ["0", "1"])
    words = {"false": 0, "true": 1, **{name: i for i, name in enumerate(names[:2])}}
    return np.array([index_of(words, value, job) for value in values.to_pylist()], np.int64)


def multiclass_label(values, job):
    import pyarrow

    texts = values.cast(pyarrow.string()).to_pylist()
    job.classes = list(job.classes or sorted(set(texts)))
    words = {name: i for i, name in enumerate(job.classes)}
    return np.array([index_of(words, text, job) for text in texts], np.int64)


def index_of(words, value, job):
    if value not in words:
        raise JobError("the label %s holds %r, which is none of its classes %s" % (job.label, value, ", ".join(words)))
    return words[value]


def regression_label(values, job):
    import pyarrow

    y = values.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
    if not np.isfinite(y).all():
        raise JobError("the label %s holds NaN or an infinity in %d rows" % (job.label, (~np.isfinite(y)).sum()))
    return y


def frequent_values(texts, most):
    """The `most` most frequent non-empty values, sorted, so that the same rows give the same codes."""
    import pyarrow.compute as compute

    counts = sorted(((-item["counts"], item["values"]) for item in compute.value_counts(texts).to_pylist() if item["values"] != ""))
    return sorted(value for _, value in counts[:most])


def codes(texts, values):
    """Index of each text in `values`; -1 for the empty and the unseen."""
    import pyarrow
    import pyarrow.compute as compute

    if not values:
        return np.full(len(texts), -1, np.int64)
    found = compute.index_in(texts, value_set=pyarrow.array(values, pyarrow.large_string()))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def clock(micros):
    """Seconds of the day, day of the week (0 is Thursday), and day of the mean year, all UTC and never negative."""
    return (micros % DAY) // 1_000_000, (micros % WEEK) // DAY, (micros % YEAR) // DAY


def drop_unlabelled(table, known):
    import pyarrow

    return table if known.all() else table.filter(pyarrow.array(known))
