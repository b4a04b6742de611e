"""compute.py in a process of its own: killed when its question is cancelled, out of time, or takes too much memory."""

import asyncio
import json
import os
import sys
from pathlib import Path

from temporalio.exceptions import ApplicationError

PROGRAM = Path(__file__).with_name("compute.py")
# It computes, and has nothing to ask of anybody.
SECRETS = ("DATABASE_URL", "TEMPORAL_API_KEY")
LOOK_SECONDS = 0.1
MAX_LINE_BYTES = 1 << 20


async def compute(job):
    """What compute.py says at last. Raises ApplicationError REFUSED, TIMED_OUT or OUT_OF_MEMORY, of which none is retried."""
    limits = job["question"].get("limits", {})
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, limit=MAX_LINE_BYTES
    )
    look = asyncio.create_task(watch_memory(child, limits.get("bytes")))
    try:
        seconds = limits["ms"] / 1000 if "ms" in limits else None
        last, errors = await asyncio.wait_for(converse(child, job), seconds)
    except TimeoutError:
        raise final("TIMED_OUT", f"not done within {limits['ms']} ms (budget.candidateMs)") from None
    finally:
        look.cancel()
        if child.returncode is None:
            child.kill()
            await child.wait()
    if look.done() and not look.cancelled():
        raise final("OUT_OF_MEMORY", f"its process took {look.result()} bytes, of {limits['bytes']} (budget.candidateBytes)")
    if "refused" in last:
        raise final("REFUSED", last["refused"])
    if "answers" in last:
        return last
    if child.returncode == -9:
        raise final("OUT_OF_MEMORY", "the system killed its process")
    raise ApplicationError(f"compute.py ended with {child.returncode}: {errors[-2000:]}")


def final(kind, message):
    return ApplicationError(message, type=kind, non_retryable=True)


async def converse(child, job):
    """The last line that it says, and what it writes to stderr."""
    errors = asyncio.create_task(child.stderr.read())
    child.stdin.write(json.dumps(job).encode() + b"\n")
    last = {}
    # stdin stays open: its end is how the process learns of ours.
    async for line in child.stdout:
        last = json.loads(line)
    await child.wait()
    return last, (await errors).decode(errors="replace")


async def watch_memory(child, most):
    """Ends the process, and returns what it held, where that is too much. Otherwise never returns."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        held = resident_bytes(child.pid) if most is not None else 0
        if most is not None and held > most:
            child.kill()
            return held


def resident_bytes(pid):
    """0 where that cannot be told: on systems without /proc the bound is not kept."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0
