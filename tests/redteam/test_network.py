"""Attacks on the network: without a door there is only a loopback of one's own."""

from __future__ import annotations

import pytest

from tests.redteam.raid import Raid

pytestmark = pytest.mark.needs("bwrap")
NO_ROUTE = ("ENETUNREACH", "EHOSTUNREACH")


def test_there_is_only_loopback(raid: Raid) -> None:
    raid.refused("find_interfaces", "nothing")
    raid.refused("find_routes", "nothing")


@pytest.mark.parametrize(
    "way",
    [
        "connect_to_the_hosts_loopback",
        "connect_to_the_hosts_loopback_over_six",
        "connect_to_another_loopback_address",
        "connect_to_any_address",
        "connect_over_mapped_six",
        "send_a_datagram_to_the_host",
    ],
)
def test_the_daemons_and_hubs_ports_are_not_reached(raid: Raid, way: str) -> None:
    raid.refused(way, "ECONNREFUSED", "EADDRNOTAVAIL")
    assert raid.bait.caught == []


@pytest.mark.parametrize("way", ["by_number", "over_six"])
def test_no_address_is_reached(raid: Raid, way: str) -> None:
    raid.refused(f"connect_{way}", *NO_ROUTE)


def test_the_clouds_metadata_are_not_reached(raid: Raid) -> None:
    raid.refused("ask_the_clouds_metadata", *NO_ROUTE)


def test_names_can_not_be_looked_up(raid: Raid) -> None:
    """A question to a name server carries data out as well as a connection does."""
    raid.refused("look_up_a_name", *NO_ROUTE)
    raid.refused("ask_the_name_server", *NO_ROUTE, "ECONNREFUSED")


@pytest.mark.parametrize("kind", ["raw", "packet"])
def test_no_socket_below_tcp_and_udp_can_be_opened(raid: Raid, kind: str) -> None:
    raid.refused(f"open_a_{kind}_socket", "EPERM", "EAFNOSUPPORT")


def test_no_interface_can_be_made(raid: Raid) -> None:
    raid.refused("make_an_interface", "EPERM")


def test_abstract_sockets_of_the_host_are_not_reached(raid: Raid) -> None:
    raid.refused("connect_to_an_abstract_socket", "ECONNREFUSED")


def test_socket_files_of_the_host_are_not_there(raid: Raid) -> None:
    raid.refused("connect_to_a_socket_file", "ENOENT")


def test_the_hypervisor_is_not_reached(raid: Raid) -> None:
    """No namespace holds vsock: Windows below WSL, and the host of a virtual machine."""
    raid.refused("reach_the_hypervisor", "EPERM", "EAFNOSUPPORT", "EACCES")


def test_doors_of_other_attempts_are_not_there(raid: Raid) -> None:
    raid.refused("reach_other_doors", "nothing")
