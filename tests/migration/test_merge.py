"""Three texts before, one after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook_lib.migration._merge import Merged, has_markers, merge


def lines(text: str) -> str:
    return "".join(f"{letter}\n" for letter in text)


@pytest.mark.parametrize(
    ("base", "yours", "new", "after"),
    [
        ("abcd", "abcd", "abcd", "abcd"),
        ("abcd", "aXcd", "abcd", "aXcd"),
        ("abcd", "abcd", "abYd", "abYd"),
        ("abcde", "aXcde", "abcYe", "aXcYe"),
        ("abcd", "aXcd", "aXcd", "aXcd"),
        ("abcd", "abcdX", "Yabcd", "YabcdX"),
        ("abcd", "acd", "abcdY", "acdY"),
        ("abcd", "abXcd", "acd", None),
        ("", "a", "a", "a"),
    ],
)
def test_a_merge_without_conflict(base: str, yours: str, new: str, after: str | None) -> None:
    found = merge(lines(base), lines(yours), lines(new))
    if after is None:
        assert found.conflicts
    else:
        assert found == Merged(lines(after))


def test_a_conflict_shows_both_sides_once() -> None:
    found = merge(lines("abc"), lines("aXc"), lines("aYc"))
    assert found == Merged("a\n<<<<<<< yours\nX\n=======\nY\n>>>>>>> regenerated\nc\n", (2,))
    assert has_markers(found.text) == 2


def test_shared_lines_stay_out_of_a_conflict() -> None:
    found = merge(lines("abc"), lines("aPXQc"), lines("aPYQc"))
    assert found.text == lines("aP") + "<<<<<<< yours\nX\n=======\nY\n>>>>>>> regenerated\n" + lines("Qc")


def test_a_last_line_without_end_keeps_the_marker_on_its_own_line() -> None:
    assert merge("a", "b", "c").text == "<<<<<<< yours\nb\n=======\nc\n>>>>>>> regenerated\n"


texts = st.lists(st.sampled_from("abcd"), max_size=8).map("".join)


@given(texts, texts, texts)
def test_no_line_that_the_user_wrote_is_lost(base: str, yours: str, new: str) -> None:
    found = merge(lines(base), lines(yours), lines(new))
    kept = found.text.splitlines()
    for letter in set(yours) - set(base):
        assert kept.count(letter) >= 1
    assert bool(found.conflicts) == (has_markers(found.text) is not None)


@given(texts, texts)
def test_one_side_alone_always_wins(base: str, other: str) -> None:
    assert merge(lines(base), lines(other), lines(base)) == Merged(lines(other))
    assert merge(lines(base), lines(base), lines(other)) == Merged(lines(other))
    assert merge(lines(base), lines(other), lines(other)) == Merged(lines(other))


@given(texts, texts, texts)
def test_the_order_of_the_sides_decides_only_which_is_named_first(base: str, yours: str, new: str) -> None:
    one, other = merge(lines(base), lines(yours), lines(new)), merge(lines(base), lines(new), lines(yours))
    assert bool(one.conflicts) == bool(other.conflicts)
    if not one.conflicts:
        assert one.text == other.text
