"""Compares with one tool: `drift_peer.py TOOL FOLDER COLUMNS`; each line of input is a number of rows, each answer a line of JSON.

Only the comparison is timed: not the import, not reading, not what a tool prepares of the reference beforehand.
"""

import json
import os
import sys
import time
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")
tool, folder, columns = sys.argv[1], sys.argv[2], int(sys.argv[3])
# What a library says while it is imported is no answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np


def read(name):
    return np.fromfile(os.path.join(folder, name + ".f64")).reshape(-1, columns)


reference = read("reference")

if tool == "scipy":
    from scipy.stats import ks_2samp

    packages = ["scipy", "numpy"]

    def prepare(window):
        return lambda: [ks_2samp(reference[:, j], window[:, j]) for j in range(columns)]

    def told(tests):
        return {"p": [float(t.pvalue) for t in tests], "statistic": [float(t.statistic) for t in tests]}

elif tool == "alibi":
    from alibi_detect.cd import KSDrift

    packages = ["alibi-detect", "scipy", "numpy"]
    detector = KSDrift(reference, p_val=0.05)

    def prepare(window):
        return lambda: detector.predict(window)

    def told(prediction):
        return {"p": [float(p) for p in prediction["data"]["p_val"]]}

else:
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    packages = ["evidently", "scipy", "pandas", "numpy"]
    names = [f"f{j}" for j in range(columns)]
    frame = pd.DataFrame(reference, columns=names)
    preset = (lambda: DataDriftPreset(num_method="ks")) if tool == "evidently-ks" else DataDriftPreset

    def prepare(window):
        current = pd.DataFrame(window, columns=names)
        return lambda: Report([preset()]).run(reference_data=frame, current_data=current).dict()

    def told(_):
        return {}


def say(answer):
    print(json.dumps(answer), file=answers, flush=True)


say({"versions": ", ".join(["Python " + sys.version.split()[0], *(f"{name} {version(name)}" for name in packages)])})
prepared = {}
for line in sys.stdin:
    rows = line.strip()
    if rows not in prepared:
        prepared[rows] = prepare(read(rows))
    start = time.perf_counter()
    result = prepared[rows]()
    ms = (time.perf_counter() - start) * 1000
    say({"ms": ms, **told(result)})
