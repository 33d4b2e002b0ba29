"""Columns as a matrix for decision trees, twice over: in numpy for training and as ONNX nodes for the model."""

import numpy as np

from .columns import EXACT_IN_FLOAT32, clock, codes, frequent_values, read_column
from .graph import DOUBLE, FLOAT, INT64


class TreeColumns:
    """Learns the categories of the training rows; then the same rows give the same matrix in numpy and in ONNX.

    `kind` is float32 for a classification and float64 for a regression, as the tree operators of ONNX take them.
    """

    def __init__(self, columns, table, task, most_categories):
        self.columns = columns
        self.kind = np.float64 if task == "regression" else np.float32
        self.values, self.centres = {}, {}
        for name, column in columns:
            if column["type"] in ("category", "text"):
                self.values[name] = frequent_values(read_column(table, name, column), most_categories)
            elif self.kind == np.float32 and (column["type"] == "integer" or column.get("wide")):
                self._centre(name, read_column(table, name, column))

    def _centre(self, name, values):
        """Values too large for float32 keep their differences when their middle is taken off first, exactly."""
        finite = values[np.isfinite(values)]
        if len(finite) and np.abs(finite).max() > (EXACT_IN_FLOAT32 if values.dtype == np.int64 else 0):
            middle = np.partition(finite, len(finite) // 2)[len(finite) // 2]
            self.centres[name] = middle.item()

    def matrix(self, table):
        parts = [self._part(read_column(table, name, column), name, column) for name, column in self.columns]
        return np.column_stack(parts)

    def _part(self, values, name, column):
        if name in self.values:
            return codes(values, self.values[name]).astype(self.kind)
        if column["type"] == "time":
            return np.column_stack(clock(values)).astype(self.kind)
        if name in self.centres:
            values = values - values.dtype.type(self.centres[name])
        return values.astype(self.kind)

    def nodes(self, graph):
        """Adds the inputs and the front; returns the name of the matrix [n,k]."""
        parts = [part for name, column in self.columns for part in self._node(graph, name, column)]
        return graph.add("Concat", parts, axis=1, hint="matrix")

    def _node(self, graph, name, column):
        target = DOUBLE if self.kind == np.float64 else FLOAT
        value = graph.input(name, column)
        if name in self.values:
            return [as_kind(graph, self._encoder(graph, value, self.values[name]), FLOAT, target)]
        if column["type"] == "time":
            return [graph.cast(part, target) for part in graph.clock(value)]
        source = INT64 if column["type"] == "integer" else DOUBLE if column.get("wide") else FLOAT
        if name in self.centres:
            value = graph.add("Sub", [value, graph.constant(source, [], [self.centres[name]])])
        return [as_kind(graph, value, source, target)]

    def _encoder(self, graph, value, values):
        # The operator needs one key at least; the empty string means null and is -1 as any unseen value.
        keys = values or [""]
        numbers = [float(i) for i in range(len(values))] or [-1.0]
        return graph.add("LabelEncoder", [value], "ai.onnx.ml", keys_strings=keys, values_floats=numbers, default_float=-1.0)


def as_kind(graph, value, source, target):
    return value if source == target else graph.cast(value, target)
