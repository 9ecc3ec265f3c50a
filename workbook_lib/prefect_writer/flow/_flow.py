"""The printer for a plan: one a form."""

from __future__ import annotations

from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.flow._print_futures import FuturesPrinter
from workbook_lib.prefect_writer.flow._print_rules import RulesPrinter
from workbook_lib.prefect_writer.flow._print_sequence import SequencePrinter
from workbook_lib.prefect_writer.flow._printer import Called, FlowPrinter
from workbook_lib.prefect_writer.python._names import Names


def flow_printer(plan: Plan, called: dict[str, Called], names: Names) -> FlowPrinter:
    """What prints the flow function of `plan`."""
    if plan.regions is not None:
        return SequencePrinter(plan, called, names, plan.regions)
    return (FuturesPrinter if plan.form == "futures" else RulesPrinter)(plan, called, names)
