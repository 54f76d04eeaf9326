"""The other programs, each called as its own documentation does, on the cases of `cases.py`.

A run answers `Ran`. `calls` are evaluations of the right-hand side (force calls for REBOUND); where
the program takes no counted Python function they are its attempted steps times its stages, and None
where no count compares (heyoka's Taylor series). `seconds` are processor time, since the machine is
shared, without compilation.
"""

import os
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from cases import Counted
from scipy.integrate import solve_ivp

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
STAGES = {"Tsit5": 6, "Dopri8": 13, "Kvaerno5": 7}


class Ran(NamedTuple):
    """The end of a run: time and state there, calls, seconds, and what the program said."""

    t: float
    y: Any
    calls: int | None
    seconds: float
    message: str = ""


def scipy_run(case, method, rtol, atol=None, **options):
    """`scipy.integrate.solve_ivp` on the counted function."""
    counted = Counted(case.problem.fun)
    atol = case.atol * rtol if atol is None else atol
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = solve_ivp(
            counted, case.span, case.problem.y0, method=method, rtol=rtol, atol=atol, **options
        )
    spent = time.process_time() - began
    return Ran(float(done.t[-1]), done.y[:, -1], counted.calls, spent, done.message)


def suite_run(case, method, rtol, atol=None, **options):
    """`suite.dynamics.solve`, the whole public call, on the counted function."""
    from suite.dynamics import solve

    counted = Counted(case.problem.fun)
    atol = case.atol * rtol if atol is None else atol
    began = time.process_time()
    done = solve(
        counted, case.span, case.problem.y0, method=method, rtol=rtol, atol=atol, **options
    )
    spent = time.process_time() - began
    return Ran(float(done.t[-1]), done.y[:, -1], counted.calls, spent, done.message)


def cyrk_run(case, method, rtol):
    """CyRK's `pysolve_ivp` on the counted Python function."""
    import CyRK

    counted = Counted(case.problem.fun)
    y0 = np.array(case.problem.y0)
    began = time.process_time()
    done = CyRK.pysolve_ivp(counted, case.span, y0, method=method, rtol=rtol, atol=case.atol * rtol)
    spent = time.process_time() - began
    return Ran(float(done.t[-1]), done.y[:, -1], counted.calls, spent, str(done.message))


def ias15_run(case, epsilon):
    """REBOUND's IAS15 on the gravitational cases, force calls counted by its own hook."""
    simulation = _rebound(case)
    simulation.integrator = "ias15"
    simulation.integrator.epsilon = epsilon
    calls = [0]

    def count(_):
        calls[0] += 1

    simulation.additional_forces = count
    began = time.process_time()
    simulation.integrate(case.end, exact_finish_time=1)
    return Ran(
        simulation.t, _rebound_state(case, simulation), calls[0], time.process_time() - began
    )


def _rebound(case):
    import rebound

    simulation = rebound.Simulation()
    y = np.array(case.problem.y0)
    if case.problem.name == "kepler":
        simulation.add(m=1.0)
        simulation.add(m=0.0, x=y[0], y=y[1], vx=y[2], vy=y[3])
    else:
        x, z, u, v = y.reshape(4, -1)
        for i in range(x.size):
            simulation.add(m=i + 1.0, x=x[i], y=z[i], vx=u[i], vy=v[i])
    return simulation


def _rebound_state(case, simulation):
    bodies = simulation.particles
    chosen = [bodies[1]] if case.problem.name == "kepler" else list(bodies)
    return np.array([getattr(b, axis) for axis in ("x", "y", "vx", "vy") for b in chosen])


class Diffrax:
    """One diffrax solver on one case, compiled once for all tolerances."""

    def __init__(self, case, solver):
        import jax

        jax.config.update("jax_enable_x64", True)
        import diffrax
        import jax.numpy as jnp

        field = _in_jax(case, jnp)
        self.case, self.stages = case, STAGES[solver]

        def run(rtol):
            return diffrax.diffeqsolve(
                diffrax.ODETerm(lambda t, y, args: field(t, y)),
                getattr(diffrax, solver)(),
                *case.span,
                None,
                jnp.array(case.problem.y0),
                stepsize_controller=diffrax.PIDController(rtol=rtol, atol=case.atol * rtol),
                max_steps=1_000_000,
                throw=False,
            )

        self.run = jax.jit(run)
        began = time.process_time()
        self.run(1e-3).ys.block_until_ready()
        self.compiling = time.process_time() - began

    def __call__(self, rtol):
        began = time.process_time()
        done = self.run(float(rtol))
        done.ys.block_until_ready()
        spent = time.process_time() - began
        calls = int(done.stats["num_steps"]) * self.stages
        return Ran(self.case.end, np.array(done.ys[-1]), calls, spent)


def _in_jax(case, jnp):
    """The right-hand side of a smooth case in jax.numpy."""

    def kepler(t, y):
        cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
        return jnp.array([y[2], y[3], -y[0] * cube, -y[1] * cube])

    def arenstorf(t, y):
        m = 0.012277471
        first = (1 - m) * ((y[0] + m) ** 2 + y[1] ** 2) ** -1.5
        second = m * ((y[0] - 1 + m) ** 2 + y[1] ** 2) ** -1.5
        return jnp.array(
            [
                y[2],
                y[3],
                y[0] + 2 * y[3] - first * (y[0] + m) - second * (y[0] - 1 + m),
                y[1] - 2 * y[2] - (first + second) * y[1],
            ]
        )

    def pleiades(t, y):
        places = y[:14].reshape(2, 7)
        apart = places[:, None, :] - places[:, :, None]
        cubes = ((apart**2).sum(0) + jnp.eye(7)) ** -1.5
        pull = (apart * cubes) @ jnp.arange(1.0, 8.0)
        return jnp.concatenate([y[14:], pull.ravel()])

    def lorenz(t, y):
        return jnp.array(
            [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]
        )

    return {"kepler": kepler, "arenstorf": arenstorf, "pleiades": pleiades, "lorenz": lorenz}[
        case.problem.name
    ]


class Heyoka:
    """heyoka's Taylor integrator on one case, compiled for one tolerance."""

    def __init__(self, case, tolerance):
        import heyoka

        began = time.process_time()
        self.integrator = heyoka.taylor_adaptive(
            _in_heyoka(case, heyoka), list(case.problem.y0), tol=tolerance
        )
        self.compiling = time.process_time() - began
        self.case, self.start = case, list(case.problem.y0)

    def __call__(self):
        self.integrator.time = self.case.span[0]
        self.integrator.state[:] = self.start
        began = time.process_time()
        outcome, _, _, steps, *_ = self.integrator.propagate_until(self.case.end)
        spent = time.process_time() - began
        state = self.integrator.state.copy()
        return Ran(self.integrator.time, state, None, spent, f"{steps} steps, {outcome}")


def _in_heyoka(case, hy):
    """The right-hand side of a smooth case as heyoka's expressions."""
    names = [n.replace("-", "_") for n in case.problem.names]
    v = [hy.make_vars(n) for n in names]
    if case.problem.name == "kepler":
        cube = (v[0] ** 2 + v[1] ** 2) ** -1.5
        right = [v[2], v[3], -v[0] * cube, -v[1] * cube]
    elif case.problem.name == "arenstorf":
        m = 0.012277471
        first = (1 - m) * ((v[0] + m) ** 2 + v[1] ** 2) ** -1.5
        second = m * ((v[0] - 1 + m) ** 2 + v[1] ** 2) ** -1.5
        right = [
            v[2],
            v[3],
            v[0] + 2.0 * v[3] - first * (v[0] + m) - second * (v[0] - (1 - m)),
            v[1] - 2.0 * v[2] - (first + second) * v[1],
        ]
    elif case.problem.name == "pleiades":
        right = v[14:] + _pulls(v[:7], v[7:14], hy)
    else:
        right = [
            10.0 * (v[1] - v[0]),
            v[0] * (28.0 - v[2]) - v[1],
            v[0] * v[1] - (8.0 / 3.0) * v[2],
        ]
    return list(zip(v, right, strict=True))


def _pulls(x, y, hy):
    pulls = {axis: [[] for _ in x] for axis in (0, 1)}
    for i in range(len(x)):
        for j in range(i):
            apart = (x[j] - x[i], y[j] - y[i])
            cube = (apart[0] ** 2 + apart[1] ** 2) ** -1.5
            for axis in (0, 1):
                pulls[axis][i].append((j + 1.0) * apart[axis] * cube)
                pulls[axis][j].append((-i - 1.0) * apart[axis] * cube)
    return [hy.sum(terms) for axis in (0, 1) for terms in pulls[axis]]
