"""Numbers and reasons as people read them: the same form everywhere on the page."""

REASONS = {  # of a download's rows
    "ok": "verified and kept",
    "http_404": "no longer there",
    "http_4xx": "refused by the server",
    "http_5xx": "the server failed",
    "rate_limited": "too many requests for the server",
    "dns": "the server cannot be found",
    "tls": "the connection is not trusted",
    "connect": "no connection",
    "timeout": "no answer in time",
    "deadline": "took too long",
    "short_body": "cut off on the way",
    "too_large": "too large",
    "redirect": "too many redirects",
    "not_an_image": "not a picture",
    "truncated": "a damaged picture",
    "bomb": "too many pixels to open safely",
    "hash_mismatch": "no longer the listed photo",
    "bad_box": "no face at the listed place",
    "bad_row": "a line that cannot be read",
    "blocked_address": "a private address",
    "opt_out": "the owner asked to be left out",
}


def percent(share: float, decimals: int = 1) -> str:
    """Return a share in [0, 1] as `87.5%`; only what is exactly none or all is called 0% or 100%."""
    if share in (0, 1):
        return f"{share:.0%}"
    step = 10.0 ** -(decimals + 2)
    if round(share, decimals + 2) in (0, 1):
        return f"<{step:.{decimals}%}" if share < 0.5 else f">{1 - step:.{decimals}%}"
    return f"{share:.{decimals}%}"


def signed_percent(share: float) -> str:
    """Return a difference of shares in [-1, 1] with its sign: `+2.6%`, `-12.0%`, `0.0%`."""
    return f"{share:+.1%}" if round(share, 3) else "0.0%"


def p_value(p: float) -> str:
    """Return a p value with two digits: `0.34`, `0.0012`; below a ten thousandth `<0.0001`."""
    return "<0.0001" if p < 1e-4 else f"{p:.2g}"


def about(share: float) -> str:
    """Return a probability in [0, 1] as `87%`, `<1%` or `>99%`."""
    rounded = f"{share:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(rounded, rounded)


def count(n: int, thing: str, things: str | None = None) -> str:
    """Return `1 photo`, `1,200 photos`; without `things` the plural is `thing` with an s."""
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"


def hundredths(share: float) -> str:
    """Return a share in [0, 1] as a length out of 100: `87.50`."""
    return f"{100 * share:.2f}"
