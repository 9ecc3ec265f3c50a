"""What kind of work an operator does that no rule turns into code: a table by name, for the assessment and for placeholders.

Names as in https://airflow.apache.org/docs/apache-airflow-providers/operators-and-hooks-ref/index.html.
"""

from __future__ import annotations

import re

from workbook_lib.model import expr as x
from workbook_lib.sources.airflow._raw import RawTask

# The first pattern that is found in "module.ClassName" decides; more telling names come first.
_TABLE: tuple[tuple[str, str], ...] = (
    ("branch", r"Branch|LatestOnly"),
    ("workflow", r"SubDag|TriggerDagRun"),
    ("wait", r"Sensor"),
    ("container", r"KubernetesPod|Kubernetes|GKE|Docker|Ecs|Eks|Batch|CloudRun|ContainerInstance|ECS|EKS"),
    ("notify", r"Slack|Email|SimpleHttpAlert|PagerDuty|Opsgenie|Discord|Telegram|Teams|SendGrid|Sns|Notif"),
    ("warehouse", r"BigQuery|Redshift|Snowflake|Databricks|Synapse|Athena|Dataproc|Emr|Dataflow|Glue|Dbt|Spark|Hive|Presto|Trino"),
    ("storage", r"GCS|S3|Gcs|Wasb|Blob|ADLS|AzureData|FileTransfer|SFTP|Sftp|FTP|LocalFilesystem|ToLocal|Hdfs|GoogleDrive"),
    ("sql", r"SQL|Sql|Postgres|MySql|Mssql|Oracle|Jdbc|Sqlite|Vertica|Exasol|Clickhouse|Teradata|GenericTransfer"),
    ("http", r"Http|Rest|Livy|Graphql"),
    ("shell", r"SSH|Ssh|Bash|WinRM"),
    ("python", r"Python"),
)


def family(operator: str, bases: tuple[str, ...] = ()) -> str:
    """The family of an operator class; its own name first, then those of its bases."""
    for name in (operator, *bases):
        for found, pattern in _TABLE:
            if name not in ("BaseOperator", "PythonOperator") and re.search(pattern, name):
                return found
    return "other"


# Classes whose result names the tasks that go on; operators of providers that branch are named after it, as BranchSQLOperator is
# (https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#branching).
_BRANCHES = re.compile(r"^(Base)?Branch\w*Operator$|^BranchMixIn$|^LatestOnlyOperator$|^HITLBranchOperator$")
_STOPS = frozenset({"ShortCircuitOperator"})


def steering(task: RawTask) -> tuple[str, bool]:
    """How an operator decides what follows it, by its class and decorator: as `Task.steers` and `Task.steers_rules` say it."""
    decorator = task.decorator.removeprefix("task.")
    names = (task.operator, *task.bases)
    if decorator.startswith("branch") or any(_BRANCHES.match(name) for name in names):
        return "branch", False
    if decorator == "short_circuit" or _STOPS & set(names):
        rules = dict(task.arguments).get("ignore_downstream_trigger_rules")
        return "short_circuit", isinstance(rules, x.Constant) and rules.value is False
    return "", False
