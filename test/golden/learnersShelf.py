"""Optima and scores of the later learners' peers: python3 learnersShelf.py writes learnersShelf.json beside itself.

scikit-learn 1.9.1, numpy 1.26.4, on the rows of learnersData.json. `objective` is what the peer minimises, computed
here in float64 from the peer's coefficients; a peer that does not converge is an error, for on features as they are
saga does not in 200,000 epochs. `scaled` rows are standardised and rounded to float32.
"""

import base64
import json
import os
import warnings

import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss as mean_log_loss, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC

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


def log_loss(scores, y):
    """Summed -log p(class); one column of scores is that of the second of two classes."""
    if scores.shape[1] == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    highest = scores.max(axis=1, keepdims=True)
    return float((np.log(np.exp(scores - highest).sum(axis=1)) + highest[:, 0] - scores[np.arange(len(y)), y]).sum())


def sparse_logistic(x, y, l1, l2):
    model = LogisticRegression(
        C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), solver="saga", tol=1e-9, max_iter=20_000, random_state=0
    ).fit(x, y)
    w = model.coef_
    objective = log_loss(x @ w.T + model.intercept_, y) + l1 * np.abs(w).sum() + l2 / 2 * (w * w).sum()
    shares = model.predict_proba(x[:40])
    return {
        "l1": l1, "l2": l2, "objective": float(objective), "iterations": int(model.n_iter_.max()),
        "nonzero": int((w != 0).sum()), "shares": shares.tolist(),
        **({"coef": w[0].tolist(), "intercept": float(model.intercept_[0])} if len(w) == 1 else {}),
    }


def logistic():
    cancer, digits = load("cancer", scaled=True), load("digits", scaled=True)
    return {
        "cancerScaled": [sparse_logistic(*cancer, *p) for p in ((3, 0), (10, 0), (0.5, 0.5))],
        "digitsScaled": [sparse_logistic(*digits, *p) for p in ((10, 0), (5, 20))],
    }


def elastic_net(x, y, alpha, ratio):
    """scikit-learn's Lasso is this with a ratio of 1."""
    model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-13, max_iter=10_000_000).fit(x, y)
    w = model.coef_
    rest = y - x @ w - model.intercept_
    penalty = alpha * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * (w * w).sum())
    return {
        "alpha": alpha, "l1Ratio": ratio, "objective": float((rest * rest).mean() / 2 + penalty),
        "coef": w.tolist(), "intercept": float(model.intercept_),
    }


def elastic_nets():
    friedman, (cancer, label) = load("friedman"), load("cancer")
    label = label.astype("f8")
    return {
        "friedman": [elastic_net(*friedman, *p) for p in ((0.1, 1), (0.01, 0.5), (1, 1), (10, 1))],
        "cancer": [elastic_net(cancer, label, *p) for p in ((0.1, 1), (0.01, 1), (0.01, 0.5))],
        "cancerScaled": [elastic_net(load("cancer", scaled=True)[0], label, *p) for p in ((0.01, 1), (0.001, 1), (0.001, 0.1))],
    }


FOLDS = 5
SEEDS = range(10)


def folds(rows, seed):
    """As foldOf in test/learning/learnersData.ts."""
    hashed = (np.arange(rows, dtype=np.uint64) * 2654435761 + seed * 2246822519) % 2**32
    return (hashed >> 16) * FOLDS >> 16


def cross_validated(model, x, y, score):
    """[seed][fold][score], larger is better."""
    found = []
    for seed in SEEDS:
        fold = folds(len(y), seed)
        parts = [(fold != k, fold == k) for k in range(FOLDS)]
        found.append([score(model.fit(x[fit], y[fit]), x[test], y[test]) for fit, test in parts])
    return found


def accurate(model, x, y):
    """Accuracy and minus Brier score (of two classes that of the second): a vote of 5 may be 0, and its log is nothing."""
    shares = model.predict_proba(x)
    misses = shares - (y[:, None] == model.classes_)
    brier = (misses[:, 1] ** 2).mean() if misses.shape[1] == 2 else (misses**2).sum(axis=1).mean()
    return [float(accuracy_score(y, model.classes_[shares.argmax(1)])), -float(brier)]


def explained(model, x, y):
    return [float(r2_score(y, model.predict(x)))]


def neighbors():
    """Scores, and answers for every third row from the others."""
    cancer, digits, friedman = load("cancer"), load("digits"), load("friedman")
    answers = {}
    for name, (x, y) in (("cancer", cancer), ("friedman", friedman)):
        test = np.arange(len(y)) % 3 == 0
        make = KNeighborsRegressor if name == "friedman" else KNeighborsClassifier
        answers[name] = []
        for k, weights in ((5, "uniform"), (12, "distance"), (1, "uniform")):
            model = make(k, weights=weights, algorithm="brute").fit(x[~test], y[~test])
            found = model.predict(x[test]) if name == "friedman" else model.predict_proba(x[test])[:, 1]
            answers[name].append({"k": k, "weights": weights, "answers": found.tolist()})
    return {
        "answers": answers,
        "scores": {
            "cancer": cross_validated(KNeighborsClassifier(5), *cancer, accurate),
            "digits": cross_validated(KNeighborsClassifier(5, weights="distance"), *digits, accurate),
            "friedman": cross_validated(KNeighborsRegressor(5), *friedman, explained),
        },
    }


def margin_losses(scores, y, loss):
    slack = np.maximum(0, 1 - np.where(y, 1, -1) * scores)
    return float((slack if loss == "hinge" else slack * slack).sum())


def linear_svm(x, y, l2, loss, dual=True):
    model = LinearSVC(C=1 / l2, loss=loss, dual=dual, tol=1e-9 if dual else 1e-12, max_iter=20_000_000, random_state=0).fit(x, y)
    w, bias = model.coef_, model.intercept_
    classes = [1] if len(w) == 1 else range(len(w))
    objectives = [
        l2 / 2 * float(w[i] @ w[i] + bias[i] ** 2) + margin_losses(x @ w[i] + bias[i], y == k, "hinge" if loss == "hinge" else "squared")
        for i, k in enumerate(classes)
    ]
    return {
        "l2": l2, "loss": {"hinge": "hinge", "squared_hinge": "squaredHinge"}[loss], "objectives": objectives,
        **({"coef": w[0].tolist(), "intercept": float(bias[0])} if len(w) == 1 else {}),
    }


def shares_of(model, x, y):
    shares = model.predict_proba(x)
    return [
        float(accuracy_score(y, model.classes_[shares.argmax(1)])), -float(mean_log_loss(y, shares, labels=model.classes_)),
    ]


def linear_svms():
    cancer, digits = load("cancer", scaled=True), load("digits", scaled=True)
    calibrated = CalibratedClassifierCV(LinearSVC(C=0.1, max_iter=1_000_000, random_state=0), method="sigmoid", cv=5, ensemble=False)
    return {
        # On features as they are only the primal comes to an end.
        "cancer": [linear_svm(*load("cancer"), l2, "squared_hinge", dual=False) for l2 in (1, 100)],
        "cancerScaled": [linear_svm(*cancer, *p) for p in ((1, "squared_hinge"), (10, "squared_hinge"), (1, "hinge"), (100, "hinge"))],
        "digitsScaled": [linear_svm(*digits, *p) for p in ((10, "squared_hinge"), (10, "hinge"))],
        "scores": {
            "cancerScaled": cross_validated(calibrated, *cancer, shares_of),
            "digitsScaled": cross_validated(calibrated, *digits, shares_of),
        },
    }


if __name__ == "__main__":
    golden = {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "logistic": logistic(),
        "elasticNet": elastic_nets(),
        "neighbors": neighbors(),
        "linearSvm": linear_svms(),
    }
    with open(os.path.join(HERE, "learnersShelf.json"), "w") as file:
        json.dump(golden, file)
        file.write("\n")
