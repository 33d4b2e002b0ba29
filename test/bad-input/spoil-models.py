"""Spoils a good model in the ways a trainer might: other inputs, NaN outputs, weights in another file. Needs onnx.

    python spoil-models.py <good model> <folder for the spoilt ones>
"""

import os
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper

good, folder = sys.argv[1:]


def renamed():
    model = onnx.load(good)
    for node in model.graph.node:
        node.input[:] = ["distance" if name == "far" else name for name in node.input]
    for value in model.graph.input:
        value.name = "distance" if value.name == "far" else value.name
    return model


def nan():
    model = onnx.load(good)
    for node in model.graph.node:
        node.output[:] = ["sound" if name == "score" else name for name in node.output]
    model.graph.initializer.append(helper.make_tensor("nan", TensorProto.FLOAT, [1], [float("nan")]))
    model.graph.node.append(helper.make_node("Add", ["sound", "nan"], ["score"]))
    return model


def outside():
    """The weights as plain bytes, which are all that onnx moves into another file."""
    model = onnx.load(good)
    for weights in model.graph.initializer:
        if weights.data_type != TensorProto.STRING:
            weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights), weights.name))
    return model


onnx.save(renamed(), os.path.join(folder, "renamed.onnx"))
onnx.save(nan(), os.path.join(folder, "nan.onnx"))
onnx.save(outside(), os.path.join(folder, "external.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=0)
