"""One task that does what the parameter says."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from prefect import flow, task
from prefect.variables import Variable


def flood():
    for _ in range(100):
        print("x" * 999_999)
    return "flooded"


def hang():
    child = subprocess.Popen(["sleep", "600"])
    Path(os.environ["NOTE"]).write_text(f"{os.getpid()} {child.pid}")
    child.wait()


def polls():
    started, asked = time.monotonic(), 0
    while time.monotonic() - started < 600:
        asked += 1
        time.sleep(60)
    return asked


def leave():
    with sqlite3.connect("sales.db") as connection:
        connection.execute("create table sale (amount int)")
        connection.execute("insert into sale values (1200)")
    Path("out").mkdir()
    Path("out/report.txt").write_text(Path("region.txt").read_text().upper())


def see():
    return {
        "folder": sorted(os.listdir()),
        "home": Path.home().name,
        "supplied": os.environ.get("SUPPLIED"),
        "secret": os.environ.get("OUTSIDE_SECRET"),
        "team": Variable.get("team_name"),
        "limits": Variable.get("limits"),
        "path": Path(sys.path[0]).name,
    }


DOES = {"flood": flood, "hang": hang, "die": lambda: os._exit(7), "polls": polls, "leave": leave, "see": see}


@task(task_run_name="work")
def work(do: str) -> object:
    return DOES[do]()


@flow
def odd(do: str, moment: datetime | None = None):
    if moment is not None:
        Path("moment.txt").write_text(moment.isoformat())
    return work(do)
