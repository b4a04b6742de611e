"""A forest of as many trees on the same rows, in MLflow's own format: rows.json in, the model's folder out."""

import json
import sys

import mlflow.sklearn
import numpy as np
from sklearn.ensemble import RandomForestClassifier

with open(sys.argv[1]) as file:
    given = json.load(file)
x = np.asarray(given["x"])
model = RandomForestClassifier(given["trees"], max_depth=given["depth"], random_state=0, n_jobs=1)
model.fit(x, np.asarray(given["y"]))
mlflow.sklearn.save_model(model, sys.argv[2], serialization_format="cloudpickle")
