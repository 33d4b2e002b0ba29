"""Columns as a matrix for decision trees, twice over: in numpy for training and as ONNX nodes for the model."""

import numpy as np

from .columns import clock, codes, frequent_values, read_column
from .graph import DOUBLE


class TreeColumns:
    """Learns the categories of the training rows; then the same rows give the same matrix of doubles in numpy and in ONNX."""

    def __init__(self, columns, table, most_categories):
        self.columns = columns
        texts = [(name, column) for name, column in columns if column["type"] in ("category", "text")]
        self.values = {name: frequent_values(read_column(table, name, column), most_categories) for name, column in texts}

    def matrix(self, table):
        parts = [self._part(read_column(table, name, column), name, column) for name, column in self.columns]
        return np.column_stack(parts)

    def _part(self, values, name, column):
        if name in self.values:
            return codes(values, self.values[name]).astype(np.float64)
        if column["type"] == "time":
            return np.column_stack(clock(values)).astype(np.float64)
        return values.astype(np.float64)

    def nodes(self, graph):
        """Adds the inputs and the front; returns the name of the matrix [n,k]."""
        parts = [part for name, column in self.columns for part in self._node(graph, name, column)]
        return graph.add("Concat", parts, axis=1, hint="matrix")

    def _node(self, graph, name, column):
        value = graph.input(name, column)
        if name in self.values:
            return [graph.cast(self._encoder(graph, value, self.values[name]), DOUBLE)]
        if column["type"] == "time":
            return [graph.cast(part, DOUBLE) for part in graph.clock(value)]
        return [graph.cast(value, DOUBLE)]

    def _encoder(self, graph, value, values):
        # The operator needs one key at least; the empty string means null and is -1 as any unseen value.
        keys = values or [""]
        numbers = [float(i) for i in range(len(values))] or [-1.0]
        return graph.add("LabelEncoder", [value], "ai.onnx.ml", keys_strings=keys, values_floats=numbers, default_float=-1.0)

