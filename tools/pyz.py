# SPDX-License-Identifier: BSD-2-Clause
"""
``make pyz``: dtkit and all that it runs on, as one file that Python runs.

What is packed is what this environment has: dtkit from the checkout, the packages that it requires
from where they are installed, with their licences (``unzip -p dtkit.pyz LICENSES.txt``). Nothing
compiled for a machine is in it, so that any machine runs it; beside each module lies its bytecode
for the Python that packs, without which a start takes twice as long. Any other Python from 3.11 on
takes the source. Of the same packages come the same bytes.
"""

from __future__ import annotations

import argparse
import importlib.util
import marshal
import re
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path, PurePosixPath

TOP = Path(__file__).parent.parent

#: Compiled modules that may be left out: these packages do the same in Python without.
DOUBLES = {"markupsafe/_speedups"}

#: Packages whose files have no text of a licence, and what they say instead.
UNWRITTEN = {"hexdump": "Public domain, as its metadata and __license__ in hexdump.py say."}

#: Of what an installer notes down, what tells of this machine only.
NOTES = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}

#: Where no bytecode is worth its room: rich shows source with it, and dtkit never does.
SELDOM = ("pygments/",)

START = b"""\
# SPDX-License-Identifier: BSD-2-Clause
import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "dtkit: this is Python %d.%d, and 3.11 or later is needed: python3.11 %s ...\\n"
        % (sys.version_info[0], sys.version_info[1], sys.argv[0])
    )
    sys.exit(2)

from dtkit.cli import main

main(prog_name="dtkit")
"""


def required(name: str) -> Iterator[metadata.Distribution]:
    """What *name* requires, and what that requires; extras apart."""
    seen, names = {name}, [name]
    while names:
        for line in metadata.requires(names.pop()) or []:
            needed = re.split(r"[^\w.-]", line)[0].lower()
            if "extra ==" in line or "Windows" in line or needed in seen:
                continue
            seen.add(needed)
            names.append(needed)
            yield metadata.distribution(needed)


def own() -> dict[str, bytes]:
    """dtkit's files."""
    paths = sorted(path for path in (TOP / "dtkit").rglob("*") if path.is_file())
    return {
        path.relative_to(TOP).as_posix(): path.read_bytes()
        for path in paths
        if "__pycache__" not in path.parts and not path.name.endswith(tuple(EXTENSION_SUFFIXES))
    }


def others(one: metadata.Distribution) -> dict[str, bytes]:
    """The files of an installed package, by their names on the way of modules."""
    found = {}
    for path in one.files or []:
        name = PurePosixPath(path)
        top = name.parts[0]
        if top == ".." or top.endswith(".pth") or "__pycache__" in name.parts:
            continue
        if top.endswith(".dist-info") and name.name in NOTES:
            continue
        if name.name.endswith(tuple(EXTENSION_SUFFIXES)):
            if str(name).partition(".")[0] not in DOUBLES:
                raise SystemExit(f"pyz: {one.name} needs {name}, which is for one machine only")
            continue
        data = Path(str(one.locate_file(path))).read_bytes()
        if one.name == "dtkit" and name.name == "METADATA":
            data = data.partition(b"\n\n")[0] + b"\n"  # without the README of when it was installed
        found[str(name)] = data
    modules = {name.split("/")[0] for name in found if name.endswith("/__init__.py")}
    return {
        name: data
        for name, data in found.items()
        if (top := name.split("/")[0]) in modules or top.endswith((".py", ".dist-info"))
    }


def licences(packages: dict[str, dict[str, bytes]]) -> bytes:
    """The licences of all, one below the other."""
    texts = []
    for name, files in packages.items():
        own = [
            data.decode()
            for file, data in files.items()
            if ".dist-info/" in file and re.match("(?i)licen[cs]e|copying", file.split("/")[-1])
        ]
        if not own and name.split()[0] not in UNWRITTEN:
            raise SystemExit(f"pyz: no text of a licence in {name}")
        words = own or [UNWRITTEN[name.split()[0]]]
        texts.append("\n".join([f"{name}\n{'=' * len(name)}\n", *words]))
    return "\n\n".join(texts).encode()


def bytecode(name: str, source: bytes) -> bytes:
    """
    A module compiled, as zipimport takes it without a look at its source.

    In version 2 of marshal's form, which does not tell how often an object was in use.
    """
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    flags = 1  # known by the hash of its source, and not by a time
    head = importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little")
    return head + importlib.util.source_hash(source) + marshal.dumps(code, 2)


def pack(into: Path) -> None:
    """Write the file."""
    sys.path.insert(0, str(TOP))
    from dtkit.version import __version__

    said = metadata.version("dtkit")
    if said != __version__:
        raise SystemExit(f"pyz: dtkit {said} is installed and this is {__version__}: make clean")
    found = sorted([metadata.distribution("dtkit"), *required("dtkit")], key=lambda one: one.name)
    packages = {f"{one.name} {one.version}": others(one) for one in found}
    files = {name: data for each in packages.values() for name, data in each.items()} | own()
    files |= {
        f"{name}c": bytecode(name, data)
        for name, data in files.items()
        if name.endswith(".py") and not name.startswith(SELDOM)
    }
    files |= {"__main__.py": START, "LICENSES.txt": licences(packages)}
    into.parent.mkdir(parents=True, exist_ok=True)
    beside = into.with_name(into.name + ".part")
    with beside.open("wb") as stream:
        stream.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name)  # of 1980, the earliest that there is
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, files[name])
    beside.chmod(0o755)
    beside.replace(into)
    print(f"{into}: {into.stat().st_size:,} bytes; {', '.join(packages)}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pack dtkit and what it runs on as one file.")
    parser.add_argument("into", type=Path, help="the file, such as dist/dtkit.pyz")
    pack(parser.parse_args().into)
