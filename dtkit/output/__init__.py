# SPDX-License-Identifier: BSD-2-Clause
"""
Reading what dtrace(1) printed: its output to events, and these to packets.

>>> import io
>>> from dtkit.output import read_output
>>> list(read_output(io.BytesIO(b"dtrace: 3 drops on CPU 1\\n")))
[Drop(line=1, count=3, kind='', cpu=1)]
"""

from dtkit.oddity import Oddity
from dtkit.output.assemble import packets
from dtkit.output.detect import read_output, read_runs
from dtkit.output.events import (
    Annotation,
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    Message,
    Notice,
    Source,
    Stack,
    to_dict,
)
from dtkit.output.uniform import FiringRun

__all__ = [
    "Annotation",
    "Drop",
    "Dump",
    "Event",
    "Fault",
    "Firing",
    "FiringRun",
    "Message",
    "Notice",
    "Oddity",
    "Source",
    "Stack",
    "packets",
    "read_output",
    "read_runs",
    "to_dict",
]
