"""seccomp: the kernel refuses a worker the system calls by which a program leaves itself.

The filter is a classic BPF program over the number and the arguments of a call: https://docs.kernel.org/userspace-api/seccomp_filter.html.
What is not listed is allowed; what is newer than the list, and other system call tables, are not there (ENOSYS).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from functools import lru_cache

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _GET_SECCOMP, _FILTER = 38, 22, 21, 2  # prctl
_NEWEST = 451  # of the numbers that all architectures share; see the kernel's scripts/syscall.tbl
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH_*, and the column below

# Numbers on x86-64 and on 64-bit ARM, None where there is no such call.
# https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl, .../scripts/syscall.tbl
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # the network, and processes that listen on this machine
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "msgget": (68, 186), "msgsnd": (69, 189), "semget": (64, 190),
    "semop": (65, 193),
    # other processes: making them, becoming them, looking into them, steering them
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    # memory and files that no limit counts and no Landlock rule sees
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # large and seldom used parts of the kernel
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "fanotify_init": (300, 262), "personality": (135, 92), "modify_ldt": (154, None), "lookup_dcookie": (212, 18), "uselib": (134, None),
    # the machine
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "sethostname": (170, 161), "setdomainname": (171, 162),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171), "iopl": (172, None),
    "ioperm": (173, None), "syslog": (103, 116), "vhangup": (153, 58), "nfsservctl": (180, 42),
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143), "setresuid": (117, 147),
    "setresgid": (119, 149), "setgroups": (116, 159), "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91),
}  # fmt: skip
# Answered as if done: Landlock has no right for them, and copying a file within the scratch folder uses them.
PRETENDED: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, None), "fchown": (93, 55), "lchown": (94, None),
    "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}  # fmt: skip
# Allowed only where the first argument is 0 or this process: signals and limits of one's own.
OWN_ONLY: dict[str, tuple[int | None, int | None]] = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
_ZERO_IS_OWN = frozenset({"prlimit64"})
_CLONE: tuple[int | None, int | None] = (56, 220)
_CLONE_THREAD = 0x00010000
_CLONE3 = 435  # its flags lie in memory, where no filter looks; the C library then uses clone

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_LOW, _FIRST_HIGH = 0, 4, 16, 20  # offsets in struct seccomp_data, little-endian


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _answer(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


@lru_cache(maxsize=1)
def _fixed(column: int) -> bytes:
    """The part of the filter that is the same for every worker; the number of the call is loaded."""
    steps = [_step(_AT_LEAST, _NEWEST + 1, 0, 1), _answer(errno.ENOSYS), _step(_EQUAL, _CLONE3, 0, 1), _answer(errno.ENOSYS)]
    for table, number in ((REFUSED, errno.EPERM), (PRETENDED, 0)):
        for numbers in table.values():
            if numbers[column] is not None:
                steps += [_step(_EQUAL, numbers[column] or 0, 0, 1), _answer(number)]
    clone = _CLONE[column] or 0
    steps += [_step(_EQUAL, clone, 0, 3), _step(_LOAD, _FIRST_LOW), _step(_ANY_BIT, _CLONE_THREAD, 1, 0), _answer(errno.EPERM)]
    return b"".join((*steps, _step(_RETURN, _ALLOW)))


def program(machine: str, pid: int) -> bytes:
    """The filter for a process on a machine of this kind."""
    architecture, column = _ARCHITECTURES[machine]
    steps = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER)]
    for name, numbers in OWN_ONLY.items():
        # only the low half counts: the kernel takes a process id as 32 bits
        steps += [_step(_EQUAL, numbers[column] or 0, 0, 5), _step(_LOAD, _FIRST_LOW), _step(_EQUAL, pid, 2, 0)]
        steps += [_step(_EQUAL, 0 if name in _ZERO_IS_OWN else pid, 1, 0), _answer(errno.EPERM), _step(_RETURN, _ALLOW)]
    return b"".join(steps) + _fixed(column)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def available() -> bool:
    """Whether the kernel takes such a filter, and its table of system calls is known here."""
    if not sys.platform.startswith("linux") or platform.machine() not in _ARCHITECTURES or sys.maxsize < 1 << 32:
        return False
    return bool(ctypes.CDLL(None).prctl(_GET_SECCOMP, 0, 0, 0, 0) >= 0)


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


_ANY_PROCESS = 0x7FFFFFFF  # no process has this id: it marks the places of a worker's own


@lru_cache(maxsize=1)
def _template() -> tuple[ctypes.Array[ctypes.c_char], tuple[int, ...], _Program]:
    """The filter with a mark for the process, where these marks are, and what the kernel is given; each process has a copy of its own."""
    steps = program(platform.machine(), _ANY_PROCESS)
    mark = struct.pack("=I", _ANY_PROCESS)
    places = tuple(at + 4 for at in range(0, len(steps), 8) if steps[at + 4 : at + 8] == mark)
    buffer = ctypes.create_string_buffer(steps, len(steps))
    return buffer, places, _Program(len(steps) // 8, ctypes.addressof(buffer))


def prepare() -> None:
    """In the server: make what the filters of all workers share."""
    if available():
        _template()
        _libc().prctl(_GET_SECCOMP, 0, 0, 0, 0)


def restrict() -> None:
    """Put this process, and what it starts, behind the filter for good; OSError where the kernel does not take it."""
    buffer, places, filter_ = _template()
    pid = os.getpid()
    for place in places:
        struct.pack_into("=I", buffer, place, pid)
    libc = _libc()
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(filter_), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
