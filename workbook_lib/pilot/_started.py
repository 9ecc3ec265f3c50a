"""Runs that a flow starts of other flows: a pilot has no worker that would pick them up, so the project itself stands in.

`run_deployment` looks a deployment up in the project's `prefect.yaml`. A run that nobody waits for is only noted, as a scheduled one
would be that no worker has taken yet; a run that is waited for is made at once, in this process and out of sight of the observer. What
the project has no deployment for is an error, as Prefect's own is.
"""

from __future__ import annotations

import contextvars
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

# Set while a started flow runs: what happens there belongs to another run.
_ELSEWHERE: contextvars.ContextVar[bool] = contextvars.ContextVar("elsewhere", default=False)


def elsewhere() -> bool:
    """Whether this code belongs to a run that the flow under observation has started."""
    return _ELSEWHERE.get()


def install(project: Path) -> None:
    """Replace `run_deployment` wherever a flow may import it from."""
    from prefect import deployments
    from prefect.deployments import flow_runs

    def run_deployment(name: Any, parameters: Mapping[str, Any] | None = None, timeout: float | None = None, **_: Any) -> Any:
        return _run(project, str(name), dict(parameters or {}), waits=timeout != 0)

    for module in (deployments, flow_runs):
        setattr(module, "run_deployment", run_deployment)  # noqa: B010 - a plain assignment would have to be typed as the original


def _run(project: Path, name: str, parameters: dict[str, Any], *, waits: bool) -> Any:
    from prefect.client.schemas.objects import FlowRun
    from prefect.states import Scheduled
    from prefect.utilities.callables import get_call_parameters

    flow = _flow(project, name)
    get_call_parameters(flow.fn, (), parameters)  # a deployment refuses what its flow does not take
    state: Any = Scheduled()
    if waits:
        with aside():
            state = flow(**parameters, return_state=True)
    return FlowRun(flow_id=uuid4(), name=name, parameters=parameters, state=state, state_type=state.type, state_name=state.name)


@contextmanager
def aside() -> Iterator[None]:
    """What runs inside is another run."""
    token = _ELSEWHERE.set(True)
    try:
        yield
    finally:
        _ELSEWHERE.reset(token)


def _flow(project: Path, name: str) -> Any:
    """The flow of a deployment `flow name/deployment name`."""
    from prefect.exceptions import ObjectNotFound

    flow_name, _, deployment = name.partition("/")
    entrypoint = _entrypoints(project).get(deployment)
    if entrypoint is not None:
        file, _, function = entrypoint.partition(":")
        module = importlib.import_module(".".join(Path(file).with_suffix("").parts))
        flow = getattr(module, function, None)
        if flow is not None and flow.name == flow_name:
            return flow
    raise ObjectNotFound(LookupError(f"the project has no deployment {name!r}"))


def _entrypoints(project: Path) -> dict[str, str]:
    """The entrypoints in `prefect.yaml`, by the deployment's name."""
    import yaml

    try:
        found = yaml.safe_load((project / "prefect.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    deployments = found.get("deployments") if isinstance(found, dict) else None
    rows = [row for row in deployments or () if isinstance(row, dict)]
    return {str(row.get("name")): str(row.get("entrypoint")) for row in rows}
