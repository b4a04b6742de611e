"""Shapley values of trees and linear models: python3 explain.py writes explain.json beside itself.

shap 0.48.0 (TreeExplainer, path-dependent and interventional; LinearExplainer) on models of scikit-learn 1.9.1 and
LightGBM 4.7.0, each with its ONNX file as skl2onnx 1.x and onnxmltools wrote it. Seeded; float32 features.
"""

import base64
import json
import os

import lightgbm
import numpy as np
import onnxmltools
import shap
import skl2onnx
from onnx import TensorProto, helper
from onnxmltools.convert.common.data_types import FloatTensorType as MlFloat
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor
from skl2onnx.common.data_types import FloatTensorType

HERE = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(11)
ROWS, COLUMNS, BACKGROUND, SHOWN = 240, 6, 30, 12

# Few distinct values, so that the same feature is cut again along a way; none on a cut.
x = (random.integers(0, 40, (ROWS, COLUMNS)) / 8).astype(np.float32)
signal = x[:, 0] * x[:, 1] - 2 * x[:, 2] + np.where(x[:, 3] > 2, x[:, 4], -1) + random.normal(0, 0.3, ROWS)
number = signal.astype(float)
two = (signal > np.median(signal)).astype(int)
three = np.digitize(signal, np.quantile(signal, [0.3, 0.7]))
gaps = x.copy()
gaps[random.random(x.shape) < 0.15] = np.nan
background, shown = x[:BACKGROUND], x[-SHOWN:]


def values(explanation):
    """[rows][features][outputs]"""
    found = np.asarray(explanation)
    return (found[..., None] if found.ndim == 2 else found).tolist()


def wired(model):
    """Reads a column a tensor and answers `prediction`, as a registered version does."""
    graph = model.graph
    before = graph.output[0].name
    del graph.input[:]
    names = [f"x{i}" for i in range(COLUMNS)]
    graph.input.extend(helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1]) for name in names)
    graph.node.insert(0, helper.make_node("Concat", names, ["wide"], axis=1))
    graph.node.insert(1, helper.make_node("Cast", ["wide"], ["x"], to=TensorProto.FLOAT))
    if len(graph.output) == 1:
        graph.node.append(helper.make_node("Reshape", [before, "flat"], ["prediction"]))
        graph.initializer.append(helper.make_tensor("flat", TensorProto.INT64, [1], [-1]))
        del graph.output[:]
        graph.output.append(helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None]))
    return base64.b64encode(model.SerializeToString()).decode()


def case(task, model, onnx, x=x, path=True, interventional=True):
    found = {"task": task, "onnx": wired(onnx)}
    if path:
        explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        found["path"] = values(explainer.shap_values(x[-SHOWN:]))
        found["pathBase"] = np.ravel(explainer.expected_value).tolist()
    if interventional:
        explainer = shap.TreeExplainer(model, x[:BACKGROUND], feature_perturbation="interventional")
        found["interventional"] = values(explainer.shap_values(x[-SHOWN:]))
        found["base"] = np.ravel(explainer.expected_value).tolist()
    return found


def sklearn_onnx(model, classifier=True):
    options = {id(model): {"zipmap": False}} if classifier else None
    return skl2onnx.convert_sklearn(
        model,
        initial_types=[("x", FloatTensorType([None, COLUMNS]))],
        options=options,
        target_opset={"": 17, "ai.onnx.ml": 3},
    )


def lightgbm_onnx(model):
    return onnxmltools.convert_lightgbm(
        model, initial_types=[("x", MlFloat([None, COLUMNS]))], zipmap=False, target_opset=15
    )


def grown(make, y, classifier=True, **rest):
    model = make.fit(x, y)
    task = "regression" if not classifier else "binary" if y is two else "multiclass"
    return case(task, model, sklearn_onnx(model, classifier), **rest)


def boosted(make, y, x=x):
    model = make.fit(x, y)
    task = "regression" if y is number else "binary" if y is two else "multiclass"
    return case(task, model, lightgbm_onnx(model), x=x)


def linear(make, y):
    model = make.fit(x, y)
    explainer = shap.LinearExplainer(model, background)
    return {
        "task": "regression" if y is number else "binary" if y is two else "multiclass",
        "onnx": wired(sklearn_onnx(model, y is not number)),
        "interventional": values(explainer.shap_values(shown)),
        "base": np.ravel(explainer.expected_value).tolist(),
    }


light = dict(n_estimators=15, num_leaves=9, min_child_samples=5, verbose=-1, n_jobs=1, random_state=3)
cases = {
    "treeRegressor": grown(DecisionTreeRegressor(max_depth=7, random_state=1), number, False),
    "forestBinary": grown(RandomForestClassifier(6, max_depth=5, bootstrap=False, max_features=2, random_state=2), two),
    "forestMulticlass": grown(RandomForestClassifier(6, bootstrap=False, max_depth=6, max_features=2, random_state=2), three),
    "forestBootstrap": grown(RandomForestClassifier(6, max_depth=5, random_state=2), two, path=False),
    "extraTrees": grown(ExtraTreesRegressor(5, max_depth=6, random_state=4), number, False),
    "gradientBoosting": grown(GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=5), two),
    "lightgbmBinary": boosted(lightgbm.LGBMClassifier(**light), two),
    "lightgbmMulticlass": boosted(lightgbm.LGBMClassifier(**light), three),
    "lightgbmRegressor": boosted(lightgbm.LGBMRegressor(**light), number),
    "ridge": linear(Ridge(0.5), number),
    "logistic": linear(LogisticRegression(C=2, max_iter=2000), two),
    "logisticMulticlass": linear(LogisticRegression(C=2, max_iter=2000), three),
}
cases["lightgbmMissing"] = boosted(lightgbm.LGBMClassifier(**light), two, x=gaps)


def packed(a):
    return base64.b64encode(a.astype("<f4").tobytes()).decode()


with open(os.path.join(HERE, "explain.json"), "w") as file:
    json.dump(
        {
            "rows": ROWS,
            "columns": COLUMNS,
            "background": BACKGROUND,
            "shown": SHOWN,
            "x": packed(x),
            "gaps": packed(gaps),
            "cases": cases,
        },
        file,
        separators=(",", ":"),
    )
