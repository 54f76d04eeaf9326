"""The `suite` command: its tree, and what every way of ending looks like."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

import suite
from suite.cli.tree import COMMANDS, GROUPS, HELP, epilogue, top_help
from suite.errors import (
    BudgetExhausted,
    InputError,
    JobFailed,
    MissingBackend,
    MissingPackage,
    StoreError,
    StoreMismatch,
    StoreUnreadable,
    SuiteError,
)

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["EXIT_CODES", "build", "main", "run"]

EXIT_CODES = {
    0: "done",
    1: "a defect of suite",
    2: "wrong use of the command line",
    3: "the input is refused",
    4: "stopped short; the results so far are kept",
    5: "a package, backend or account is missing",
    130: "interrupted; the run can be resumed",
}


def build(config: str | None = None) -> App:
    """The parser: every command of the tree, its module imported only when it is used.

    `config` is a TOML file of options by command, like [chemistry.irc]; flags win over it.
    """
    from cyclopts import App
    from cyclopts.config import Toml

    from suite.cli.help_text import Reflowed

    app = App(
        name="suite",
        version=suite.__version__,
        help=HELP,
        help_format="plaintext",
        help_formatter=Reflowed(),
        config=(Toml(config, must_exist=True, search_parents=False),) if config else (),
    )
    for group in GROUPS:
        app.command(App(name=group.name, help=group.help, help_epilogue=epilogue(group.examples)))
    for command in COMMANDS:
        parent = app[command.words[0]] if len(command.words) > 1 else app
        parent.command(
            command.target,
            name=command.words[-1],
            help=command.help,
            help_epilogue=epilogue(command.examples),
        )
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and answer its exit code; errors are printed as one sentence."""
    if list(arguments) in ([], ["--help"], ["-h"]):
        print(top_help())
        return 0
    from cyclopts import CycloptsError

    try:
        words, config = _without_config(arguments)
        with warnings.catch_warnings():
            warnings.showwarning = _noting()
            code = build(config)(
                words, exit_on_error=False, print_error=False, result_action="return_value"
            )
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        return _say(str(error).strip(), 2)
    except (MissingBackend, MissingPackage) as error:
        return _say(str(error), 5)
    except (BudgetExhausted, JobFailed) as error:
        return _say(str(error), 4)
    except (InputError, StoreMismatch, StoreUnreadable) as error:
        return _say(str(error), 3)
    except StoreError as error:
        return _say(str(error), 4)
    except SuiteError as error:
        return _say(str(error), 1)
    except BrokenPipeError:
        # The reader of our output went away; what is left has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _say("Interrupted.", 130)


def _without_config(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The command line without its --config FILE, and that file."""
    words, config = list(arguments), None
    for place, word in enumerate(words):
        if word == "--config" or word.startswith("--config="):
            _, equals, config = word.partition("=")
            end = place + 1 if equals else place + 2
            config = config if equals else "".join(words[place + 1 : end])
            _check_toml(config)
            return words[:place] + words[end:], config
    return words, config


def _check_toml(path: str) -> None:
    import tomllib

    if not os.path.isfile(path):
        raise InputError(f"--config takes a TOML file. Got {path!r}, which is no file.")
    try:
        with open(path, "rb") as file:
            tomllib.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error


def main() -> NoReturn:
    """The entry point of the `suite` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter is no reason to fail
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def _say(sentence: str, code: int) -> int:
    print(f"suite: {sentence}", file=sys.stderr)
    return code


def _noting() -> Callable[..., None]:
    """What shows a warning as a note, and the same one once: a library may say it in every job."""
    said: set[str] = set()

    def show(message: Warning | str, *_: object) -> None:
        if str(message) not in said:
            said.add(str(message))
            print(f"suite: note: {message}", file=sys.stderr)

    return show
