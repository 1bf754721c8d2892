# SPDX-License-Identifier: BSD-2-Clause
"""What is met again and again, in bounded memory."""

from __future__ import annotations

from dtkit.bounded import Bounded


def test_no_more_are_kept_than_so_many() -> None:
    squares: Bounded[int, int] = Bounded(3)
    assert [squares.keep(number, number**2) for number in range(4)] == [0, 1, 4, 9]
    assert squares == {3: 9}
    assert squares.keep(4, 16) == squares[4] == 16
    assert len(squares) == 2
