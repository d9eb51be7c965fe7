"""Numbers as people read them: the same form everywhere on the page."""


def percent(share: float) -> str:
    """Return `87.5%`; only what is exactly none or all is called 0% or 100%."""
    if share in (0, 1):
        return f"{share:.0%}"
    rounded = f"{share:.1%}"
    return {"0.0%": "<0.1%", "100.0%": ">99.9%"}.get(rounded, rounded)


def about(share: float) -> str:
    """Return `87%`: for probabilities, whose tenths say nothing."""
    rounded = f"{share:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(rounded, rounded)


def count(n: int, thing: str, things: str | None = None) -> str:
    """Return `1 photo`, `1,200 photos`."""
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"
