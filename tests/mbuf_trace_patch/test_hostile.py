# SPDX-License-Identifier: BSD-2-Clause
"""The core under sanitizers: random call sequences, with failures, leaks found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.mbuf_trace_patch.harness import HEADER, build

SANITIZE = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
RUNS = os.environ.get("DTKIT_FUZZ_RUNS", "3000")


def test_random_calls_under_sanitizers(tmp_path: Path) -> None:
    fuzz = build(tmp_path, "fuzz", *SANITIZE, "-DSTANDALONE", sources=("fuzz.c",))
    for seed in ("1", "2"):
        done = subprocess.run(
            [str(fuzz), RUNS, seed],
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, f"{RUNS} inputs\n"), done.stderr[-3000:]


def test_the_leak_check_finds_a_leak(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    fuzz = build(tmp_path, "leak", *SANITIZE, "-DSTANDALONE", "-DLEAK", sources=("fuzz.c",))
    done = subprocess.run([str(fuzz), "5", "1"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "LeakSanitizer: detected memory leaks" in done.stderr


@pytest.mark.parametrize("option", ["", "-DMBUF_TRACE"], ids=["off", "on"])
def test_every_macro_is_a_statement(tmp_path: Path, option: str) -> None:
    """With the option off the macros are empty, and so is the code of who uses them."""
    source = tmp_path / "use.c"
    source.write_text(
        """
#include <stddef.h>
#define	_KERNEL
#define	__printflike(a, b)
#define	__predict_false(x)	(x)
#include "mbuf_trace.h"
struct ifnet;
struct mbuf;
struct socket { int so_options; };
int use(struct mbuf *, struct socket *, struct ifnet *);
int use(struct mbuf *m, struct socket *so, struct ifnet *ifp)
{
	(void)m; (void)so; (void)ifp;
	if (m != NULL)
		mtrace_start(m);
	else
		mtrace_data(m);
	mtrace_printf(m, "%d", 3);
	mtrace_static_length(m, "s", 1); mtrace_static(m, "s");
	mtrace_dynamic_length(m, "s", 1); mtrace_dynamic(m, "s");
	mtrace(m, "s"); mtrace_(m); mtrace_enter(m); mtrace_leave(m); mtrace_func(m);
	mtrace_interface(m, ifp); mtrace_socket(m, so);
	mtrace_deliver(m);
	return (mtrace_uncopied(NULL));
}
"""
    )
    out = tmp_path / "use.o"
    command = ["cc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
    command += [*([option] if option else []), f"-I{HEADER.parent}", "-c", str(source)]
    subprocess.run([*command, "-o", str(out)], check=True)
    undefined = subprocess.run(["nm", "-u", str(out)], capture_output=True, text=True, check=True)
    assert ("mtrace_start_" in undefined.stdout) == bool(option)
    if not option:
        assert undefined.stdout.split() in ([], ["U", "_GLOBAL_OFFSET_TABLE_"])


@pytest.mark.parametrize("compiler", [c for c in ("gcc", "clang") if shutil.which(c)])
def test_the_core_compiles_without_a_warning(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cc").symlink_to(shutil.which(compiler) or "")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    build(tmp_path, "core.so", "-O2", "-fPIC", "-shared")


def test_with_the_option_off_the_compiler_sees_nothing(tmp_path: Path) -> None:
    """Not even an empty block, by which clang may come to inline other functions than before."""
    texts = []
    for hook in ('mtrace_func(m); mtrace_printf(m, "%d", 3); mtrace_socket(m, so);', ""):
        source = tmp_path / "use.c"
        source.write_text(
            f"""
#include <stddef.h>
#define	_KERNEL
#include "mbuf_trace.h"
struct mbuf;
struct socket;
int use(struct mbuf *, struct socket *);
int use(struct mbuf *m, struct socket *so)
{{
	{hook} if (m == NULL) {{ {hook} return (1); }} {hook} return (so != NULL);
}}
"""
        )
        command = ["clang", "-O2", "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm"]
        command += [f"-I{HEADER.parent}", str(source), "-o", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        texts.append(done.stdout)
    assert "define" in texts[0]
    assert texts[0] == texts[1]
