"""Where Temporal and Postgres are. Addresses with passwords come in the environment or a file of their owner's alone."""

import json
import os
import re
from dataclasses import dataclass

from temporalio.envconfig import ClientConfig

from refused import Refused

LOOPBACK = re.compile(r"^(127\.|localhost:|\[::1\])")


@dataclass(frozen=True)
class Settings:
    """`temporal` is what Client.connect takes."""

    temporal: dict
    database: str
    namespace: str
    # Questions that are computed at the same time, a thread each.
    at_once: int


def read_settings():
    """Raises Refused where there is neither."""
    stack = read_stack()
    namespace = os.environ.get("PERENNIAL_NAMESPACE") or stack.get("namespace") or "perennial"
    address = os.environ.get("TEMPORAL_ADDRESS") or stack.get("temporalAddress")
    database = os.environ.get("DATABASE_URL") or stack.get("databaseUrl")
    if not database:
        raise Refused("DATABASE_URL is not set, and no stack is up in PERENNIAL_HOME: `npx perennial up` starts one")
    # As Perennial's own workers read it: a profile file is about some other server than one on this machine.
    config = ClientConfig.load_client_connect_config(disable_file=bool(LOOPBACK.match(address or "")))
    temporal = {**config, **({"target_host": address} if address else {}), "namespace": namespace}
    if "target_host" not in temporal:
        raise Refused("TEMPORAL_ADDRESS is not set, and no stack is up in PERENNIAL_HOME")
    threads = os.environ.get("PERENNIAL_THREADS") or os.cpu_count() or 1
    return Settings(temporal, database, namespace, max(1, int(threads)))


def read_stack():
    """What `npx perennial up` says of the stack in that folder."""
    try:
        with open(os.path.join(os.environ.get("PERENNIAL_HOME") or ".perennial", "stack.json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}
