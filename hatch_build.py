# SPDX-License-Identifier: BSD-2-Clause
"""
Compiles ``dtkit/_speedups.c`` when dtkit is built or installed.

Without a compiler, or Python's headers, dtkit is built without it and does the same in Python; so
it is with ``DTKIT_PURE_PYTHON=1`` in the environment, for a wheel that any machine takes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_speedups(root: Path, into: Path) -> Path:
    """
    Compile the module into a folder, for the Python that runs this.

    :param root: of the sources.
    :return: the file.
    :raises OSError: there is no compiler.
    :raises subprocess.CalledProcessError: it fails; ``stderr`` says why.
    """
    made = into / f"_speedups{sysconfig.get_config_var('EXT_SUFFIX')}"
    link = sysconfig.get_config_var("LDSHARED") or "cc -shared"
    flags = [*shlex.split(sysconfig.get_config_var("CCSHARED") or "-fPIC"), "-O2", "-DNDEBUG"]
    own = shlex.split(os.environ.get("CFLAGS", ""))
    include = [f"-I{sysconfig.get_path(name)}" for name in ("include", "platinclude")]
    source = root / "dtkit" / "_speedups.c"
    command = [*shlex.split(link), *flags, *own, *include, str(source), "-o", str(made)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return made


class SpeedupsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the compiled module to a wheel; for an editable installation it is beside its source."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say what the wheel is for."""
        if os.environ.get("DTKIT_PURE_PYTHON"):
            return
        root = Path(self.root)
        editable = version == "editable"
        self._folder = tempfile.TemporaryDirectory(prefix="dtkit-")  # as long as the hook
        try:
            made = compile_speedups(root, root / "dtkit" if editable else Path(self._folder.name))
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or str(error)
            self.app.display_warning(f"dtkit is built without its C part, and slower: {why}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if not editable:
            build_data["force_include"][str(made)] = f"dtkit/{made.name}"
