"""Makes metrics.json with scikit-learn 1.9.1, numpy 2.4.6.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    /tmp/venv/bin/python test/golden/metrics.py
"""

import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics as m
from sklearn.calibration import calibration_curve
from sklearn.preprocessing import label_binarize

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20010101)


def or_null(value):
    return None if np.isnan(value) else float(value)


def delong(positive, score):
    """Standard error of the AUC, the O(n^2) way of the definition."""
    p, n = score[positive], score[~positive]
    if len(p) < 2 or len(n) < 2:
        return None
    above = (p[:, None] > n[None, :]) + 0.5 * (p[:, None] == n[None, :])
    return float(np.sqrt(above.mean(1).var(ddof=1) / len(p) + above.mean(0).var(ddof=1) / len(n)))


def mean_error(values):
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def classification(name, y, p, positive=None, curves=False):
    y, p = np.asarray(y), np.asarray(p, dtype=np.float64)
    k = p.shape[1]
    labels = np.arange(k)
    said = p.argmax(1)
    binary = positive is not None
    onehot = (y[:, None] == labels).astype(float)
    present = len(np.unique(y)) == k
    average = dict(pos_label=positive, average="binary") if binary else dict(labels=labels, average="macro")
    expected = {
        "accuracy": m.accuracy_score(y, said),
        "balancedAccuracy": m.balanced_accuracy_score(y, said),
        "f1": m.f1_score(y, said, zero_division=0, **average),
        "logLoss": m.log_loss(y, p, labels=labels),
    }
    if binary:
        is_positive, score = y == positive, p[:, positive]
        expected["brier"] = m.brier_score_loss(is_positive, score, pos_label=True)
        expected["rocAuc"] = m.roc_auc_score(is_positive, score)
        expected["prAuc"] = m.average_precision_score(is_positive, score) if is_positive.any() else np.nan
    else:
        expected["brier"] = m.brier_score_loss(y, p, labels=labels)
        expected["rocAuc"] = m.roc_auc_score(y, p, multi_class="ovr", labels=labels) if present else np.nan
        # Where a class has no row, scikit-learn averages in a 0 and warns; here the metric is undefined.
        expected["prAuc"] = m.average_precision_score(onehot, p, average="macro") if present else np.nan

    report = m.classification_report(y, said, labels=labels, output_dict=True, zero_division=0)
    hit = said == y
    errors = {
        "accuracy": float(np.sqrt(hit.mean() * (1 - hit.mean()) / len(y))),
        "logLoss": mean_error(-np.log(np.clip(p, 2**-52, 1 - 2**-52)[np.arange(len(y)), y])),
        "brier": mean_error((is_positive - score) ** 2 if binary else ((onehot - p) ** 2).sum(1)),
    }
    if binary:
        errors["rocAuc"] = delong(is_positive, score)
    case = {
        "name": name,
        "task": "binary" if binary else "multiclass",
        "classes": k,
        "positive": positive,
        "y": y.tolist(),
        "predictions": p.ravel().tolist(),
        "metrics": {key: or_null(value) for key, value in expected.items()},
        "standardErrors": errors,
        "confusion": m.confusion_matrix(y, said, labels=labels).tolist(),
        "report": {key: report[key] for key in [*map(str, labels), "macro avg", "weighted avg"]},
    }
    truth, confidence = (is_positive, score) if binary else (hit, p.max(1))
    case["calibration"] = {}
    for strategy in ["uniform", "quantile"]:
        actual, predicted = calibration_curve(truth, confidence, n_bins=10, strategy=strategy)
        case["calibration"][strategy] = {"actual": actual.tolist(), "predicted": predicted.tolist()}
    ids = np.searchsorted(np.linspace(0, 1, 11)[1:-1], confidence)
    case["expectedCalibrationError"] = float(
        sum((ids == b).mean() * abs(truth[ids == b].mean() - confidence[ids == b].mean()) for b in np.unique(ids))
    )
    if curves:
        fpr, tpr, thresholds = m.roc_curve(is_positive, score, drop_intermediate=False)
        precision, recall, at = m.precision_recall_curve(is_positive, score, drop_intermediate=False)
        case["roc"] = {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "threshold": [None, *thresholds[1:].tolist()]}
        # Without the point (recall 0, precision 1) that no threshold gives, and by rising recall.
        case["precisionRecall"] = {
            "precision": precision[:-1][::-1].tolist(),
            "recall": recall[:-1][::-1].tolist(),
            "threshold": at[::-1].tolist(),
        }
    return case


def regression(name, y, p):
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    constant = np.all(y == y[0])
    mse = m.mean_squared_error(y, p)
    errors = {"mae": mean_error(np.abs(y - p))}
    if mse > 0:
        errors["rmse"] = mean_error((y - p) ** 2) / (2 * np.sqrt(mse))
    residual = y - p
    return {
        "name": name,
        "task": "regression",
        "classes": 0,
        "positive": None,
        "y": y.tolist(),
        "predictions": p.tolist(),
        "metrics": {
            "r2": None if constant else float(m.r2_score(y, p)),
            "mae": float(m.mean_absolute_error(y, p)),
            "rmse": float(m.root_mean_squared_error(y, p)),
        },
        "standardErrors": errors,
        "residuals": {
            "mean": float(residual.mean()),
            "std": float(residual.std(ddof=1)),
            "min": float(residual.min()),
            "max": float(residual.max()),
            "quantiles": [float(np.quantile(residual, q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)],
        },
    }


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def simulate(rows, k, signal=1.5, weights=None):
    y = rng.choice(k, size=rows, p=weights)
    y[:k] = np.arange(k)
    return y, np.round(softmax(rng.normal(size=(rows, k)) + signal * np.eye(k)[y]), 6)


def f32(p):
    return (p / p.sum(1, keepdims=True)).astype(np.float32)


def two(score):
    return np.column_stack([1 - score, score])


cases = []
y, p = simulate(150, 2)
cases.append(classification("two classes", y, p, 1, curves=True))
cases.append(classification("two classes, the first is positive", y, p, 0))
y, p = simulate(160, 2)
cases.append(classification("two classes, tied scores on the edges of bins", y, two(np.round(p[:, 1], 1)), 1, curves=True))
y, p = simulate(180, 2, weights=[0.97, 0.03])
cases.append(classification("two classes, few positives", y, p, 1, curves=True))
y, p = simulate(80, 2)
extreme = np.where(rng.random(80) < 0.3, np.round(p[:, 1]), p[:, 1])
cases.append(classification("probabilities 0 and 1, some of them wrong", y, two(extreme), 1, curves=True))
cases.append(classification("every probability 0 or 1", y, two(np.round(p[:, 1])), 1))
cases.append(classification("two classes, all scores equal", y, two(np.full(80, 0.5)), 1, curves=True))
cases.append(classification("two classes, perfectly told apart", y, two(np.where(y == 1, 0.9, 0.2)), 1, curves=True))
cases.append(classification("two classes, told apart the wrong way round", y, two(np.where(y == 1, 0.2, 0.9)), 1))
y, p = simulate(120, 2)
cases.append(classification("two classes, probabilities rounded to float32", y, f32(p), 1))
cases.append(classification("two classes, one of which has no row", np.zeros(40, int), simulate(40, 2)[1], 1))
cases.append(classification("two classes, only the positive has rows", np.ones(40, int), simulate(40, 2)[1], 1))
cases.append(classification("two rows", [0, 1], two(np.array([0.4, 0.6])), 1))
y, p = simulate(150, 3)
cases.append(classification("three classes", y, p))
cases.append(classification("three classes, one never predicted", y, p * [1, 1, 1e-3] / (p * [1, 1, 1e-3]).sum(1, keepdims=True)))
y, p = simulate(150, 4, weights=[0.9, 0.05, 0.03, 0.02])
cases.append(classification("four classes, one of them most", y, p))
y, p = simulate(120, 4)
cases.append(classification("four classes, probabilities rounded to float32", y, f32(p)))
y, p = simulate(120, 3)
votes = np.round(p * 4) + [[1e-300, 0, 0]]
cases.append(classification("three classes, votes of few trees: ties everywhere", y, votes / votes.sum(1, keepdims=True)))
y, p = simulate(100, 3)
cases.append(classification("three classes, one without rows", np.where(y == 2, 0, y), p))
y, p = simulate(250, 10, signal=2)
cases.append(classification("ten classes", y, p))
y, p = simulate(60, 3)
cases.append(classification("three classes, certain answers", y, np.eye(3)[p.argmax(1)]))

y = np.round(rng.normal(size=150), 6)
cases.append(regression("numbers", y, y * 0.7 + rng.normal(size=150) * 0.4))
cases.append(regression("numbers, worse than their mean", y, -2 * y))
cases.append(regression("numbers far from 0", y + 1e7, y + 1e7 + rng.normal(size=150) * 0.01))
cases.append(regression("heavy tails", rng.standard_cauchy(150) * 100, rng.standard_cauchy(150)))
cases.append(regression("whole numbers, many tied", rng.integers(0, 5, 120), rng.integers(0, 5, 120)))
cases.append(regression("a constant target", np.full(30, 3.5), 3.5 + rng.normal(size=30)))
cases.append(regression("no error at all", y, y))

path = pathlib.Path(__file__).with_name("metrics.json")
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases,", path.stat().st_size, "bytes")
