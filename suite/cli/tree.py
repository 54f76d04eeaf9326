"""The tree of commands as data: names, texts, examples, and where each is implemented."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "GROUPS", "HELP", "Command", "Group", "epilogue", "top_help"]

HELP = "Adaptive steps that are measured: implied volatility, reaction paths, VQE, dynamics."

_IV = "suite finance iv examples/finance/spx_cboe_2025-10-01.csv"
_IRC = "suite chemistry irc examples/chemistry/hcn.xyz --basis 3-21g"
_TS = "suite chemistry ts examples/chemistry/h2co.xyz --basis 3-21g"
_H2, _NOISY = "examples/quantum/h2.toml", "examples/quantum/h2_noisy.toml"
_VQE = f"suite quantum vqe {_H2}"
_PROGRAM = "examples/dynamics/pendulum.py"
_SOLVE, _ORBIT = "suite dynamics solve", "suite dynamics orbit"
_PARTICLE, _SINGULARITY = "suite dynamics particle", "suite dynamics singularity"


class Command(NamedTuple):
    """A command: its words, `module:function`, its text and two examples that run."""

    words: tuple[str, ...]
    target: str
    help: str
    examples: tuple[str, str]


class Group(NamedTuple):
    """A group of commands of one domain."""

    name: str
    help: str
    examples: tuple[str, str]


GROUPS = (
    Group("finance", "Option prices and volatilities.", (_IV, f"{_IV} --json")),
    Group("chemistry", "Transition states and reaction paths.", (_IRC, f"{_IRC} -o hcn")),
    Group("quantum", "Ground states by VQE.", (_VQE, f"{_VQE} --json")),
    Group(
        "dynamics",
        "Differential equations: solutions, orbits, particles, singularities.",
        (f"{_SOLVE} kepler", f"{_SINGULARITY} blow_up"),
    ),
)

COMMANDS = (
    Command(
        ("finance", "iv"),
        "suite.cli.finance:iv",
        "Implied volatility of a whole quote table.",
        (_IV, f"{_IV} -o iv.csv"),
    ),
    Command(
        ("chemistry", "irc"),
        "suite.cli.chemistry:irc",
        "The reaction path from a transition state, both sides.",
        (f"{_IRC} --projected 4", f"{_IRC} -o hcn"),
    ),
    Command(
        ("chemistry", "ts"),
        "suite.cli.chemistry:ts",
        "Refine a guess of a transition state and prove that it is one.",
        (_TS, f"{_TS} --json"),
    ),
    Command(
        ("chemistry", "plot"),
        "suite.cli.chemistry:plot",
        "The energy profile of a reaction path as a figure for a paper.",
        ("suite chemistry plot hcn -o profile.pdf", "suite chemistry plot hcn -o profile.png"),
    ),
    Command(
        ("quantum", "vqe"),
        "suite.cli.quantum:vqe",
        "The ground-state energy of a problem file, by natural gradient.",
        (_VQE, f"{_VQE} --json"),
    ),
    Command(
        ("quantum", "plan"),
        "suite.cli.quantum:plan",
        "What a run on shots or hardware would cost, before anything is submitted.",
        (f"suite quantum plan {_NOISY}", f"suite quantum plan {_NOISY} --json"),
    ),
    Command(
        ("quantum", "scan"),
        "suite.cli.quantum:scan",
        "Ground-state energies along a bond length or a coupling.",
        (f"suite quantum scan {_H2} --distance 0.5:2:4", f"suite quantum scan {_H2} -h"),
    ),
    Command(
        ("dynamics", "solve"),
        "suite.cli.dynamics:solve",
        "An initial value problem: its solution, and what bound every step.",
        (f"{_SOLVE} {_PROGRAM} --project", f"{_SOLVE} van_der_pol --set mu=1000 --rtol 1e-8"),
    ),
    Command(
        ("dynamics", "orbit"),
        "suite.cli.motions:orbit",
        "Bodies under their gravity, with energy and angular momentum kept.",
        (f"{_ORBIT} --eccentricity 0.9 --periods 10", f"{_ORBIT} examples/dynamics/planets.toml"),
    ),
    Command(
        ("dynamics", "particle"),
        "suite.cli.motions:particle",
        "A charged particle in electric and magnetic fields, to any Lorentz factor.",
        (
            f"{_PARTICLE} --electric 1,0,0 --time 1e6",
            f"{_PARTICLE} examples/dynamics/trap.py -o trap",
        ),
    ),
    Command(
        ("dynamics", "singularity"),
        "suite.cli.dynamics:singularity",
        "When a solution becomes singular: the time with its error, and the power.",
        (f"{_SINGULARITY} blow_up --rtol 1e-10", f"{_SINGULARITY} riccati --json"),
    ),
    Command(
        ("demo",),
        "suite.cli.demo:demo",
        "The four jobs on real input, in one folder with one page.",
        ("suite demo -o demo", "suite show demo"),
    ),
    Command(
        ("show",),
        "suite.cli.runs:show",
        "What a run did: what bound its steps, what was refused, what it cost.",
        ("suite show demo/chemistry", "suite show demo/quantum --json"),
    ),
    Command(
        ("resume",),
        "suite.cli.runs:resume",
        "Go on with a run that was interrupted.",
        ("suite resume demo/chemistry", "suite resume demo"),
    ),
    Command(
        ("doctor",),
        "suite.cli.doctor:doctor",
        "Versions, threads, backends, and what is not installed.",
        ("suite doctor", "suite doctor --json"),
    ),
)

EXAMPLES = ("suite demo -o demo", "suite finance iv --help")


def epilogue(examples: tuple[str, str]) -> str:
    """How a help text ends: with two commands that run."""
    return "For example:\n\n" + "\n\n".join(f"    {example}" for example in examples)


def top_help() -> str:
    """What `suite --help` prints, from the tree alone: no parser needs to be loaded for it."""
    rows = [(group.name, group.help) for group in GROUPS]
    rows += [(command.words[0], command.help) for command in COMMANDS if len(command.words) == 1]
    rows += [
        ("--config", "A TOML file of options by command, like [chemistry.irc]; flags win."),
        ("--help, -h", "Display this message."),
        ("--version", "Display the version."),
    ]
    table = "\n".join(f"  {name:11s} {text}" for name, text in rows)
    return f"Usage: suite COMMAND\n\n{HELP}\n\nCommands:\n{table}\n\n{epilogue(EXAMPLES)}"
