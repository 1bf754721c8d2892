# SPDX-License-Identifier: BSD-2-Clause
"""What is found when it is asked for, once."""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.lazily import lazily


class Thing:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    @lazily
    def found(self) -> int | None:
        """What is found."""
        self.asked += 1
        return None if self.asked == 1 else self.asked


def test_it_is_found_once() -> None:
    one, other = Thing(), Thing()
    assert one.asked == 0
    assert [one.found, one.found] == [None, None]
    assert (one.asked, other.asked) == (1, 0)
    assert other.found is None


def test_it_can_be_given_and_forgotten() -> None:
    thing = Thing()
    thing.__dict__["found"] = 7
    assert (thing.found, thing.asked) == (7, 0)
    del thing.__dict__["found"]
    assert (thing.found, thing.asked) == (None, 1)


def test_it_is_told_of_the_class() -> None:
    assert isinstance(Thing.found, lazily)
    assert Thing.found.__doc__ == "What is found."


def test_a_frozen_thing_can_have_it() -> None:
    @dataclass(frozen=True)
    class Square:
        side: int

        @lazily
        def area(self) -> int:
            return self.side**2

    square = Square(3)
    assert (square.area, square.__dict__["area"]) == (9, 9)
    assert square == Square(3)
