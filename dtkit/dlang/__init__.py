# SPDX-License-Identifier: BSD-2-Clause
"""
The D language: what dtrace(1) accepts, checked and compiled without dtrace(1).

:func:`check` tells what is wrong with a program, :func:`lint` what a good one has not,
:func:`clauses` which clauses it has, and :func:`compile_program` makes of it what the kernel would
be given.
"""

from dtkit.dlang.compiler.compile import TypesError, compile_program
from dtkit.dlang.compiler.enablings import Compiled
from dtkit.dlang.compiler.lint import lint
from dtkit.dlang.compiler.verdict import check, clauses
from dtkit.dlang.findings import DError, Finding, Severity
from dtkit.dlang.options import WITH_COPYOUTMBUF, OptionError, Options
from dtkit.dlang.target import TargetKernel, target_kernel

__all__ = [
    "WITH_COPYOUTMBUF",
    "Compiled",
    "DError",
    "Finding",
    "OptionError",
    "Options",
    "Severity",
    "TargetKernel",
    "TypesError",
    "check",
    "clauses",
    "compile_program",
    "lint",
    "target_kernel",
]
