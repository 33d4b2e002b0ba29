"""Saves the model for `mlflow models serve`: a pyfunc over onnxruntime, because the onnx flavour feeds columns without their second dimension.
save-mlflow.py MODEL FOLDER"""

import json
import sys

import mlflow
import numpy as np
import onnxruntime as ort
import pandas as pd


class Flights(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(context.artifacts["model"], options, providers=["CPUExecutionProvider"])
        dtypes = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}
        self.inputs = [(one.name, dtypes[one.type]) for one in self.session.get_inputs()]

    def predict(self, context, model_input: pd.DataFrame, params=None):
        feeds = {name: model_input[name].to_numpy(dtype=dtype).reshape(-1, 1) for name, dtype in self.inputs}
        return self.session.run(["score"], feeds)[0]


if __name__ == "__main__":
    model, folder = sys.argv[1:]
    mlflow.pyfunc.save_model(folder, python_model=Flights(), artifacts={"model": model}, pip_requirements=["mlflow", "onnxruntime"])
    print(json.dumps({"saved": folder}))
