"""The `suite` command: its tree, and what every way of ending looks like."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import suite
from suite.cli.tree import COMMANDS, GROUPS, HELP, epilogue, top_help
from suite.errors import (
    BudgetExhausted,
    InputError,
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


def build() -> App:
    """The parser: every command of the tree, its module imported only when it is used."""
    from cyclopts import App

    app = App(
        name="suite",
        version=suite.__version__,
        help=HELP,
        help_format="plaintext",
        help_formatter="plain",
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
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            code = build()(
                arguments, exit_on_error=False, print_error=False, result_action="return_value"
            )
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        return _say(str(error).strip(), 2)
    except MissingPackage as error:
        return _say(str(error), 5)
    except BudgetExhausted as error:
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


def main() -> NoReturn:
    """The entry point of the `suite` command."""
    sys.exit(run(sys.argv[1:]))


def _say(sentence: str, code: int) -> int:
    print(f"suite: {sentence}", file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_: object) -> None:
    print(f"suite: note: {message}", file=sys.stderr)
