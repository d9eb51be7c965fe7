"""One URL -> its bytes, or the reason why there are none.

client      asks, follows redirects, judges the answer
transport   connections to public addresses alone, within the time that a row has
body        the bytes of an answer, unpacked, within a limit
addresses   which network addresses are public
robots      what a host's robots.txt forbids
"""

from data.web.client import Web
from data.web.robots import Robots

__all__ = ["Robots", "Web"]
