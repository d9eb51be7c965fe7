"""Hair that is no smooth sheet: ringlets, clouds of small curls, plaits."""

import numpy as np

from data.portraits.geometry import Points, ellipse, profile, ribbons
from data.portraits.hair import HairBrush
from data.portraits.palette import darker, lighter, mix

ARC = 9
"""Samples of a small curl's arc."""


def ringlets(brush: HairBrush, grid: Points, count: int, width: float, turns: float) -> None:
    """Winding locks of `width` units from the roots of a sheet to its tips, each of about `turns` waves."""
    g = brush.grain
    samples = int(5 * turns) + 4
    at = g.permutation((np.arange(count) + g.uniform(0.1, 0.9, count)) / count)
    paths = brush.paths(grid, at, g.uniform(0.0, 0.4, count) ** 2 * 2, g.uniform(0.86, 1.04, count), samples)
    phase = g.uniform(0.0, 6.3, count)[:, None] + np.linspace(0.0, 6.283 * turns, samples)
    sizes = brush.unit * width * g.uniform(0.75, 1.25, count)[:, None]
    way = np.gradient(paths, axis=1)
    way /= np.sqrt((way * way).sum(axis=2, keepdims=True)) + 1e-9
    across = np.stack([-way[..., 1], way[..., 0]], axis=2)
    paths = paths + across * (np.sin(phase) * sizes * 0.42)[..., None]
    swelling = sizes * (0.85 + 0.25 * np.cos(2 * phase)) * profile(samples, 0.5, 1.0, 1.0, 1.0, 0.35)
    edge, body = ribbons(paths, swelling * 1.16), ribbons(paths - (0.0, 0.06 * brush.unit * width), swelling * 0.9)
    light = ribbons(paths - across * (sizes * 0.12)[..., None], swelling * 0.24 * (0.5 + 0.5 * np.sin(phase)))
    shades = brush.toned(count)
    for k in range(count):
        brush.layer.fill(edge[k], darker(brush.colour, 0.28))
        brush.layer.strokes(body[k, None], (mix(shades[k], brush.colour, 0.6),))
        brush.layer.glaze(light[k], lighter(brush.colour, 0.34), 0.4)


def cloud(brush: HairBrush, grid: Points, bumps: int, arcs: int, radius: float) -> None:
    """Tight curls of about `radius` units: `bumps` around a filled sheet's tips, `arcs` all over it."""
    g = brush.grain
    at = (np.arange(bumps) + g.uniform(0.0, 1.0, bumps)) / bumps
    circle = ellipse(0.0, 0.0, 1.0, 1.0, corners=14)
    sizes = brush.unit * radius * g.uniform(0.7, 1.3, bumps)
    middles = brush.paths(grid, at, g.uniform(0.90, 1.0, bumps), 1.0, 2)[:, 0]
    brush.layer.fill_each(circle * sizes[:, None, None] + middles[:, None], [brush.colour] * bumps)
    places = brush.paths(grid, g.uniform(0.0, 1.0, arcs), np.sqrt(g.uniform(0.0, 1.0, arcs)), 1.0, 2)[:, 0]
    bend = ellipse(0.0, 0.0, 1.0, 1.0, corners=16)
    turned = bend[(g.integers(0, 16, arcs)[:, None] + np.arange(ARC)) % 16]
    sizes = brush.unit * radius * g.uniform(0.5, 1.0, arcs)
    lines = turned * sizes[:, None, None] + places[:, None]
    brush.layer.strokes(ribbons(lines, sizes[:, None] * profile(ARC, 0.1, 0.62, 0.1)), brush.toned(arcs))


def woven(brush: HairBrush, grid: Points, count: int, width: float, links: int) -> None:
    """`count` plaits side by side along a sheet, each of `links` pairs of links."""
    at = (np.arange(count) + 0.5) / count
    size = width * brush.unit
    link = np.array([(-0.42, 0.08), (-0.1, 0.44), (0.5, 0.46), (0.62, 0.2), (0.2, -0.02)])
    pair = np.stack([link, link * (1, -1)])
    bright = [lighter(brush.colour, 0.16), lighter(brush.colour, 0.06)]
    for path in brush.paths(grid, at, 0.0, 1.0, links + 1):
        brush.layer.fill(ribbons(path, size * profile(links + 1, 1.0, 1.0, 0.75)), darker(brush.colour, 0.45))
        way = np.gradient(path, axis=0)
        long = np.sqrt((way * way).sum(axis=1, keepdims=True)) + 1e-9
        turn = np.stack([way, np.stack([-way[:, 1], way[:, 0]], axis=1) / long * size], axis=1)
        shapes = np.einsum("pvd,lde->lpve", pair, turn) + path[:, None, None]
        brush.layer.fill_each(shapes.reshape(-1, len(link), 2), bright * len(path))
