# SPDX-License-Identifier: BSD-2-Clause
"""
How each shell asks what a command line may go on with, and how it is told.

All send the line up to the cursor as ``COMP_LINE``. All but tcsh(1) are told a line for each
answer: its type, the word, and what it is, with tabs between. A word is all of the word that the
cursor is at, as typed: with the ``--to=`` before a value.
"""

from __future__ import annotations

import os
import re
from glob import escape, glob

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from dtkit.cli.completion.commands import KeptGroup, kept_commands, takes
from dtkit.cli.completion.kinds import COMPLETE, FILES, FOLDERS

__all__ = ["answer", "source"]

_NAME = "dtkit"


def source(shell: str) -> str:
    """What that shell is to read, once."""
    found = get_completion_class(shell)
    assert found is not None
    return found(kept_commands(), {}, _NAME, COMPLETE).source()


def answer(instruction: str) -> int:
    """
    Print what a shell asks for.

    :param instruction: its name and ``_complete``, by :data:`COMPLETE`.
    :return: the exit status.
    """
    return shell_complete(kept_commands(), {}, _NAME, COMPLETE, instruction)


class LineComplete(ShellComplete):
    """Completes by the line that the shell sends."""

    #: Of the word at the cursor what stands before a value: ``--to=``.
    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        if not words or (line[-1:].isspace() and not line.endswith("\\ ")):
            words.append("")
        *args, incomplete = words[1:] or [""]
        option, equals, value = incomplete.partition("=")
        if equals and option.startswith("-"):
            self._before = f"{option}="
            return [*args, option], value
        return args, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        for one in found:
            if one.type == "plain":
                one.value = self._before + one.value
        return found

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type}\t{item.value}\t{' '.join((item.help or '').split())}"


class Bash(LineComplete):
    """bash(1) breaks words at colons and equal signs as well, and wants what follows the last."""

    name = "bash"
    source_template = """\
%(complete_func)s() {
    local type value rest
    COMPREPLY=()
    while IFS=$'\\t' read -r type value rest; do
        case $type in
        plain) COMPREPLY+=("$value") ;;
        file) compopt -o default ;;
        dir) compopt -o dirnames ;;
        esac
    done < <(env %(complete_var)s=bash_complete COMP_LINE="${COMP_LINE:0:COMP_POINT}" \\
        COMP_WORDBREAKS="$COMP_WORDBREAKS" "${1/#~\\//$HOME/}" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        breaks = set(os.environ.get("COMP_WORDBREAKS", "\"'@><=;|&(:"))
        quoted = re.search(r"""["'][^\s"']*$""", os.environ.get("COMP_LINE", ""))
        if not quoted:
            word = self._before + incomplete
            # Its own word begins at an at sign, and behind any other of them.
            start = max(
                (at + (one != "@") for at, one in enumerate(word) if one in breaks), default=0
            )
            for one in found:
                one.value = one.value[start:]
        return found


class Zsh(LineComplete):
    """zsh(1) is told whole words, and shows beside them what they are."""

    name = "zsh"
    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local type value help
    local -a plain described
    while IFS=$'\\t' read -r type value help; do
        case $type in
        plain)
            if [[ -n $help ]]; then
                described+=("${value//:/\\\\:}:$help")
            else
                plain+=("$value")
            fi ;;
        file)
            [[ $PREFIX == *=* ]] && compset -P '*='
            _files ;;
        dir)
            [[ $PREFIX == *=* ]] && compset -P '*='
            _files -/ ;;
        esac
    done < <(env %(complete_var)s=zsh_complete \\
        COMP_LINE="${(j: :)words[1,CURRENT-1]} $IPREFIX$PREFIX" ${~words[1]} 2>/dev/null)
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Fish(LineComplete):
    """fish(1) is told whole words, and shows beside them what they are."""

    name = "fish"
    source_template = """\
function %(complete_func)s
    set -l line (commandline -cp)
    set -l token (commandline -ct)
    set -l before (string match -r '^[^=]*=' -- $token)
    set -l after (string replace -r '^[^=]*=' '' -- $token)
    for row in (env %(complete_var)s=fish_complete COMP_LINE="$line" %(prog_name)s 2>/dev/null)
        set -l part (string split \\t -- $row)
        switch $part[1]
            case plain
                printf '%%s\\t%%s\\n' $part[2] $part[3]
            case file
                for one in (__fish_complete_path "$after")
                    printf '%%s%%s\\n' "$before" $one
                end
            case dir
                for one in (__fish_complete_directories "$after" '')
                    printf '%%s%%s\\n' "$before" $one
                end
        end
    end
end

complete --command %(prog_name)s --no-files --keep-order --arguments '(%(complete_func)s)'
"""


class Tcsh(LineComplete):
    """
    tcsh(1) is told words alone, one for each, and chooses among them.

    It completes names of files itself only where the rule says so before anything is asked: behind
    the options that take one, and in words that begin as paths do. Elsewhere the names come from
    here.
    """

    name = "tcsh"
    source_template = """\
complete %(prog_name)s 'c@{%(options)s}=@f@' \\
    'C@-@`env %(complete_var)s=tcsh_complete %(prog_name)s`@' \\
    'C@{.,/,~}@f@' 'n@{%(options)s,%(commands)s}@f@' \\
    'p@*@`env %(complete_var)s=tcsh_complete %(prog_name)s`@'
"""

    def source(self) -> str:
        options, commands = _taking(kept_commands())
        names = {"options": ",".join(sorted(options)), "commands": ",".join(sorted(commands))}
        return self.source_template % {**self.source_vars(), **names}

    def get_completion_args(self) -> tuple[list[str], str]:
        """The line is that of all commands up to the cursor, by the name tcsh(1) has for it."""
        line = os.environ.get("COMMAND_LINE", "")
        found = list(re.finditer(rf"(?:^|(?<=[\s;|&(/])){_NAME}(?=\s)", line))
        os.environ["COMP_LINE"] = line[found[-1].start() :] if found else f"{_NAME} "
        return super().get_completion_args()

    def format_completion(self, item: CompletionItem) -> str:
        if item.type == "plain":
            return str(item.value)
        names = glob(escape(str(item.value)) + "*")
        found = (f"{one}/" if os.path.isdir(one) else one for one in sorted(names))
        return "\n".join(one for one in found if item.type != FOLDERS or one.endswith("/"))


def _taking(group: KeptGroup) -> tuple[set[str], set[str]]:
    """The options whose values are names of files, and the commands whose first argument is one."""
    options: set[str] = set()
    commands: set[str] = set()
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if isinstance(found, KeptGroup):
            more = _taking(found)
            options, commands = options | more[0], commands | more[1]
            continue
        params = found.params if found else []
        for one in params:
            if isinstance(one, click.Option) and takes(one) == [FILES]:
                options |= set(one.opts)
        first = next((one for one in params if isinstance(one, click.Argument)), None)
        if first is not None and takes(first) == [FILES]:
            commands.add(name)
    return options, commands


for _shell in (Bash, Zsh, Fish, Tcsh):
    add_completion_class(_shell)
