#!/usr/bin/env python3
"""Draws the loss of a training onto one tile of a board, while it goes down.

    PYTHONPATH=clients/python python3 examples/plots/train.py http://localhost:8000

It needs matplotlib and websocket-client.
"""

import io
import random
import sys

import wirephoto
from matplotlib.figure import Figure

EPOCHS = 20


def train():
    """Stand in for your own training: fit a line to points. Yields the loss of each epoch."""
    points = [(x, 3 * x + 1 + random.gauss(0, 0.2)) for x in (random.random() for _ in range(50))]
    slope = offset = 0.0
    for _ in range(EPOCHS):
        errors = [(slope * x + offset - y, x) for x, y in points]
        slope -= 0.3 * sum(error * x for error, x in errors) / len(errors)
        offset -= 0.3 * sum(error for error, _ in errors) / len(errors)
        yield sum(error * error for error, _ in errors) / len(errors)


def draw(losses):
    """Returns the curve as the bytes of a PNG of 640 × 400 pixels."""
    figure = Figure(figsize=(6.4, 4), dpi=100)
    axes = figure.subplots()
    axes.plot(losses, color="#c2410c")
    axes.set(xlabel="Epoch", xlim=(0, EPOCHS), ylim=(0, max(losses) * 1.05))
    axes.set_title(f"Loss {losses[-1]:.3f}")
    axes.locator_params(axis="x", integer=True)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


with wirephoto.Board(sys.argv[1]) as board:
    loss = board.slot("loss")
    losses = []
    for value in train():
        losses.append(value)
        loss.push(draw(losses))  # a plot that comes too fast is skipped
    loss.push(draw(losses), wait=True)  # the last one isn't
