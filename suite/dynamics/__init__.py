"""Differential equations on the core: conserving, relativistic, stiff and singular ones."""

from suite.errors import missing

try:
    from suite.dynamics.equation import Equation, Flow, Tolerance
    from suite.dynamics.hamiltonian import hamiltonian
    from suite.dynamics.orbits.bodies import Bodies, two_bodies
    from suite.dynamics.orbits.orbit import Orbit, orbit
    from suite.dynamics.particles.particle import particle
    from suite.dynamics.particles.path import ParticlePath
    from suite.dynamics.particles.velocities import comparison, in_velocities
    from suite.dynamics.problems import problem
    from suite.dynamics.result import Solution
    from suite.dynamics.solve import singularity, solve
    from suite.dynamics.watch.conscience import Conscience
    from suite.dynamics.watch.conserved import Invariant
    from suite.dynamics.watch.singularity import Singularity
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "dynamics") from error

__all__ = [
    "Bodies",
    "Conscience",
    "Equation",
    "Flow",
    "Invariant",
    "Orbit",
    "ParticlePath",
    "Singularity",
    "Solution",
    "Tolerance",
    "comparison",
    "hamiltonian",
    "in_velocities",
    "orbit",
    "particle",
    "problem",
    "singularity",
    "solve",
    "two_bodies",
]
