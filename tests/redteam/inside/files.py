"""Reaching files that are not ours. Runs in the sandbox."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from pathlib import Path

from probe import BAIT, OPEN, attack, call

AT_FDCWD = -100


def _written(path: str) -> str:
    Path(path).write_text("x")
    return path


def _names(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


@attack
def read_owners_file() -> object:
    return Path(BAIT["secret"]).read_text()


@attack
def list_owners_home() -> object:
    return _names(BAIT["home"])


@attack
def read_real_home() -> object:
    found = [*Path("/root").glob("*"), *Path("/home").glob("*/*")]
    shown = [p for p in found if not any(str(p) in seen for seen in BAIT["shown"])]
    return [str(p) for p in shown if p.is_file()]


@attack
def read_other_attempt() -> object:
    return Path(BAIT["other"]).read_text()


@attack
def list_attempts() -> object:
    return sorted(set(_names(BAIT["attempts"])) - {BAIT["own"]})


@attack
def read_own_order() -> object:
    return (Path(BAIT["attempts"]) / BAIT["own"] / "order.json").read_text()


@attack
def write_own_outcome() -> object:
    """Of a file system that ends with the sandbox: what matters is whether the host sees it."""
    return _written(f"{BAIT['attempts']}/{BAIT['own']}/outcome.json")


@attack
def read_database() -> object:
    return Path(BAIT["database"]).read_bytes()


@attack
def read_mirror_config() -> object:
    return (Path(BAIT["mirror"]) / "config").read_text()


@attack
def list_mirror_refs() -> object:
    return _names(f"{BAIT['mirror']}/refs")


@attack
def add_object_to_mirror() -> object:
    return _written(f"{BAIT['mirror']}/objects/x")


@attack
def change_object_of_mirror() -> object:
    path = _an_object()
    Path(path).chmod(0o666)
    return _written(path)


@attack
def delete_object_of_mirror() -> object:
    Path(_an_object()).unlink()
    return "deleted"


@attack
def hard_link_object_of_mirror() -> object:
    os.link(_an_object(), "linked")
    return "linked"


def _an_object() -> str:
    return next(str(p) for p in (Path(BAIT["mirror"]) / "objects").rglob("*") if p.is_file())


@attack
def read_shadow() -> object:
    return Path("/etc/shadow").read_text()


@attack
def read_host_keys() -> object:
    return _names("/etc/ssh")


@attack
def write_programs() -> object:
    for folder in ("/usr/bin", "/bin", "/usr/lib", *os.environ["PATH"].split(":")):
        try:
            return _written(f"{folder}/planted")
        except OSError as error:
            # Not there at all is as good as read-only.
            if error.errno not in (errno.EROFS, errno.ENOENT):
                raise
    raise OSError(errno.EROFS, "all of them")


@attack
def write_etc() -> object:
    return _written("/etc/planted")


@attack
def write_root() -> object:
    return _written("/planted")


@attack
def read_host_tmp() -> object:
    return Path(BAIT["in_tmp"]).read_text()


@attack
def read_host_shared_memory() -> object:
    return Path(BAIT["in_shm"]).read_text()


@attack
def open_sockets_of_the_system() -> object:
    names = ("docker.sock", "podman", "dbus", "user", "systemd", "containerd", "snapd.socket")
    return [n for n in names for where in ("/run", "/var/run") if (Path(where) / n).exists()]


@attack
def open_disk_or_memory() -> object:
    names = ("mem", "kmem", "port", "kmsg", "vda", "sda", "nvme0n1", "fuse", "kvm", "loop-control")
    return [name for name in names if (Path("/dev") / name).exists()]


@attack
def make_a_device() -> object:
    os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
    return os.open("disk", os.O_RDONLY)


@attack
def climb_by_proc_root() -> object:
    ways = ("/proc/1/root", "/proc/self/root", "/proc/1/cwd/../../../../../..", "/proc/self/cwd")
    for way in ways:
        if Path(way + BAIT["secret"]).exists():
            return way
    raise FileNotFoundError(errno.ENOENT, "by none of the ways")


@attack
def climb_by_open_files() -> object:
    """A folder left open leads out of any file system."""
    found = [target for number, target in OPEN.items() if number > 2]
    return [target for target in found if Path(target).is_dir()]


@attack
def write_to_standard_input() -> object:
    """It may be a file of the host's, outside of every limit."""
    try:
        handle = os.open("/proc/self/fd/0", os.O_WRONLY)
        device = stat.S_ISCHR(os.fstat(handle).st_mode)
        return "" if device else os.write(handle, b"x" * 4096)
    except PermissionError:
        return ""


@attack
def open_by_handle() -> object:
    handle = ctypes.create_string_buffer(128)
    ctypes.c_uint.from_buffer(handle).value = 8
    # Inode 2 is the root of most file systems.
    ctypes.c_int.from_buffer(handle, 4).value = 1
    ctypes.c_uint.from_buffer(handle, 8).value = 2
    return call("open_by_handle_at", os.open(".", os.O_RDONLY), handle, os.O_RDONLY)


@attack
def remount_writable() -> object:
    return call("mount", b"none", b"/usr", b"", 32 | 4096, b"") == 0


@attack
def mount_a_file_system() -> object:
    return call("mount", b"proc", os.fsencode(Path.cwd()), b"proc", 0, b"") == 0


@attack
def clone_a_mount() -> object:
    return call("open_tree", AT_FDCWD, b"/", 1)


@attack
def change_root() -> object:
    os.chroot(".")
    return "changed"


@attack
def pivot_root() -> object:
    return call("pivot_root", b".", b".") == 0


@attack
def new_user_namespace() -> object:
    """In one of its own it would have every capability."""
    return call("unshare", 0x10000000) == 0


@attack
def new_mount_namespace() -> object:
    return call("unshare", 0x00020000) == 0


@attack
def enter_the_hosts_namespaces() -> object:
    return call("setns", os.open("/proc/1/ns/mnt", os.O_RDONLY), 0) == 0


@attack
def change_the_kernels_settings() -> object:
    """Root may write most of them without any capability. Opened only: they are the host's."""
    found: list[str] = []
    for top, folders, names in os.walk("/proc"):
        if top == "/proc":
            folders[:] = [name for name in folders if not name.isdigit()]
            folders[:] = [name for name in folders if name not in ("self", "thread-self")]
        for name in names:
            path = f"{top}/{name}"
            if not Path(path).is_symlink() and os.access(path, os.W_OK) and _opens(path):
                found.append(path)
    return found


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


@attack
def ask_for_a_restart() -> object:
    os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))
    return "opened"


@attack
def read_the_kernels_memory() -> object:
    with Path("/proc/kcore").open("rb") as file:
        return file.read(16)


@attack
def find_control_groups() -> object:
    """Whoever may write there could lift their own limits."""
    return [str(p) for p in (Path("/sys/fs/cgroup"), Path("/sys/kernel")) if p.exists()]
