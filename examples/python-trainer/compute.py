"""One question of a search, in a process of its own, which the worker can end at any time.

Reads one line of JSON: `activity`, `question`, `files` (paths by name) and `out` (a folder). Writes lines of JSON: its
progress, and at last what it made or why it refused.
"""

import json
import os
import platform
import shutil
import sys
import threading
import time
import warnings
from importlib.metadata import version

PACKAGES = ["lightgbm", "scikit-learn", "numpy", "scipy", "skl2onnx", "onnxmltools", "onnx"]


def main():
    given = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_the_worker, args=[given["out"]], daemon=True).start()
    warnings.filterwarnings("ignore", category=UserWarning)
    began = time.monotonic()
    # Only now: to import the libraries takes seconds, in which the worker may die.
    from answering import REFUSALS, answer

    try:
        made = answer(given["activity"], given["question"], given["files"], given["out"], say)
    except REFUSALS as refusal:
        say({"refused": str(refusal) or type(refusal).__name__})
    else:
        packages = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
        say({**made, "packages": packages, "durationMs": round(1000 * (time.monotonic() - began))})


def say(line):
    print(json.dumps(line), flush=True)


def end_with_the_worker(folder):
    """Its end of the pipe is closed when it dies, however it dies; then nobody else removes the question's folder."""
    while os.read(0, 1 << 10):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
    # At once: threads of native libraries have nothing more to say, and may not outlive what they stand on.
    os._exit(0)
