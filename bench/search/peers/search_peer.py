"""One grid search a line of input, by GridSearchCV: `{learner, grid, jobs, folds, rows, columns, fitted, x, y}` in,
`{seconds, cv, accuracy, best}` out.

x is float32 [rows, columns] and y int32 [rows], raw files; the first `fitted` rows are searched on, the rest judged.
"""

import json
import sys
import time
import warnings

import lightgbm
import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

warnings.filterwarnings("ignore")
LEARNERS = {
    "forest": lambda: RandomForestClassifier(random_state=0),
    "extraTrees": lambda: ExtraTreesClassifier(random_state=0),
    "boosting": lambda: lightgbm.LGBMClassifier(random_state=0, n_jobs=1, verbose=-1),
    "logistic": lambda: LogisticRegression(max_iter=500),
}
VERSIONS = f"scikit-learn {sklearn.__version__}, lightgbm {lightgbm.__version__}, numpy {np.__version__}"
print(json.dumps({"versions": f"Python {sys.version.split()[0]}, {VERSIONS}"}), flush=True)
for line in sys.stdin:
    work = json.loads(line)
    x = np.fromfile(work["x"], dtype="<f4").reshape(work["rows"], work["columns"])
    y = np.fromfile(work["y"], dtype="<i4")
    n = work["fitted"]
    folds = StratifiedKFold(work["folds"], shuffle=True, random_state=0)
    search = GridSearchCV(LEARNERS[work["learner"]](), work["grid"], cv=folds, n_jobs=work["jobs"], scoring="accuracy")
    started = time.perf_counter()
    search.fit(x[:n], y[:n])
    seconds = time.perf_counter() - started
    accuracy = float((search.predict(x[n:]) == y[n:]).mean())
    answer = {"seconds": seconds, "cv": float(search.best_score_), "accuracy": accuracy, "best": search.best_params_}
    print(json.dumps(answer), flush=True)
