"""Invented names: first and family names from many countries, joined at random."""

from functools import lru_cache
from typing import Final

import numpy as np

HERS: Final = (
    "Tuuli", "Amara", "Ingrid", "Abena", "Leila", "Katya", "Zofia", "Anjali", "Marisol", "Linh", "Wanjiru", "Freya",
    "Saoirse", "Talia", "Paloma", "Nilufar", "Odile", "Yuki", "Isolde", "Noor", "Mira", "Esra", "Hana", "Sunniva",
)  # fmt: skip
HIS: Final = (
    "Tomas", "Minh", "Kenji", "Tunde", "Anders", "Mateo", "Mikko", "Finn", "Emre", "Bao", "Elias", "Ravi",
    "Piotr", "Farid", "Nico", "Arjun", "Luca", "Idris", "Samir", "Jonah", "Levan", "Kwame", "Rafael", "Sipho",
)  # fmt: skip
FAMILIES: Final = (
    "Varga", "Lindqvist", "Tamm", "Eriksen", "Haddad", "Novak", "Vega", "Jansen", "Moreau", "Mensah", "Petrov",
    "Okafor", "Kaya", "Rostami", "Tran", "Bhandari", "Weber", "Achterberg", "Fofana", "Kimura", "Salonen", "Adeyemi",
    "Dimitriou", "Solano", "Horvat", "Osei", "Duarte", "Kovacs", "Mehta", "Castellanos", "Lund", "Abadi", "Marchetti",
    "Rojas", "Tanaka", "Laurent", "Park", "Quispe", "Ibarra", "Nakamura", "Ferrara", "Brandt", "Zeller", "Aalto",
    "Dang", "Sorensen", "Iyer",
)  # fmt: skip
STREAM: Final = 1
"""Separates the random numbers of names from those of casting and photos."""


@lru_cache(maxsize=32)
def _shuffled(seed: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    g = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, STREAM))))
    hers, his, families = (tuple(words[k] for k in g.permutation(len(words))) for words in (HERS, HIS, FAMILIES))
    return hers, his, families


def full_name(seed: int, rank: int, *, she: bool) -> str:
    """The name of the `rank`-th woman or man of a seed; all differ.

    First and family names go round together, the families one step further each time; when every pair is used up, a
    second family name joins the first.
    """
    hers, his, families = _shuffled(seed)
    first = hers if she else his
    turn, place = divmod(rank, len(first))
    second, turn = divmod(turn, len(families))
    start = 0 if she else len(families) // 2
    family = families[(start + place + turn) % len(families)]
    parts = [family]
    while second:
        second, step = divmod(second - 1, len(families))
        parts.append(families[step])
    return f"{first[place]} {'-'.join(parts)}"


def slug(name: str) -> str:
    """A name as part of a URL: "Mira Okafor" is mira-okafor."""
    return name.lower().replace(" ", "-")
