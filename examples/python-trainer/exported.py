"""A fitted pipeline as the files that `npx perennial model import` takes."""

import json
import os
import re

import numpy as np
from lightgbm import Booster, LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)

OPSETS = {"": 17, "ai.onnx.ml": 3}
# More are not compared.
EXPECTED_ROWS = 1_000

update_registered_converter(
    LGBMClassifier,
    "LightGbmLGBMClassifier",
    calculate_linear_classifier_output_shapes,
    convert_lightgbm,
    options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
)
update_registered_converter(
    LGBMRegressor,
    "LightGbmLGBMRegressor",
    calculate_linear_regressor_output_shapes,
    convert_lightgbm,
    options={"split": None},
)


def write_model(folder, pipeline, run, answers_of):
    """model.onnx, signature.json, and expected.parquet: rows of the hold-out with what Python answers to them."""
    numbers, texts = run.names(text=False), run.names(text=True)
    types = [("numbers", FloatTensorType([None, len(numbers)]))] if numbers else []
    types += [("texts", StringTensorType([None, len(texts)]))] if texts else []
    rows = run.held_out().head(EXPECTED_ROWS)
    answers = answers_of(pipeline, run, rows)
    cut_between_floats(pipeline.named_steps["model"])
    options = {id(pipeline.named_steps["model"]): {"zipmap": False}} if run.classes else None
    # With a name: left to itself the converter makes up another one each time.
    model = convert_sklearn(pipeline, "model", initial_types=types, target_opset=OPSETS, options=options)
    # In one order: it comes out of a set.
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model.SerializeToString())

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


def cut_between_floats(model):
    """Makes LightGBM's thresholds the largest float32 below them, which changes no answer to float32 inputs.

    The graph holds float32. Rounded to the nearest, as onnxmltools does, 54.4000005 becomes 54.400002, and a row of
    that value goes the other way: a threshold is the mean of two neighbours, so of prices in cents it often is a price.
    """
    if not isinstance(model, (LGBMClassifier, LGBMRegressor)):
        return

    def lower(line):
        exact = np.array(line.group(1).split(), dtype=np.float64)
        near = exact.astype(np.float32)
        below = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
        return "threshold=" + " ".join(repr(float(value)) for value in below)

    text = re.sub(r"^threshold=(.+)$", lower, model.booster_.model_to_string(num_iteration=-1), flags=re.M)
    # Lengths of the trees, which are other ones now; without them the text is read tree by tree.
    text = re.sub(r"^tree_sizes=.*\n", "", text, flags=re.M)
    model._Booster = Booster(model_str=text)


def spelled(name):
    """A class as the columns of `npx perennial predict` spell it."""
    return name if isinstance(name, str) else json.dumps(name)
