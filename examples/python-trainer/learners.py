"""What is tried: scikit-learn and LightGBM behind encoders that ONNX has operators for. A new one is a line here."""

from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from refused import Refused


def fill():
    """A column without any value is filled with 0."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


# Classifier, regressor, and what numbers go through first.
LEARNERS = {
    "lightgbm": (LGBMClassifier, LGBMRegressor, fill),
    "forest": (RandomForestClassifier, RandomForestRegressor, fill),
    "extraTrees": (ExtraTreesClassifier, ExtraTreesRegressor, fill),
    "linear": (LogisticRegression, Ridge, lambda: Pipeline([("fill", fill()), ("scale", StandardScaler())])),
}

GRID = {
    "lightgbm": {"n_estimators": [100, 300], "num_leaves": [15, 31], "learning_rate": [0.05]},
    "forest": {"n_estimators": [100], "max_depth": [8, 16]},
}

# One thread and one order of sums: the same run and grid give the same model.
LIGHTGBM = {"deterministic": True, "force_col_wise": True, "n_jobs": 1, "verbose": -1}


def candidates(grid, task):
    """Pairs of learner and hyperparameters, in the order of the grid. Raises Refused where it names what is unknown."""
    found = []
    for learner, values in grid.items():
        refuse_unknown(learner, values, task)
        for name, tried in values.items():
            if not isinstance(tried, list) or not tried:
                raise Refused(f"{learner}.{name} is {tried!r}; expected a list of values to try")
        found += [(learner, params) for params in ParameterGrid(values)]
    if not found:
        raise Refused("the grid is empty; expected at least one learner")
    return found


def refuse_unknown(learner, names, task):
    if learner not in LEARNERS:
        raise Refused(f'"{learner}" is no learner here; expected one of {", ".join(LEARNERS)}')
    known = estimator_of(learner, task)().get_params()
    for name in names:
        if name not in known:
            raise Refused(f'{learner}.{name} is not a hyperparameter; expected one of {", ".join(known)}')


def estimator_of(learner, task):
    classifier, regressor, _ = LEARNERS[learner]
    return regressor if task == "regression" else classifier


def estimator(learner, params, task, seed):
    """Not fitted yet. Raises Refused where a name is unknown."""
    refuse_unknown(learner, params, task)
    model = estimator_of(learner, task)(**(LIGHTGBM if learner == "lightgbm" else {}))
    # Of 32 bits, of which these take 31.
    return model.set_params(**{"random_state": seed % 2**31, **params})


def build(learner, params, task, seed, inputs, numbers):
    """A pipeline, not fitted yet, over `inputs`: a frame whose first `numbers` columns are numbers, the others text."""
    model = estimator(learner, params, task, seed)
    # LightGBM learns where a missing value goes, where it sees one. In other columns it takes it for 0, and its export
    # to ONNX does not: there it is filled, as for the other learners.
    gaps = [i for i in range(numbers) if learner == "lightgbm" and inputs[i].isna().any()]
    whole = [i for i in range(numbers) if i not in gaps]
    texts = list(range(numbers, inputs.shape[1]))
    parts = [
        ("whole", LEARNERS[learner][2](), whole),
        ("gaps", "passthrough", gaps),
        ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
    ]
    return Pipeline([("encode", ColumnTransformer([part for part in parts if part[2]])), ("model", model)])
