"""Settings and helpers that all DAGs of the shop use."""
from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pendulum

DATA = Path("data")
START = pendulum.datetime(2024, 1, 1, tz="UTC")
DEFAULT_ARGS = {"owner": "shop", "retries": 1, "retry_delay": timedelta(minutes=2)}


def read_table(name: str) -> list[dict]:
    """The rows of a CSV file of the shop."""
    with (DATA / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def euros(cents: int) -> str:
    """An amount as people write it."""
    return f"{cents // 100}.{cents % 100:02d} EUR"
