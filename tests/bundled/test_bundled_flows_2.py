"""Airflow 2.11.2's own example DAGs as one Prefect project, judged against what Airflow did."""

from __future__ import annotations

import pytest
from bundled_checks import test_one_project_holds_them_all, test_real_run, test_whole_verdict

__all__ = ["test_one_project_holds_them_all", "test_real_run", "test_whole_verdict"]
VERSION = "2.11.2"
pytestmark = pytest.mark.corpus
