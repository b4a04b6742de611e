"""Trains scikit-learn and LightGBM on the rows and folds of a Perennial run, and registers the best as a version.

    npx perennial run export flights/3 --out flights-3
    python train.py flights-3 --out flights-lightgbm --register flights
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import warnings

import numpy as np

from exported import write_model
from learners import GRID, build, candidates
from refused import Refused
from run import read_facts, read_json, read_run
from scores import score


def main():
    given = arguments()
    # LightGBM is fitted within a pipeline, on columns without names.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    # Before the rows are read: what is wrong with a grid is said at once.
    tried = candidates(read_json(given.grid) if given.grid else GRID, read_facts(given.run)["task"])
    run = read_run(given.run)
    board = search(run, tried)
    best = board[0]

    rows = run.refitted()
    pipeline = fitted(best["learner"], best["params"], run, rows)
    test = measure(pipeline, run, run.held_out())
    os.makedirs(given.out, exist_ok=True)
    write_model(given.out, pipeline, run, answers)
    theirs = run.facts["winner"]
    result = {
        "run": f"{run.facts['name']}/{run.facts['run']}",
        "metric": run.facts["metric"],
        "best": {**best, "test": test},
        "winnerOfTheRun": theirs,
        "leaderboard": board,
    }
    with open(os.path.join(given.out, "scores.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2, ensure_ascii=False)
    say(f"best: {best['learner']} {best['params']}, hold-out {test:.5f}; written to {given.out}")
    if given.register:
        if not given.anyway and not is_better(best["cv"], theirs, run):
            raise Refused(
                f"not registered: {run.facts['metric']['name']} {best['cv']:.5f} over the folds is not better than "
                f"the {theirs['cv']:.5f} of the run's own {theirs['algorithm']}; --anyway registers it all the same"
            )
        register(given)
    print(json.dumps(result, ensure_ascii=False))


def search(run, tried):
    """Every candidate over the run's own folds, best first; of equals the first of the grid."""
    rows = run.searched()
    folds = list(run.folds())
    board = []
    for i, (learner, params) in enumerate(tried):
        scores = [
            measure(fitted(learner, params, run, rows.iloc[train]), run, rows.iloc[test]) for train, test in folds
        ]
        mean, std = float(np.mean(scores)), float(np.std(scores))
        board.append({"learner": learner, "params": params, "cv": mean, "std": std, "folds": scores})
        say(f"{i + 1} of {len(tried)}  {learner} {params}  {mean:.5f} ± {std:.5f}")
    sign = -1 if run.facts["metric"]["better"] == "higher" else 1
    return sorted(board, key=lambda row: sign * row["cv"])


def fitted(learner, params, run, rows):
    inputs = run.inputs(rows)
    pipeline = build(learner, params, run.facts["task"], run.facts["seed"], inputs, len(run.names(text=False)))
    weights = run.weights(rows)
    return pipeline.fit(inputs, run.target(rows), **({} if weights is None else {"model__sample_weight": weights}))


def answers(pipeline, run, rows):
    """[rows, classes] probabilities, or [rows] numbers."""
    if run.classes is None:
        return pipeline.predict(run.inputs(rows))
    whole = np.zeros((len(rows), len(run.classes)))
    whole[:, pipeline.classes_] = pipeline.predict_proba(run.inputs(rows))
    return whole


def measure(pipeline, run, rows):
    found = answers(pipeline, run, rows)
    return score(run.facts["metric"]["name"], run.target(rows), found, run.classes, run.positive)


def is_better(mean, theirs, run):
    """Than the run's own winner, on the same folds. Where the run found none, everything is."""
    if theirs is None or theirs["cv"] is None:
        return True
    return mean > theirs["cv"] if run.facts["metric"]["better"] == "higher" else mean < theirs["cv"]


def register(given):
    """The gate of every import: inspected, opened apart, and compared with what Python answered."""
    at = {name: os.path.join(given.out, name) for name in ("model.onnx", "signature.json", "expected.parquet")}
    command = [*shlex.split(given.perennial), "model", "import", at["model.onnx"], "--name", given.register]
    command += ["--signature", at["signature.json"], "--expect", at["expected.parquet"]]
    done = subprocess.run(command, stdout=sys.stderr)
    if done.returncode != 0:
        raise Refused(f"not registered: `{shlex.join(command)}` ended with {done.returncode}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a folder that `npx perennial run export` wrote")
    parser.add_argument("--out", required=True, help="where the model, its signature and its scores go")
    parser.add_argument("--grid", help='JSON: {"lightgbm": {"num_leaves": [15, 31]}, "forest": {"max_depth": [8]}}')
    parser.add_argument("--register", metavar="NAME", help="the model that the best becomes a version of")
    parser.add_argument("--anyway", action="store_true", help="also where the run's own winner was better")
    parser.add_argument("--perennial", default="npx perennial", help="how the command is called here")
    return parser.parse_args()


def say(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except Refused as refusal:
        say(str(refusal))
        sys.exit(2)
