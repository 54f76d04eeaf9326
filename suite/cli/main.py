"""The `suite` command: its tree, and what every way of ending looks like."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError

import suite
from suite.errors import (
    BudgetExhausted,
    InputError,
    MissingPackage,
    StoreError,
    StoreMismatch,
    StoreUnreadable,
    SuiteError,
)

__all__ = ["EXIT_CODES", "app", "main"]

EXIT_CODES = {
    0: "done",
    1: "a defect of suite",
    2: "wrong use of the command line",
    3: "the input is refused",
    4: "stopped short; the results so far are kept",
    5: "a package, backend or account is missing",
    130: "interrupted; the run can be resumed",
}


def _epilogue(*commands: str) -> str:
    return "For example:\n\n" + "\n\n".join(f"    {command}" for command in commands)


app = App(
    name="suite",
    version=suite.__version__,
    help="Adaptive steps that are measured: implied volatility, reaction paths, VQE.",
    help_format="plaintext",
    help_formatter="plain",
    help_epilogue=_epilogue("suite demo -o demo", "suite finance iv --help"),
)


def _group(name: str, text: str, *examples: str) -> App:
    group = App(name=name, help=text, help_epilogue=_epilogue(*examples))
    app.command(group)
    return group


_iv = "suite finance iv examples/finance/spx_cboe_2025-10-01.csv"
_irc = "suite chemistry irc examples/chemistry/hcn.xyz --basis 3-21g"
_vqe = "suite quantum vqe examples/quantum/h2.toml"

_group("finance", "Option prices and volatilities.", _iv, f"{_iv} --json").command(
    "suite.cli.finance:iv",
    help="Implied volatility of a whole quote table.",
    help_epilogue=_epilogue(_iv, f"{_iv} -o iv.csv"),
)
_group("chemistry", "Reaction paths.", _irc, f"{_irc} -o hcn").command(
    "suite.cli.chemistry:irc",
    help="The reaction path from a transition state, both sides.",
    help_epilogue=_epilogue(_irc, f"{_irc} -o hcn"),
)
_group("quantum", "Ground states by VQE.", _vqe, f"{_vqe} --json").command(
    "suite.cli.quantum:vqe",
    help="The ground-state energy of a problem file, by natural gradient.",
    help_epilogue=_epilogue(_vqe, f"{_vqe} --json"),
)
app.command(
    "suite.cli.demo:demo",
    help="The three jobs on real input, in one folder with one page.",
    help_epilogue=_epilogue("suite demo -o demo", "suite show demo/chemistry"),
)
app.command(
    "suite.cli.runs:show",
    help="What a run did: what bound its steps, what was refused, what it cost.",
    help_epilogue=_epilogue("suite show demo/chemistry", "suite show demo/quantum --json"),
)
app.command(
    "suite.cli.runs:resume",
    help="Go on with a run that was interrupted.",
    help_epilogue=_epilogue("suite resume demo/chemistry", "suite resume demo"),
)
app.command(
    "suite.cli.doctor:doctor",
    help="Versions, threads, backends, and what is not installed.",
    help_epilogue=_epilogue("suite doctor", "suite doctor --json"),
)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and answer its exit code; errors are printed as one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            code = app(
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
