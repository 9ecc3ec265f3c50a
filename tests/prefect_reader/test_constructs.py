"""One body of a flow per construct -> the order of its tasks and their states."""

from __future__ import annotations

import pytest
from flow_bodies import after, read_body, states

CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "calls": ("b(a())", "a b<a", {"": "a+ b+ | success", "a:fail": "a! | failed", "a:skip": "a~ b+ | success"}),
    "futures": (
        "x = a.submit()\ny = b.submit(x)\nreturn [c.submit(wait_for=[y])]",
        "a b<a c<a,b",
        {"a:fail": "a! bx cx | failed", "b:skip": "a+ b~ c+ | success", "c:fail": "a+ b+ c! | failed"},
    ),
    "allow_failure": (
        "x = a.submit()\ny = b.submit(x)\nreturn c.submit(wait_for=[allow_failure([x, y])])",
        "a b<a c<a,b",
        {"a:fail": "a! bx c+ | success"},
    ),
    "a failure that nobody returns": ("x = a.submit()\nb.submit(x)", "a b<a", {"a:fail": "a! bx | success"}),
    "a nested list is no list of states": ("return [[a.submit()]]", "a", {"a:fail": "a! | success"}),
    "a generator is no list of states": ("return (x for x in [a.submit()])", "a", {"a:fail": "a! | success"}),
    "a generator made a list": ("return list(x for x in [a.submit()])", "a", {"a:fail": "a! | failed"}),
    "a tuple of states": ("return a.submit(), b(return_state=True)", "a b", {"a:fail": "a! b+ | failed", "b:fail": "a+ b! | failed"}),
    "a blocking call behind a failed future": ("c(b(a.submit()))", "a b<a c<a,b", {"a:fail": "a! bx c+ | success"}),
    "result of a blocked future": ("b.submit(a.submit()).result()\nc()", "a b<a c<a,b", {"a:fail": "a! bx | failed"}),
    "result without raising": ("x = a.submit()\nx.result(raise_on_failure=False)\nb()", "a b<a", {"a:fail": "a! b+ | success"}),
    "wait": ("x = a.submit()\ny = b.submit()\nwait([x, y])\nc()", "a b c<a,b", {"a:fail": "a! b+ c+ | success"}),
    "a future's own wait": ("x = a.submit()\nx.wait()\nb()", "a b<a", {"a:fail": "a! b+ | success"}),
    "as_completed": (
        "for x in as_completed([a.submit(), b.submit()]):\n    x.result()\nc()",
        "a b c<a,b",
        {"b:fail": "a+ b! | failed", "": "a+ b+ c+ | success"},
    ),
    "in flight at a raise": ("x = a.submit()\nb.submit(x)\nraise RuntimeError", "a b<a", {"": "a+ b+ | failed"}),
    "try": (
        "try:\n    a()\nexcept Exception:\n    b()\n    raise\nelse:\n    c()\nfinally:\n    d()",
        "a c<a b<a,c d<a,b,c",
        {"": "a+ c+ d+ | success", "a:fail": "a! b+ d+ | failed", "c:fail": "a+ c! d+ | failed"},
    ),
    "return inside try": ("try:\n    return a()\nfinally:\n    b()", "a b<a", {"": "a+ b+ | success", "a:fail": "a! b+ | failed"}),
    "in flight when caught": (
        "x = a.submit()\ntry:\n    b()\n    x.result()\nexcept Exception:\n    pass\nc()",
        "a b c<b",
        {"b:fail": "a+ b! c+ | success"},
    ),
    "a result had before": (
        "x = a.submit()\ntry:\n    x.result()\n    y = b.submit()\n    x.result()\n    y.wait()\nexcept Exception:\n    pass\nc()",
        "a b<a c<a,b",
        {"a:fail": "a! c+ | success", "b:fail": "a+ b! c+ | success"},
    ),
    "suppress": ("with suppress(Exception):\n    a()\n    b()\nc()", "a b<a c<a,b", {"a:fail": "a! c+ | success"}),
    "early return": (
        "if not a():\n    return\nb()\nc()",
        "a b<a c<a,b",
        {"a=true": "a+ b+ c+ | success", "a=false": "a+ | success"},
    ),
    "branch by name": (
        'x = a()\nif x == "b":\n    b()\nelif x != "c":\n    d()\nelse:\n    c()',
        "a b<a d<a c<a",
        {"a>b": "a+ b+ | success", "a>c": "a+ c+ | success", "a>d": "a+ d+ | success"},
    ),
    "branch to several": (
        'x = a()\nif "b" in x:\n    b()\nif "c" in x:\n    c()',
        "a b<a c<a,b",
        {"a>b,c": "a+ b+ c+ | success", "a>c": "a+ c+ | success"},
    ),
    "and, or, not": (
        "x = a()\nif x and not b():\n    c()",
        "a b<a c<a,b",
        {"a=true b=false": "a+ b+ c+ | success", "a=false": "a+ | success"},
    ),
    "match": (
        'match a():\n    case "b":\n        b()\n    case "c" | "k":\n        c()\n    case _:\n        d()',
        "a b<a c<a d<a",
        {"a>b": "a+ b+ | success", "a>k": "a+ c+ | success", "a>x": "a+ d+ | success"},
    ),
    "state of a run": (
        "x = a(return_state=True)\nif x.is_failed():\n    b()\nreturn x",
        "a b<a",
        {"a:fail": "a! b+ | failed", "": "a+ | success"},
    ),
    "skipped by name": (
        'x = a(return_state=True)\nif x.name == "Skipped":\n    b()',
        "a b<a",
        {"a:skip": "a~ b+ | success", "": "a+ | success"},
    ),
    "map over literals, names by element": ('c(e.map(["p", "q"]).result())', "e_p e_q c<e_p,e_q", {"e_p:fail": "e_p! e_q+ | failed"}),
    "map over a result": (
        "c.map(a(), y=unmapped(1)).result()\nd()",
        "a c<a d<a,c",
        {"a=[1,2,3]": "a+ c0+ c1+ c2+ d+ | success", "a=[]": "a+ d+ | success", "a=[1,2] c@0:fail": "a+ c0! c1+ | failed"},
    ),
    "map over a future": (
        "return c.map(a.submit())",
        "a c<a",
        {"a=[1]": "a+ c0+ | success", "a:fail": "a! | failed", "a=5": "a+ | failed"},
    ),
    "element by element": ("return b.map(c.map([1, 2]))", "c b<c", {"c@0:fail": "c0! c1+ b0x b1+ | failed"}),
    "map waits": ("x = a.submit()\nreturn c.map([1, 2], wait_for=[x])", "a c<a", {"a:fail": "a! c0x c1x | failed"}),
    "map of lists of different lengths": ("c.map([1, 2], [1, 2, 3])", "c", {"": " | failed"}),
    "loops over constants": ('for n in ("p", "q"):\n    e(n)', "e_p e_q<e_p", {"e_p:fail": "e_p! | failed"}),
    "a comprehension": ('c([e.submit(n) for n in ["p", "q"] if n != "p"])', "e_q c<e_q", {"": "e_q+ c+ | success"}),
    "a loop over a result": ("for i in a():\n    c.submit(i)\nb()", "a c<a b<a", {"a=[1,2]": "a+ c0+ c1+ b+ | success"}),
    "a list that grows": (
        'last = []\nfor n in ("p", "q"):\n    last.append(e.submit(n, last[-1:]))\nreturn last',
        "e_p e_q<e_p",
        {"e_p:fail": "e_p! e_qx | failed"},
    ),
    "helpers and lambdas": (
        "def helper(v, then=c):\n    return then(b(v))\nhelper(a())\n(lambda: d())()",
        "a b<a c<a,b d<a,b,c",
        {"b:fail": "a+ b! | failed"},
    ),
    "options": ('x = a.with_options(task_run_name="d")()\nb.with_options(name="c").submit(x)', "d c<d", {"": "d+ c+ | success"}),
    "rules: branch and join": (
        'x = submit(a)\ny = submit(b, after=[chosen(x, "b")])\nw = submit(c, after=[chosen(x, "c")])\n'
        'v = submit(d, y, after=[w], rule="none_failed_min_one_success")\nreturn finish([v])',
        "a b<a c<a d<a,b,c",
        {
            "a>b": "a+ b+ c~ d+ | success",
            "a:fail": "a! bx cx dx | failed",
            "a>b b:fail": "a+ b! c~ dx | failed",
            "a>b,c": "a+ b+ c+ d+ | success",
        },
    ),
    "rules: skips travel": (
        'x = submit(a)\ny = submit(b, x)\nreturn finish([submit(c, after=[y], rule="all_done")])',
        "a b<a c<a,b",
        {"a:skip": "a~ b~ c+ | success", "a:fail": "a! bx c+ | success"},
    ),
    "rules: gates": (
        'x = submit(a)\nreturn finish([submit(b, after=[x], gates=[x], rule="all_done")])',
        "a b<a",
        {"a=false": "a+ b~ | success", "a=1": "a+ b+ | success"},
    ),
    "rules: each": (
        'x = submit(a)\ny = submit_each(c, over={"x": x, "y": [1, 2]})\nreturn finish([submit(d, y)])',
        "a c<a d<a,c",
        {"a=[7]": "a+ c0+ c1+ d+ | success", "a=[]": "a+ c~ d~ | success", "a:fail": "a! cx dx | failed"},
    ),
    "rules: pick and peek": (
        'x = submit(a)\ny = submit_each(c, over={"x": pick(x, "k")})\nreturn finish([submit(d, peek(x), after=[y])])',
        "a c<a d<a,c",
        {'a={"k":[1]}': "a+ c0+ d+ | success", "c:skip a:skip": "a~ c~ d~ | success"},
    ),
    "rules: setup": (
        'x = submit(a)\ny = submit(b, after=[x])\nreturn finish([submit(c, after=[Setup(x), y], rule="all_done_setup_success")])',
        "a b<a c<a,b",
        {"b:fail": "a+ b! c+ | success", "a:fail": "a! bx cx | failed"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_order(name: str) -> None:
    body, order, _ = CASES[name]
    program = read_body(body)
    assert (program.problems, after(program)) == ((), order)


def test_another_element_may_raise_after_one_has_been_asked_for() -> None:
    asked = "x[0].result()\n    y = b.submit()\n    x[1].result()\n    y.wait()"
    program = read_body(f"x = a.map([1, 2])\ntry:\n    {asked}\nexcept Exception:\n    pass\nc()")
    assert after(program).split()[-1] == "c"  # b may be in flight, and so may x[1] when it was x[0] that failed


@pytest.mark.parametrize(
    ("then", "order"),
    [
        ("x[0].result()\nb()", "a b"),
        ("x[0].wait()\nb()", "a b"),
        ("b(x[0])", "a b"),
        ("b.submit(wait_for=x[1:])", "a b"),
        ("p, q = x\np.wait()\nb()", "a b"),
        ("for f in x:\n    f.wait()\n    break\nb()", "a b"),
        ("x[0].wait()\nx[1].wait()\nb()", "a b<a"),
        ("for f in x:\n    f.wait()\nb()", "a b<a"),
        ("b(x.result()[0])", "a b<a"),
    ],
)
def test_to_wait_for_one_element_is_not_to_wait_for_all(then: str, order: str) -> None:
    program = read_body(f"x = a.map([1, 2])\n{then}")
    assert (after(program), program.unfollowed) == (order, ())


@pytest.mark.parametrize(
    "then",
    ["x[0].wait()", "wait(x[:1])", "b(x[0])", "p, q = x\np.wait()", "for f in x:\n    f.wait()\n    break"],
)
def test_some_elements_of_a_number_that_only_a_run_knows_are_not_followed(then: str) -> None:
    program = read_body(f"x = a.map(c())\n{then}\nb()")
    assert [one.reason for one in program.unfollowed] == ["only some of the runs of a mapped task are taken, which are known only to a run"]


@pytest.mark.parametrize(("name", "script"), [(name, script) for name, case in CASES.items() for script in case[2]])
def test_states(name: str, script: str) -> None:
    body, _, expected = CASES[name]
    assert states(read_body(body), script) == expected[script]


def test_async_flows() -> None:
    program = read_body("x = await z()\nawait b.submit(x).result()", define="async def")
    assert (after(program), states(program, "z:fail"), program.unfollowed) == ("z b<z", "z! | failed", ())


def test_settings_of_tasks() -> None:
    tasks = read_body("a()\nb()\nc()\nd()").tasks
    assert {i: (t.retries, t.delays, t.timeout, t.placeholder, t.function) for i, t in tasks.items()} == {
        "a": (0, (), None, False, "a"),
        "b": (2, (60.0,), None, False, "b"),
        "c": (3, (1.0, 2.0, 4.0), 60.0, False, "c"),
        "d": (0, (), None, True, "other"),
    }


def test_a_run_that_the_table_does_not_know_keeps_its_own_name() -> None:
    program = read_body("a()\nb()", ids=("a", "c"))
    assert [(t.id, t.known) for t in program.tasks.values()] == [("a", True), ("b", False)]
    assert program.missing == ("c",)


def test_the_region_tree() -> None:
    region = read_body('try:\n    if a() == "b":\n        b.submit()\nexcept Exception:\n    c.map(d())').region
    assert [(part.kind, part.label, part.task) for part in region.walk()] == [
        ("sequence", "", None),
        ("try", "", None),
        ("sequence", "try", None),
        ("call", "", "a"),
        ("if", "", None),
        ("sequence", "then", None),
        ("submit", "", "b"),
        ("sequence", "else", None),
        ("sequence", "except", None),
        ("call", "", "d"),
        ("map", "", "c"),
    ]
