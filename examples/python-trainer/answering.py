"""What one question of a search is answered with: models by its folds, or one of all rows as an ONNX file."""

import os

import numpy as np
from lightgbm.basic import LightGBMError

from learners import estimator
from refused import Refused
from tensors import read_tensors, write_tensors

# What a question that cannot be answered raises; of LightGBM's own class, which has no better one.
REFUSALS = (Refused, ValueError, TypeError, LightGBMError)


def answer(activity, question, files, out, say):
    """Paths of what was made, by name. Tells its progress to `say`."""
    data = Data(question, read_tensors(files["features"]))
    folds = read_tensors(files["folds"]) if "folds" in files else {}
    total = sum(name.startswith("test_") for name in folds)
    answers = {}
    for k in range(total):
        model = data.fit(folds[f"train_{k}"])
        answers[f"fold_{k}"] = data.answers(model, data.x[folds[f"test_{k}"]])
        say({"folds": k + 1, "of": total})
    made = {"answers": os.path.join(out, "answers")}
    if activity == "fitModel":
        model = data.fit()
        rows = read_tensors(files["rows"])["x"].reshape(-1, question["columns"])
        # Asked before the export, which moves LightGBM's thresholds to float32: that must change nothing.
        answers["rows"] = data.answers(model, rows)
        made["model"] = os.path.join(out, "model.onnx")
        with open(made["model"], "wb") as file:
            file.write(data.export(model))
    write_tensors(made["answers"], answers)
    return made


class Data:
    def __init__(self, question, tensors):
        self.question = question
        self.x = tensors["x"].reshape(question["rows"], question["columns"])
        self.y = tensors["y"] if question["task"] == "regression" else tensors["y"].astype(np.int64)
        self.weights = tensors.get("weights")

    def fit(self, rows=slice(None)):
        asked = self.question
        model = estimator(asked["learner"], asked["params"], asked["task"], asked["seed"])
        x = self.x[rows]
        if asked["learner"] != "lightgbm" and np.isnan(x).any():
            raise Refused(f"{asked['learner']} takes no missing values; impute them in `features`")
        weights = None if self.weights is None else self.weights[rows]
        return model.fit(x, self.y[rows], sample_weight=weights)

    def answers(self, model, x):
        """[rows, classes] probabilities, or [rows] numbers, float64."""
        if self.question["task"] == "regression":
            return np.asarray(model.predict(x), np.float64)
        whole = np.zeros((len(x), self.question["classes"]))
        whole[:, model.classes_] = model.predict_proba(x)
        return whole

    def export(self, model):
        asked = self.question
        classify = asked["task"] != "regression"
        if classify and len(model.classes_) != asked["classes"]:
            raise Refused(f"{len(model.classes_)} of {asked['classes']} classes have a row to learn from")
        # They take long to import, and only the winner is exported.
        from skl2onnx.common.data_types import FloatTensorType

        from onnxfile import to_onnx

        return to_onnx(model, model, [("x", FloatTensorType([None, asked["columns"]]))], classify)
