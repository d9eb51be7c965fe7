"""What a cell of a list says, as people, web pages and spreadsheets write it: a name, a URL, a box, a digest.

Characters that nobody sees are left out, every kind of space is a space, `&amp;` is `&`, and a box may be written with
spaces, semicolons, brackets or `.0`. What a spreadsheet has destroyed is a ValueError that says what happened to it.
"""

import html
import re
from urllib.parse import urlsplit

from data.rows import Box

# Soft hyphen, zero-width space, marks of direction, word joiner, byte order mark; joiners are letters inside a name.
_UNSEEN = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_JOINERS = "\u200c\u200d"
_NAME_ENTITY = re.compile(r"&(?:[a-z][a-z0-9]{1,31}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_URL_ENTITY = re.compile(  # of marks and ASCII: anything else stays, because a signed URL is sent as it is listed
    r"&(?:amp|lt|gt|quot|apos|#0*(?:3[3-9]|[4-9][0-9]|1[01][0-9]|12[0-6])|#x0*(?:2[1-9a-f]|[3-6][0-9a-f]|7[0-9a-e]));",
    re.IGNORECASE,
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # and what cannot be decoded (surrogates)
_WRAP = re.compile(r"\s*[\t\n]\s*")  # a line break, with the spaces around it
_URL = re.compile(r"(https?://)([^/?#\\\s]+)((?:[/?#].*)?)", re.IGNORECASE)
_PLAIN_HOST = re.compile(r"[\w.-]+(?::[1-9][0-9]{0,3})?")  # of nearly every URL: needs no further check
_USER = re.compile(r"(?<=//)[^/?#\s]*@")

_SIDE = r"[-\u2212]?[0-9]{1,9}"
_BRACKETS = " \t\n'\"=[](){}<>"
_BETWEEN = re.compile(r"\s*[,;|]\s*|\s+")
_WHOLE = re.compile(rf"({_SIDE})(?:[.,]0*)?")
_DECIMAL = re.compile(r"[-\u2212]?[0-9]+[.,][0-9]+")
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?e[-+]?[0-9]+", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9]{5,}(?:[.,][0-9]*)?|[0-9]{1,3}(?:[.'\u2019][0-9]{3}){2,}")
_DATE = re.compile(
    r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?:[ T][0-9:.]+)?|[0-9]{1,3}(?::[0-9]{2}){1,2}(?:\.[0-9]+)?"
    r"|(?:[0-9]{1,4}[-/. ]*)?(?:jan|feb|m[aä]r|apr|ma[yi]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zé]*[-/., ]*[0-9, ]*",
    re.IGNORECASE,
)
_TEXT = "export the column as text"
_EXPECTED = "box: expected x1,y1,x2,y2 in whole pixels"


def read_name(text: str) -> str:
    """The name; ValueError when nothing of it can be seen."""
    name = text.strip()
    if not _is_plain(name):
        name = _UNSEEN.sub("", _NAME_ENTITY.sub(lambda entity: html.unescape(entity[0]), name))
        name = " ".join(name.split()).strip(_JOINERS)
        if CONTROL.search(name):
            raise ValueError("name: control characters")
    if not name:
        raise ValueError("name: empty")
    return name


def read_url(text: str) -> str:
    """The URL, without a password; ValueError unless it is http or https with a host and, if any, a valid port."""
    url = text.strip()
    if not _is_plain(url):
        url = _seen(url)
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("url: expected http://... or https://... with a host")
    if not _PLAIN_HOST.fullmatch(match[2]):
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("url: its host or port cannot be read")
        url = match[1] + match[2].rpartition("@")[2] + match[3]
    return url


def read_digest(text: str, digits: int, title: str) -> str | None:
    """A digest in lower case, None for an empty cell; ValueError unless it has so many hexadecimal digits."""
    digest = text.strip().lower()
    if not digest.isalnum():
        digest = "".join(_UNSEEN.sub("", digest).split())
        if not digest:
            return None
    if len(digest) != digits or digest.strip("0123456789abcdef"):
        raise ValueError(f"{title}: expected {digits} hexadecimal digits")
    return digest


def read_box(text: str) -> Box | None:
    """The box, None for an empty cell; ValueError says what is wrong with it, or what a spreadsheet made of it."""
    if not text:
        return None
    try:
        return Box.parse(text)
    except ValueError:
        pass
    bare = " ".join(_UNSEEN.sub("", text).split()).strip(_BRACKETS)
    if not bare:
        return None
    sides = re.split(r"\s*;\s*", bare) if ";" in bare else _BETWEEN.split(bare)
    whole = [_WHOLE.fullmatch(side) for side in sides]
    if len(sides) == 4 and all(whole):
        return Box(*(int(side[1].replace("\u2212", "-")) for side in whole if side))
    raise ValueError(_damage(bare, sides))


def _is_plain(text: str) -> bool:
    """Whether a name or URL is what it looks like, as nearly all are."""
    return text.isascii() and text.isprintable() and "&" not in text


def _damage(box: str, sides: list[str]) -> str:
    """What happened to a box that cannot be read."""
    if _SCIENTIFIC.fullmatch(box) or _NUMBER.fullmatch(box):
        return f"{_EXPECTED}; the box was turned into a number by a spreadsheet; {_TEXT}"
    if _DATE.fullmatch(box):
        return f"{_EXPECTED}; the box was turned into a date or time by a spreadsheet; {_TEXT}"
    if box.startswith("#"):
        return f"{_EXPECTED}; a spreadsheet could not show the box; {_TEXT}"
    if len(sides) == 4 and all(_DECIMAL.fullmatch(side) or _WHOLE.fullmatch(side) for side in sides):
        return f"{_EXPECTED}; the box has fractions of pixels; round them"
    if len(sides) == 8 and all(side.isdecimal() for side in sides):
        return f"{_EXPECTED}; the box has decimal commas; {_TEXT}, or write the pixels without decimals"
    return _EXPECTED


def as_far_as_read(text: str, most: int, *, is_url: bool = False) -> str | None:
    """The name or URL of a row that cannot be read: cut, without what cannot be shown; None if nothing is left."""
    text = CONTROL.sub("?", text[: 4 * most])
    try:
        text = _USER.sub("", _seen(text)) if is_url else read_name(text)
    except ValueError:
        text = ""
    return text.strip(' "')[:most] or None


def _seen(url: str) -> str:
    """A URL as its writer sees it: without unseen characters, line breaks and entities."""
    url = url.strip()
    if not url.isascii():
        url = _UNSEEN.sub("", url).translate({ord(joiner): None for joiner in _JOINERS})
        url = "".join(" " if c.isspace() and c not in "\t\n" else c for c in url).strip()
    if "\n" in url or "\t" in url:
        url = _WRAP.sub("", url)
    while "&" in url and (plain := _URL_ENTITY.sub(lambda entity: html.unescape(entity[0].lower()), url)) != url:
        url = plain
    return url
