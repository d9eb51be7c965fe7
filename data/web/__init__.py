"""From one URL to its bytes, or the reason why there are none.

client      sends the request, follows redirects, checks the answer
urls        what a list or a redirect says -> what is sent: the same
transport   connections to public addresses only, within the time that a row has
head        the head of an answer, however untidy
status      whether its body is the photo, and why not
body        the bytes of an answer, within a limit
packing     what Content-Encoding did to them, undone
lookup      a name's addresses, within that time
addresses   which network addresses are public
robots      what a host's robots.txt forbids
"""

from data.web.client import Web
from data.web.robots import Robots

__all__ = ["Robots", "Web"]
