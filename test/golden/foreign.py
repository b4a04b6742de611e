"""Models of other people: python3 foreign.py writes foreign/*.onnx and foreign.json beside itself.

scikit-learn 1.9.1, lightgbm 4.7.0, skl2onnx, onnxmltools, onnx, onnxruntime. Each model is small; foreign.json holds what
Python's ONNX Runtime answers for some rows of it, as `perennial model import --expect` takes them.
"""

import json
import os
import warnings

import lightgbm
import numpy as np
import onnxruntime
import pandas as pd
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType as LightgbmFloats
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
OPSET = {"": 17, "ai.onnx.ml": 3}
ROWS = 40

iris = load_iris()
FLOWER = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
X = iris.data.astype(np.float32)
SPECIES = iris.target_names[iris.target].astype(str)
cases = {}


def numbers(names):
    return [{"name": name, "columnType": "number"} for name in names]


def answers(onnx_bytes, feeds):
    session = onnxruntime.InferenceSession(onnx_bytes, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def record(name, model, feeds, columns, inputs, target, classes=None, **also):
    """`columns` are the raw ones of the signature; `feeds` what the graph itself takes."""
    data = model.SerializeToString()
    with open(os.path.join(HERE, "foreign", f"{name}.onnx"), "wb") as file:
        file.write(data)
    found = answers(data, feeds)
    case = {
        "signature": {"target": target, "inputs": inputs, **({"classes": classes} if classes else {}), **also},
        "columns": {key: np.asarray(value).tolist() for key, value in columns.items()},
    }
    if len(found) == 1:
        case["prediction"] = np.asarray(found[0], dtype=float).reshape(-1).tolist()
    else:
        label, probabilities = found
        if isinstance(probabilities, list):  # of ZipMap: one dictionary a row
            keys = list(probabilities[0])
            probabilities = np.array([[row[key] for key in keys] for row in probabilities])
        case["label"] = np.asarray(label).reshape(-1).tolist()
        case["probabilities"] = np.asarray(probabilities, dtype=float).tolist()
    cases[name] = case


def flowers(name, estimator, y, classes=None, initial=FloatTensorType, options=None, **also):
    estimator.fit(X, y)
    model = convert_sklearn(
        estimator,
        initial_types=[("float_input", initial([None, 4]))],
        target_opset=OPSET,
        options=options and {id(estimator): options},
    )
    some = X[::4][:ROWS]
    dtype = np.float64 if initial is DoubleTensorType else np.float32
    columns = {column: some[:, i].astype(float) for i, column in enumerate(FLOWER)}
    feeds = {"float_input": some.astype(dtype)}
    record(name, model, feeds, columns, numbers(FLOWER), "species", classes, **also)


# ---- one matrix in, classes out ------------------------------------------------------------------------------------
flowers("logisticZipMap", LogisticRegression(max_iter=1000), SPECIES)
flowers("forestInts", RandomForestClassifier(10, max_depth=4, random_state=0), iris.target * 10, options={"zipmap": False})
flowers("boostingZipMap", GradientBoostingClassifier(n_estimators=5, random_state=0), SPECIES)
flowers("bayesDoubles", GaussianNB(), SPECIES, initial=DoubleTensorType, options={"zipmap": False})
flowers("scaledNetwork", make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=500, random_state=0)), SPECIES)
flowers("supportVectors", SVC(probability=True, random_state=0), SPECIES, options={"zipmap": False})
flowers("booleans", LogisticRegression(max_iter=1000), iris.target == 0, options={"zipmap": False}, classes=[False, True])
# What is refused: scores that are no probabilities, and one array a class.
flowers("supportScores", LinearSVC(random_state=0), SPECIES)
flowers("neighbors", KNeighborsClassifier(3), SPECIES, options={"zipmap": False})
columns_of = LogisticRegression(max_iter=1000).fit(X, SPECIES)
with open(os.path.join(HERE, "foreign", "zipMapColumns.onnx"), "wb") as file:
    file.write(
        convert_sklearn(
            columns_of,
            initial_types=[("float_input", FloatTensorType([None, 4]))],
            target_opset=OPSET,
            options={id(columns_of): {"zipmap": "columns"}},
        ).SerializeToString()
    )

# ---- numbers out ---------------------------------------------------------------------------------------------------
rx, ry = make_regression(300, 5, noise=5, random_state=0)
rx = rx.astype(np.float32)
names = [f"x{i}" for i in range(5)]
raw = {column: rx[:ROWS, i].astype(float) for i, column in enumerate(names)}
for name, estimator in (("ridge", Ridge()), ("boostingNumbers", GradientBoostingRegressor(n_estimators=8, random_state=0))):
    estimator.fit(rx, ry)
    model = convert_sklearn(estimator, initial_types=[("X", FloatTensorType([None, 5]))], target_opset=OPSET)
    record(name, model, {"X": rx[:ROWS]}, raw, numbers(names), "y")

# ---- LightGBM ------------------------------------------------------------------------------------------------------
booster = lightgbm.LGBMRegressor(n_estimators=8, num_leaves=7, verbose=-1, deterministic=True).fit(rx, ry)
model = convert_lightgbm(booster, initial_types=[("input", LightgbmFloats([None, 5]))])
record("lightgbmNumbers", model, {"input": rx[:ROWS]}, raw, numbers(names), "y")

cx, cy = make_classification(300, 5, n_informative=3, random_state=0)
cx = cx.astype(np.float32)
raw = {column: cx[:ROWS, i].astype(float) for i, column in enumerate(names)}
for name, zipmap in (("lightgbmBinary", True), ("lightgbmPlain", False)):
    booster = lightgbm.LGBMClassifier(n_estimators=8, num_leaves=7, verbose=-1, deterministic=True).fit(cx, cy)
    model = convert_lightgbm(booster, initial_types=[("input", LightgbmFloats([None, 5]))], zipmap=zipmap)
    record(name, model, {"input": cx[:ROWS]}, raw, numbers(names), "y", positive=1)
booster = lightgbm.LGBMClassifier(n_estimators=5, num_leaves=7, verbose=-1, deterministic=True).fit(X, iris.target)
model = convert_lightgbm(booster, initial_types=[("input", LightgbmFloats([None, 4]))])
some = X[::4][:ROWS]
columns = {column: some[:, i].astype(float) for i, column in enumerate(FLOWER)}
record("lightgbmFlowers", model, {"input": some}, columns, numbers(FLOWER), "species", iris.target_names.tolist())

# ---- one input a column, text among them ---------------------------------------------------------------------------
random = np.random.default_rng(0)
frame = pd.DataFrame(
    {
        "city": random.choice(["Bern", "Genf", "Zürich"], 300),
        "rooms": random.integers(1, 7, 300),
        "area": (random.random(300) * 150 + 20).astype(np.float32),
    }
)
dear = (frame.area + (frame.city == "Zürich") * 60 + random.normal(0, 10, 300) > 120).map({True: "dear", False: "fair"})
columns = ColumnTransformer(
    [("text", OneHotEncoder(handle_unknown="ignore"), ["city"]), ("number", StandardScaler(), ["rooms", "area"])]
)
flats = make_pipeline(columns, LogisticRegression()).fit(frame, dear)
model = convert_sklearn(
    flats,
    initial_types=[
        ("city", StringTensorType([None, 1])),
        ("rooms", Int64TensorType([None, 1])),
        ("area", FloatTensorType([None, 1])),
    ],
    target_opset=OPSET,
)
some = frame.head(ROWS)
feeds = {
    "city": some[["city"]].to_numpy(dtype=object),
    "rooms": some[["rooms"]].to_numpy(dtype=np.int64),
    "area": some[["area"]].to_numpy(dtype=np.float32),
}
inputs = [{"name": "city", "columnType": "string"}, *numbers(["rooms", "area"])]
raw = {"city": some.city, "rooms": some.rooms, "area": some.area.astype(float)}
record("flats", model, feeds, raw, inputs, "price", positive="dear")

# Two matrices, each of several columns: the signature says which column goes where.
parts = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), [0]), ("number", StandardScaler(), [1, 2])])
flats = make_pipeline(parts, LogisticRegression()).fit(frame.to_numpy(dtype=object), dear)
model = convert_sklearn(
    flats,
    initial_types=[("texts", StringTensorType([None, 1])), ("measures", FloatTensorType([None, 2]))],
    target_opset=OPSET,
)
feeds = {"texts": feeds["city"], "measures": some[["rooms", "area"]].to_numpy(dtype=np.float32)}
inputs = [{**each, "input": "texts" if each["name"] == "city" else "measures"} for each in inputs]
record("flatsTwoMatrices", model, feeds, raw, inputs, "price", positive="dear")

with open(os.path.join(HERE, "foreign.json"), "w") as file:
    json.dump(cases, file, ensure_ascii=False)
    file.write("\n")
