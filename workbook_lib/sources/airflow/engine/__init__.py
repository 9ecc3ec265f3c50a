"""The real Airflow, in an interpreter of its own: it makes the records that generated flows are judged by.

`run_legacy` runs a DAG for real and in rehearsals, in the Airflow of its major version; `environment` finds the interpreter of a version,
`environment_for` of the one that runs a DAG's version, `install` makes it when asked.
"""

from __future__ import annotations

from workbook_lib.sources.airflow.engine._environment import EngineEnvironment, environment, environment_for, install
from workbook_lib.sources.airflow.engine._run import run_legacy, run_several, structure

__all__ = ["EngineEnvironment", "environment", "environment_for", "install", "run_legacy", "run_several", "structure"]
