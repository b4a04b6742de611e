"""Golden values of the learners: python3 learners.py writes learners.json and learnersData.json beside itself.

scikit-learn 1.9.1, numpy 2.4.6. Features are rounded to float32 first, as the encoders' graph gives them.
"""

import base64
import json
import os

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

HERE = os.path.dirname(__file__)
SEEDS = range(10)


def encode(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode()


def write(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file)
        file.write("\n")


def logistic(x, y, l2):
    model = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-13, max_iter=10_000).fit(x, y)
    return {"l2": l2, "coef": model.coef_.tolist(), "intercept": model.intercept_.tolist()}


def ridge(x, y, l2):
    model = Ridge(alpha=l2, solver="cholesky").fit(x, y)
    return {"l2": l2, "coef": model.coef_.tolist(), "intercept": float(model.intercept_)}


def scores(make, x, y, score):
    """Mean and standard deviation over seeds; every third row is held out."""
    test = np.arange(len(y)) % 3 == 0
    found = [score(make(seed).fit(x[~test], y[~test]), x[test], y[test]) for seed in SEEDS]
    return {"mean": np.mean(found, axis=0).tolist(), "std": np.std(found, axis=0).tolist()}


def classified(model, x, y):
    shares = model.predict_proba(x)
    auc = roc_auc_score(y, shares[:, 1]) if shares.shape[1] == 2 else roc_auc_score(y, shares, multi_class="ovr")
    return [accuracy_score(y, model.predict(x)), auc]


cancer = load_breast_cancer()
cancer_x = cancer.data.astype("f4").astype("f8")
scaled_x = ((cancer_x - cancer_x.mean(axis=0)) / cancer_x.std(axis=0)).astype("f4").astype("f8")
digits = load_digits()
digits_x, digits_y = digits.data[:1000], digits.target[:1000]
friedman_x, friedman_y = make_friedman1(600, 10, noise=1.0, random_state=0)
friedman_x = friedman_x.astype("f4").astype("f8")

write(
    "learnersData.json",
    {
        "cancer": {"rows": 569, "columns": 30, "classes": 2, "x": encode(cancer_x, "<f4"), "y": encode(cancer.target, "u1")},
        "digits": {"rows": 1000, "columns": 64, "classes": 10, "x": encode(digits_x, "u1"), "y": encode(digits_y, "u1")},
        "friedman": {"rows": 600, "columns": 10, "classes": 1, "x": encode(friedman_x, "<f4"), "y": encode(friedman_y, "<f8")},
    },
)
write(
    "learners.json",
    {
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "logistic": {
            "cancer": [logistic(cancer_x, cancer.target, l2) for l2 in (1, 0.01, 100)],
            "cancerScaled": [logistic(scaled_x, cancer.target, l2) for l2 in (1, 0.01, 100)],
            "digits": [logistic(digits_x, digits_y, l2) for l2 in (1, 10)],
        },
        "ridge": {"friedman": [ridge(friedman_x, friedman_y, l2) for l2 in (1, 0.001, 100)]},
        "forest": {
            "cancer": scores(lambda s: RandomForestClassifier(100, random_state=s), cancer_x, cancer.target, classified),
            "digits": scores(lambda s: RandomForestClassifier(100, random_state=s), digits_x, digits_y, classified),
            "digitsShallow": scores(
                lambda s: RandomForestClassifier(100, max_depth=4, min_samples_leaf=5, max_features=0.5, max_samples=0.6, random_state=s),
                digits_x, digits_y, classified,
            ),
            "friedman": scores(
                lambda s: RandomForestRegressor(100, random_state=s), friedman_x, friedman_y,
                lambda m, x, y: [r2_score(y, m.predict(x))],
            ),
        },
        "tree": {
            "cancer": scores(lambda s: DecisionTreeClassifier(random_state=s), cancer_x, cancer.target, classified),
            "digits": scores(lambda s: DecisionTreeClassifier(max_depth=8, random_state=s), digits_x, digits_y, classified),
            "friedman": scores(
                lambda s: DecisionTreeRegressor(min_samples_leaf=5, random_state=s), friedman_x, friedman_y,
                lambda m, x, y: [r2_score(y, m.predict(x))],
            ),
        },
    },
)
