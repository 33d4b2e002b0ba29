"""A LightGBM model as one ONNX file that takes raw columns and gives what the library gives.

Trees are written with thresholds and leaves as doubles, exactly LightGBM's own (ai.onnx.ml 3, `*_as_tensor`). Converters write
float32: rounded thresholds flip `x <= t` for rows that lie between, and sums of float32 leaves drift from the library's.
"""

import re

import numpy as np
from onnx import numpy_helper

from .graph import DOUBLE, FLOAT, Graph, classification_outputs

LEFT_BY_DEFAULT = 2


def predict(booster, matrix, task, rounds=None):
    """Scores [n,classes] or values [n], by LightGBM itself."""
    found = booster.predict(matrix, num_iteration=rounds or -1)
    return np.column_stack([1 - found, found]) if task == "binary" else found


def to_onnx(booster, encoder, job):
    """The model, front and trees."""
    trees = read_trees(booster.model_to_string(num_iteration=-1))
    outputs = len(job.classes) if job.task == "multiclass" else 1
    graph = Graph()
    matrix = without_unknown_nulls(graph, encoder.nodes(graph), trees, booster.num_feature())
    raw = add_trees(graph, matrix, trees, outputs)
    if job.task == "regression":
        return graph.model([(raw, "value", FLOAT, 1)], {"task": job.task})
    return graph.model(classification_outputs(graph, raw, job), {"task": job.task, "classes": "\n".join(job.classes or ["0", "1"])})


def read_trees(text):
    """One dict of arrays a tree, from LightGBM's own text format."""
    return [read_tree(block) for block in re.split(r"^Tree=\d+$", text.partition("end of trees")[0], flags=re.M)[1:]]


def read_tree(block):
    fields = dict(line.split("=", 1) for line in block.strip().split("\n") if "=" in line)

    def array(name, kind):
        return np.array(fields.get(name, "").split(), dtype=kind)

    return {
        "feature": array("split_feature", np.int64), "threshold": array("threshold", np.float64), "decision": array("decision_type", np.int64),
        "left": array("left_child", np.int64), "right": array("right_child", np.int64), "leaf": array("leaf_value", np.float64),
    }


def without_unknown_nulls(graph, matrix, trees, width):
    """LightGBM reads NaN as 0 in a feature whose training rows had none (missing type 0); ONNX does not, so it is done before."""
    known = {int(f) for tree in trees for f, d in zip(tree["feature"], tree["decision"]) if (d >> 2) & 3 == 0}
    mask = [feature in known for feature in range(width)]
    if not any(mask):
        return matrix
    null = graph.add("And", [graph.add("IsNaN", [matrix]), graph.constant(9, [1, width], mask)])
    return graph.add("Where", [null, graph.constant(DOUBLE, [], [0.0]), matrix])


def add_trees(graph, matrix, trees, outputs):
    """The sum of all trees [n,outputs]; tree i counts for output i mod outputs. Inner nodes come first in each tree, then its leaves."""
    splits = np.array([len(tree["feature"]) for tree in trees])
    sizes = 2 * splits + 1
    number = np.arange(len(trees))

    def nodes(inner, leaf):
        return np.concatenate([np.concatenate([inner(tree), np.full(len(tree["leaf"]), leaf)]) for tree in trees])

    def child(side):
        return nodes(lambda tree: np.where(tree[side] >= 0, tree[side], len(tree["feature"]) + ~tree[side]), 0)

    values = nodes(lambda tree: tree["threshold"], 0.0).astype(np.float64)
    leaves = np.concatenate([tree["leaf"] for tree in trees])
    return graph.add(
        "TreeEnsembleRegressor", [matrix], "ai.onnx.ml", n_targets=outputs, post_transform="NONE", aggregate_function="SUM",
        nodes_treeids=np.repeat(number, sizes), nodes_nodeids=np.concatenate([np.arange(size) for size in sizes]),
        nodes_featureids=nodes(lambda tree: tree["feature"], 0), nodes_values_as_tensor=numpy_helper.from_array(values),
        nodes_modes=nodes(lambda tree: np.full(len(tree["feature"]), "BRANCH_LEQ"), "LEAF"),
        nodes_truenodeids=child("left"), nodes_falsenodeids=child("right"),
        nodes_missing_value_tracks_true=nodes(lambda tree: (tree["decision"] & LEFT_BY_DEFAULT) // LEFT_BY_DEFAULT, 0),
        target_treeids=np.repeat(number, splits + 1), target_nodeids=np.concatenate([np.arange(s, 2 * s + 1) for s in splits]),
        target_ids=np.repeat(number % outputs, splits + 1), target_weights_as_tensor=numpy_helper.from_array(leaves),
    )
