"""Names that have moved between Airflow's versions."""

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.empty import EmptyOperator

__all__ = ["EmptyOperator"]
