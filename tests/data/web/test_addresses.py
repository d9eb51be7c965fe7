"""Only what is surely public is public."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.web.addresses import is_private_literal, is_public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::",
        "fec0::1", "feff::1",  # site-local, given up
        "192.0.0.8", "192.0.0.171", "192.0.0.255", "192.88.99.1", "100.127.255.254", "0.1.2.3", "198.51.100.7",
        "::1.2.3.4", "::8.8.8.8", "64:ff9b:1::808:808", "100::1", "3fff::1", "5f00::1", "4000::1", "fe00::1",
        "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:1ff::1",
        "::ffff:0.0.0.0", "::ffff:100.64.0.1", "::ffff:192.0.0.8", "2002:6440:1::", "2002:c0a8:101::", "ff0e::1",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_form_of_ipv6_makes_a_private_address_public(address: object) -> None:
    if not is_public(str(address)):
        assert not is_public(f"::ffff:{address}")
        assert not is_public(f"64:ff9b::{address}")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("8.8.8.8", False),
        ("example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
        ("localhost.localdomain", True),
        ("ip6-localhost", True),
        ("localhost.example.com", False),
        ("127.1", True),
        ("0", True),
        ("2130706433", True),
        ("0x7f000001", True),
        ("0X7F.1", True),
        ("0177.0.0.1", True),
        ("017700000001", True),
        ("010.0.0.1", True),  # 8.0.0.1 to some programs
        ("012.1.1.1", True),  # 10.1.1.1 to some
        ("127.0.0.1.", True),
        ("%31%32%37.0.0.1", True),
        ("[fec0::1%25eth0]", True),
        ("[::ffff:127.0.0.1]", True),
        ("134744072", False),  # 8.8.8.8
        ("0x08080808", False),
        ("256.1.1.1.1", False),
        ("cafe", False),
        ("999999999999", False),
    ],
)
def test_a_host_that_is_itself_a_private_address(host: str, private: bool) -> None:
    assert is_private_literal(host) is private
