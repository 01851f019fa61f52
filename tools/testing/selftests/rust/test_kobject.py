#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Tests the sample rust_kobject: loads the module, uses its files from several
processes, and unloads it while they do. The module may be given as a file.
"""

import errno
import multiprocessing
import os
import select
import stat
import struct
import subprocess
import sys
import time

TREE = "/sys/kernel/rust_kobject"
GROUP = "/sys/kernel/rust_kobject_group"
SKIP = 4
ROUNDS = 20
TIMEOUT = 60


def load():
    command = ["insmod", sys.argv[1]] if len(sys.argv) > 1 else ["modprobe", "rust_kobject"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def unload():
    """Waits for files that use the module while they remove their directory."""
    end = time.monotonic() + TIMEOUT
    while os.path.exists("/sys/module/rust_kobject"):
        result = subprocess.run(["rmmod", "rust_kobject"], capture_output=True, check=False)
        assert result.returncode == 0 or time.monotonic() < end, result.stderr


def read(name, tree=TREE):
    with open(f"{tree}/{name}", encoding="ascii") as file:
        return file.read()


def write(name, text, tree=TREE):
    file = os.open(f"{tree}/{name}", os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def refused(name, text, tree=TREE):
    """Returns the error number that a write fails with."""
    try:
        write(name, text, tree)
    except OSError as error:
        return error.errno
    return 0


def stale(file):
    """Whether an open file says that it is not there any more."""
    try:
        os.pread(file.fileno(), 100, 0)
    except OSError as error:
        return error.errno == errno.ENODEV
    return False


def test_values():
    assert read("length") == "0\n" and read("width") == "2\n"
    write("length", "-7\n")
    assert read("length") == "-7\n"
    assert refused("length", "x") == errno.EINVAL
    assert refused("length", "2147483648") == errno.ERANGE
    assert read("length") == "-7\n"
    assert read("first/length") == "42\n"


def test_modes():
    for name, mode in ("length", 0o664), ("trigger", 0o200), ("nr_objects", 0o644):
        assert stat.S_IMODE(os.stat(f"{TREE}/{name}").st_mode) == mode, name


def test_numbered_directories():
    write("length", "-7")
    write("nr_objects", "3")
    numbers = [name for name in os.listdir(TREE) if name.isdigit()]
    assert sorted(numbers) == ["0", "1", "2"]
    # They start with what is in the files above them.
    assert read("2/length") == "-7\n"
    assert refused("nr_objects", "1001") == errno.EINVAL
    assert read("nr_objects") == "3\n"
    write("nr_objects", "0")
    assert not os.path.exists(f"{TREE}/0")


def test_group():
    assert read("volume", GROUP) == "50\n"
    write("volume", "77", GROUP)
    assert read("volume", GROUP) == "77\n"
    assert refused("volume", "101", GROUP) == errno.ERANGE
    with open(f"{GROUP}/raw", "rb", buffering=0) as raw:
        assert raw.read() == struct.pack("=I", 77)
        assert os.pread(raw.fileno(), 100, 1) == struct.pack("=I", 77)[1:]
        assert os.fstat(raw.fileno()).st_size == 4


def test_poll():
    with open(f"{TREE}/events", "rb", buffering=0) as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)

        for happen in (lambda: write("trigger", "1"), lambda: write("events", "9")):
            os.lseek(events.fileno(), 0, os.SEEK_SET)
            events.read()
            assert not poll.poll(0)
            happen()
            assert poll.poll(10_000)
    assert read("events") == "9\n"


def test_retiring():
    """A file removes its own directory."""
    write("nr_objects", "2")
    with open(f"{TREE}/1/length", "rb", buffering=0) as file:
        write("1/retire", "1")
        assert stale(file)
    assert not os.path.exists(f"{TREE}/1") and os.path.exists(f"{TREE}/0")
    write("first/retire", "1")
    assert not os.path.exists(f"{TREE}/first")
    write("nr_objects", "2")
    assert os.path.exists(f"{TREE}/1/length")


def test_stale_files():
    """Files that are open over an unload give ENODEV from then on."""
    with open(f"{TREE}/length", "rb", buffering=0) as file, \
            open(f"{GROUP}/volume", "rb", buffering=0) as volume, \
            open(f"{GROUP}/raw", "rb", buffering=0) as raw:
        unload()
        assert stale(file) and stale(volume) and stale(raw)
        assert not os.path.exists(TREE) and not os.path.exists(GROUP)
        assert load()
        assert stale(file) and stale(volume) and stale(raw)
    assert read("length") == "0\n"


def use(stop, used):
    """Makes directories, reads, writes and removes, until told to stop."""
    gone = (errno.ENOENT, errno.ENODEV, errno.EBUSY)
    nr = 0
    while not stop.is_set():
        nr = (nr + 1) % 5
        for name, text, tree in (
            ("nr_objects", str(nr), TREE),
            ("0/length", "1", TREE),
            ("trigger", "1", TREE),
            ("1/height", None, TREE),
            ("0/retire", "1", TREE),
            ("volume", "3", GROUP),
            ("raw", None, GROUP),
        ):
            try:
                if text is None:
                    read(name, tree)
                else:
                    write(name, text, tree)
                used.value += 1
            except OSError as error:
                assert error.errno in gone, (name, error)


def test_unloading_in_use():
    stop = multiprocessing.Event()
    counts = [multiprocessing.Value("Q", 0) for _ in range(4)]
    users = [multiprocessing.Process(target=use, args=(stop, used)) for used in counts]
    try:
        for user in users:
            user.start()
        for _ in range(ROUNDS):
            before = [used.value for used in counts]
            end = time.monotonic() + TIMEOUT
            while any(used.value == was for used, was in zip(counts, before)):
                assert all(user.is_alive() for user in users), "a user has ended"
                assert time.monotonic() < end, "a user hangs"
                time.sleep(0.001)
            unload()
            assert load(), "the module cannot be loaded again"
    finally:
        stop.set()
        for user in users:
            if user.pid is not None:
                user.join(TIMEOUT)
                user.kill()
                user.join()
    assert all(user.exitcode == 0 for user in users)


TESTS = [
    test_values,
    test_modes,
    test_numbered_directories,
    test_group,
    test_poll,
    test_retiring,
    test_stale_files,
    test_unloading_in_use,
]


def main():
    print("TAP version 13")
    if not load():
        print("1..0 # SKIP there is no module rust_kobject")
        sys.exit(SKIP)
    print(f"1..{len(TESTS)}")
    failed = False
    for number, test in enumerate(TESTS, 1):
        try:
            # A test that has failed may have left it unloaded.
            assert os.path.exists(TREE) or load()
            test()
            print(f"ok {number} {test.__name__}", flush=True)
        except (AssertionError, OSError) as error:
            failed = True
            print(f"not ok {number} {test.__name__} # {error!r}", flush=True)
    unload()
    sys.exit(failed)


main()
