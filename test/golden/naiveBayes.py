"""Naive Bayes of sizes with gaps and of categories: python3 naiveBayes.py writes naiveBayes.json beside itself.

scikit-learn 1.9.1 has GaussianNB without missing values and CategoricalNB alone. Features being independent within a class,
the log likelihood of a row is the sum of those of one model a column, each fitted to the rows that have a value there, plus
the log of the class's share once.
"""

import base64
import json
import os

import numpy as np
import sklearn
from sklearn.naive_bayes import CategoricalNB, GaussianNB

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, COUNTS, SMOOTHING = 300, [12, 5], 1e-3


def rows():
    """Two sizes with gaps, then two columns of categories from 1 on, of which 0 is none."""
    random = np.random.default_rng(7)
    y = random.integers(0, 3, ROWS)
    sizes = random.normal(0, 1, (ROWS, 2)) * [2, 30] + y[:, None] * [[1.5, -20]]
    sizes[random.random((ROWS, 2)) < 0.25] = np.nan
    codes = [np.minimum(count, random.integers(1, count + 1, ROWS) // (1 + y % 2) + 1) for count in COUNTS]
    codes = np.stack([np.where(random.random(ROWS) < 0.1, 0, code) for code in codes], axis=1)
    return np.concatenate([sizes, codes], axis=1).astype(np.float32), y


def shares(x, y, weights, alpha):
    """[rows, classes]"""
    x = x.astype("f8")
    variances = [np.nanvar(x[:, c]) for c in (0, 1)]
    priors = np.log(np.bincount(y, weights) / np.sum(weights))
    scores = np.tile(priors, (len(y), 1))
    for c in (0, 1):
        there = ~np.isnan(x[:, c])
        own = np.bincount(y[there], weights[there]) / np.sum(weights[there])
        model = GaussianNB(var_smoothing=SMOOTHING * max(variances) / variances[c])
        model.fit(x[there, c : c + 1], y[there], weights[there])
        scores[there] += model.predict_joint_log_proba(x[there, c : c + 1]) - np.log(own)
    for c, count in enumerate(COUNTS, 2):
        there = x[:, c] > 0
        model = CategoricalNB(alpha=alpha, min_categories=count)
        own = x[there, c : c + 1].astype(int) - 1
        model.fit(own, y[there], weights[there])
        scores[there] += model.predict_joint_log_proba(own) - model.class_log_prior_
    scores -= scores.max(1, keepdims=True)
    return np.exp(scores) / np.exp(scores).sum(1, keepdims=True)


x, y = rows()
weights = (np.arange(ROWS) % 7 + 1) / 4
golden = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "x": base64.b64encode(x.tobytes()).decode(),
    "y": y.tolist(),
    "plain": shares(x, y, np.ones(ROWS), 1).tolist(),
    "weighed": shares(x, y, weights, 0.25).tolist(),
}
with open(os.path.join(HERE, "naiveBayes.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
