"""Writes digits.csv.gz and cancer.csv.gz into ../data: scikit-learn's copies of UCI's optical digits and breast cancer.

Run with scikit-learn 1.9.1; the same rows give the same bytes.
"""

import gzip
import os

from sklearn.datasets import load_breast_cancer, load_digits

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


def write(name, x, y, classes):
    head = [f"f{i}" for i in range(x.shape[1])] + ["target"]
    lines = [",".join(head)] + [
        ",".join([f"{value:.9g}" for value in row] + [str(classes[label])]) for row, label in zip(x, y)
    ]
    # Without a time and a name, so that the bytes are the same at every run.
    with open(os.path.join(DATA, f"{name}.csv.gz"), "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())


digits = load_digits()
write("digits", digits.data, digits.target, [str(k) for k in range(10)])
cancer = load_breast_cancer()
write("cancer", cancer.data, cancer.target, list(cancer.target_names))
