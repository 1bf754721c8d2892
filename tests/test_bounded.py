# SPDX-License-Identifier: BSD-2-Clause
"""What is met again and again, in bounded memory."""

from __future__ import annotations

import pytest

from dtkit.bounded import Bounded


def test_no_more_are_kept_than_so_many() -> None:
    squares: Bounded[int, int] = Bounded(3)
    assert [squares.keep(number, number**2) for number in range(4)] == [0, 1, 4, 9]
    assert squares == {3: 9}
    assert squares.keep(4, 16) == squares[4] == 16
    assert len(squares) == 2


@pytest.mark.parametrize("most", [1, 2, 7])
def test_where_one_more_has_no_room_all_are_forgotten(most: int) -> None:
    kept: Bounded[int, str] = Bounded(most)
    assert (len(kept), kept.most) == (0, most)
    for number in range(3 * most):
        kept.keep(number, str(number))
        since = number - number % most
        assert kept == {one: str(one) for one in range(since, number + 1)}


def test_what_came_in_by_another_way_is_forgotten_too() -> None:
    kept: Bounded[int, str] = Bounded(2)
    kept.update(dict.fromkeys(range(5), ""))
    assert kept.keep(5, "x") == "x"
    assert kept == {5: "x"}


@pytest.mark.parametrize(("size", "known"), [(0, True), (4096, True), (4097, False)])
def test_what_is_large_is_given_back_and_not_kept(size: int, known: bool) -> None:
    kept: Bounded[int, str] = Bounded(3)
    assert kept.keep(1, "x", size) == "x"
    assert (1 in kept) is known
