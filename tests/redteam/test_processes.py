"""Attacks on other processes, on the kernel and on the terminal."""

from __future__ import annotations

import pytest

from tests.redteam.raid import Raid

pytestmark = pytest.mark.needs("bwrap")


def test_other_processes_are_not_seen(raid: Raid) -> None:
    raid.refused("see_other_processes", "nothing")


def test_other_processes_can_not_be_ended(raid: Raid) -> None:
    raid.refused("kill_a_process_of_the_host", "ESRCH", "nothing")
    raid.refused("kill_everything", "nothing")
    raid.refused("slow_down_the_owners_processes", "nothing")


def test_other_processes_can_not_be_traced(raid: Raid) -> None:
    raid.refused("trace_a_process_of_the_host", "ESRCH", "EPERM")
    raid.refused("read_memory_of_the_first_process", "EIO", "EPERM", "EACCES")


def test_environments_and_command_lines_hold_no_secret(raid: Raid) -> None:
    for name in ("read_environment_of_others", "read_own_environment", "read_command_lines"):
        raid.refused(name, "nothing")


def test_no_file_is_inherited_but_the_three(raid: Raid) -> None:
    raid.refused("use_inherited_files", "nothing")


def test_nothing_is_typed_into_the_owners_terminal(raid: Raid) -> None:
    raid.refused("push_into_the_terminal", "ENXIO", "ENOENT")
    raid.refused("push_into_an_inherited_terminal", "ENOTTY")


def test_shared_memory_of_the_host_is_not_reached(raid: Raid) -> None:
    raid.refused("take_shared_memory", "ENOENT")


@pytest.mark.parametrize("whose", ["owners", "users"])
def test_keys_in_the_kernel_are_not_read(raid: Raid, whose: str) -> None:
    """A session's keyring is handed down past every namespace."""
    if not raid.bait.told.get("keyring"):
        pytest.skip("needs keyrings in the kernel, which this host lacks")
    raid.refused(f"read_the_{whose}_keyring", "ENOKEY", "EPERM", "ENOSYS")


def test_there_are_no_capabilities(raid: Raid) -> None:
    raid.refused("have_capabilities", "nothing")


def test_setuid_programs_give_nothing(raid: Raid) -> None:
    raid.refused("gain_privileges_by_programs", "nothing")


def test_a_crash_leaves_no_core_file(raid: Raid) -> None:
    raid.refused("write_core_files", "nothing")


@pytest.mark.parametrize(
    "act", ["watch_the_kernel", "read_the_kernels_log", "load_a_kernel_program"]
)
def test_the_kernel_is_not_looked_into(raid: Raid, act: str) -> None:
    raid.refused(act, "EPERM", "EACCES", "ENOSYS")


@pytest.mark.parametrize("act", ["load_a_kernel_module", "turn_the_clock", "rename_the_host"])
def test_the_machine_is_not_changed(raid: Raid, act: str) -> None:
    raid.refused(act, "EPERM", "ENOSYS")
