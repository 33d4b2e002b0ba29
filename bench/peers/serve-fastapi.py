"""One row at a time over FastAPI and onnxruntime, written as its own page does. serve-fastapi.py MODEL PORT"""

import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
dtypes = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}
inputs = [(one.name, dtypes[one.type]) for one in session.get_inputs()]
app = FastAPI()


class Request(BaseModel):
    instances: list[dict[str, float | int | str | None]]


def column(rows: list[dict], name: str, dtype) -> np.ndarray:
    values = [np.nan if row[name] is None else row[name] for row in rows]
    return np.asarray(values, dtype=dtype).reshape(-1, 1)


@app.post("/predict")
def predict(request: Request):
    rows = request.instances
    (score,) = session.run(["score"], {name: column(rows, name, dtype) for name, dtype in inputs})
    return {"predictions": [{"label": str(int(row.argmax())), "score": {"0": float(row[0]), "1": float(row[1])}} for row in score]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
