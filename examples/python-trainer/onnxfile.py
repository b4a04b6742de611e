"""A fitted estimator or pipeline as an ONNX file that Perennial takes over: the script and the worker share this."""

import re

import numpy as np
from lightgbm import Booster, LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)

OPSETS = {"": 17, "ai.onnx.ml": 3}

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


def to_onnx(fitted, model, types, classify):
    """The bytes of the file. `model` is the estimator within `fitted`, or that itself; `types` name the graph's inputs."""
    cut_between_floats(model)
    options = {id(model): {"zipmap": False}} if classify else None
    # With a name: left to itself the converter makes up another one each time.
    exported = convert_sklearn(fitted, "model", initial_types=types, target_opset=OPSETS, options=options)
    # In one order: it comes out of a set.
    opsets = sorted(exported.opset_import, key=lambda opset: opset.domain)
    del exported.opset_import[:]
    exported.opset_import.extend(opsets)
    return exported.SerializeToString()


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
