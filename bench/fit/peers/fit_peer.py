"""One fit a line of input: `{learner, rows, columns, classes, fitted, x, y}` in, `{seconds, cpuSeconds, logLoss, accuracy}` out,
of logistic regression also `objective`, computed in float64.

x is float32 [rows, columns] and y int32 [rows], raw files; the first `fitted` rows are learned from, the rest judged.
"""

import json
import sys
import time
import warnings

import lightgbm
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
LEARNERS = {
    "boosting": lambda: lightgbm.LGBMClassifier(n_estimators=100, random_state=0, n_jobs=1, verbose=-1),
    "logistic": lambda: LogisticRegression(max_iter=500),
}
VERSIONS = f"lightgbm {lightgbm.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
print(json.dumps({"versions": f"Python {sys.version.split()[0]}, {VERSIONS}"}), flush=True)
for line in sys.stdin:
    work = json.loads(line)
    x = np.fromfile(work["x"], dtype="<f4").reshape(work["rows"], work["columns"])
    y = np.fromfile(work["y"], dtype="<i4")
    n = work["fitted"]
    model = LEARNERS[work["learner"]]()
    cpu, started = time.process_time(), time.perf_counter()
    model.fit(x[:n], y[:n])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    shares = np.clip(model.predict_proba(x[n:]), 1e-15, 1)
    truth = y[n:]
    loss = float(-np.log(shares[np.arange(len(truth)), truth]).mean())
    fit = {"seconds": seconds, "cpuSeconds": cpu, "logLoss": loss, "accuracy": float((shares.argmax(1) == truth).mean())}
    if work["learner"] == "logistic":
        weights = model.coef_.astype(float)
        scores = x[:n].astype(float) @ weights.T + model.intercept_.astype(float)
        if work["classes"] == 2:
            scores = np.hstack([np.zeros_like(scores), scores])
        highest = scores.max(1)
        losses = highest + np.log(np.exp(scores - highest[:, None]).sum(1)) - scores[np.arange(n), y[:n]]
        fit["objective"] = float((losses.sum() + (weights**2).sum() / 2) / n)
    print(json.dumps(fit), flush=True)
