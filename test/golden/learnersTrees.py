"""What peers make of rows with weights, classes with weights, missing values and monotone constraints:
python3 learnersTrees.py writes learnersTrees.json beside itself.

scikit-learn 1.9.1, LightGBM 4.7.0, numpy 1.26.4, on the rows of learnersData.json. Weights and gaps are functions of a
row's number, the same in test/learning/learnersData.ts.
"""

import base64
import json
import os
import warnings

import lightgbm
import numpy as np
import sklearn
from sklearn.calibration import _sigmoid_calibration
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.class_weight import compute_class_weight

warnings.simplefilter("error", ConvergenceWarning)
HERE = os.path.dirname(os.path.abspath(__file__))


def load(name, scaled=False):
    with open(os.path.join(HERE, "learnersData.json")) as file:
        data = json.load(file)[name]
    raw = lambda key, dtype: np.frombuffer(base64.b64decode(data[key]), dtype=dtype)
    x = raw("x", "u1" if name == "digits" else "<f4").reshape(data["rows"], data["columns"]).astype("f8")
    if scaled:
        deviations = x.std(axis=0)
        x = ((x - x.mean(axis=0)) / np.where(deviations == 0, 1, deviations)).astype("f4").astype("f8")
    return x, raw("y", "<f8" if data["classes"] == 1 else "u1").astype("f8" if data["classes"] == 1 else int)


def hashed(numbers):
    return ((np.arange(numbers, dtype=np.uint64) + 1) * 2654435761 % 2**32) >> 16


def weights(rows):
    """From 1/16 to 4."""
    return (hashed(rows) % 64 + 1).astype("f8") / 16


def with_gaps(x):
    """A quarter of the values missing, in all columns but the first."""
    gone = (hashed(x.size) % 4 == 0).reshape(x.shape)
    gone[:, 0] = False
    return np.where(gone, np.nan, x)


def balanced(y, w):
    """By weighted counts, as LogisticRegression has it; trees and LightGBM count rows alone."""
    classes = np.unique(y)
    return dict(zip(classes.tolist(), compute_class_weight("balanced", classes=classes, y=y, sample_weight=w)))


cancer, digits, friedman = load("cancer"), load("digits"), load("friedman")
scaled = load("cancer", scaled=True)


def logistic():
    x, y = scaled
    found = []
    for l1, l2, by_class, by_row in ((0, 1, "balanced", False), (0, 1, {0: 1, 1: 5}, True), (0, 1, None, True), (3, 0, None, True), (0.5, 0.5, "balanced", True)):
        model = LogisticRegression(
            C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), class_weight=by_class, solver="saga" if l1 else "lbfgs",
            tol=1e-10, max_iter=100_000, random_state=0,
        ).fit(x, y, sample_weight=weights(len(y)) if by_row else None)
        named = {str(k): v for k, v in by_class.items()} if isinstance(by_class, dict) else by_class
        found.append({"l1": l1, "l2": l2, "classWeight": named, "weights": by_row,
                      "coef": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])})
    return found


def linear():
    x, y = friedman
    w = weights(len(y))
    ridge = Ridge(alpha=5).fit(x, y, sample_weight=w)
    net = ElasticNet(alpha=0.1, l1_ratio=0.5, tol=1e-13, max_iter=1_000_000).fit(x, y, sample_weight=w)
    of = lambda model: {"coef": model.coef_.tolist(), "intercept": float(model.intercept_)}
    return {"ridge": of(ridge), "elasticNet": of(net)}


def naive():
    x, y = cancer
    model = GaussianNB().fit(x, y, sample_weight=weights(len(y)))
    return {"means": model.theta_.tolist(), "variances": model.var_.tolist(), "priors": model.class_prior_.tolist()}


def machine():
    """LinearSVC's coefficients; `intercept_scaling` and a penalised intercept are this project's too."""
    x, y = scaled
    found = []
    for loss, by_class, by_row in (("squared_hinge", None, True), ("hinge", None, True), ("squared_hinge", "balanced", False)):
        model = LinearSVC(C=0.1, loss=loss, class_weight=by_class, tol=1e-10, max_iter=20_000_000, random_state=0)
        model.fit(x, y, sample_weight=weights(len(y)) if by_row else None)
        found.append({"loss": "hinge" if loss == "hinge" else "squaredHinge", "classWeight": by_class, "weights": by_row,
                      "coef": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])})
    return found


def sigmoid():
    """Platt's sigmoid by weighted scores: a machine that answers its one feature as it is."""
    x, y = scaled
    a, b = _sigmoid_calibration(x[:, 0].astype("f8"), y, sample_weight=weights(len(y)))
    return {"slope": -float(a), "offset": -float(b)}


def untied(fit):
    """The answers that no order of the features changes, None for the others: scikit-learn breaks ties at random."""
    answers = [fit(seed) for seed in range(30)]
    tied = [any(not np.allclose(answers[0][i], other[i]) for other in answers) for i in range(len(answers[0]))]
    assert sum(tied) < len(tied) / 10, "tied"
    return [None if tied[i] else np.round(answer, 8).tolist() for i, answer in enumerate(answers[0])]


def trees():
    """Shallow ones, on columns of few values: the cuts are the same, and so are the answers."""
    x, y = digits
    w = weights(len(y))
    gaps = with_gaps(x)
    found = {}
    limits = dict(max_depth=5, min_samples_leaf=3)
    for name, values, settings, by_row in (
        ("weights", x, {}, w), ("balanced", x, {"class_weight": "balanced"}, None), ("balancedRows", x, {"class_weight": balanced(y, w)}, w),
        ("byClass", x, {"class_weight": {3: 10, 8: 0.25}}, None), ("gaps", gaps, {}, None), ("gapsAndWeights", gaps, {}, w),
    ):
        fit = lambda seed: DecisionTreeClassifier(**limits, random_state=seed, **settings).fit(values, y, sample_weight=by_row).predict_proba(values[::9])
        found[name] = untied(fit)
    for name, values, by_row in (("numbersByWeights", x, w), ("numbersWithGaps", gaps, None), ("numbersBoth", gaps, w)):
        fit = lambda seed: DecisionTreeRegressor(**limits, random_state=seed).fit(values, y, sample_weight=by_row).predict(values[::9])
        found[name] = untied(fit)
    return found


def boosted():
    """Answers of ten rounds, on columns of few values.

    With weights LightGBM takes a leaf's rows for its share of the weight, so leaves may have few. Where a feature with a
    direction cannot be cut LightGBM does not look at it again in the children, so that after some leaves it has other trees.
    """
    x, y = digits
    w = weights(len(y))
    gaps = with_gaps(x)
    two = (y > 4).astype(int)
    found = {}
    for name, values, target, extra, by_row in (
        ("weights", x, y, {}, w), ("gaps", gaps, y, {}, None), ("gapsAndWeights", gaps, y, {}, w),
        ("monotone", x, y, ONE_TREE, None), ("all", gaps, y, ONE_TREE, w),
        ("two", x, two, {"class_weight": "balanced", **FEW}, None),
        ("twoByClass", gaps, two, {"class_weight": {0: 5, 1: 1}, **ONE_TREE, **FEW}, None),
        ("ten", gaps, y, {"class_weight": balanced(y, w), **FEW}, w),
    ):
        make = lightgbm.LGBMClassifier if "class_weight" in extra else lightgbm.LGBMRegressor
        settings = dict(n_estimators=10, num_leaves=15, min_child_samples=20 if by_row is None else 1, reg_lambda=2)
        fixed = dict(n_jobs=1, verbose=-1, min_data_in_bin=1, deterministic=True, force_col_wise=True)
        model = make(**{**settings, **fixed, **extra}).fit(values, target, sample_weight=by_row)
        answers = model.predict_proba(values[::9]) if "class_weight" in extra else model.predict(values[::9])
        found[name] = np.round(answers[:, 1] if target is two else answers, 8).tolist()
    return found


# As in test/learning/learnersGoldenTrees.test.ts: every third column rises, every third falls.
MONOTONE = [(1, -1, 0)[column % 3] for column in range(digits[0].shape[1])]
# Of classes leaves differ in weight, and LightGBM takes rows for weight with or without weights of theirs.
FEW = {"n_estimators": 4, "num_leaves": 4}
ONE_TREE = {"monotone_constraints": MONOTONE, "n_estimators": 1, "num_leaves": 8, "learning_rate": 1}

golden = {
    "versions": {"scikit-learn": sklearn.__version__, "lightgbm": lightgbm.__version__, "numpy": np.__version__},
    "logistic": logistic(), **linear(), "naiveBayes": naive(), "linearSvm": machine(), "sigmoid": sigmoid(),
    "tree": trees(), "boosting": boosted(),
}

with open(os.path.join(HERE, "learnersTrees.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
