"""The one writer: workflows of the model become a Prefect project.

`statuses` tells per task whether it will be converted; `write` makes the files. Deterministic: same workflows, same bytes.
`variable_name` is what a legacy variable is called in Prefect, `block_name` the Secret block of a connection; `UPDATED` the event by
which a task tells that it has updated an asset; `matched` the asset whose name a trigger's pattern matches; `with_verdicts` the guide
with what a validation said.
"""

from __future__ import annotations

from workbook_lib.prefect_writer.project._deployment import matched
from workbook_lib.prefect_writer.project._guide import with_verdicts
from workbook_lib.prefect_writer.project._project import FlowInfo, Project, TaskStatus, statuses, write
from workbook_lib.prefect_writer.python._names import block_name, variable_name
from workbook_lib.prefect_writer.tasks._hooks import UPDATED

__all__ = ["UPDATED", "FlowInfo", "Project", "TaskStatus", "block_name", "matched", "statuses", "variable_name", "with_verdicts", "write"]
