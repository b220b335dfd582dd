"""Draws the first answers of each question by number of households, beside the line that would be straight growth.

    growth.py PICTURE < tables of benches/run
"""

import re
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "growth"
from matplotlib import pyplot  # noqa: E402


def first_answers(lines):
    """Seconds of ours and of the best peer, by question, then by number of households."""
    answers, households = {}, None
    for line in lines:
        if heading := re.match(r"## (\d+) households", line):
            households = int(heading[1])
        elif row := re.match(r"\| (Q\d) \|[^|]*\| ([\d.]+) s \|(?:[^|]*\|){4} \w+ ([\d.]+) s", line):
            answers.setdefault(row[1], {})[households] = (float(row[2]), float(row[3]))
    return answers


def draw(answers, picture):
    figure, panels = pyplot.subplots(2, 3, figsize=(10, 6), layout="constrained")
    for panel, (question, by_size) in zip(panels.flat, sorted(answers.items())):
        sizes = sorted(by_size)
        ours, peer = ([by_size[size][n] for size in sizes] for n in (0, 1))
        straight = [ours[0] * size / sizes[0] for size in sizes]
        panel.plot(sizes, straight, "--", color="0.6", label="straight line from the first")
        panel.plot(sizes, ours, "o-", color="#b3261e", label="Uplift, with errors")
        panel.plot(sizes, peer, "s-", color="#1f5f99", label="best peer, without")
        panel.set(title=question, xscale="log", yscale="log", xlabel="households a year", ylabel="seconds, first answer")
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(picture, metadata={"Date": None})


draw(first_answers(sys.stdin), sys.argv[1])
