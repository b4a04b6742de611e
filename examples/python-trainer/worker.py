"""A trainer of Perennial's searches: a Temporal worker that answers for candidates with scikit-learn and LightGBM.

    npx perennial up
    python worker.py

The addresses are those of the environment (TEMPORAL_ADDRESS, DATABASE_URL, PERENNIAL_NAMESPACE), or of the stack that is
up in PERENNIAL_HOME. See docs/trainers.md.
"""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from apart import compute
from artifacts import Artifacts
from settings import read_settings

TASK_QUEUE = "trainer-python"
HEARTBEAT_SECONDS = 3
# Questions are taken at once and wait here: one that nobody takes is refused as one that has no trainer.
MAX_QUESTIONS = 1_000


class Trainer:
    def __init__(self, artifacts, at_once):
        self._artifacts = artifacts
        self._turns = asyncio.Semaphore(at_once)

    @activity.defn(name="answerFolds")
    async def answer_folds(self, question: dict) -> dict:
        return await self._answer("answerFolds", question)

    @activity.defn(name="fitModel")
    async def fit_model(self, question: dict) -> dict:
        return await self._answer("fitModel", question)

    async def _answer(self, kind, question):
        if question.get("apiVersion") != 1:
            raise refusal(f"apiVersion is {question.get('apiVersion')}; this trainer answers to 1")
        heart = asyncio.create_task(beat())
        try:
            async with self._turns:
                with tempfile.TemporaryDirectory(prefix="perennial-trainer-") as folder:
                    return await self._compute(kind, question, folder)
        finally:
            heart.cancel()

    async def _compute(self, kind, question, folder):
        files = {}
        for name in ("features", "folds", "rows"):
            if f"{name}Digest" in question:
                files[name] = os.path.join(folder, name)
                await asyncio.to_thread(self._artifacts.fetch, question[f"{name}Digest"], files[name])
        made = await compute({"activity": kind, "question": question, "files": files, "out": folder})
        answer = {"apiVersion": 1, "packages": made["packages"], "durationMs": made["durationMs"]}
        put = asyncio.to_thread(self._artifacts.put, made["answers"], "answers", "application/x-safetensors")
        answer["answersDigest"] = await put
        if "model" in made:
            put = asyncio.to_thread(self._artifacts.put, made["model"], "imported", "application/onnx")
            answer["modelDigest"] = await put
        return answer


async def beat():
    """Also what a cancellation comes back with."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_SECONDS)


def refusal(message):
    return ApplicationError(message, type="REFUSED", non_retryable=True)


async def main():
    settings = read_settings()
    client = await Client.connect(**settings.temporal)
    artifacts = Artifacts(settings.database, settings.namespace)
    trainer = Trainer(artifacts, settings.at_once)
    queue = sys.argv[1] if len(sys.argv) > 1 else TASK_QUEUE
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    worker = Worker(
        client,
        task_queue=queue,
        activities=[trainer.answer_folds, trainer.fit_model],
        max_concurrent_activities=MAX_QUESTIONS,
        max_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT_SECONDS),
        default_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT_SECONDS),
        graceful_shutdown_timeout=timedelta(seconds=5),
    )
    async with worker:
        logging.info("ready on the task queue %s, %d at once", queue, settings.at_once)
        await stop.wait()
        logging.info("stopping")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    asyncio.run(main())
