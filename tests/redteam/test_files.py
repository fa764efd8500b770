"""Attacks on files that are not the attacker's, from each place where foreign code runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.redteam.raid import Raid

pytestmark = pytest.mark.needs("bwrap")
GONE = "ENOENT"


def test_all_four_places_were_attacked_and_the_work_was_done(raid: Raid) -> None:
    """Else nothing of the rest shows anything."""
    counts = {place: len(said) for place, said in raid.said.items()}
    assert len(counts) == 4 and min(counts.values()) == max(counts.values()) > 60, counts
    broken = [text for said in raid.said.values() for text in said.values() if "BROKEN" in text]
    assert not broken and raid.outcome.code is None, (broken, raid.outcome.detail)


def test_nobody_inside_reads_the_owners_files(raid: Raid) -> None:
    raid.refused("read_owners_file", GONE)
    raid.refused("list_owners_home", GONE)
    raid.refused("read_real_home", "nothing")


def test_nobody_inside_reads_other_attempts(raid: Raid) -> None:
    raid.refused("read_other_attempt", GONE)
    raid.refused("list_attempts", "nothing")


def test_nobody_inside_reads_the_database(raid: Raid) -> None:
    raid.refused("read_database", GONE)


def test_nobody_inside_reads_the_order(raid: Raid) -> None:
    raid.refused("read_own_order", GONE)


def test_nobody_inside_writes_our_outcome(raid: Raid) -> None:
    """What it wrote at that place ended with its own temporary file system."""
    assert set(raid.said["agent"]) >= {"write_own_outcome"}
    assert (raid.attempt.path / "outcome.json").read_text().startswith("{")


def test_of_the_mirror_only_objects_can_be_read(raid: Raid) -> None:
    raid.refused("read_mirror_config", GONE)
    raid.refused("list_mirror_refs", GONE)


@pytest.mark.parametrize("act", ["add_object_to", "change_object_of", "delete_object_of"])
def test_objects_of_the_mirror_can_not_be_touched(raid: Raid, act: str) -> None:
    raid.refused(f"{act}_mirror", "EROFS")


def test_objects_of_the_mirror_can_not_be_linked_into_a_writable_place(raid: Raid) -> None:
    raid.refused("hard_link_object_of_mirror", "EXDEV")


def test_the_systems_secrets_are_not_there(raid: Raid) -> None:
    raid.refused("read_shadow", GONE)
    raid.refused("read_host_keys", GONE)


def test_programs_can_not_be_replaced(raid: Raid) -> None:
    raid.refused("write_programs", "EROFS")


@pytest.mark.parametrize("place", ["etc", "root"])
def test_the_system_can_not_be_written(raid: Raid, place: str) -> None:
    raid.refused(f"write_{place}", "EROFS")


def test_the_hosts_temporary_files_are_not_there(raid: Raid) -> None:
    raid.refused("read_host_tmp", GONE)
    raid.refused("read_host_shared_memory", GONE)


def test_sockets_of_docker_and_the_desktop_are_not_there(raid: Raid) -> None:
    raid.refused("open_sockets_of_the_system", "nothing")


def test_disks_and_memory_are_no_devices_in_there(raid: Raid) -> None:
    raid.refused("open_disk_or_memory", "nothing")
    raid.refused("make_a_device", "EPERM")


def test_proc_leads_nowhere(raid: Raid) -> None:
    raid.refused("climb_by_proc_root", GONE)


def test_a_folder_that_the_daemon_left_open_is_not_handed_down(raid: Raid) -> None:
    raid.refused("climb_by_open_files", "nothing")


def test_standard_input_is_no_way_to_the_hosts_disk(raid: Raid) -> None:
    """A file on the host's disk would have no limit."""
    raid.refused("write_to_standard_input", "EPERM", "nothing")


def test_a_file_can_not_be_opened_by_its_handle(raid: Raid) -> None:
    raid.refused("open_by_handle", "EPERM")


@pytest.mark.parametrize(
    "act",
    ["remount_writable", "mount_a_file_system", "clone_a_mount", "change_root", "pivot_root"],
)
def test_mounts_can_not_be_changed(raid: Raid, act: str) -> None:
    raid.refused(act, "EPERM")


def test_there_is_no_further_namespace(raid: Raid) -> None:
    """In a user namespace of its own it would have every capability."""
    raid.refused("new_user_namespace", "ENOSPC", "EPERM")
    raid.refused("new_mount_namespace", "EPERM")
    raid.refused("enter_the_hosts_namespaces", "EPERM")


def test_the_kernels_settings_are_read_only(raid: Raid) -> None:
    """`core_pattern` alone would run a program on the host; root may write it without any
    capability."""
    raid.refused("change_the_kernels_settings", "nothing")
    raid.refused("ask_for_a_restart", "EROFS", "EACCES", GONE)


def test_the_kernels_memory_can_not_be_read(raid: Raid) -> None:
    raid.refused("read_the_kernels_memory", GONE, "EPERM", "EACCES")


def test_control_groups_are_out_of_reach(raid: Raid) -> None:
    raid.refused("find_control_groups", "nothing")


def test_nothing_that_was_planted_left_the_sandbox(raid: Raid) -> None:
    """The owner's words stand in no file of the attempt, whatever was tried."""
    word = raid.bait.word.encode()
    files = [p for p in raid.attempt.path.rglob("*") if p.is_file() and not p.is_symlink()]
    assert len(files) > 50
    assert [p for p in files if word in p.read_bytes()] == []
    assert not [p for p in Path("/etc").glob("planted")]
