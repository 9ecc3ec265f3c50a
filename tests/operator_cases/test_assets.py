"""Assets: a task that updates one tells so, and a DAG that is scheduled on some has triggers that Prefect takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow, Task
from prefect.events.schemas.deployment_triggers import DeploymentTriggerTypes
from pydantic import TypeAdapter

from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read

SOURCE = Path(__file__).parents[1] / "corpus" / "airflow" / "operator_cases" / "dags" / "settings.py"


@pytest.fixture(scope="module", params=["2.11", "3.3"])
def project(request: pytest.FixtureRequest) -> Project:
    return write(list(read([SOURCE], ReadOptions(version=request.param)).workflows))


def test_every_task_tells_of_what_it_updates(project: Project) -> None:
    names: dict[str, Any] = {"__name__": "setting_outlets"}
    exec(compile(project.files["flows/setting_outlets.py"], "setting_outlets.py", "exec"), names)
    told: list[tuple[str, str]] = []
    names["emit_event"] = lambda event, resource: told.append((event, resource["prefect.resource.id"]))
    tasks = [one for one in names.values() if isinstance(one, Task)]
    assert [one for one in names.values() if isinstance(one, Flow)]
    for one in tasks:
        for hook in one.on_completion_hooks:
            hook(one, None, None)
    assert sorted(told) == [("asset.updated", f"s3://bucket/{name}.csv") for name in ("four", "one", "three", "two")]
    assert max(len(one.on_completion_hooks) for one in tasks) == 1


def test_a_schedule_on_assets_is_a_trigger(project: Project) -> None:
    listed = {entry["name"]: entry for entry in yaml.safe_load(project.files["prefect.yaml"])["deployments"]}
    (trigger,) = [TypeAdapter(DeploymentTriggerTypes).validate_python(one) for one in listed["setting_schedule_assets"]["triggers"]]
    assert (trigger.type, trigger.require, trigger.enabled) == ("compound", "all", False)
    assert [part.match.root["prefect.resource.id"] for part in trigger.triggers] == ["s3://bucket/one.csv", "s3://bucket/two.csv"]
    assert [part.expect for part in trigger.triggers] == [{"asset.updated"}, {"asset.updated"}]
