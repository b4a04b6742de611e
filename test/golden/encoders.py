"""Golden values for test/learning/encoders*.test.ts.

    python3 -m venv venv && venv/bin/pip install numpy scikit-learn
    venv/bin/python test/golden/encoders.py > test/golden/encoders.json
"""

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

rng = np.random.default_rng(7)


def plain(values):
    """NaN and infinities as JSON can hold them."""
    return [
        plain(v) if isinstance(v, (list, np.ndarray)) else v if isinstance(v, str) else (float(v) if np.isfinite(v) else None)
        for v in values
    ]


def numeric():
    train = np.round(rng.gamma(2.0, 300.0, 200), 2)
    train[::17] = np.nan
    new = np.array([0.0, -5.0, 1e6, 123.456, float(np.nanmedian(train)), 1e-12])
    column = train.reshape(-1, 1)
    known = train[~np.isnan(train)].reshape(-1, 1)
    out = {"train": plain(train), "new": plain(new)}
    for name, scaler in (("standardize", StandardScaler()), ("minMax", MinMaxScaler())):
        scaler.fit(column)
        out[name] = plain(scaler.transform(new.reshape(-1, 1)).ravel())
    for strategy in ("mean", "median", "most_frequent"):
        out["impute_" + strategy] = float(SimpleImputer(strategy=strategy).fit(column).statistics_[0])
    for bins in (2, 4, 5, 10):
        binner = KBinsDiscretizer(n_bins=bins, strategy="quantile", quantile_method="linear", encode="ordinal")
        out[f"edges_{bins}"] = plain(binner.fit(known).bin_edges_[0][1:-1])
    log = np.log1p(known.ravel())
    out["log1p"] = {"mean": float(log.mean()), "std": float(log.std()), "new": plain(np.log1p(np.maximum(new, 0)))}
    return out


def categorical():
    train = ["b", "a", "c", "a", "ü", "a", "b", "日本", "c", "a", " a", "A"]
    new = ["a", "b", "never seen", "ü", "日本", " a", "A", "", "u\u0308", "a "]
    hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(np.array(train, dtype=object).reshape(-1, 1))
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(
        np.array(train, dtype=object).reshape(-1, 1)
    )
    column = np.array(new, dtype=object).reshape(-1, 1)
    numbers = np.array([3, 1, 2, 3, 3, 10, 1, 2.5]).reshape(-1, 1)
    fresh = np.array([1, 2, 2.5, 2.4999999, 3, 10, 4, -1]).reshape(-1, 1)
    hot_numbers = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(numbers)
    ordinal_numbers = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(numbers)
    return {
        "train": train,
        "new": new,
        "categories": hot.categories_[0].tolist(),
        "oneHot": plain(hot.transform(column)),
        "ordinal": plain(ordinal.transform(column).ravel()),
        "numbers": {
            "train": plain(numbers.ravel()),
            "new": plain(fresh.ravel()),
            "oneHot": plain(hot_numbers.transform(fresh)),
            "ordinal": plain(ordinal_numbers.transform(fresh).ravel()),
        },
    }


def dates():
    """[epoch ms, minute, hour, weekday (Monday 0), day of month, day of year, month], all from 0."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    edges = [
        datetime(y, m, d, h, mi, s, tzinfo=timezone.utc)
        for y, m, d, h, mi, s in [
            (1970, 1, 1, 0, 0, 0), (1969, 12, 31, 23, 59, 59), (2000, 2, 29, 12, 30, 0), (2000, 3, 1, 0, 0, 0),
            (2000, 12, 31, 23, 0, 0), (2100, 2, 28, 23, 59, 59), (2100, 3, 1, 0, 0, 0), (2100, 12, 31, 0, 0, 0),
            (1900, 2, 28, 6, 0, 0), (1900, 3, 1, 6, 0, 0), (2024, 2, 29, 0, 0, 0), (2023, 12, 31, 0, 0, 0),
            (2024, 12, 31, 0, 0, 0), (1600, 2, 29, 1, 1, 1), (1, 1, 1, 0, 0, 0), (9999, 12, 31, 23, 59, 59),
            (2001, 7, 31, 5, 59, 0), (1968, 2, 29, 3, 4, 5), (1964, 12, 31, 23, 59, 0),
        ]
    ]
    spread = [epoch + timedelta(seconds=int(s)) for s in rng.integers(-11_000_000_000, 14_000_000_000, 300)]
    rows = []
    for t in edges + spread:
        ms = (t - epoch) // timedelta(milliseconds=1)
        rows.append([ms, t.minute, t.hour, t.weekday(), t.day - 1, t.timetuple().tm_yday - 1, t.month - 1])
    return rows


json.dump(
    {
        "versions": {"numpy": np.__version__, "sklearn": sklearn.__version__},
        "numeric": numeric(),
        "categorical": categorical(),
        "dates": dates(),
    },
    __import__("sys").stdout,
    ensure_ascii=False,
)
