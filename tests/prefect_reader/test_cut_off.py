"""Runs that the flow does not wait for may be cut off at its end: Prefect starts no further try of theirs."""

from __future__ import annotations

import pytest
from flow_bodies import read_body, scenario

JOIN = "one = a.submit()\ntwo = b.submit()\nlast = c.submit(wait_for=[one, two])\n"


@pytest.mark.parametrize(
    ("body", "script", "cut_off"),
    [
        (JOIN + "return [last]", "", []),
        (JOIN + "return [last]", "a:fail", ["b"]),  # the join gives up with its first failed upstream task
        (JOIN + "return [last]", "b:fail", []),  # it had waited for `a` before
        ("one = a.submit()\ntwo = b.submit()\nlast = c.submit(wait_for=[allow_failure(one), two])\nreturn [last]", "b:fail", []),
        (JOIN + "return [one, two, last]", "a:fail", []),
        ("one = a.submit()\nb()", "", ["a"]),
        ("one = a.submit()\nb(one)", "", []),
        ("one = a.submit()\none.wait()\nb()", "", []),
        ("both = [a.submit(), b.submit()]\n[run.result() for run in both]", "a:fail", ["b"]),
        ("both = [a.submit(), b.submit()]\nwait(both)\n[run.result() for run in both]", "a:fail", []),
        ("one = submit(a)\ntwo = submit(b)\nreturn finish([two])", "", ["a"]),
        ("one = submit(a)\ntwo = submit(b)\nreturn finish([two], also=[one])", "", []),
        ("one = submit(a)\ntwo = submit(b, after=[one])\nreturn finish([two])", "a:fail", []),
    ],
)
def test_what_the_flow_may_cut_off(body: str, script: str, cut_off: list[str]) -> None:
    simulated = read_body(body).simulate(scenario(script))
    assert ([task_id for task_id, _ in simulated.cut_off], simulated.unfollowed) == (cut_off, ())
