"""Optima of the linear learners' peers: python3 learnersShelf.py writes learnersShelf.json beside itself.

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
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression

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


if __name__ == "__main__":
    golden = {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "logistic": logistic(),
        "elasticNet": elastic_nets(),
    }
    with open(os.path.join(HERE, "learnersShelf.json"), "w") as file:
        json.dump(golden, file)
        file.write("\n")
