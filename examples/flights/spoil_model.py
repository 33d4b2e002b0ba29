"""Spoils an ONNX model on purpose, in ways that only its use shows: it loads, fits its signature and answers without an error.

    spoil_model.py swap IN OUT LEFT RIGHT         the graph reads one input where it means the other, as after a mix-up of two columns
    spoil_model.py slow IN OUT INPUT ABOVE LOOPS  every row gets the answer it got, but a batch with INPUT above ABOVE first does LOOPS idle turns
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64


def swap(model, left, right):
    """Every node that read `left` reads `right`, and the other way round."""
    kinds = {i.name: i.type.tensor_type.elem_type for i in model.graph.input}
    if left == right or kinds[left] != kinds[right]:
        sys.exit("%s and %s cannot be swapped: two inputs of one type are needed" % (left, right))
    other = {left: right, right: left}
    for node in model.graph.node:
        node.input[:] = [other.get(name, name) for name in node.input]


def slow(model, name, above, loops):
    """The scores wait for a loop whose turns only the input knows, so that nothing can work it out beforehand."""
    outputs = [o.name for o in model.graph.output if o.type.tensor_type.elem_type == TensorProto.FLOAT]
    add_constants(model.graph, {"above": np.float32(above), "loops": np.int64(loops), "state": np.full((SIDE, SIDE), 0.01, np.float32), "none": np.float32(0)})
    nodes = [
        helper.make_node("ReduceMax", [name], ["spoilt/largest"], keepdims=0),
        helper.make_node("Greater", ["spoilt/largest", "spoilt/above"], ["spoilt/far"]),
        helper.make_node("Cast", ["spoilt/far"], ["spoilt/one"], to=TensorProto.INT64),
        helper.make_node("Mul", ["spoilt/one", "spoilt/loops"], ["spoilt/turns"]),
        helper.make_node("Loop", ["spoilt/turns", "", "spoilt/state"], ["spoilt/end"], body=turn()),
        helper.make_node("ReduceMax", ["spoilt/end"], ["spoilt/peak"], keepdims=0),
        helper.make_node("Abs", ["spoilt/peak"], ["spoilt/size"]),
        helper.make_node("Min", ["spoilt/size", "spoilt/none"], ["spoilt/nothing"]),
    ]
    for output in outputs:
        for node in model.graph.node:
            node.output[:] = ["spoilt/" + o if o == output else o for o in node.output]
            node.input[:] = ["spoilt/" + i if i == output else i for i in node.input]
        nodes.append(helper.make_node("Add", ["spoilt/" + output, "spoilt/nothing"], [output]))
    model.graph.node.extend(nodes)


def add_constants(graph, values):
    for name, value in values.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), "spoilt/" + name))


def turn():
    """One turn: a product that stays between -1 and 1."""
    square = [SIDE, SIDE]
    nodes = [helper.make_node("MatMul", ["before", "before"], ["product"]), helper.make_node("Tanh", ["product"], ["after"]), helper.make_node("Identity", ["on"], ["still"])]
    inputs = [helper.make_tensor_value_info("turn", TensorProto.INT64, []), helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("before", TensorProto.FLOAT, square)]
    outputs = [helper.make_tensor_value_info("still", TensorProto.BOOL, []), helper.make_tensor_value_info("after", TensorProto.FLOAT, square)]
    return helper.make_graph(nodes, "turn", inputs, outputs)


def main(way, source, target, *rest):
    model = onnx.load(source)
    if way == "swap":
        swap(model, *rest)
    else:
        name, above, loops = rest
        slow(model, name, float(above), int(loops))
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
