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
import subprocess
import sys
import time

ROOT = "/sys/kernel/rust_kobject"
SKIP = 4
ROUNDS = 20


def load():
    command = ["insmod", sys.argv[1]] if len(sys.argv) > 1 else ["modprobe", "rust_kobject"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def unload():
    subprocess.run(["rmmod", "rust_kobject"], check=True)


def read(name):
    with open(f"{ROOT}/{name}", encoding="ascii") as file:
        return file.read()


def write(name, text):
    with open(f"{ROOT}/{name}", "w", encoding="ascii") as file:
        file.write(text)


def refused(name, text):
    """Returns the error number that a write fails with."""
    try:
        write(name, text)
    except OSError as error:
        return error.errno
    return 0


def test_values():
    assert read("length") == "0\n" and read("width") == "2\n"
    write("length", "-7\n")
    assert read("length") == "-7\n"
    assert refused("length", "x") == errno.EINVAL
    assert refused("length", "2147483648") == errno.ERANGE
    assert read("length") == "-7\n"
    assert read("fixed/length") == "42\n"


def test_modes():
    for name, mode in ("length", 0o644), ("trigger", 0o200), ("nr_objects", 0o644):
        assert stat.S_IMODE(os.stat(f"{ROOT}/{name}").st_mode) == mode, name


def test_numbered_directories():
    write("nr_objects", "3")
    numbers = [name for name in os.listdir(ROOT) if name.isdigit()]
    assert sorted(numbers) == ["0", "1", "2"]
    # They start with what is in the files above them.
    assert read("2/length") == "-7\n"
    assert refused("nr_objects", "1001") == errno.EINVAL
    write("nr_objects", "0")
    assert not os.path.exists(f"{ROOT}/0")


def test_poll():
    with open(f"{ROOT}/events", "rb", buffering=0) as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)

        for happen in (lambda: write("trigger", "1"), lambda: write("events", "9")):
            os.lseek(events.fileno(), 0, os.SEEK_SET)
            events.read()
            assert not poll.poll(0)
            happen()
            assert poll.poll(10_000)
    assert read("events") == "9\n"


def test_stale_file():
    """A file that is open over an unload gives ENODEV from then on."""
    with open(f"{ROOT}/length", "rb", buffering=0) as file:
        unload()
        try:
            file.read()
            raise AssertionError("the file was read")
        except OSError as error:
            assert error.errno == errno.ENODEV
    assert not os.path.exists(ROOT)
    assert load()


def use(stop, used):
    """Makes directories, and reads and writes, until told to stop."""
    gone = (errno.ENOENT, errno.ENODEV, errno.EBUSY)
    nr = 0
    while not stop.is_set():
        nr = (nr + 1) % 5
        for name, text in ("nr_objects", str(nr)), ("0/length", "1"), ("trigger", "1"), ("1/height", None):
            try:
                if text is None:
                    read(name)
                else:
                    write(name, text)
                used.value += 1
            except OSError as error:
                assert error.errno in gone, error


def test_unloading_in_use():
    stop = multiprocessing.Event()
    counts = [multiprocessing.Value("Q", 0) for _ in range(4)]
    users = [multiprocessing.Process(target=use, args=(stop, used)) for used in counts]
    for user in users:
        user.start()
    for _ in range(ROUNDS):
        before = [used.value for used in counts]
        while any(used.value == was for used, was in zip(counts, before)):
            assert all(user.is_alive() for user in users)
            time.sleep(0.001)
        unload()
        assert load()
    stop.set()
    for user in users:
        user.join()
        assert user.exitcode == 0


TESTS = [
    test_values,
    test_modes,
    test_numbered_directories,
    test_poll,
    test_stale_file,
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
            test()
            print(f"ok {number} {test.__name__}")
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            failed = True
            print(f"not ok {number} {test.__name__} # {error!r}")
    unload()
    sys.exit(failed)


main()
