"""The real Airflow, in an interpreter of its own: it makes the records that generated flows are judged by.

`run_legacy` runs a DAG for real and in rehearsals; `environment` finds Airflow's interpreter, `install` makes it when asked.
"""

from __future__ import annotations

from workbook_lib.sources.airflow.engine._environment import EngineEnvironment, environment, install
from workbook_lib.sources.airflow.engine._run import run_legacy, run_several, structure

__all__ = ["EngineEnvironment", "environment", "install", "run_legacy", "run_several", "structure"]
