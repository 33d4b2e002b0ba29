"""The wrapper that every launcher starts: `python -m relearn_trainers.job`.

It reads the job named by RELEARN_JOB from S3, runs the trainer's command on local files, and writes result.json last of all.
Exit codes: 0 the job has a result that succeeded, 1 it failed, 75 it should be started again, 143 it was told to stop.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
import threading

from .s3 import Bucket, StoreError, bucket_and_key
from .supervise import guard_this_process, process_start
from .wrapper import RETRYABLE, STOPPED, Wrapper


def main(env):
    guard_this_process()
    stop = Stop()
    home = env.get("RELEARN_JOB_HOME") or None
    lock = take(home) if home else None
    if home and lock is None:
        return 0
    name, key = bucket_and_key(env.get("RELEARN_JOB", ""))
    bucket, prefix = Bucket.from_env(name, env), key.rpartition("/")[0] + "/"
    if bucket.exists(prefix + "result.json"):
        return 0
    body = bucket.get(key)
    if body is None:
        raise StoreError("there is no %s" % env["RELEARN_JOB"])
    scratch = fresh_scratch(home, env)
    try:
        return Wrapper(bucket, prefix, json.loads(body), scratch, env, stop).run()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Stop:
    """SIGTERM: the trainer gets its grace; before there is a trainer, the process just ends."""

    def __init__(self):
        self.event = threading.Event()
        self.gentle = False
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, self._told)

    def _told(self, *_):
        self.event.set()
        if not self.gentle:
            os._exit(STOPPED)


def take(home):
    """Makes this the one wrapper of its job on this machine, and says so in process.json. None when another one lives.

    The kernel drops the lock with its process, so a dead wrapper never blocks and a recycled process id never matters.
    """
    os.makedirs(home, exist_ok=True)
    lock = os.open(os.path.join(home, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    path = os.path.join(home, "process.json")
    record = {"pid": os.getpid(), "start": process_start(os.getpid()), "attempt": last_attempt(path) + 1}
    with open(path + ".tmp", "w") as file:
        json.dump(record, file)
    os.replace(path + ".tmp", path)
    return lock


def last_attempt(path):
    try:
        with open(path) as file:
            return int(json.load(file)["attempt"])
    except (OSError, ValueError, KeyError):
        return 0


def fresh_scratch(home, env):
    """An empty folder for this attempt; what a killed attempt left is removed."""
    if not home:
        return tempfile.mkdtemp(prefix="relearn-job-", dir=env.get("RELEARN_SCRATCH") or None)
    scratch = os.path.join(home, "scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch, mode=0o700)
    return scratch


def run():
    try:
        return main(dict(os.environ))
    except StoreError as error:
        print("relearn job: %s" % error, file=sys.stderr)
        return RETRYABLE if error.retryable else 1


if __name__ == "__main__":
    sys.exit(run())
