"""The first call of a process: with nothing in the cache, with a warm cache, and of other programs.

    python benchmarks/finance/first_call.py [--rows 100000] [--repeat 5]

Each measurement is a process of its own, from before its first import: seconds for the imports, for
the first call and for the second. The cache is a folder made for this (SUITE_CACHE_DIR), removed
before each cold process. Median over the processes, which take turns.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CHILD = """
import json, sys, time
began = time.perf_counter()
import numpy as np
{imports}
imported = time.perf_counter()
rng, rows = np.random.default_rng(0), int(sys.argv[1])
strike, years = rng.uniform(80.0, 125.0, rows), rng.uniform(0.2, 2.0, rows)
forward, price = np.full(rows, 100.0), rng.uniform(0.4, 0.6, rows) * 36.0
flag = np.full(rows, "c")
call = lambda: {call}
times = [time.perf_counter()]
for _ in range(2):
    call()
    times.append(time.perf_counter())
print(json.dumps([imported - began, times[1] - times[0], times[2] - times[1]]))
"""

OURS = (
    "from suite.finance import implied_volatility",
    "implied_volatility(price + np.maximum(0.0, forward - strike), forward=forward,"
    " strike=strike, expiry=years, kind=1, threads=1)",
)
PEERS = {
    "iv_engine": (
        "from iv_engine.batch import implied_volatilities",
        "implied_volatilities(price + np.maximum(0.0, forward - strike), forward, strike, years)",
    ),
    "pyvolr": (
        "from pyvolr.black76 import implied_vol",
        "implied_vol(price + np.maximum(0.0, forward - strike), 'c', forward, strike, years, 0.0)",
    ),
    "pyfeng": (
        "import pyfeng; model = pyfeng.Bsm(0.2, is_fwd=True)",
        "model.impvol(price + np.maximum(0.0, forward - strike), strike, forward, years, 1)",
    ),
    "fast_vollib, numba": (
        "from fast_vollib import fast_implied_volatility_black as solve",
        "solve(price + np.maximum(0.0, forward - strike), forward, strike, 0.0, years, flag,"
        " return_as='numpy', backend='numba')",
    ),
}


def measure(program, rows, cache):
    """Seconds of one process, or None where the program is not installed."""
    imports, call = program
    environment = os.environ | {"SUITE_CACHE_DIR": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD.format(imports=imports, call=call), str(rows)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def cold(rows, cache):
    shutil.rmtree(cache, ignore_errors=True)
    return measure(OURS, rows, cache)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        for _ in range(options.repeat):
            ways = {"suite, empty cache": cold(options.rows, cache)}
            kept = sorted(path.name for path in cache.iterdir()) if cache.exists() else []
            ways["suite, warm cache"] = measure(OURS, options.rows, cache)
            ways |= {name: measure(way, options.rows, cache) for name, way in PEERS.items()}
            for name, times in ways.items():
                found.setdefault(name, []).append(times)
    print(f"{options.rows:,} rows; left in the cache: {', '.join(kept) or 'nothing'}\n")
    print("| program | imports, s | first call, s | second call, s |")
    print("| --- | --- | --- | --- |")
    for name, times in found.items():
        if None in times:
            print(f"| {name} | not installed | | |")
            continue
        print(f"| {name} | {' | '.join(f'{t:.4f}' for t in np.median(times, axis=0))} |")


if __name__ == "__main__":
    main()
