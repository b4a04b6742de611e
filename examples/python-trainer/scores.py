"""The metrics that a definition may select by, under the names that it uses."""

import numpy as np
from sklearn import metrics

from refused import Refused


def score(name, y, answers, classes, positive):
    """One number.

    y: [rows] class indices, or numbers. answers: [rows, classes] probabilities, or [rows] numbers.
    positive: index of that class, or none where there are not two.
    """
    if classes is None:
        return float(choose(NUMBERS, name)(y, answers))
    one_hot = np.eye(len(classes))[y]
    return float(choose(CLASSES, name)(y, answers, answers.argmax(axis=1), one_hot, positive))


def choose(table, name):
    if name not in table:
        raise Refused(f'the metric "{name}" is not known here; expected one of {", ".join(table)}')
    return table[name]


NUMBERS = {
    "r2": metrics.r2_score,
    "mae": metrics.mean_absolute_error,
    "rmse": lambda y, found: np.sqrt(metrics.mean_squared_error(y, found)),
}


def of_positive(measure):
    """Of the positive class, or the mean over the classes, each against the rest."""

    def both(y, p, label, one_hot, positive):
        chosen = range(p.shape[1]) if positive is None else [positive]
        return np.mean([measure(one_hot[:, k], p[:, k]) for k in chosen])

    return both


CLASSES = {
    "accuracy": lambda y, p, label, one_hot, positive: metrics.accuracy_score(y, label),
    "balancedAccuracy": lambda y, p, label, one_hot, positive: metrics.balanced_accuracy_score(y, label),
    "rocAuc": of_positive(metrics.roc_auc_score),
    "prAuc": of_positive(metrics.average_precision_score),
    "f1": lambda y, p, label, one_hot, positive: (
        metrics.f1_score(y, label, average="macro", zero_division=0)
        if positive is None
        else metrics.f1_score(y == positive, label == positive, zero_division=0)
    ),
    "logLoss": lambda y, p, label, one_hot, positive: metrics.log_loss(y, p, labels=range(p.shape[1])),
    "brier": lambda y, p, label, one_hot, positive: (
        np.mean(((p - one_hot) ** 2).sum(axis=1))
        if positive is None
        else np.mean((p[:, positive] - one_hot[:, positive]) ** 2)
    ),
}
