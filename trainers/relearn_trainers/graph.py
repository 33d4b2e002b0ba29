"""Builds the part of an ONNX graph that takes raw columns by name and makes them one matrix."""

import onnx
from onnx import TensorProto, helper

from .columns import DAY, WEEK, YEAR
from .contract import JobError

FLOAT, DOUBLE, INT64, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING
ROWS = "rows"


class Graph:
    """Collects nodes, under names that no column can have."""

    def __init__(self):
        self.nodes, self.constants, self.inputs = [], [], []
        self._count = 0

    def name(self, hint):
        self._count += 1
        # A column is an identifier, so a name with a slash is never one.
        return "relearn/%s_%d" % (hint, self._count)

    def add(self, op, inputs, domain="", hint=None, **attributes):
        """Appends a node with one output and returns the output's name."""
        output = self.name(hint or op)
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def constant(self, kind, shape, values):
        name = self.name("constant")
        self.constants.append(helper.make_tensor(name, kind, shape, values))
        return name

    def input(self, name, column):
        if name in ("label", "score", "value"):
            raise JobError("a column named %s cannot be a feature: it is the name of a model's output; rename it in prepare" % name)
        kind, width = input_type(column)
        self.inputs.append(helper.make_tensor_value_info(name, kind, [ROWS, width]))
        return name

    def cast(self, value, kind):
        return self.add("Cast", [value], to=kind)

    def clock(self, name):
        """The three outputs of `columns.clock`, int64."""
        def part(period, unit):
            inside = self.add("Mod", [name, self.constant(INT64, [], [period])])
            return self.add("Div", [inside, self.constant(INT64, [], [unit])])

        return part(DAY, 1_000_000), part(WEEK, DAY), part(YEAR, DAY)

    def model(self, outputs, metadata):
        """The whole model, checked. `outputs`: (name of a value, public name, type, width)."""
        infos = []
        for value, public, kind, width in outputs:
            self.nodes.append(helper.make_node("Identity", [value], [public], name="relearn/out_" + public))
            infos.append(helper.make_tensor_value_info(public, kind, [ROWS, width] if width else [ROWS]))
        graph = helper.make_graph(self.nodes, "relearn", self.inputs, infos, self.constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="relearn_trainers")
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=False)
        return model


def input_type(column):
    """(element type, width) of the ONNX input of a column."""
    kinds = {"integer": INT64, "time": INT64, "category": STRING, "text": STRING}
    if column["type"] == "number" and column.get("wide"):
        return DOUBLE, 1
    return kinds.get(column["type"], FLOAT), column["size"] if column["type"] == "embedding" else 1


def classification_outputs(graph, raw, job):
    """`label` (int64 0/1, or the class's name) and `score` [n,classes], from raw scores: log odds [n,1], or one a class."""
    if job.task == "binary":
        positive = graph.add("Sigmoid", [raw])
        negative = graph.add("Sigmoid", [graph.add("Neg", [raw])])
        score = graph.cast(graph.add("Concat", [negative, positive], axis=1), FLOAT)
        return [(graph.add("ArgMax", [score], axis=1, keepdims=0), "label", INT64, None), (score, "score", FLOAT, 2)]
    score = graph.cast(graph.add("Softmax", [raw], axis=1), FLOAT)
    index = graph.add("ArgMax", [score], axis=1, keepdims=0)
    names = graph.add("LabelEncoder", [index], "ai.onnx.ml", keys_int64s=list(range(len(job.classes))), values_strings=job.classes, default_string="")
    return [(names, "label", STRING, None), (score, "score", FLOAT, len(job.classes))]
