"""One question of a search, in a process of its own, which the worker can end at any time.

Reads one line of JSON: `activity`, `question`, `files` (paths by name) and `out` (a folder). Writes lines of JSON: its
progress, and at last what it made or why it refused.
"""

import json
import os
import platform
import shutil
import sys
import threading
import time
import warnings
from importlib.metadata import version

import numpy as np
from lightgbm.basic import LightGBMError
from skl2onnx.common.data_types import FloatTensorType

from learners import estimator
from onnxfile import to_onnx
from refused import Refused
from tensors import read_tensors, write_tensors

PACKAGES = ["lightgbm", "scikit-learn", "numpy", "scipy", "skl2onnx", "onnxmltools", "onnx"]


def main():
    given = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_the_worker, args=[given["out"]], daemon=True).start()
    warnings.filterwarnings("ignore", category=UserWarning)
    began = time.monotonic()
    try:
        made = answer(given["activity"], given["question"], given["files"], given["out"])
    except (Refused, ValueError, TypeError, LightGBMError) as refusal:
        say({"refused": str(refusal) or type(refusal).__name__})
    else:
        packages = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
        say({**made, "packages": packages, "durationMs": round(1000 * (time.monotonic() - began))})


def answer(activity, question, files, out):
    """Paths of what was made, by name."""
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
        return to_onnx(model, model, [("x", FloatTensorType([None, asked["columns"]]))], classify)


def say(line):
    print(json.dumps(line), flush=True)


def end_with_the_worker(folder):
    """Its end of the pipe is closed when it dies, however it dies; then nobody else removes the question's folder."""
    while os.read(0, 1 << 10):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
    # At once: threads of native libraries have nothing more to say, and may not outlive what they stand on.
    os._exit(0)
