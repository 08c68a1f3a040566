"""Which addresses nobody outside may make the farm speak to.

`ipaddress.is_global` alone is not enough: it calls multicast, 6to4 relays, NAT64 and other ways to the same private
hosts global. What is forbidden is what is not global, and all of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Each is called global by some version of Python's list, and leads to, or stands for, something that is not.
ALSO_FORBIDDEN: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "100.64.0.0/10",  # a carrier's own
        "168.63.129.16/32",  # Azure's host, from inside of it
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "::/96",  # IPv4 in IPv6, as it was once written
        "::ffff:0:0/96",  # IPv4 in IPv6; looked into below
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of one's own
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local, as it was once
    )
)


def is_forbidden(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether nothing may be sent to it. What lies in an `allowed` network may be sent to, whatever it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if any(_is_in(seen, network) for network in allowed for seen in (address, mapped) if seen is not None):
        return False
    if mapped is not None:
        return is_forbidden(mapped)
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(_is_in(address, network) for network in ALSO_FORBIDDEN)
    )


def _is_in(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
