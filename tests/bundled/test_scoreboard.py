"""The README's scoreboard is counted from the committed rows, and no row says *different* without being listed here."""

from __future__ import annotations

import pytest
from bundled_project import dag_ids
from scoreboard import README, VERSIONS, committed, table, written


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_for_every_dag(version: str) -> None:
    assert sorted(committed()[version]) == dag_ids(version)


def test_the_readme_shows_the_table_of_today() -> None:
    text = README.read_text(encoding="utf-8")
    assert table(committed()) in text
    assert written(text, committed()) == text


# What is still different, and why.
INACTIVE = "Airflow refuses the task before its body: the asset that it reads is not active"
OPEN = {
    "example_external_task_marker_child": "it waits for a run of another flow, and a pilot has none",
    "example_hitl_operator": "the flow does not branch where a person chooses the branch",
    "example_task_group_mapping": "the writer cannot repeat a task group yet",
    "example_task_mapping_second_order": "the flow fails where a task is mapped over the results of instances that return nothing",
    "example_task_state_store_mapped": "Airflow and the flow map over lists of another length",
    "example_time_delta_sensor_async": "the deferrable sensor hands over True when its moment has passed, the flow's wait nothing",
    "example_trigger_controller_dag": "it starts a deployment, and a pilot has none",
    "read_asset_event": INACTIVE,
    "read_asset_event_from_classic": INACTIVE,
    "tutorial_taskflow_api_virtualenv": "Airflow cannot make its virtual environment without a network; the flow needs none",
}


def test_what_is_different_is_known() -> None:
    different = {dag_id for version in VERSIONS for dag_id, found in committed()[version].items() if found["verdict"] == "different"}
    assert different == set(OPEN)
