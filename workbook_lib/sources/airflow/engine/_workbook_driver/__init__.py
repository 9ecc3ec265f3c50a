"""The half that runs under Airflow's own interpreter: the standard library and Airflow only, nothing of `workbook_lib`.

It is given one job as JSON on its standard input and answers events as JSON lines on its standard output (see `_main`).
"""
