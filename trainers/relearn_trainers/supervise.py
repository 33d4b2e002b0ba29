"""Runs one command to its end and leaves nothing of it behind: deadline, SIGTERM, grace, SIGKILL, orphans."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform.startswith("linux")


# How a command ended: `code` is negative for a signal; `why` is None, "timeout" or "stopped".
Ended = namedtuple("Ended", ["code", "why"])


def prctl(option, value):
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def guard_this_process():
    """Orphans of the trainer become our children, and nobody of our user reads our environment or memory."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_DUMPABLE, 0)


class Command:
    """A trainer's process, in a session of its own."""

    def __init__(self, argv, cwd, env, log, largest_file):
        libc = ctypes.CDLL(None) if LINUX else None

        def before_exec():
            # With the wrapper gone nobody would enforce the deadline, so the trainer goes too.
            if libc:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            resource.setrlimit(resource.RLIMIT_FSIZE, lower(resource.RLIMIT_FSIZE, largest_file))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        self.started = time.monotonic()
        self._process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=before_exec, bufsize=0,
        )
        self._pump = threading.Thread(target=pump, args=(self._process.stdout, log), daemon=True)
        self._pump.start()

    def run(self, timeout, grace, stopped):
        """Waits for the end. `stopped` is an Event: once set, the command gets SIGTERM and `grace` seconds."""
        why = None
        while self._process.poll() is None:
            elapsed = time.monotonic() - self.started
            if elapsed >= timeout or stopped.is_set():
                why = "stopped" if stopped.is_set() else "timeout"
                self._terminate(grace)
                break
            self._wait(min(0.25, timeout - elapsed))
        self._process.wait()
        end_descendants(self._process.pid)
        # What a grandchild holds open would keep the pipe from ending; it is dead now.
        self._pump.join(5)
        return Ended(self._process.returncode, why)

    def _wait(self, seconds):
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def _terminate(self, grace):
        signal_group(self._process.pid, signal.SIGTERM)
        self._wait(grace)
        signal_group(self._process.pid, signal.SIGKILL)


def pump(stream, log):
    while chunk := stream.read(1 << 16):
        log.write(chunk)


def lower(limit, value):
    """The soft limit no higher than what already holds, beside the hard limit as it is."""
    held = resource.getrlimit(limit)
    return min([value, *(bound for bound in held if bound != resource.RLIM_INFINITY)]), held[1]


def signal_group(group, number):
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_descendants(group):
    """Kills the command's group and, on Linux, every process that descends from this one, until none is left."""
    signal_group(group, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        reap()
        time.sleep(0.005)
    reap()


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def descendants(root):
    """Every process below `root` by parent, zombies left out; empty where there is no /proc."""
    if not LINUX:
        return []
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := parent_and_state(name)) and found[1] != "Z":
            children.setdefault(found[0], []).append(int(name))
    below, queue = [], [root]
    while queue:
        more = children.get(queue.pop(), [])
        below += more
        queue += more
    return below


def process_start(pid):
    """When a process began, as text that no later process with the same id can share; the launcher reads it the same way."""
    if LINUX:
        with open("/proc/sys/kernel/random/boot_id") as boot, open("/proc/%d/stat" % pid, "rb") as file:
            return "%s/%s" % (boot.read().strip(), file.read().rpartition(b")")[2].split()[19].decode())
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, env={"LC_ALL": "C", "PATH": os.defpath})
    return " ".join(shown.stdout.split())


def parent_and_state(pid):
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            # The command's name is in brackets and may hold anything, so what follows the last bracket counts.
            state, parent = file.read().rpartition(b")")[2].split()[:2]
            return int(parent), state.decode()
    except (OSError, ValueError):
        return None
