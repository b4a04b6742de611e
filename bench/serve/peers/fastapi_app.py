"""What people put together: FastAPI, pydantic and ONNX Runtime on one thread, over the ONNX file in $MODEL."""

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
names = [column.name for column in session.get_inputs()]
app = FastAPI()


class Row(BaseModel):
    x: list[float]


class Rows(BaseModel):
    x: list[list[float]]


def run(x: np.ndarray):
    return session.run(["label", "probabilities"], {name: x[:, i : i + 1] for i, name in enumerate(names)})


@app.post("/predict")
async def predict(row: Row):
    label, probabilities = run(np.asarray([row.x], dtype=np.float64))
    return {"label": int(label[0]), "p": probabilities[0].tolist()}


@app.post("/predict_rows")
async def predict_rows(rows: Rows):
    label, probabilities = run(np.asarray(rows.x, dtype=np.float64))
    return {"label": label.tolist(), "p": probabilities.tolist()}


@app.post("/predict_raw")
async def predict_raw(request: Request):
    """The same rows as bytes, for those who go so far: row-major float64 in, labels and probabilities out."""
    x = np.frombuffer(await request.body(), dtype=np.float64).reshape(-1, len(names))
    label, probabilities = run(x)
    return Response(label.tobytes() + probabilities.tobytes(), media_type="application/octet-stream")
