# SPDX-License-Identifier: BSD-2-Clause
"""Reading ``paths.txt``: the paths of packets through the simulated stack, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

#: Steps that are not calls of functions.
DIRECTIVES = {
    "begins",
    "when",
    "since",
    "before",
    "sent",
    "probe",
    "strip",
    "prepend",
    "free",
    "drop",
    "copy",
    "duplicate",
    "pullup",
    "rewrite",
    "reorder",
    "returns",
    "store",
    "wire",
}


class PathsError(ValueError):
    """A path that cannot be read, or is none; the message says where, or which there are."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step of a path.

    :ivar name: a directive, a function, or another path.
    :ivar within: the steps that are done within it.
    """

    name: str
    words: tuple[str, ...] = ()
    within: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadContext:
    """Who runs a path: its process, and the frames below the first function."""

    name: str
    pid: int
    tid: int
    execname: str
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths by name, and the thread that runs them."""

    paths: Mapping[str, tuple[Step, ...]]
    thread: ThreadContext

    def known(self, name: str) -> None:
        """
        Look whether there is a path of that name.

        :raises PathsError: there is none; the message has those that there are.
        """
        if name not in self.paths:
            raise PathsError(f"{name}: the paths are {', '.join(self.paths)}")

    def begins_at_network(self, name: str) -> bool:
        """Whether the data of a packet on that path begins behind its Ethernet header."""
        steps = self.paths[name]
        return bool(steps) and steps[0].name == "begins"


def read_paths(text: str) -> Paths:
    """
    Read paths.

    :raises PathsError: the text is not of the form that ``paths.txt`` describes.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].rstrip()
        if content:
            indent = len(content) - len(content.lstrip(" "))
            lines.append((number, indent, content.split()))
    paths: dict[str, tuple[Step, ...]] = {}
    thread = ThreadContext("kernel", 0, 0, "kernel", ())
    at = 0
    while at < len(lines):
        number, indent, words = lines[at]
        if indent or len(words) < 2:
            raise PathsError(f"line {number}: a path or a thread is expected")
        at += 1
        if words[0] == "thread" and len(words) >= 5:
            thread = ThreadContext(
                words[1], int(words[2]), int(words[3]), words[4], tuple(words[5:])
            )
        elif words[0] == "path" and len(words) == 2:
            if words[1] in DIRECTIVES:
                raise PathsError(f"line {number}: {words[1]} is a step, not a path")
            paths[words[1]], at = _steps(lines, at, 0)
        else:
            raise PathsError(f"line {number}: {words[0]} is no path and no thread")
    for name, steps in paths.items():
        _check_begin(name, steps)
        _check(name, steps, paths, ())
    return Paths(paths, thread)


def _steps(
    lines: list[tuple[int, int, list[str]]], at: int, outer: int
) -> tuple[tuple[Step, ...], int]:
    steps: list[Step] = []
    level = lines[at][1] if at < len(lines) else 0
    while at < len(lines) and lines[at][1] > outer:
        number, indent, words = lines[at]
        if indent != level:
            raise PathsError(f"line {number}: not in line with the step above")
        if words[0] in ("since", "before") and not (len(words) == 2 and words[1].isdecimal()):
            raise PathsError(f"line {number}: {words[0]} goes with the number of a release")
        within, at = _steps(lines, at + 1, indent)
        steps.append(Step(words[0], tuple(words[1:]), within))
    return tuple(steps), at


def _check_begin(name: str, steps: tuple[Step, ...], first: bool = True) -> None:
    """How the chain begins can only be said before anything happens to it."""
    for step in steps:
        if step.name == "begins" and (not first or step.words != ("network",) or step.within):
            raise PathsError(f"path {name}: its first step may be: begins network")
        first = False
        _check_begin(name, step.within, False)


def _check(
    name: str,
    steps: tuple[Step, ...],
    paths: Mapping[str, tuple[Step, ...]],
    above: tuple[str, ...],
) -> None:
    """A path that leads through itself would never end."""
    if name in above:
        raise PathsError(f"path {name} leads through itself")
    for step in steps:
        if step.name in paths:
            if paths[step.name][:1] and paths[step.name][0].name == "begins":
                raise PathsError(f"path {name}: {step.name} begins a packet, and is no step")
            _check(step.name, paths[step.name], paths, (*above, name))
        _check(f"{name} within {step.name}", step.within, paths, (*above, name))


@cache
def shipped_paths() -> Paths:
    """The paths that ship with dtkit."""
    return read_paths((resources.files(__package__) / "paths.txt").read_text("utf-8"))
