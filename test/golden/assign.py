"""Where keys stand in a rollout, by hashlib: what serving/assign.ts has to compute. Writes assign.json."""

import hashlib
import json
import pathlib


def position(rollout: str, key: str) -> float:
    digest = hashlib.sha256(rollout.encode() + b"\0" + key.encode()).digest()
    return (int.from_bytes(digest, "big") >> (256 - 52)) / 2**52


ROLLOUTS = ["rollout/flight-adherence/1", "rollout/flight-adherence/2", "rollout/a/1000000"]
KEYS = ["", "0", "customer-1", "customer-2", "ü", "日本", "\U0001f600", "a\0b", " ", "x" * 5000]

cases = [{"rollout": r, "key": k, "position": position(r, k)} for r in ROLLOUTS for k in KEYS]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases, indent=1, ensure_ascii=True) + "\n")
