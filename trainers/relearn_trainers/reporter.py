"""Publishes what a running job does: status.json, metrics.jsonl, log.txt and its checkpoints."""

import json
import os
import threading
import time
from datetime import datetime, timezone

from .s3 import StoreError

STATUS_EVERY = 0.5
LOG_EVERY = 2.0
LARGEST_CHECKPOINT = 4 << 30


def now():
    """This instant in UTC, as every Relearn document writes it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Reporter:
    """A thread of its own, so that a slow store never holds up the trainer's pipe or its deadline."""

    def __init__(self, bucket, prefix, job, progress, log, checkpoints):
        self._bucket, self._prefix, self._job = bucket, prefix, job
        self._progress, self._log, self._checkpoints = progress, log, checkpoints
        self._sent = {}
        self._metrics_sent = self._log_sent = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self):
        self._thread.start()

    def finish(self):
        """Ends the thread and publishes what is left."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(60)
        while self._progress.read():
            pass
        self._send_checkpoints()
        self._send_metrics()
        self._send_log()

    def status(self, state):
        document = {"version": 1, "job": self._job, "state": state, "progress": self._progress.latest, "updatedAt": now()}
        self._bucket.put(self._prefix + "status.json", json.dumps(document).encode(), content_type="application/json")

    def restore(self):
        """Brings back the checkpoints of an earlier attempt; how many files there were."""
        base, count = self._prefix + "checkpoints/", 0
        for key, size in self._bucket.list(base):
            name = key[len(base):]
            if is_checkpoint(name):
                path = os.path.join(self._checkpoints, name)
                self._bucket.download(key, path)
                self._sent[name] = fingerprint(path)
                count += 1
        return count

    def _loop(self):
        log_due = 0.0
        first = True
        while first or not self._end.wait(STATUS_EVERY):
            try:
                if self._progress.read() or first:
                    self.status("running")
                first = False
                if time.monotonic() >= log_due:
                    self._send_log()
                    self._send_metrics()
                    log_due = time.monotonic() + LOG_EVERY
                self._send_checkpoints()
            except (StoreError, OSError):
                # News is worth less than the job; the final report is sent again and does raise.
                first = False

    def _send_log(self):
        if self._log.total != self._log_sent:
            total = self._log.total
            self._bucket.put(self._prefix + "log.txt", self._log.read(), content_type="text/plain; charset=utf-8")
            self._log_sent = total

    def _send_metrics(self):
        history = self._progress.history[:]
        if len(history) != self._metrics_sent:
            self._bucket.put(self._prefix + "metrics.jsonl", ("\n".join(history) + "\n").encode(), content_type="application/x-ndjson")
            self._metrics_sent = len(history)

    def _send_checkpoints(self):
        try:
            present = self._present()
        except OSError:
            # A trainer that clears its folder away has taken its checkpoints back; that is no reason to lose the job.
            present = {}
        for name, mark in present.items():
            if self._sent.get(name) != mark and mark[1] <= LARGEST_CHECKPOINT:
                self._send_checkpoint(name, mark)
        for name in [name for name in self._sent if name not in present]:
            self._bucket.delete(self._prefix + "checkpoints/" + name)
            del self._sent[name]

    def _present(self):
        present = {}
        for name in sorted(os.listdir(self._checkpoints)):
            path = os.path.join(self._checkpoints, name)
            if is_checkpoint(name) and os.path.isfile(path) and not os.path.islink(path):
                present[name] = fingerprint(path)
        return present

    def _send_checkpoint(self, name, mark):
        from .outputs import file_sha256

        path = os.path.join(self._checkpoints, name)
        sha256 = file_sha256(path)
        # A file that changed while it was hashed is sent the next time round.
        if fingerprint(path) == mark:
            self._bucket.upload(self._prefix + "checkpoints/" + name, path, sha256, mark[1])
            self._sent[name] = mark


def is_checkpoint(name):
    return bool(name) and not name.startswith(".") and not name.endswith(".tmp") and "/" not in name


def fingerprint(path):
    info = os.stat(path)
    return (info.st_mtime_ns, info.st_size, info.st_ino)
