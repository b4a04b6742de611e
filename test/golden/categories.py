"""LightGBM with `categorical_feature`: python3 categories.py DATA writes categories.json beside itself.

LightGBM 4.7.0. DATA is the folder of real sets (uci_adult, nyc_sca_schedules), of which scores alone are kept, fold by
fold, by the folds of learnersPeers.py. Beside them a generated set, rows included, and what LightGBM makes of it with
categories by name and by the size of their numbers.
"""

import base64
import csv
import json
import os
import sys

import lightgbm
import numpy as np
import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import accuracy_score, log_loss, r2_score

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDS = 5


def folds(rows, seed):
    """As foldOf in test/learning/learnersPeers.test.ts."""
    hashed = (np.arange(rows, dtype=np.uint64) * 2654435761 + seed * 2246822519) % 2**32
    return (hashed >> 16) * FOLDS >> 16


def classified(model, x, y):
    shares = model.predict_proba(x)
    return [float(accuracy_score(y, model.classes_[shares.argmax(1)])), float(-log_loss(y, shares))]


def numbered(model, x, y):
    return [float(r2_score(y, model.predict(x)))]


def scores(make, score, x, y, named, seeds):
    """[seed][fold][score]"""
    found = []
    for seed in seeds:
        fold = folds(len(y), seed)
        parts = [(fold != k, fold == k) for k in range(FOLDS)]
        fit = lambda rows: make().fit(x[rows], y[rows], categorical_feature=named)
        found.append([score(fit(rest), x[test], y[test]) for rest, test in parts])
    return found


def both(make, score, x, y, named, seeds):
    return {"named": scores(make, score, x, y, named, seeds), "sized": scores(make, score, x, y, [], seeds)}


def read(path, take, target, positive, sizes, names):
    """Numbers as they are; texts as 0, 1 ... by order of value, missing ones as NaN."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if take(row)]
    columns = [[float(row[name]) for row in rows] for name in sizes]
    for name in names:
        texts = [row[name] for row in rows]
        codes = {text: i for i, text in enumerate(sorted(set(texts) - {"", "?"}))}
        columns.append([codes.get(text, np.nan) for text in texts])
    y = np.array([row[target] == positive for row in rows]).astype(int)
    return np.array(columns).T, y, list(range(len(sizes), len(columns)))


def classifier(**settings):
    return lambda: lightgbm.LGBMClassifier(random_state=0, n_jobs=1, verbose=-1, **settings)


def regressor():
    return lightgbm.LGBMRegressor(random_state=0, n_jobs=1, verbose=-1)


def generated():
    """80 categories in no order, which of them are high depending on 6 others, and a number."""
    random = np.random.default_rng(19)
    rows = 4000
    many, few = random.integers(1, 81, rows), random.integers(1, 7, rows)
    number = random.integers(0, 64, rows) / 64
    effects = random.normal(0, 1, 81)
    turned = np.where(few % 2 == 0, 1.0, -0.5)
    signal = effects[many] * turned + number + random.normal(0, 0.4, rows)
    return np.stack([many, few, number], axis=1).astype(np.float32), signal.astype(np.float32)


def onnx(x, y, named):
    """A model with sets as onnxmltools writes it, and LightGBM's own path-dependent Shapley values (the last is the base)."""
    model = lightgbm.LGBMRegressor(n_estimators=12, num_leaves=12, verbose=-1, n_jobs=1)
    model.fit(x, y, categorical_feature=named)
    file = onnxmltools.convert_lightgbm(
        model, initial_types=[("x", FloatTensorType([None, x.shape[1]]))], zipmap=False, target_opset=15
    )
    shown = x[:20].astype("f8")
    return {
        "model": base64.b64encode(file.SerializeToString()).decode(),
        "answers": model.predict(shown).tolist(),
        "contributions": model.predict(shown, pred_contrib=True).tolist(),
    }


data = sys.argv[1]
adult = read(
    os.path.join(data, "uci_adult", "adult_train.csv"),
    lambda row: True,
    "income",
    ">50K",
    ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"],
    ["workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "native-country"],
)
phases = read(
    os.path.join(data, "nyc_sca_schedules", "sca_phases_2025-06.csv"),
    lambda row: row["phase"] in ("Scope", "Design"),
    "schedule_adherence",
    "late",
    ["budget", "planned_duration_days"],
    ["district", "borough", "project_type", "phase"],
)
x, y = generated()
golden = {
    "versions": {"lightgbm": lightgbm.__version__, "numpy": np.__version__},
    "adult": both(classifier(), classified, *adult, range(4)),
    "phases": both(classifier(), classified, *phases, range(4)),
    "generated": {
        "x": base64.b64encode(x.tobytes()).decode(),
        "y": base64.b64encode(y.tobytes()).decode(),
        **both(regressor, numbered, x.astype("f8"), y, [0, 1], range(2)),
        "onnx": onnx(x.astype("f8"), y, [0, 1]),
    },
}

with open(os.path.join(HERE, "categories.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
