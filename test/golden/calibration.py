"""What scikit-learn makes of probabilities: python3 calibration.py writes calibration.json beside itself.

scikit-learn 1.9.1, numpy 1.26.4, on the rows of learnersData.json: naive Bayes, whose probabilities need it, by
CalibratedClassifierCV(ensemble=False). Row i is held out in fold i % 5. The learners here answer float32 numbers, so
those of the peer are rounded to such before anything is fitted to them.
"""

import base64
import json
import os

import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.naive_bayes import GaussianNB

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "learnersData.json")) as file:
    SETS = json.load(file)


class Float32Bayes(GaussianNB):
    def predict_proba(self, X):
        return super().predict_proba(X).astype("f4").astype("f8")


def load(name, dtype):
    data = SETS[name]
    x = np.frombuffer(base64.b64decode(data["x"]), dtype).reshape(data["rows"], -1).astype("f8")
    return x, np.frombuffer(base64.b64decode(data["y"]), "u1").astype(int)


def weights(rows):
    """From 1/16 to 4, as `weighed` in test/learning/learnersData.ts."""
    hashed = ((np.arange(rows, dtype=np.uint64) + 1) * 2654435761 & 0xFFFFFFFF) >> 16
    return (hashed.astype("f8") % 64 + 1) / 16


def answers(x, y, method, sample_weight=None):
    rows = np.arange(len(y))
    folds = [(rows[rows % 5 != k], rows[rows % 5 == k]) for k in range(5)]
    model = CalibratedClassifierCV(Float32Bayes(), method=method, cv=folds, ensemble=False)
    shares = model.fit(x, y, sample_weight=sample_weight).predict_proba(x)[::9]
    return [[float(f"{share:.9g}") for share in row] for row in shares]


def points(scores, y, sample_weight=None):
    model = IsotonicRegression(out_of_bounds="clip").fit(scores, y, sample_weight)
    return {"x": model.X_thresholds_.tolist(), "y": model.y_thresholds_.tolist()}


cancer_x, cancer_y = load("cancer", "<f4")
digits_x, digits_y = load("digits", "u1")
noisy_y = np.where(np.arange(569) % 7 == 0, 1 - cancer_y, cancer_y)
# Of 569 rows: ties, and classes that go up and down.
scores = np.arange(569) * 37 % 101 / 128
outcomes = (np.arange(569) * 53 % 97 < 101 * scores).astype(int)

golden = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "points": {"plain": points(scores, outcomes), "weighed": points(scores, outcomes, weights(569))},
    "answers": {
        method: {
            "two": answers(cancer_x, cancer_y, method),
            "noisy": answers(cancer_x, noisy_y, method),
            "weighed": answers(cancer_x, noisy_y, method, weights(569)),
            "ten": answers(digits_x, digits_y, method),
        }
        for method in ("sigmoid", "isotonic")
    },
}
with open(os.path.join(HERE, "calibration.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
