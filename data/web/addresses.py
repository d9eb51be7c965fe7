"""Which network addresses belong to the public internet; by default a download connects to no others.

A list may come from a stranger, and must not make this program send requests into a private network. An address that
is not known to be public counts as private. What `ipaddress` calls global differs between versions of Python, so what
its older versions lack is named here.
"""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all that IPv6 has given to the public internet so far
_SPECIAL = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890: protocols
    IPv4Network("192.88.99.0/24"),  # RFC 7526: relays of 6to4, given up
    IPv6Network("2001::/23"),  # RFC 2928: protocols, Teredo among them
    IPv6Network("3fff::/20"),  # RFC 9637: documentation
)
_OWN_NAMES = ("localhost", "localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback")


def is_public(address: str) -> bool:
    """Whether `address` (as text, without a port) is a public unicast address. ValueError when it is no address."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = _inner(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _UNICAST:
            return False
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_private_literal(host: str) -> bool:
    """Whether a URL's host is a private address or a name of this machine, found without asking a name server.

    An address counts in every spelling that some program reads as one: `127.1`, `2130706433`, `0x7f000001`, `%31.1`.
    """
    host = unquote(host).strip("[]").rstrip(".").lower()
    if host.rpartition(".")[2] in _OWN_NAMES:
        return True
    return not all(is_public(reading) for reading in _readings(host))


def _readings(host: str) -> set[str]:
    """The addresses that `host` may be read as: none if it is a name."""
    try:
        return {str(ip_address(host.partition("%")[0]))}
    except ValueError:
        if not re.fullmatch(r"[0-9a-fx.]+", host):
            return set()
    decimal = ".".join(part.lstrip("0") or "0" for part in host.split("."))  # 010 is 8 to some programs, 10 to others
    found = set()
    for text in (host, decimal):
        try:
            found.add(socket.inet_ntoa(socket.inet_aton(text)))
        except OSError:
            continue
    return found


def _inner(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 address, if any."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
