"""A run as `npx perennial run export` writes it: rows.parquet, run.json, signature.json."""

import json
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet

from refused import Refused

SIDE = "perennial_side"
FOLD = "perennial_fold_{}"


@dataclass(frozen=True)
class Run:
    """`facts` is run.json. `rows` are those of training, in the order in which they are drawn, then the hold-out."""

    facts: dict
    signature: dict
    rows: pd.DataFrame

    @property
    def classes(self):
        """Names by class index; none for a regression."""
        return self.signature.get("classes")

    @property
    def positive(self):
        """Index of the class whose probability is scored; none where there are not two."""
        named = self.signature.get("positive")
        return None if named is None else [type(c) is type(named) and c == named for c in self.classes].index(True)

    def names(self, text):
        """Of the input columns that are text, or of the others."""
        inputs = self.signature["inputs"]
        return [each["name"] for each in inputs if (each["columnType"] == "string") == text]

    def searched(self):
        """The rows that the run's own candidates were scored on."""
        return self.rows.iloc[: self.facts["rows"]["search"]]

    def refitted(self):
        """The rows that its winner was fitted on again."""
        return self.rows.iloc[: self.facts["refitRows"]]

    def held_out(self):
        return self.rows[self.rows[SIDE] == "test"]

    def folds(self):
        """Pairs of positions among `searched`: to learn from, and to answer for."""
        rows = self.searched()
        for k in range(self.facts["folds"]):
            part = rows[FOLD.format(k)]
            yield np.flatnonzero(part == "train"), np.flatnonzero(part == "test")

    def inputs(self, rows):
        """[rows, columns] as a served graph reads them: numbers first, float32 with NaN for missing, then text.

        The gateway gives float64, which the exported graph makes float32 at once. To learn from float32 too is what
        makes both answer the same where a tree cuts between two neighbours.
        """
        numbers = {name: as_number(rows[name]).astype(np.float32) for name in self.names(text=False)}
        texts = {name: as_text(rows[name]) for name in self.names(text=True)}
        return pd.DataFrame({i: values for i, values in enumerate([*numbers.values(), *texts.values()])})

    def target(self, rows):
        """[rows] class indices, or numbers."""
        values = rows[self.facts["target"]]
        if self.classes is None:
            return values.to_numpy(np.float64)
        index = {name: k for k, name in enumerate(self.classes)}
        return np.array([index[value] for value in values.tolist()], dtype=np.int64)

    def weights(self, rows):
        """[rows], or none where the definition names no column of them."""
        column = self.facts.get("weight")
        return None if column is None else rows[column].to_numpy(np.float64)


def as_number(values):
    """[rows] float64: booleans as 0 and 1, times as milliseconds since 1970, missing as NaN."""
    if pd.api.types.is_datetime64_any_dtype(values):
        milliseconds = values.astype("datetime64[ms]").astype("int64").to_numpy(np.float64)
        return np.where(values.isna(), np.nan, milliseconds)
    return values.astype(np.float64).to_numpy()


def as_text(values):
    """[rows] str, missing as the empty one."""
    return values.astype(object).where(values.notna(), "").to_numpy(object)


def read_run(folder):
    """Raises Refused where the folder is not what the command writes."""
    signature = read_json(os.path.join(folder, "signature.json"))
    return Run(read_facts(folder), signature, read_rows(os.path.join(folder, "rows.parquet")))


def read_facts(folder):
    facts = read_json(os.path.join(folder, "run.json"))
    if facts.get("apiVersion") != 1:
        raise Refused(f"run.json: apiVersion is {facts.get('apiVersion')}; this program reads 1")
    return facts


def read_rows(path):
    """The file as a frame, by this thread alone.

    `pandas.read_parquet` hands Arrow a file of Python's own, and Arrow's threads may let go of it after the call has
    returned. Where the interpreter ends meanwhile, the process is aborted ("terminate called without an active
    exception", apache/arrow#34314, #33975).
    """
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        return file.read(use_threads=False).to_pandas(use_threads=False)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read ({error}); expected a folder of `npx perennial run export`") from error
