"""Columns as a sparse matrix for linear models, twice over: in scipy for training and as ONNX nodes for the model.

Numbers are standardised, with 1 for null beside them where there were nulls; categories, hours and weekdays are one of many.
"""

import numpy as np

from .columns import clock, codes, frequent_values, read_column
from .graph import DOUBLE, INT64


class LinearColumns:
    """Learns means, spreads and categories of the training rows."""

    def __init__(self, columns, table, most_categories):
        self.columns = columns
        self.values, self.scales = {}, {}
        for name, column in columns:
            found = read_column(table, name, column)
            if column["type"] in ("category", "text"):
                self.values[name] = frequent_values(found, most_categories)
            elif column["type"] != "time":
                self.scales[name] = scale_of(found.reshape(len(found), -1).astype(np.float64))

    def matrix(self, table):
        from scipy import sparse

        parts = [part for name, column in self.columns for part in self._parts(read_column(table, name, column), name, column)]
        return sparse.hstack([sparse.csr_matrix(part) for part in parts], format="csr")

    def _parts(self, values, name, column):
        if name in self.values:
            return [one_of(codes(values, self.values[name]), len(self.values[name]))] if self.values[name] else []
        if column["type"] == "time":
            seconds, weekday, _ = clock(values)
            return [one_of(seconds // 3600, 24), one_of(weekday, 7)]
        mean, spread, nulls = self.scales[name]
        wide = values.reshape(len(values), -1).astype(np.float64)
        missing = np.isnan(wide)
        standard = np.where(missing, 0.0, (wide - mean) / spread)
        return [standard, missing.astype(np.float64)] if nulls else [standard]

    def nodes(self, graph):
        """Adds the inputs and the front; returns the name of the matrix of doubles [n,k]."""
        parts = [part for name, column in self.columns for part in self._nodes(graph, name, column)]
        return graph.add("Concat", parts, axis=1, hint="matrix")

    def _nodes(self, graph, name, column):
        value = graph.input(name, column)
        if name in self.values:
            return [one_hot(graph, value, cats_strings=self.values[name])] if self.values[name] else []
        if column["type"] == "time":
            seconds, weekday, _ = graph.clock(value)
            hour = graph.add("Div", [seconds, graph.constant(INT64, [], [3600])])
            return [one_hot(graph, hour, cats_int64s=list(range(24))), one_hot(graph, weekday, cats_int64s=list(range(7)))]
        return self._number(graph, graph.cast(value, DOUBLE), *self.scales[name])

    def _number(self, graph, value, mean, spread, nulls):
        missing = graph.add("IsNaN", [value])
        centred = graph.add("Sub", [value, graph.constant(DOUBLE, [1, len(mean)], mean)])
        standard = graph.add("Div", [centred, graph.constant(DOUBLE, [1, len(mean)], spread)])
        filled = graph.add("Where", [missing, graph.constant(DOUBLE, [], [0.0]), standard])
        return [filled, graph.cast(missing, DOUBLE)] if nulls else [filled]


def scale_of(values):
    """(mean, deviation, whether there are nulls) of each column; an all-null or constant one gets 0 and 1."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=0) / count)
    return mean, np.where(spread > 0, spread, 1.0), bool(np.isnan(values).any())


def one_of(index, count):
    """Rows with a single 1 at `index`, all zero where it is -1."""
    from scipy import sparse

    rows = np.flatnonzero(index >= 0)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, index[rows])), shape=(len(index), count))


def one_hot(graph, value, **categories):
    count = len(next(iter(categories.values())))
    ones = graph.add("OneHotEncoder", [value], "ai.onnx.ml", zeros=1, **categories)
    return graph.cast(graph.add("Reshape", [ones, graph.constant(INT64, [2], [-1, count])]), DOUBLE)
