"""Tasks that wait for a person's answer: placeholders that still take part in the graph as Airflow's do.

A task of Prefect cannot stop for a person, only a flow can (https://docs.prefect.io/v3/advanced/interactive), so a body for them would
have to be moved into the flow. Specification: https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/operators/hitl.html
"""

from __future__ import annotations

from workbook_lib.model.action import Opaque
from workbook_lib.sources.airflow.operators._room import Built, Case

_ADVICE = "a person answers it; ask in the flow, by `pause_flow_run(wait_for_input=...)`, and hand the answer over"


def human(case: Case) -> Built:
    """HITLOperator, HITLEntryOperator."""
    case.given.used |= set(case.given.values)
    return Built(Opaque(family="other", missing=_ADVICE))


def human_branch(case: Case) -> Built:
    """HITLBranchOperator: the answer names the tasks that go on."""
    built = human(case)
    built.steers = "branch"
    return built


def approval(case: Case) -> Built:
    """ApprovalOperator: a refusal skips what follows, which neither a rehearsal of Airflow nor the placeholder can play."""
    case.given.used |= set(case.given.values)
    return Built(Opaque(family="other", missing=f"{_ADVICE}; a refusal skips what follows"))
