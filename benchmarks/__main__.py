# SPDX-License-Identifier: BSD-2-Clause
"""
``make benchmark`` runs every benchmark; ``python -m benchmarks NAME...`` the named ones.

A benchmark is a module of this package with a ``main()`` that prints ratios. Timing never
decides a test, so nothing here exits with anything but 0 for a slow figure.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def names() -> list[str]:
    """Every benchmark there is: the public modules of the package."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def main(wanted: list[str]) -> None:
    """Run the benchmarks named in *wanted*, or all; exits 2 for a name that is none."""
    unknown = set(wanted) - set(names())
    if unknown:
        print(
            f"benchmarks: no {', '.join(sorted(unknown))}; there are: {', '.join(names())}",
            file=sys.stderr,
        )
        sys.exit(2)
    for name in wanted or names():
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
