"""What every bench says at its end: its figures for people, and as one JSON object, which is the last line."""

import json
import operator
import os
import pathlib
import platform

COMPARISONS = {"<=": operator.le, ">=": operator.ge}


class Report:
    def __init__(self, name):
        self.name = name
        self.figures = {}

    def add(self, key, value, unit, *, goal=None, against=None):
        """`goal` such as "<= 12", or None for what is only reported. `against`: what it was compared with."""
        met = None
        if goal is not None:
            comparison, bound = goal.split()
            met = value is not None and COMPARISONS[comparison](value, float(bound))
        self.figures[key] = {"value": value, "unit": unit, "goal": goal, "met": met, "against": against}

    def finish(self, quiet):
        """Prints; gives the exit status."""
        if not quiet:
            for key, figure in self.figures.items():
                verdict = {None: "", True: "met", False: "NOT MET"}[figure["met"]]
                against = "" if figure["against"] is None else f"   against {figure['against']}"
                print(f"  {key:34} {figure['value']!s:>10} {figure['unit']:9} {figure['goal'] or '':10} {verdict}"
                      f"{against}")
        print(json.dumps({"bench": self.name, "figures": self.figures, "machine": machine()}), flush=True)
        return 0 if all(figure["met"] in (None, True) for figure in self.figures.values()) else 1


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpus": os.cpu_count(), "cpu": models[0] if models else platform.machine(),
            "memory_gib": round(memory / 2**30, 1), "kernel": platform.release()}


def percentile(values, percent):
    """The smallest value that at least so many per cent do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None
