"""The model's schedule against the deployment in prefect.yaml."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from validation_build import flow

from workbook_lib.errors import ProjectError
from workbook_lib.model.workflow import AssetCondition, Limits, Schedule
from workbook_lib.prefect_writer import UPDATED
from workbook_lib.prefect_writer.project._deployment import matched, pattern
from workbook_lib.validation import compare_schedule, deployment

DAILY = Schedule(kind="cron", cron="0 6 * * *", timezone="Europe/Berlin")
PRESET = Schedule(kind="cron", cron="@daily")
HOURLY = Schedule(kind="interval", interval_seconds=3600)
NONE = Schedule()


def cron(text: str, zone: str | None = None, **more: Any) -> dict[str, Any]:
    return {"schedules": [{"cron": text, **({"timezone": zone} if zone else {}), **more}]}


def asset(uri: str) -> AssetCondition:
    return AssetCondition(kind="asset", uri=uri)


def trigger(uri: str, **more: Any) -> dict[str, Any]:
    return {"match": {"prefect.resource.id": uri}, "expect": [UPDATED], **more}


def both(*uris: str, **more: Any) -> dict[str, Any]:
    return {"type": "compound", "require": "all", "triggers": [trigger(uri) for uri in uris], **more}


A_AND_B = Schedule(kind="assets", condition=AssetCondition(kind="all", parts=(asset("a"), asset("b"))))
A_OR_B = Schedule(kind="assets", condition=AssetCondition(kind="any", parts=(asset("a"), asset("b"))))
A_OR_DAILY = Schedule(kind="custom", condition=asset("a"), time=DAILY)
OR_ALIAS = Schedule(kind="assets", condition=AssetCondition(kind="any", parts=(asset("a"), AssetCondition(kind="alias", name="b"))))
TWO_CRONS = Schedule(kind="custom", crons=("0 6 * * *", "@daily"))
OTHER = "what the deployment's triggers wait for differs"
PAUSED = "paused: the deployment has the same schedule, but does not run by it yet"
CASES: list[tuple[Schedule, dict[str, Any] | None, str, str]] = [
    (DAILY, cron("0 6 * * *", "Europe/Berlin"), "equal", ""),
    (DAILY, cron("0  6 * * *", "Europe/Berlin"), "equal", ""),
    (DAILY, {"schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}}, "equal", ""),
    (DAILY, cron("0 6 * * *"), "different", "the time zones differ"),
    (DAILY, cron("0 7 * * *", "Europe/Berlin"), "different", "the schedules differ"),
    (DAILY, {}, "different", "the deployment has no schedule"),
    (DAILY, {"schedules": []}, "different", "the deployment has no schedule"),
    (DAILY, {"schedules": [{"interval": 86400}]}, "different", "the schedules differ"),
    (DAILY, {"schedules": cron("0 6 * * *", "Europe/Berlin")["schedules"] * 2}, "different", "the deployment has 2 schedules"),
    (DAILY, cron("0 6 * * *", "Europe/Berlin", active=False), "equal", PAUSED),
    (DAILY, cron("0 6 * * *", "Europe/Berlin") | {"paused": True}, "equal", PAUSED),
    (DAILY, cron("0 7 * * *", "Europe/Berlin", active=False), "different", "the deployment is paused, and its schedule differs"),
    (DAILY, None, "not comparable", "prefect.yaml has no deployment for this flow"),
    (PRESET, cron("@daily"), "equal", ""),
    (PRESET, cron("0 0 * * *"), "equal", ""),
    (HOURLY, {"schedules": [{"interval": 3600, "anchor_date": "2024-01-01"}]}, "equal", ""),
    (HOURLY, {"schedules": [{"interval": "PT1H"}]}, "equal", ""),
    (HOURLY, {"schedules": [{"interval": 3601}]}, "different", "the schedules differ"),
    (HOURLY, {"schedules": [{"interval": "often"}]}, "different", "the schedules differ"),
    (NONE, {}, "equal", ""),
    (NONE, cron("0 6 * * *"), "different", "the legacy workflow has no schedule, the deployment has one"),
    (NONE, cron("0 6 * * *", active=False), "equal", ""),
    (Schedule(kind="unknown", text="?"), {}, "not comparable", "it is decided by something that was not known when reading"),
    (Schedule(kind="once", text="@once"), {}, "not comparable", "Prefect has no schedule that runs once"),
    (Schedule(kind="assets", text="s3://x"), {}, "not comparable", "it runs when assets change that only runs name"),
    (OR_ALIAS, {"triggers": [trigger("a")]}, "not comparable", "it runs when assets change that only runs name"),
    (A_AND_B, {"triggers": [both("b", "a")]}, "equal", ""),
    (A_AND_B, {"triggers": [both("b", "a", enabled=False)]}, "equal", PAUSED),
    (A_AND_B, {"triggers": [trigger("a"), trigger("b")]}, "different", OTHER),
    (A_AND_B, {"triggers": [both("a", "b", "c")]}, "different", OTHER),
    (A_AND_B, {"triggers": [both("a", "b", within=60)]}, "different", OTHER),
    (A_AND_B, {"triggers": [both("a", "b")], "schedules": [{"interval": 60}]}, "different", "the deployment has 1 schedule"),
    (A_AND_B, {}, "different", "the deployment has no triggers"),
    (A_OR_B, {"triggers": [trigger("a"), trigger("b")]}, "equal", ""),
    (A_OR_B, {"triggers": [both("a", "b") | {"require": "any"}]}, "equal", ""),
    (A_OR_B, {"triggers": [trigger("a"), trigger("b", enabled=False)]}, "different", "some of the deployment's triggers are switched off"),
    (A_OR_B, {"triggers": [trigger("a"), trigger("b", threshold=2)]}, "different", OTHER),
    (A_OR_B, {"triggers": [trigger("a"), trigger("b") | {"expect": ["x"]}]}, "different", OTHER),
    (A_OR_DAILY, cron("0 6 * * *", "Europe/Berlin") | {"triggers": [trigger("a")]}, "equal", ""),
    (A_OR_DAILY, {"triggers": [trigger("a")]}, "different", "the deployment has no schedule"),
    (NONE, {"triggers": [trigger("a")]}, "different", "the legacy workflow has no schedule, the deployment has one"),
    (DAILY, cron("0 6 * * *", "Europe/Berlin") | {"triggers": [trigger("a")]}, "different", OTHER),
    (TWO_CRONS, {"schedules": [{"cron": "0 0 * * *"}, {"cron": "0 6 * * *"}]}, "equal", ""),
    (TWO_CRONS, cron("0 6 * * *"), "different", "the deployment has 1 schedule"),
]


@pytest.mark.parametrize(("legacy", "deployed", "verdict", "reason"), CASES)
def test_compared(legacy: Schedule, deployed: dict[str, Any] | None, verdict: str, reason: str) -> None:
    rows = compare_schedule(flow("a", schedule=legacy), deployed)
    assert [(row.id, row.aspect, str(row.verdict), row.reason) for row in rows] == [("", "schedule", verdict, reason)]


def test_both_values_are_shown() -> None:
    (row,) = compare_schedule(flow("a", schedule=DAILY), cron("0 7 * * *"))
    assert (row.legacy, row.pilot) == (
        {"cron": "0 6 * * *", "timezone": "Europe/Berlin"},
        {"cron": "0 7 * * *", "timezone": "UTC"},
    )


def project(folder: Path, table: str, listing: str) -> Path:
    (folder / "pyproject.toml").write_text(table)
    (folder / "prefect.yaml").write_text(listing)
    return folder


TABLE = '[tool.migration.workflows.w]\nentrypoint = "flows/w.py:w"\n'


def test_the_deployment_is_found_by_its_entrypoint(tmp_path: Path) -> None:
    listing = "deployments:\n- {name: v, entrypoint: 'flows/v.py:v'}\n- {name: x, entrypoint: 'flows/w.py:w'}\n"
    assert deployment(project(tmp_path, TABLE, listing), "w") == {"name": "x", "entrypoint": "flows/w.py:w"}
    assert deployment(tmp_path, "v") is None


def test_of_several_deployments_every_schedule_counts(tmp_path: Path) -> None:
    one = "{name: %s, entrypoint: 'flows/w.py:w', schedules: [{cron: '0 6 * * *', timezone: Europe/Berlin}]%s}"
    both = deployment(project(tmp_path, TABLE, f"deployments: [{one % ('x', '')}, {one % ('y', '')}]"), "w")
    assert [row.reason for row in compare_schedule(flow("a", schedule=DAILY), both)] == ["the deployment has 2 schedules"]
    paused = deployment(project(tmp_path, TABLE, f"deployments: [{one % ('x', '')}, {one % ('y', ', paused: true')}]"), "w")
    assert [str(row.verdict) for row in compare_schedule(flow("a", schedule=DAILY), paused)] == ["equal"]


def test_no_project_no_deployment(tmp_path: Path) -> None:
    assert deployment(tmp_path, "w") is None


@pytest.mark.parametrize(
    ("table", "listing", "file", "message"),
    [
        (TABLE, "a: [", "prefect.yaml", "not YAML: while parsing a flow node"),
        (TABLE, "- 1", "prefect.yaml", "not a mapping"),
        ("[", "", "pyproject.toml", "not TOML: "),
        ("tool = 1", "", "pyproject.toml", "[tool.migration.workflows] is not a table"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, table: str, listing: str, file: str, message: str) -> None:
    with pytest.raises(ProjectError) as error:
        deployment(project(tmp_path, table, listing), "w")
    assert str(error.value).startswith(f"{tmp_path / file}: {message}")


AT_ONCE = "the numbers of runs that may go on at once differ"


@pytest.mark.parametrize(
    ("legacy", "deployed", "expected"),
    [
        (None, None, []),
        (1, 1, [("equal", "")]),
        (1, {"limit": 1, "collision_strategy": "ENQUEUE"}, [("equal", "")]),
        (1, 2, [("different", AT_ONCE)]),
        (1, None, [("different", AT_ONCE)]),
        (None, 1, [("different", AT_ONCE)]),
    ],
)
def test_how_many_runs_go_on_at_once(legacy: int | None, deployed: Any, expected: list[tuple[str, str]]) -> None:
    rows = compare_schedule(flow("a", limits=Limits(active_runs=legacy)), {"concurrency_limit": deployed})
    assert [(row.id, row.aspect, str(row.verdict), row.reason) for row in rows[1:]] == [("", "schedule", *one) for one in expected]


def test_the_limits_of_several_deployments_add_up(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.migration.workflows.w]\nentrypoint = "flows/w.py:w"\n')
    entry = '- {name: a, entrypoint: "flows/w.py:w", concurrency_limit: 1}\n'
    (tmp_path / "prefect.yaml").write_text("deployments:\n" + entry * 2)
    found = compare_schedule(flow("a", limits=Limits(active_runs=1)), deployment(tmp_path, "w"))
    assert [str(row.verdict) for row in found] == ["equal", "different"]


def test_patterns_match_their_asset_alone() -> None:
    names = ("s3://b/*", "x[1]?", "!x", "{{ a }}{{{", "[*]", "\U0001f600", "[ !]x", "plain")
    for name in names:
        written = pattern(name)
        assert (fnmatchcase(name, written), matched(written), "{{" in written) == (True, name, False)
    assert [matched(text) for text in ("s3://*", "?", "!a", "[ab]")] == [None] * 4
