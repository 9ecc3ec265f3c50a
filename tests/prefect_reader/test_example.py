"""The flow of the hand-ported example, in all the scenarios in which both engines were run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from flow_bodies import after, scenario, states

from workbook_lib.prefect_reader import Choice, FlowProgram, read_source

TEXT = Path(__file__).with_name("fixtures").joinpath("daily_sales.py").read_text()
IDS = ("extract_north", "extract_south", "total", "choose", "publish", "hold", "notify", "cleanup")
SHORT = {
    "extract_north": "N",
    "extract_south": "S",
    "total": "T",
    "choose": "C",
    "publish": "P",
    "hold": "H",
    "notify": "M",
    "cleanup": "Z",
}


def read(text: str = TEXT) -> FlowProgram:
    return read_source(text, flow_name="daily_sales", task_names={name: name for name in IDS})


def short(text: str) -> str:
    for name, letter in SHORT.items():
        text = text.replace(name, letter)
    return text


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("choose>publish", "N+ S+ T+ C+ P+ M+ Z+ | success"),
        ("choose>hold", "N+ S+ T+ C+ H+ M+ Z+ | success"),
        ("total:fail", "N+ S+ T! Z+ | success"),
        ("choose>publish publish:fail", "N+ S+ T+ C+ P! Z+ | success"),
        ("extract_north:fail", "N! S+ Z+ | success"),
        ("choose>publish cleanup:fail", "N+ S+ T+ C+ P+ M+ Z! | failed"),
        ("choose:fail", "N+ S+ T+ C! Z+ | success"),
        ("choose>publish total:recover", "N+ S+ T+ C+ P+ M+ Z+ | success"),
    ],
)
def test_states(script: str, expected: str) -> None:
    assert short(states(read(), script)) == expected


def test_attempts_follow_the_retries() -> None:
    runs = {run.id: run.attempts for run in read().simulate(scenario("choose>publish total:recover publish:fail")).runs}
    assert runs == {"extract_north": 1, "extract_south": 1, "total": 2, "choose": 1, "publish": 3, "cleanup": 1}


def test_order_and_branch() -> None:
    program = read()
    assert short(after(program)) == "N S T<N,S C<N,S,T P<C,N,S,T H<C,N,S,T M<C,N,S,H,P,T Z<C,H,M,P,T"
    assert [(c.branch, c.values, c.among) for c in program.tasks["hold"].choices] == [("choose", ("publish",), False)]
    assert program.tasks["publish"].choices == (Choice("choose", ("publish",), True, 69),)
    assert program.tasks["total"].upstream == ("extract_north", "extract_south")
    assert (program.problems, program.unfollowed, program.missing) == ((), (), ())


def test_a_failed_element_lets_the_handler_start_while_the_others_run() -> None:
    # `.result()` of a list raises at the first failure, so that cleanup does not wait for the other extract.
    assert read().graph().races == (("extract_north", "cleanup"), ("extract_south", "cleanup"))
    waiting = TEXT.replace(".result()\n", "\n        rows.wait()\n        rows = rows.result()\n")
    assert waiting != TEXT
    assert read(waiting).graph().races == ()
    assert short(after(read(waiting))).endswith("Z<C,N,S,H,M,P,T")


@pytest.mark.parametrize(
    ("old", "new", "script"),
    [
        ("        notify(day)\n", "", "choose>publish"),
        ('== "publish":', '!= "publish":', "choose>publish"),
        ("            hold(day)\n", "            publish(amount, day)\n", "choose>hold"),
        (
            '        if choose(amount) == "publish":\n            publish(amount, day)\n        else:\n            hold(day)\n',
            "        choose(amount)\n        publish(amount, day)\n        hold(day)\n",
            "choose>publish",
        ),
        ("return cleanup(return_state=True)", "cleanup(return_state=True)", "choose>publish cleanup:fail"),
        ("    except Exception:\n", "    except Exception:\n        notify(day)\n", "total:fail"),
        ('        get_run_logger().exception("A task failed; cleaning up all the same")\n', "        raise\n", "total:fail"),
        ('task_run_name="extract_{region}"', 'task_run_name="{region}"', "choose>publish"),
        ("list(REGIONS)", '["north"]', "choose>publish"),
    ],
)
def test_a_broken_edit_changes_what_happens(old: str, new: str, script: str) -> None:
    broken = TEXT.replace(old, new)
    assert broken != TEXT
    assert states(read(broken), script) != states(read(), script)


def test_a_dropped_argument_changes_the_graph() -> None:
    parallel = TEXT.replace("            publish(amount, day)\n", "            publish.submit(amount, day)\n")
    assert "publish" not in read(parallel).graph().after["notify"]
    moved = TEXT.replace("        amount = total(rows)\n", "        amount = total([])\n")
    assert ("extract_north", "total", "data") not in [(e.source, e.target, e.kind) for e in read(moved).graph().edges]


def test_an_editor_gets_its_answer_at_once() -> None:
    started = time.perf_counter()
    for _ in range(5):
        read().graph()
    assert (time.perf_counter() - started) / 5 < 0.05
