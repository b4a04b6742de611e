"""Asks a gateway through the clients that people use, and prints what they read as one JSON document.

Standard input: {"url": ..., "columns": {name: values, null for missing}}; `flights` has the versions 1 and 2.
Run by v2Clients.test.ts.
"""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from tritonclient.utils import InferenceServerException

given = json.load(sys.stdin)
url = given["url"]
columns = given["columns"]
MODEL = "flights"


def array(name, values):
    """A column as its users have it: numbers with NaN, times as int64, flags as bool, text as objects."""
    if name == "carrier":
        return np.array([["" if value is None else value] for value in values], dtype=object), "BYTES"
    if name == "at":
        return np.array([[value] for value in values], dtype=np.int64), "INT64"
    if name == "urgent":
        return np.array([[value == 1] for value in values]), "BOOL"
    return np.array([[np.nan if value is None else value] for value in values], dtype=np.float64), "FP64"


ARRAYS = {name: array(name, values) for name, values in columns.items()}


def tensors(kind, binary, arrays=None):
    inputs = []
    for name, (values, datatype) in (arrays or ARRAYS).items():
        tensor = kind(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        inputs.append(tensor)
    return inputs


def told(values):
    return {"dtype": str(values.dtype), "shape": list(values.shape), "values": values.flatten().tolist()}


def with_triton():
    client = triton.InferenceServerClient(url=url.removeprefix("http://"))
    out = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "modelReady": [client.is_model_ready(MODEL), client.is_model_ready("trains")],
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata(MODEL, "2"),
    }
    for form, binary in (("binary", True), ("json", False)):
        result = client.infer(MODEL, tensors(triton.InferInput, binary), request_id="a 1", parameters={"key": "k"})
        outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in ("probabilities", "label")]
        plain = client.infer(MODEL, tensors(triton.InferInput, binary), outputs=outputs, model_version="2")
        classes = [triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=1)]
        named = client.infer(MODEL, tensors(triton.InferInput, binary), outputs=classes).as_numpy("probabilities")
        out[form] = {
            "id": result.get_response()["id"],
            "version": result.get_response()["model_version"],
            "label": told(result.as_numpy("label")),
            "probabilities": told(result.as_numpy("probabilities")),
            "pinned": plain.get_response()["model_version"],
            "pinnedLabel": told(plain.as_numpy("label")),
            "pinnedProbabilities": told(plain.as_numpy("probabilities")),
            "classes": [text.decode() if isinstance(text, bytes) else text for text in named.flatten().tolist()],
        }
    out["refusals"] = [refusal(client, binary, change) for binary in (True, False) for change in CHANGES]
    return out


rows = len(columns["at"])
CHANGES = [
    {"distance": (np.array([[np.inf]] * rows), "FP64")},
    {"distance": (np.array([[2**53 + 1]] * rows, dtype=np.int64), "INT64")},
    {"at": (np.array([["yesterday"]] * rows, dtype=object), "BYTES")},
]


def refusal(client, binary, change):
    try:
        client.infer(MODEL, tensors(triton.InferInput, binary, {**ARRAYS, **change}))
    except InferenceServerException as error:
        return [error.status(), error.message()]


async def with_kserve():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    out = {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "modelReady": [await client.is_model_ready(url, MODEL), await client.is_model_ready(url, "trains")],
    }
    for form, binary in (("binary", True), ("json", False)):
        request = InferRequest(
            MODEL,
            tensors(InferInput, binary),
            request_id="b 2",
            parameters={"key": "k", "binary_data_output": binary},
            request_outputs=[RequestedOutput("label"), RequestedOutput("probabilities")],
        )
        response = await client.infer(url, request, model_name=MODEL)
        pinned = await client.infer(url, request, model_name=f"{MODEL}/versions/2")
        out[form] = {
            "id": response.id,
            **{output.name: told(output.as_numpy()) for output in response.outputs},
            **{"pinned" + output.name.capitalize(): told(output.as_numpy()) for output in pinned.outputs},
        }
    try:
        await client.infer(url, InferRequest(MODEL, tensors(InferInput, True)[:1]), model_name=MODEL)
    except Exception as error:
        out["refusal"] = str(error)
    await client.close()
    return out


json.dump({"triton": with_triton(), "kserve": asyncio.run(with_kserve())}, sys.stdout)
