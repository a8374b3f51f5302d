"""Run the benchmarks: all of them, or those that are named.

python -m benchmarks [--json] [--long] [cameras] [catalogue] [console] [hand_eye] [sealing]
                     [station] [synchronization]
"""

from __future__ import annotations

import argparse
import json
import os

from rich.console import Console
from rich.table import Table

from benchmarks import cameras, catalogue, console, hand_eye, sealing, station, synchronization

BENCHMARKS = {
    "synchronization": synchronization.run,
    "cameras": cameras.run,
    "sealing": sealing.run,
    "catalogue": catalogue.run,
    "hand_eye": hand_eye.run,
    "station": station.run,
    "console": console.run,
}
# What takes ten minutes instead of one, where it is asked for.
LONG = {"console": console.run_long}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--long", action="store_true", help="ten minutes of the console")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(unknown)}: choose from {', '.join(BENCHMARKS)}")
    benchmarks = BENCHMARKS | LONG if arguments.long else BENCHMARKS
    terminal = Console(stderr=arguments.json, highlight=False)
    terminal.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: compare ratios")
    everything = {}
    for name in arguments.names or BENCHMARKS:
        with terminal.status(f"measuring {name}"):
            results = benchmarks[name]()
        everything[name] = [result._asdict() for result in results]
        table = Table(title=name, title_justify="left", box=None, pad_edge=False, min_width=78)
        table.add_column("what")
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("target", justify="right")
        for result in results:
            table.add_row(result.name, f"{result.value:.4g}", result.unit, result.target)
        terminal.print()
        terminal.print(table)
    if arguments.json:
        print(json.dumps(everything, indent=2))


if __name__ == "__main__":
    main()
