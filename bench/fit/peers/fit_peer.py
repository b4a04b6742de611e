"""One fit a line of input: `{peer, learner, params, threads, rows, columns, classes, fitted, x, y}` in,
`{seconds, cpuSeconds, logLoss, accuracy}` out, of logistic regression also `objective`, computed in float64.

x is float32 [rows, columns] and y int32 [rows], raw files; the first `fitted` rows are learned from, the rest judged.
The first line of output says which peers there are, and their versions.
"""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def forest(kind):
    return lambda params, threads: kind(
        n_estimators=params["trees"], max_depth=params["maxDepth"], n_jobs=threads, random_state=0
    )


PEERS = {
    ("scikit-learn", "logistic"): lambda params, threads: LogisticRegression(max_iter=500),
    ("scikit-learn", "forest"): forest(RandomForestClassifier),
}
VERSIONS = {"scikit-learn": sklearn.__version__}
try:
    import lightgbm

    PEERS["lightgbm", "boosting"] = lambda params, threads: lightgbm.LGBMClassifier(
        n_estimators=100, random_state=0, n_jobs=threads, verbose=-1
    )
    VERSIONS["lightgbm"] = lightgbm.__version__
except ImportError:
    pass
try:
    from sklearnex.ensemble import RandomForestClassifier as IntelForest

    PEERS["scikit-learn-intelex", "forest"] = forest(IntelForest)
    VERSIONS["scikit-learn-intelex"] = importlib.metadata.version("scikit-learn-intelex")
except ImportError:
    pass

facts = {"python": sys.version.split()[0], "numpy": np.__version__, "peers": VERSIONS}
print(json.dumps(facts), flush=True)
for line in sys.stdin:
    work = json.loads(line)
    x = np.fromfile(work["x"], dtype="<f4").reshape(work["rows"], work["columns"])
    y = np.fromfile(work["y"], dtype="<i4")
    n = work["fitted"]
    model = PEERS[work["peer"], work["learner"]](work["params"], work["threads"])
    cpu, started = time.process_time(), time.perf_counter()
    model.fit(x[:n], y[:n])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    shares = np.clip(model.predict_proba(x[n:]), 1e-15, 1)
    truth = y[n:]
    loss = float(-np.log(shares[np.arange(len(truth)), truth]).mean())
    scores = {"logLoss": loss, "accuracy": float((shares.argmax(1) == truth).mean())}
    if work["learner"] == "logistic":
        weights = model.coef_.astype(float)
        margins = x[:n].astype(float) @ weights.T + model.intercept_.astype(float)
        if work["classes"] == 2:
            margins = np.hstack([np.zeros_like(margins), margins])
        highest = margins.max(1)
        losses = highest + np.log(np.exp(margins - highest[:, None]).sum(1)) - margins[np.arange(n), y[:n]]
        scores["objective"] = float((losses.sum() + (weights**2).sum() / 2) / n)
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, **scores}), flush=True)
