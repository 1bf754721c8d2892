# SPDX-License-Identifier: BSD-2-Clause
"""
Change the core rooms in one place at a time, and count what the tests notice.

usage: mutants.py [--sample N] [--seed N] [ROOM ...]

The rooms are in tests/mutants/rooms.toml, the survivors that are known, each with the reason, in
tests/mutants/survivors.toml. mutmut makes the mutants and runs for each the tests that come by it.
Caught is a mutant that a test fails for, and nothing else: one that runs out of time, ends the
process or that no test comes by is a survivor, and so is one that changes nothing.

Works in a copy of the checkout, .cache/mutants/ROOM, which is kept: what a mutant was, ``mutmut
show NAME`` tells there. Exit status 1: fewer than 90 % are caught, or survivors are not listed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
ROOMS = TOP / "tests/mutants/rooms.toml"
KNOWN = TOP / "tests/mutants/survivors.toml"
WANTED = 90.0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the function, the lines that went and those that came."""

    function: str
    was: str
    became: str


def copy_checkout(into: Path) -> None:
    """The checkout as git would commit it now, in a fresh folder."""
    shutil.rmtree(into, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=True,
    ).stdout
    for name in listed.decode().split("\0"):
        if name and (TOP / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, into / name)


def configure(into: Path, room: dict[str, list[str]]) -> None:
    """mutmut reads pyproject.toml; what tests read beside the package goes along."""
    beside = [path.name for path in into.iterdir() if path.name not in ("dtkit", "tests")]
    arguments = ["-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0"]
    arguments += [f"--deselect={test}" for test in room.get("slow", [])]
    lines = [
        "[tool.mutmut]",
        'source_paths = ["dtkit"]',
        f"only_mutate = {room['files']}",
        f"pytest_add_cli_args_test_selection = {room['tests']}",
        f"pytest_add_cli_args = {arguments}",
        f"also_copy = {beside}",
        "use_git_change_detection = false",
        # Of what the tests took: enough for a busy machine, and no hour for a loop without an end.
        "timeout_multiplier = 6.0",
    ]
    with (into / "pyproject.toml").open("a") as project:
        project.write("\n" + "\n".join(lines).replace("'", '"') + "\n")


def mutmut(into: Path, *arguments: str, quiet: bool = True) -> str:
    """Run mutmut there: the same examples each time, one process, no compiled code."""
    same = {"DTKIT_HYPOTHESIS_PROFILE": "mutants", "PYTHONHASHSEED": "0", "DTKIT_PURE_PYTHON": "1"}
    environment = {**os.environ, **same}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=into,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    return done.stdout or ""


def statuses(into: Path) -> dict[str, str]:
    """Every mutant's name and what became of it, as mutmut has it."""
    text = mutmut(into, "results", "--all", "true")
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.*?)\s*$", text, re.MULTILINE))


def shown(into: Path, name: str) -> Mutant:
    """What a mutant is."""
    lines = mutmut(into, "show", name).splitlines()
    changed = [line for line in lines if re.match(r"[-+](?![-+]{2} )", line)]
    was, became = (
        "\n".join(line[1:].strip() for line in changed if line[0] == sign) for sign in "-+"
    )
    function = re.sub(r"__mutmut_\d+$", "", name)
    function = re.sub(r"\.x_?", ".", function, count=0).replace("ǁ", ".").replace("..", ".")
    return Mutant(function, was, became)


def sampled(names: list[str], count: int, seed: int) -> list[str]:
    """Some of *names*: each has its lot, so that others do not change with what one function is."""
    lots = {name: hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names}
    return sorted(sorted(names, key=lots.__getitem__)[:count])


def run_room(name: str, room: dict[str, list[str]], sample: int, seed: int) -> bool:
    """Mutate one room; whether enough was caught and the rest is listed."""
    into = TOP / ".cache/mutants" / name
    copy_checkout(into)
    configure(into, room)
    mutmut(into, "run", "--max-children", "1", "no.mutant.is.called.so")
    names = sorted(statuses(into))
    if not names:
        print(f"{name}: no mutants: {mutmut(into, 'run', 'none')[-2000:]}", file=sys.stderr)
        return False
    chosen = sampled(names, sample or len(names), seed)
    said = mutmut(into, "run", "--max-children", "1", *([] if chosen == names else chosen))
    found = statuses(into)
    if not any(found[one] == "killed" for one in chosen):
        print(f"{name}: mutmut did not run: {said[-2000:]}", file=sys.stderr)
        return False
    survivors = {one: found[one] for one in chosen if found[one] != "killed"}
    known = known_survivors(name)
    unlisted = []
    for one, status in survivors.items():
        mutant = shown(into, one)
        if mutant not in known:
            unlisted.append((one, status, mutant))
    caught = 100 * (len(chosen) - len(survivors)) / len(chosen)
    part = "" if chosen == names else f" (a sample of {len(names)}, seed {seed})"
    print(
        f"{name}: {len(chosen) - len(survivors)} of {len(chosen)} mutants{part} caught, "
        f"{caught:.1f} %; {len(unlisted)} survivors are not listed"
    )
    for one, status, mutant in unlisted:
        print(f"\n{one}: {status}\n- {mutant.was}\n+ {mutant.became}")
    return caught >= WANTED and not unlisted


def known_survivors(room: str) -> set[Mutant]:
    """Those that are listed."""
    listed = tomllib.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    return {Mutant(one["function"], one["was"], one["became"]) for one in listed.get(room, [])}


def main() -> int:
    config = tomllib.loads(ROOMS.read_text())
    parser = argparse.ArgumentParser(usage="mutants.py [--sample N] [--seed N] [ROOM ...]")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", default="")
    parser.add_argument("rooms", nargs="*", default=[])
    arguments = parser.parse_args()
    rooms = arguments.rooms or list(config["room"])
    seed = int(arguments.seed or config["seed"])
    good = [run_room(name, config["room"][name], arguments.sample, seed) for name in rooms]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
