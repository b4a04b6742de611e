"""Makes drift.json with scipy 1.17.1 and numpy 2.4.6.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1 numpy==2.4.6
    /tmp/venv/bin/python test/golden/drift.py

Samples of any size stand in the file as the numbers that make them: both sides draw them with Park and Miller's generator,
whose products fit into a double, and change them with one product and one sum, which round alike everywhere.
"""

import json
import pathlib

import numpy as np
from scipy import optimize, special, stats
from scipy.spatial import distance

rng = np.random.default_rng(20201129)


def draw(spec):
    """The same as `draw` in test/decisions/watch/samples.ts."""
    x, values = spec["seed"], np.empty(spec["n"])
    for i in range(spec["n"]):
        x = 16807 * x % 2147483647
        values[i] = x / 2147483647 * spec["scale"] + spec["shift"]
    return np.sort(np.floor(values) if spec["whole"] else values)


def sample(n, seed, scale=1.0, shift=0.0, whole=False):
    return {"n": n, "seed": seed, "scale": scale, "shift": shift, "whole": whole}


def pair(reference, window):
    a, b = draw(reference), draw(window)
    test = stats.ks_2samp(a, b)
    cuts = np.quantile(a, np.arange(1, 10) / 10)
    counts = [np.diff(np.concatenate([[0], np.searchsorted(np.sort(x), cuts, side="right"), [len(x)]])) for x in (a, b)]
    shares = [np.maximum(c / c.sum(), 1e-4) for c in counts]
    distinct = len(np.unique(cuts)) == 9
    return {
        "reference": reference, "window": window, "statistic": float(test.statistic), "p": float(test.pvalue),
        "wasserstein": float(stats.wasserstein_distance(a, b)),
        # Where deciles coincide, the values that they are have bins of their own: not written after that rule here.
        **({"psi": float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0]))),
            "jensenShannon": float(distance.jensenshannon(*counts, base=2))} if distinct else {}),
    }


pairs = [
    pair(sample(1, 1), sample(1, 2)),
    pair(sample(1, 1), sample(7, 2)),
    pair(sample(3, 3), sample(2, 4, shift=2.0)),
    pair(sample(10, 5), sample(10, 6)),
    pair(sample(20, 7), sample(30, 8, shift=0.4)),
    pair(sample(37, 9), sample(101, 10, scale=0.7)),
    pair(sample(200, 11), sample(200, 12, shift=0.12)),
    pair(sample(300, 13), sample(1000, 14)),
    pair(sample(1000, 15), sample(300, 16, shift=0.09)),
    pair(sample(1000, 17), sample(999, 18, scale=1.05)),
    pair(sample(500, 19), sample(500, 20, scale=3.0)),
    pair(sample(2500, 21), sample(300, 22, shift=5.0)),
    pair(sample(10_000, 23), sample(10_000, 24)),
    pair(sample(10_000, 25), sample(10_000, 26, shift=0.02)),
    pair(sample(10_000, 27), sample(300, 28)),
    pair(sample(10_000, 29), sample(300, 30, shift=0.1)),
    pair(sample(10_000, 31), sample(9_999, 32, shift=0.01)),
    pair(sample(7_001, 33), sample(8_000, 34, shift=0.05)),
    # The finite-sample distribution from here on: exact by Durbin's matrix, by Pelz and Good, and one-sided.
    pair(sample(10_001, 35), sample(3, 36)),
    pair(sample(10_001, 37), sample(40, 38)),
    pair(sample(10_001, 39), sample(140, 40, shift=0.1)),
    pair(sample(10_001, 41), sample(142, 42)),
    pair(sample(20_000, 43), sample(300, 44)),
    pair(sample(20_000, 45), sample(300, 46, shift=0.09)),
    pair(sample(20_000, 47), sample(20_000, 48)),
    pair(sample(20_000, 49), sample(10_000, 50, shift=0.03)),
    pair(sample(20_000, 51), sample(20_000, 51)),
    pair(sample(20_000, 52), sample(15_000, 53, shift=0.6)),
    # Ties.
    pair(sample(50, 54, scale=3.0, whole=True), sample(80, 55, scale=4.0, whole=True)),
    pair(sample(400, 56, scale=2.0, whole=True), sample(400, 57, scale=2.0, whole=True)),
    pair(sample(1000, 58, scale=40.0, whole=True), sample(300, 59, scale=40.0, shift=4.0, whole=True)),
    pair(sample(12_000, 60, scale=5.0, whole=True), sample(300, 61, scale=5.0, whole=True)),
    pair(sample(60, 62, scale=0.5, whole=True), sample(70, 63, scale=0.5, whole=True)),
    pair(sample(60, 64, scale=0.5, whole=True), sample(70, 65, scale=0.5, shift=1.0, whole=True)),
]

tails = [
    {"n": n, "d": float(d), "p": float(stats.kstwo.sf(d, n))}
    for n in (1, 2, 5, 20, 140, 141, 300, 1000, 2000, 9091, 10_000, 10_001, 66_667, 100_000)
    for d in sorted({*(z / np.sqrt(n) for z in (0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.3, 1.48, 1.49, 1.7, 1.99, 2.01, 3, 6, 15)), 0.6 / n, 1.2 / n, 0.45, 0.55, 0.9})
    if 0 < d < 1
]

gammas = [
    {"a": a, "x": float(x), "value": float(special.gammaincc(a, x))}
    for a in (0.5, 1, 1.5, 5, 19.5, 100, 999.5, 10_000)
    for x in (0, 1e-6, 0.1, 0.5 * a, 0.9 * a, a, a + 1, 1.1 * a, a + 5 * a**0.5, 2 * a, a + 100)
]

tables = [
    [[10, 20, 30], [6, 9, 45]], [[100, 0, 5], [30, 2, 1]], [[5000, 3000, 2000], [140, 90, 70]],
    [[5000, 3000, 2000], [100, 90, 110]], [[500, 500], [40, 60]], [rng.poisson(60, 40).tolist(), rng.poisson(20, 40).tolist()],
    [rng.poisson(60, 400).tolist(), rng.poisson(66, 400).tolist()], [[99_000, 1000], [98_000, 2000]],
]
homogeneity = [
    {"reference": t[0], "window": t[1], "statistic": float(r.statistic), "df": int(r.dof), "p": float(r.pvalue)}
    for t in tables
    for r in [stats.chi2_contingency(np.array(t), correction=False)]
]

fishers = [
    {"table": t, "p": float(stats.fisher_exact(t)[1])}
    for t in [
        [[8, 2], [1, 5]], [[3, 1], [1, 3]], [[0, 5], [5, 0]], [[1, 9], [11, 3]], [[5, 5], [5, 5]], [[0, 3], [0, 9]],
        [[10_000, 3], [290, 10]], [[9990, 10], [299, 1]], [[9997, 3], [300, 0]], [[2, 9998], [4, 296]], [[40_000, 60_000], [41_000, 59_000]],
        [[12, 700], [0, 200]], [[7, 0], [0, 1]], [[100, 2000], [9, 111]],
    ]
]

adjusted = []
for n in (1, 5, 40):
    p = np.sort(np.concatenate([rng.uniform(size=n), rng.uniform(size=n // 3) ** 4 * 0.01]))
    rng.shuffle(p)
    adjusted.append({"p": p.tolist(), "adjusted": stats.false_discovery_control(p).tolist()})

isotonic = []
for n in (1, 5, 40, 50):
    confidence = np.sort(rng.uniform(0.3, 1, size=n))
    correct = (rng.uniform(size=n) < confidence**2).astype(int)
    isotonic.append({"confidence": confidence.tolist(), "correct": correct.tolist(),
                     "fitted": optimize.isotonic_regression(correct.astype(float)).x.tolist()})

lines = []
for slope, shift in ((1.0, 0.0), (3.28, 0.0), (1.8, 32.0), (0.4, -7.0)):
    reference, window = sample(900, 70, scale=10.0, shift=2.0), sample(300, 71, scale=10.0 * slope, shift=2.0 * slope + shift)
    ten = np.arange(1, 10) / 10
    fit = stats.linregress(np.quantile(draw(reference), ten), np.quantile(draw(window), ten))
    lines.append({"reference": reference, "window": window, "slope": float(fit.slope), "intercept": float(fit.intercept), "r2": float(fit.rvalue**2)})

pathlib.Path(__file__).with_suffix(".json").write_text(
    json.dumps({"pairs": pairs, "tails": tails, "gammas": gammas, "homogeneity": homogeneity, "fishers": fishers,
                "adjusted": adjusted, "isotonic": isotonic, "lines": lines}, indent=1, allow_nan=False) + "\n")
