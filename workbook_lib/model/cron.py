"""Names for cron schedules, as crontab(5) has them; `@quarterly` is Airflow's.

https://airflow.apache.org/docs/apache-airflow/2.11.2/authoring-and-scheduling/cron.html
"""

from __future__ import annotations

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def fields(text: str) -> str:
    """The schedule as its fields with one blank between them, whether they or a name for them are given."""
    plain = " ".join(text.split())
    return PRESETS.get(plain, plain)
