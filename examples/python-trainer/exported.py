"""A fitted pipeline as the files that `npx perennial model import` takes."""

import json
import os

import numpy as np
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

from onnxfile import to_onnx

# More are not compared.
EXPECTED_ROWS = 1_000


def write_model(folder, pipeline, run, answers_of):
    """model.onnx, signature.json, and expected.parquet: rows of the hold-out with what Python answers to them."""
    numbers, texts = run.names(text=False), run.names(text=True)
    types = [("numbers", FloatTensorType([None, len(numbers)]))] if numbers else []
    types += [("texts", StringTensorType([None, len(texts)]))] if texts else []
    rows = run.held_out().head(EXPECTED_ROWS)
    answers = answers_of(pipeline, run, rows)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(to_onnx(pipeline, pipeline.named_steps["model"], types, run.classes is not None))

    # The columns of one graph input in their order: numbers and text as they stand in the signature.
    inputs = [
        {**each, "input": "texts" if each["columnType"] == "string" else "numbers"}
        for each in run.signature["inputs"]
    ]
    with open(os.path.join(folder, "signature.json"), "w", encoding="utf-8") as file:
        json.dump({**run.signature, "inputs": inputs}, file, indent=2, ensure_ascii=False)

    expected = rows[[each["name"] for each in inputs]].copy()
    if run.classes is None:
        expected["prediction"] = answers
    else:
        expected["prediction"] = [run.classes[k] for k in np.argmax(answers, axis=1)]
        for k, name in enumerate(run.classes):
            expected[f"probability_{spelled(name)}"] = answers[:, k]
    expected.to_parquet(os.path.join(folder, "expected.parquet"), index=False)


def spelled(name):
    """A class as the columns of `npx perennial predict` spell it."""
    return name if isinstance(name, str) else json.dumps(name)
