"""Numbers as people read them: the same form everywhere on the page."""


def percent(share: float, decimals: int = 1) -> str:
    """Return `87.5%`; only what is exactly none or all is called 0% or 100%."""
    if share in (0, 1):
        return f"{share:.0%}"
    step = 10.0 ** -(decimals + 2)
    if round(share, decimals + 2) in (0, 1):
        return f"<{step:.{decimals}%}" if share < 0.5 else f">{1 - step:.{decimals}%}"
    return f"{share:.{decimals}%}"


def about(share: float) -> str:
    """Return `87%`: for probabilities, whose tenths say nothing."""
    rounded = f"{share:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(rounded, rounded)


def count(n: int, thing: str, things: str | None = None) -> str:
    """Return `1 photo`, `1,200 photos`."""
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"
