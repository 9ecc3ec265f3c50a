"""Small stand-ins for the helpers of Airflow's system tests: what the DAG files need to be imported."""
