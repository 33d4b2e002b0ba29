"""A LightGBM model as one ONNX file that takes raw columns and gives what the library gives."""

import re

import lightgbm
import numpy as np
from onnx import helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import DoubleTensorType, FloatTensorType

from .graph import DOUBLE, FLOAT, Graph, INT64, classification_outputs


def predict(booster, matrix, task, rounds=None):
    """Scores [n,classes] or values [n], by LightGBM itself."""
    found = booster.predict(matrix, num_iteration=rounds or -1)
    return np.column_stack([1 - found, found]) if task == "binary" else found


def to_onnx(booster, encoder, job):
    """(the booster whose predictions the file reproduces, the model)."""
    width = booster.num_feature()
    if encoder.kind == np.float32:
        booster = lightgbm.Booster(model_str=float32_thresholds(booster.model_to_string(num_iteration=-1)))
    kind = DoubleTensorType if encoder.kind == np.float64 else FloatTensorType
    core = convert_lightgbm(booster, name="core", initial_types=[("X", kind([None, width]))], zipmap=False, target_opset=15).graph
    graph = Graph()
    matrix = without_unknown_nulls(graph, encoder.nodes(graph), booster, encoder.kind)
    outputs = append(graph, core, matrix)
    metadata = {"task": job.task, **({"classes": "\n".join(job.classes)} if job.task == "multiclass" else {})}
    if job.task == "regression":
        value = graph.add("Reshape", [outputs[0], graph.constant(INT64, [2], [-1, 1])])
        return booster, graph.model([(graph.cast(value, FLOAT), "value", FLOAT, 1)], metadata)
    return booster, graph.model(classification_outputs(graph, outputs[0], outputs[1], job), metadata)


def float32_thresholds(text):
    """The same model with each numeric threshold moved down to the nearest float32.

    The converter rounds to the nearest, and half of those go up and flip `x <= t` for a float32 x that lay between.
    Predictions on float32 inputs stay bit-identical.
    """
    lines = []
    for line in text.split("\n"):
        if line.startswith("threshold="):
            line = "threshold=" + " ".join(repr(float(at_or_below(float(value)))) for value in line[10:].split())
        # It counts the bytes of the trees, which have changed; without it they are read as they come.
        if not line.startswith("tree_sizes="):
            lines.append(line)
    return "\n".join(lines)


def at_or_below(value):
    rounded = np.float32(value)
    return rounded if rounded <= value else np.nextafter(rounded, np.float32(-np.inf))


def without_unknown_nulls(graph, matrix, booster, kind):
    """LightGBM reads NaN as 0 in a feature whose training rows had none; the tree operator of ONNX does not, so it is done before."""
    known = features_without_null(booster)
    mask = [feature in known for feature in range(booster.num_feature())]
    if not any(mask):
        return matrix
    null = graph.add("And", [graph.add("IsNaN", [matrix]), graph.constant(9, [1, len(mask)], mask)])
    return graph.add("Where", [null, graph.constant(DOUBLE if kind == np.float64 else FLOAT, [], [0.0]), matrix])


def features_without_null(booster):
    """Features that some node splits with LightGBM's missing type None (bits 2 and 3 of its decision type)."""
    found = set()
    text = booster.model_to_string(num_iteration=-1)
    for features, decisions in zip(re.findall(r"^split_feature=(.*)$", text, re.M), re.findall(r"^decision_type=(.*)$", text, re.M)):
        found |= {int(f) for f, d in zip(features.split(), decisions.split()) if (int(d) >> 2) & 3 == 0}
    return found


def append(graph, core, matrix):
    """Adds the converter's nodes under names of their own; returns the names of its outputs, in order."""
    def rename(name):
        return matrix if name == "X" else "relearn/core/" + name if name else ""

    for tensor in core.initializer:
        tensor.name = rename(tensor.name)
        graph.constants.append(tensor)
    for i, node in enumerate(core.node):
        inputs, outputs = [rename(n) for n in node.input], [rename(n) for n in node.output]
        copy = helper.make_node(node.op_type, inputs, outputs, name="relearn/core/%d" % i, domain=node.domain)
        copy.attribute.extend(node.attribute)
        graph.nodes.append(copy)
    return [rename(output.name) for output in core.output]
