"""Makes canary.json with scipy 1.17.1, numpy 2.4.6, mpmath 1.4.1 and confseq 0.0.11 (Howard et al., which needs Boost's headers).

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1 numpy==2.4.6 mpmath==1.4.1 confseq==0.0.11
    /tmp/venv/bin/python test/golden/canary.py

Nothing here is written after the TypeScript: tails are summed with mpmath's 60 digits, evidence against the challenger is confseq's
mixture, evidence for it is integrated by mpmath, projections are found by scipy's minimiser over the null hypothesis.
"""

import json
import pathlib

import mpmath as mp
import numpy as np
from confseq.boundaries import beta_binomial_log_mixture
from scipy import optimize, special, stats

mp.mp.dps = 60
rng = np.random.default_rng(20201103)


def lower_tail(x, a, b):
    """DLMF 8.17.8: a series of positive terms, short below the mean."""
    total, term, n = mp.mpf(0), mp.mpf(1), 0
    while term > total * mp.mpf(10) ** -50:
        total += term
        term *= x * (a + b + n) / (a + 1 + n)
        n += 1
    return x**a * (1 - x) ** b / (a * mp.beta(a, b)) * total


def log_tails(x, a, b):
    """ln of both regularised incomplete beta functions; the tail beyond the mean is the complement of the other."""
    x, a, b = mp.mpf(x), mp.mpf(a), mp.mpf(b)
    if x < a / (a + b):
        lower = lower_tail(x, a, b)
        upper = 1 - lower
    else:
        upper = lower_tail(1 - x, b, a)
        lower = 1 - upper
    return {"lower": float(mp.log(lower)), "upper": float(mp.log(upper))}


tails = []
for a, b in [(0.1, 9.9), (1, 9), (5, 5), (0.001, 0.002), (7, 9), (9.99, 10.01), (40, 300), (1000.5, 9000), (2.5, 1e5)]:
    for x in [1e-6, 0.01, 0.1, a / (a + b), 0.5, 0.9, 0.999]:
        tails.append({"x": x, "a": a, "b": b, **log_tails(x, a, b)})
for a, b, z in [(1e5, 9e5, s) for s in (-20, -3, 0, 3, 20)] + [(1e6, 9e6, s) for s in (-50, 0, 5)] + [(5e6, 5e6, 4)]:
    mean = a / (a + b)
    x = mean + z * float(np.sqrt(mean * (1 - mean) / (a + b)))
    tails.append({"x": x, "a": a, "b": b, **log_tails(x, a, b)})

log_betas = [
    {"a": a, "b": b, "value": float(mp.log(mp.beta(mp.mpf(a), mp.mpf(b))))}
    for a, b in [(0.1, 0.2), (1, 1), (1, 9), (9.9, 0.1), (10, 10), (3, 1e7), (1e6, 9e6), (1e9, 1e9), (0.01, 1e9)]
]


def against(x, n, w):
    """confseq's one-sided beta-binomial mixture, tuned so that its prior is Beta(10 w, 10 (1 - w))."""
    v_opt = PER_STRENGTH * 11 * w * (1 - w)
    return beta_binomial_log_mixture(x - n * w, n * w * (1 - w), v_opt, w, 1 - w, 0.05, True)


def plain_against(x, n, w):
    """The formula of Lindon and Malek in scipy, only to find confseq's tuning."""
    a, b = 10 * w, 10 * (1 - w)
    return (
        special.betaln(a + x, b + n - x) - special.betaln(a, b)
        + np.log(special.betaincc(a + x, b + n - x, w)) - np.log(special.betaincc(a, b, w))
        - x * np.log(w) - (n - x) * np.log1p(-w)
    )


# confseq takes the moment at which to be tightest instead of a prior; it is proportional to the prior's strength.
PER_STRENGTH = optimize.brentq(
    lambda v: beta_binomial_log_mixture(6 - 0.6, 6 * 0.09, v * 11 * 0.09, 0.1, 0.9, 0.05, True) - plain_against(6, 6, 0.1), 2, 20
)
worse = [
    {"x": x, "n": n, "weight": w, "value": against(x, n, w)}
    for w in (0.01, 0.1, 0.5, 0.9)
    for x, n in [(0, 1), (1, 1), (6, 6), (0, 40), (5, 40), (30, 40), (100, 1000), (550, 1000), (5, 1000), (2000, 20000)]
    # confseq underflows where there is next to no evidence.
    if np.isfinite(against(x, n, w))
]


def within_ratio(x, n, w, ratio):
    """The same with the mixture below theta(ratio), by integrating the truncated prior."""
    a, b = mp.mpf(10) * w, mp.mpf(10) * (1 - mp.mpf(w))
    w, ratio = mp.mpf(w), mp.mpf(ratio)
    theta = w * ratio / (w * ratio + 1 - w)
    top = mp.betainc(a + x, b + n - x, 0, theta)
    return float(mp.log(top / mp.betainc(a, b, 0, theta)) - x * mp.log(theta) - (n - x) * mp.log(1 - theta))


below = [
    {"x": x, "n": n, "weight": w, "ratio": ratio, "value": within_ratio(x, n, w, ratio)}
    for w in (0.01, 0.1, 0.5)
    for ratio in (1.5, 2, 10)
    for x, n in [(0, 1), (1, 1), (6, 6), (0, 100), (10, 100), (20, 100), (100, 1000)]
]

unfair = [
    {"x": x, "n": n, "weight": w, "value": float(
        stats.betabinom.logpmf(x, n, 100 * w, 100 * (1 - w)) - stats.binom.logpmf(x, n, w))}
    for w in (0.1, 0.5)
    for x, n in [(0, 1), (0, 50), (10, 100), (1100, 10_000), (1000, 10_000), (5_100, 10_000)]
]


def kl(p, q):
    return special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)


def margin_evidence(stages, ratio, margin):
    """Every alternative over its projection, found by minimising the divergence over all of the null hypothesis' boundary."""
    def edge(p):
        return max(ratio * p, p + margin)

    logs = []
    for champion in np.geomspace(1e-5, 0.5, 48):
        for challenger, prior in ((champion, 0.75 / 48), (min((champion + edge(champion)) / 2, (1 + champion) / 2), 0.25 / 48)):
            total = np.log(prior)
            for s in stages:
                top = min(1 / ratio, 1 - margin)
                found = optimize.minimize_scalar(
                    lambda t: s["weight"] * kl(challenger, edge(np.exp(t))) + (1 - s["weight"]) * kl(champion, np.exp(t)),
                    bounds=(np.log(1e-14), np.log(min(champion, top * (1 - 1e-12)))), method="bounded", options={"xatol": 1e-11, "maxiter": 5000})
                p = float(np.exp(found.x))
                for keys, bad, alt, null in (
                    (s["championKeys"], s["championBad"], champion, p), (s["challengerKeys"], s["challengerBad"], challenger, edge(p))):
                    total += bad * np.log(alt / null) + (keys - bad) * (np.log1p(-alt) - np.log1p(-null))
            logs.append(total)
    keys = [(s["championKeys"] + s["challengerKeys"], s["challengerKeys"], s["weight"]) for s in stages]
    return float(special.logsumexp(logs) - sum(n * kl(x / n, w) for n, x, w in keys))


def stage(weight, champion_keys, champion_bad, challenger_keys, challenger_bad):
    return {"weight": weight, "championKeys": champion_keys, "championBad": champion_bad,
            "challengerKeys": challenger_keys, "challengerBad": challenger_bad}


margins = [
    {"stages": stages, "ratio": ratio, "margin": margin, "value": margin_evidence(stages, ratio, margin)}
    for stages, ratio, margin in [
        ([stage(0.1, 9000, 0, 1000, 0)], 2, 0.005),
        ([stage(0.1, 9030, 9, 970, 1)], 2, 0.005),
        ([stage(0.1, 9000, 90, 1000, 25)], 2, 0.005),
        ([stage(0.1, 9000, 90, 1000, 10), stage(0.5, 4000, 41, 4050, 39)], 2, 0.005),
        ([stage(0.5, 100, 40, 100, 45)], 1.5, 0.2),
        ([stage(0.01, 99_000, 100, 1000, 3)], 3, 0.01),
    ]
]


def half_width(deviation, n, alpha):
    """Waudby-Smith et al., arXiv 2103.06476, one-sided, rho after its proposition for 5,000 pairs."""
    rho2 = (-2 * np.log(2 * alpha) + np.log(1 - 2 * np.log(2 * alpha))) / 5000
    rho = np.sqrt(rho2)
    return deviation * np.sqrt(2 * (n * rho2 + 1) / (n * rho) ** 2 * np.log(1 + np.sqrt(n * rho2 + 1) / (2 * alpha)))


half_widths = [
    {"deviation": s, "pairs": n, "alpha": alpha, "value": float(half_width(s, n, alpha))}
    for s in (0.1, 0.3162, 2) for n in (200, 5000, 10_000_000) for alpha in (0.05, 0.01 / 3)
]

pathlib.Path(__file__).with_suffix(".json").write_text(
    json.dumps({"tails": tails, "logBetas": log_betas, "worse": worse, "below": below, "unfair": unfair,
                "margins": margins, "halfWidths": half_widths}, indent=1, allow_nan=False) + "\n")
