"""Scores of the peers, fold by fold: python3 learnersPeers.py writes learnersPeers.json beside itself.

scikit-learn 1.9.1, LightGBM 4.7.0, on the rows of learnersData.json, cut into folds by a hash of
the row and the seed, anew for each seed.
"""

import base64
import json
import os

import lightgbm
import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_pinball_loss, r2_score
from sklearn.naive_bayes import GaussianNB

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDS = 5


def load(name):
    with open(os.path.join(HERE, "learnersData.json")) as file:
        data = json.load(file)[name]
    raw = lambda key, dtype: np.frombuffer(base64.b64decode(data[key]), dtype=dtype)
    x = raw("x", "u1" if name == "digits" else "<f4").reshape(data["rows"], data["columns"]).astype("f8")
    return x, raw("y", "<f8" if data["classes"] == 1 else "u1")


def folds(rows, seed):
    """As foldOf in test/learning/learnersPeers.test.ts."""
    hashed = (np.arange(rows, dtype=np.uint64) * 2654435761 + seed * 2246822519) % 2**32
    return (hashed >> 16) * FOLDS >> 16


def scores(make, name, score, seeds=range(3)):
    """[seed][fold][score]"""
    x, y = load(name)
    found = []
    for seed in seeds:
        fold = folds(len(y), seed)
        parts = [(fold != k, fold == k) for k in range(FOLDS)]
        found.append([score(make(seed).fit(x[fit], y[fit]), x[test], y[test]) for fit, test in parts])
    return found


def classified(model, x, y):
    shares = model.predict_proba(x)
    return [float(accuracy_score(y, model.classes_[shares.argmax(1)])), float(-log_loss(y, shares, labels=model.classes_))]


def numbered(model, x, y):
    return [float(r2_score(y, model.predict(x)))]


def boosted(**settings):
    make = lightgbm.LGBMRegressor if "objective" in settings else lightgbm.LGBMClassifier
    return lambda seed: make(random_state=seed, n_jobs=1, verbose=-1, **settings)


def naive(name):
    x, y = load(name)
    model = GaussianNB().fit(x, y)
    return {
        "means": model.theta_.tolist(),
        "variances": model.var_.tolist(),
        "priors": model.class_prior_.tolist(),
        "shares": model.predict_proba(x[:25]).tolist(),
    }


bagged = dict(subsample=0.7, subsample_freq=1, colsample_bytree=0.6, reg_lambda=1, max_depth=4)
golden = {
    "versions": {"scikit-learn": sklearn.__version__, "lightgbm": lightgbm.__version__, "numpy": np.__version__},
    "boosting": {
        "cancer": scores(boosted(), "cancer", classified, range(10)),
        "digits": scores(boosted(), "digits", classified, range(2)),
        "friedman": scores(boosted(objective="l2"), "friedman", numbered),
        "cancerSampled": scores(boosted(**bagged), "cancer", classified, range(10)),
        "digitsSampled": scores(boosted(**bagged), "digits", classified, range(2)),
        "friedmanAbsolute": scores(
            boosted(objective="l1"), "friedman", lambda m, x, y: [-float(mean_absolute_error(y, m.predict(x)))]
        ),
        "friedmanQuantile": scores(
            boosted(objective="quantile", alpha=0.8),
            "friedman",
            lambda m, x, y: [-float(mean_pinball_loss(y, m.predict(x), alpha=0.8))],
        ),
    },
    "extraTrees": {
        "cancer": scores(lambda s: ExtraTreesClassifier(100, random_state=s), "cancer", classified, range(10)),
        "digits": scores(lambda s: ExtraTreesClassifier(100, random_state=s), "digits", classified, range(2)),
        "friedman": scores(lambda s: ExtraTreesRegressor(100, random_state=s), "friedman", numbered, range(2)),
    },
    "naiveBayes": {"cancer": naive("cancer")},
}

with open(os.path.join(HERE, "learnersPeers.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
