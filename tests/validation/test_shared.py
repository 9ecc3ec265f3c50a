"""Absolute paths that both real runs use are named, in remarks and in the headline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from validation_build import flow, program, records

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.function import Definition, Function
from workbook_lib.validation import as_text, judge
from workbook_lib.validation._shared import shared_paths


def python(body: str, **arguments: str) -> PythonCall:
    source = f"def f(x):\n    {body}\n"
    given = tuple((name, x.Constant(value=value)) for name, value in arguments.items())
    return PythonCall(function=Function(name="f", source=source, header_end=9), arguments=given)


def shell(*parts: x.Expr | str) -> Shell:
    return Shell(command=x.Format(parts=tuple(x.Constant(value=part) if isinstance(part, str) else part for part in parts)))


DAY = x.Parameter(name="day")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (python("open('/tmp/orders')"), ["/tmp/orders"]),
        (python("open(f'/data/{x}/out.csv')"), ["/data"]),
        (python("run('cp in.csv /tmp/out.csv')"), ["/tmp/out.csv"]),
        (python("pass", x="/lake/orders"), ["/lake/orders"]),
        (python("open('orders'); get('https://host/orders'); get(x + '/orders'); get(f'{x}/tmp/orders')"), []),
        (python("'''Writes /tmp/orders.'''"), []),
        (python("print('and/or', '1/2', 'see /docs', '%Y/%m/%d', '/')"), []),
        (python("open('/dev/null'); run('/usr/bin/env', '/bin/sh')"), []),
        (shell("cat in.csv > /lake/out.csv 2>/dev/null"), ["/lake/out.csv"]),
        (shell("cp /tmp/in.csv ", DAY, "/tmp/out.csv"), ["/tmp/in.csv"]),
        (shell("sed 's/foo/bar/' in.csv; curl http://host/x; ./run.sh; $HOME/x"), []),
    ],
)
def test_paths(action: Any, expected: list[str]) -> None:
    assert list(shared_paths(flow("a", {"a": {"action": action}}))) == expected


def test_code_that_several_tasks_use_belongs_to_none() -> None:
    definition = Definition(name="OUT", form="constant", source='OUT = Path("/data/orders")')
    assert shared_paths(flow("a", definitions=(definition,))) == {"/data/orders": ""}


def test_the_verdict_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.migration.workflows.w]\nentrypoint = "flows/w.py:w"\n')
    (tmp_path / "prefect.yaml").write_text('deployments: [{name: w, entrypoint: "flows/w.py:w"}]\n')
    workflow = flow("a >> b", {"a": {"action": python("open('/tmp/orders')")}})
    found = judge(workflow, program(workflow), records(workflow, "airflow"), records(workflow, "prefect"), project=tmp_path)
    assert (found.verdict, found.headline) == ("equal", "equal: in the real run and in 3 rehearsals; both real runs share /tmp/orders")
    remark = "absolute path /tmp/orders is shared by both runs: what one run left there the other may have read"
    assert [(row.id, row.reason) for row in found.tasks if row.aspect == "outputs"] == [("a", remark)]
    assert f"equal: a, outputs, in the real run\n  {remark}\n" in as_text(found)
    missing = judge(workflow, program(workflow), {}, records(workflow, "prefect"), project=tmp_path)
    assert [row for row in missing.tasks if row.aspect == "outputs"] == []
