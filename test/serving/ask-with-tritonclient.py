"""What a user of tritonclient[http] does, against the server at argv[1]. Prints what came back as JSON."""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(url=sys.argv[1])
columns = {
    "carrier": ("BYTES", np.array([["UA"], ["späť"]], dtype=object)), "note": ("BYTES", np.array([["x"], [""]], dtype=object)),
    "hour": ("INT64", np.array([[17], [-3]], dtype=np.int64)), "distance": ("FP32", np.array([[1089.5], [2]], dtype=np.float32)),
    "precip": ("FP32", np.array([[0.5], [np.nan]], dtype=np.float32)), "exact": ("FP64", np.array([[0.1], [1e300]], dtype=np.float64)),
    "weekend": ("BOOL", np.array([[True], [False]])), "at": ("INT64", np.array([[5], [6]], dtype=np.int64)),
    "place": ("FP32", np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)),
}


def inputs(binary, leave_out=()):
    made = []
    for name, (datatype, values) in columns.items():
        if name in leave_out:
            continue
        one = triton.InferInput(name, list(values.shape), datatype)
        # JSON has no NaN: without binary data such a row cannot be sent by this client.
        one.set_data_from_numpy(values if binary else np.where(values != values, 0, values).astype(values.dtype), binary_data=binary)
        made.append(one)
    return made


def answer(result):
    found = {one["name"]: one for one in result.get_response()["outputs"]}
    return {name: [value.decode() if isinstance(value, bytes) else value for value in result.as_numpy(name).ravel().tolist()] for name in found}


def refusal(**changes):
    try:
        client.infer("flights", **changes)
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}


outputs = [triton.InferRequestedOutput("score", binary_data=True), triton.InferRequestedOutput("label", binary_data=False)]
json_outputs = [triton.InferRequestedOutput("label", binary_data=False), triton.InferRequestedOutput("score", binary_data=False)]
first = client.infer("flights", inputs(True), request_id="mine", parameters={"key": "u1"})
print(json.dumps({
    "live": client.is_server_live(), "ready": client.is_server_ready(), "model_ready": client.is_model_ready("flights"), "version_ready": client.is_model_ready("flights", "3"),
    "server": client.get_server_metadata(), "metadata": client.get_model_metadata("flights"), "index": client.get_model_repository_index(),
    "binary": answer(first), "response": {key: first.get_response()[key] for key in ("id", "model_version", "parameters")},
    "json": answer(client.infer("flights", inputs(False), outputs=json_outputs)),
    "mixed": answer(client.infer("flights", inputs(True), outputs=outputs, model_version="3")),
    "gzip": answer(client.infer("flights", inputs(True), request_compression_algorithm="gzip")),
    "asynchronous": answer(client.async_infer("flights", inputs(True)).get_result()),
    "missing": refusal(inputs=inputs(True, leave_out=("hour",))), "unknown": refusal(inputs=inputs(True), model_version="9"),
}))
