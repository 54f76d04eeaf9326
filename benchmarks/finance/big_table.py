"""A table larger than memory through `solve_stream`, killed in the middle and taken up again.

    python benchmarks/finance/big_table.py [--rows 100000000] [--forwards parity|given]
        [--rows-per-part 1000000] [--folder DIR] [--sample 400000] [--keep]

Makes a Parquet file of quotes (chains of 20 expirations and 50 strikes, a quote time a minute; bids
and asks on ticks, a few of them missing or crossed), solves it in a process of its own, kills that
process (SIGKILL) once half of the parts are finished, and starts it again. Printed are the seconds
and rows a second of both lives together, and the largest resident memory of each; and that samples
of the output equal, bit for bit, what solving those rows alone in one piece gives. With `given` the
table holds its forwards and rates; with `parity` a first pass finds them.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from suite.finance.black import price

STRIKES = np.linspace(0.75, 1.25, 50)
DAYS = np.array([1, 2, 3, 5, 8, 12, 16, 23, 30, 37, 44, 58, 72, 93, 121, 149, 184, 275, 366, 730])
CHAIN = 2 * len(STRIKES) * len(DAYS)
MINUTES = 390
TICK = 0.05
RATE = 0.04


def quote_times(first, count):
    """Minutes of trading days, one after the other."""
    day, minute = np.divmod(np.arange(first, first + count), MINUTES)
    start = np.busday_offset("2020-01-02", day).astype("datetime64[s]")
    return start + (9 * 60 + 31 + minute).astype("timedelta64[m]")


def chains(first, count, given, rng):
    """The rows of so many quote times."""
    quoted = np.repeat(quote_times(first, count), CHAIN)
    spot = 4000.0 * np.exp(0.2 * np.sin(np.arange(first, first + count) / 5000.0))
    shape = (count, len(DAYS), len(STRIKES), 2)
    years = np.broadcast_to(DAYS[None, :, None, None] / 365.0, shape).ravel()
    forward = np.repeat(spot, CHAIN) * np.exp((RATE - 0.013) * years)
    strike = np.broadcast_to(STRIKES[None, None, :, None], shape).ravel()
    strike = np.round(np.repeat(spot, CHAIN) * strike / 5.0) * 5.0
    call = np.broadcast_to(np.array([True, False]), shape).ravel()
    x = np.log(strike / forward) / np.sqrt(years + 0.1)
    volatility = 0.16 - 0.10 * x + 0.15 * x * x
    discount = np.exp(-RATE * years)
    terms = {"forward": forward, "strike": strike, "expiry": years, "discount": discount}
    mid = price(volatility, **terms, call=call) * (1.0 + 1e-3 * rng.normal(size=len(call)))
    half = 0.5 * TICK + 0.002 * mid
    bid, ask = np.floor((mid - half) / TICK) * TICK, np.ceil((mid + half) / TICK) * TICK
    bid = np.maximum(bid, 0.0)
    bid[rng.random(len(bid)) < 5e-4] = np.nan
    wrong = rng.random(len(bid)) < 5e-4
    bid[wrong] = ask[wrong] + TICK
    days = np.broadcast_to(DAYS[None, :, None, None], shape).ravel().astype("timedelta64[D]")
    kinds = pa.DictionaryArray.from_arrays(np.where(call, 0, 1).astype(np.int8), ["C", "P"])
    table = {
        "quoted": pa.array(quoted),
        "root": pa.array(np.full(len(bid), "SPXW")),
        "expiration": pa.array((quoted.astype("datetime64[D]") + days).astype("datetime64[D]")),
        "strike": strike,
        "type": kinds.cast(pa.string()),
        "bid": np.round(bid, 2),
        "ask": np.round(ask, 2),
    }
    if given:
        table |= {"forward": forward, "rate": np.full(len(bid), RATE)}
    return pa.table(table)


def generate(path, rows, given):
    rng = np.random.default_rng(0)
    at_once, writer, done, first = 250, None, 0, 0
    while done < rows:
        table = chains(first, at_once, given, rng).slice(0, rows - done)
        writer = writer or pq.ParquetWriter(
            path,
            table.schema,
            compression="none",
            use_dictionary=["quoted", "root", "expiration", "type"],
        )
        writer.write_table(table)
        done, first = done + len(table), first + at_once
    writer.close()


def life(source, output, rows_per_part):
    """What the solving process does."""
    from suite.finance.parts.stream import solve_stream

    def show(progress):
        print(json.dumps(progress._asdict()), file=sys.stderr, flush=True)

    summary = solve_stream(source, output, rows_per_part=rows_per_part, progress=show)
    print(json.dumps(summary.summary() | {"resumed": summary.resumed, "parts": summary.parts}))


def peak_memory(process):
    """Largest resident memory so far, MiB; 0 once the process is gone."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line for line in lines if line.startswith("VmHWM")]
    return float(found[0].split()[1]) / 1024.0 if found else 0.0


def finished(output):
    try:
        return len(json.loads((Path(f"{output}.parts") / "manifest.json").read_text())["finished"])
    except (OSError, ValueError):
        return 0


def run(source, output, rows_per_part, log, kill_at=None):
    """One life: seconds, peak memory, and what it printed (None if it was killed)."""
    words = [sys.executable, __file__, "--life", source, output, str(rows_per_part)]
    began, peak = time.monotonic(), 0.0
    with log.open("a") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        while process.poll() is None:
            peak = max(peak, peak_memory(process))
            if kill_at is not None and finished(output) >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.1)
    said = process.communicate()[0]
    return time.monotonic() - began, peak, json.loads(said) if said else None


def check(source, output, sample):
    """Rows of whole quote times, from the start, the middle and the end, solved in one piece."""
    from suite.finance import solve_table

    rows = pq.read_metadata(source).num_rows
    size = max(1, sample // 3 // CHAIN) * CHAIN
    starts = sorted({0, rows // 2 // CHAIN * CHAIN, max(0, (rows - size) // CHAIN * CHAIN)})
    for start in starts:
        alone = solve_table(rows_of(source, start, size).to_pandas(date_as_object=False))
        part = rows_of(output, start, size).to_pandas()
        for name in ("strike", "bid", "forward", "discount", "iv_bid", "iv", "iv_ask", "iv_status"):
            pd.testing.assert_series_equal(
                part[name],
                alone[name],
                check_exact=True,
                check_dtype=False,
                obj=f"{name} at {start}",
            )
    return size * len(starts)


def rows_of(path, start, count):
    with pq.ParquetFile(path) as file:
        kept, first = [], 0
        for group in range(file.metadata.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if first < start + count and first + size > start:
                table = file.read_row_group(group)
                kept.append(
                    table.slice(
                        max(0, start - first), max(0, start + count - first) - max(0, start - first)
                    )
                )
            first += size
    return pa.concat_tables(kept).slice(0, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--forwards", choices=["parity", "given"], default="parity")
    parser.add_argument("--rows-per-part", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--sample", type=int, default=400_000)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--life", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.life:
        source, output, rows_per_part = options.life
        return life(source, output, int(rows_per_part))
    folder = Path(tempfile.mkdtemp(prefix="big_table_", dir=options.folder))
    try:
        return measure(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def measure(options, folder):
    source, output, log = folder / "quotes.parquet", folder / "iv.parquet", folder / "log"
    began = time.monotonic()
    generate(source, options.rows, options.forwards == "given")
    size = source.stat().st_size / 1e9
    print(f"{options.rows:,} rows, {size:.2f} GB, made in {time.monotonic() - began:.0f} s")
    half = -(-options.rows // options.rows_per_part) // 2
    lives = [run(source, output, options.rows_per_part, log, half)]
    if lives[0][2] is None:
        print(
            f"killed after {lives[0][0]:.0f} s with {finished(output)} parts, "
            f"peak {lives[0][1]:.0f} MiB"
        )
        lives.append(run(source, output, options.rows_per_part, log))
    seconds, summary = sum(t for t, _, _ in lives), lives[-1][2]
    if summary is None:
        print(log.read_text()[-3000:])
        raise SystemExit("the second life failed")
    print(
        f"resumed at part {summary['resumed']}; {seconds:.0f} s in all, "
        f"{options.rows / seconds:,.0f} rows/s, peak {max(m for _, m, _ in lives):.0f} MiB, "
        f"output {output.stat().st_size / 1e9:.2f} GB"
    )
    print(", ".join(f"{n:,} {name}" for name, n in summary["verdicts"].items()))
    print(
        f"{check(source, output, options.sample):,} rows equal, bit for bit, to solving them alone"
    )


if __name__ == "__main__":
    main()
