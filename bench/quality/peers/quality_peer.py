"""Cross-validates one peer a line of input, on the rows and folds that Perennial's learner has.

In: `{learner, task, classes, rows, columns, seed, x, y, folds}`. x is float32 [rows, columns] and y float64 [rows], raw
files; folds is a JSON file, a list of `{train, test}` of row numbers. Out: `{scores, seconds}`, one object of metrics a fold.
"""

import json
import sys
import time
import warnings

import lightgbm
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")

# Each with its own defaults; logistic regression has the steps that it needs.
CLASSIFIERS = {
    "forest": lambda seed: RandomForestClassifier(100, random_state=seed),
    "extraTrees": lambda seed: ExtraTreesClassifier(100, random_state=seed),
    "tree": lambda seed: DecisionTreeClassifier(random_state=seed),
    "boosting": lambda seed: lightgbm.LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1),
    "logistic": lambda seed: LogisticRegression(max_iter=5000),
    "linearSvm": lambda seed: CalibratedClassifierCV(LinearSVC(max_iter=10_000, random_state=seed), ensemble=False),
    "naiveBayes": lambda seed: GaussianNB(),
    "neighbors": lambda seed: KNeighborsClassifier(5),
}
REGRESSORS = {
    "forest": lambda seed: RandomForestRegressor(100, random_state=seed),
    "extraTrees": lambda seed: ExtraTreesRegressor(100, random_state=seed),
    "tree": lambda seed: DecisionTreeRegressor(random_state=seed),
    "boosting": lambda seed: lightgbm.LGBMRegressor(random_state=seed, n_jobs=1, verbose=-1),
    "ridge": lambda seed: Ridge(),
    "lasso": lambda seed: Lasso(max_iter=10_000),
    "elasticNet": lambda seed: ElasticNet(max_iter=10_000),
    "neighbors": lambda seed: KNeighborsRegressor(5),
}


def classified(model, x, y, classes):
    shares = model.predict_proba(x)
    assert list(model.classes_) == list(range(classes)), "a fold lacks a class"
    wrong = shares - np.eye(classes)[y.astype(int)]
    # Of two classes that of the positive one alone, as scikit-learn's brier_score_loss.
    brier = (wrong[:, 1] ** 2).mean() if classes == 2 else (wrong**2).sum(axis=1).mean()
    return {"accuracy": float((shares.argmax(axis=1) == y).mean()), "brier": float(brier)}


def numbered(model, x, y):
    wrong = model.predict(x) - y
    return {"rmse": float(np.sqrt((wrong**2).mean())), "mae": float(np.abs(wrong).mean())}


VERSIONS = f"lightgbm {lightgbm.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
print(json.dumps({"versions": f"Python {sys.version.split()[0]}, {VERSIONS}"}), flush=True)
for line in sys.stdin:
    work = json.loads(line)
    x = np.fromfile(work["x"], dtype="<f4").reshape(work["rows"], work["columns"])
    y = np.fromfile(work["y"], dtype="<f8")
    with open(work["folds"]) as file:
        folds = json.load(file)
    regression = work["task"] == "regression"
    # scikit-learn computes linear models, distances and densities in the width that it is given: 64 bits, as ours.
    if work["learner"] not in ("forest", "extraTrees", "tree", "boosting"):
        x = x.astype("f8")
    make = (REGRESSORS if regression else CLASSIFIERS)[work["learner"]]
    started = time.process_time()
    scores = []
    for fold in folds:
        model = make(work["seed"]).fit(x[fold["train"]], y[fold["train"]])
        test = fold["test"]
        scores.append(numbered(model, x[test], y[test]) if regression else classified(model, x[test], y[test], work["classes"]))
    print(json.dumps({"scores": scores, "seconds": time.process_time() - started}), flush=True)
