"""Flags for the version of Airflow."""

from airflow import __version__

_VERSION = tuple(int(part) for part in __version__.split(".")[:2])
AIRFLOW_V_2_10_PLUS = _VERSION >= (2, 10)
AIRFLOW_V_2_11_PLUS = _VERSION >= (2, 11)
AIRFLOW_V_3_0_PLUS = _VERSION >= (3, 0)
AIRFLOW_V_3_1_PLUS = _VERSION >= (3, 1)
AIRFLOW_V_3_2_PLUS = _VERSION >= (3, 2)
AIRFLOW_V_3_3_PLUS = _VERSION >= (3, 3)
