"""One attempt at one job: inputs in, the trainer's command, outputs and the result out."""

import errno
import json
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from .capped_log import CappedLog
from .outputs import OutputError, collect, read_environment, read_metrics
from .progress import ProgressFile
from .reporter import Reporter, now
from .s3 import StoreError
from .supervise import Command

RETRYABLE = 75
STOPPED = 143
TRIES = 2
LARGEST_OUTPUT = 4 << 30
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
NO_ROOM = tuple(os.strerror(number) for number in FULL)
# A program that does not ask is killed for writing too much; a shell tells of it by its exit code.
OVERSIZED = (-signal.SIGXFSZ, 128 + signal.SIGXFSZ)


class Failed(Exception):
    """The job has ended without a model. The message says why, for a person."""

    def __init__(self, reason, code=None, retryable=False):
        super().__init__(reason)
        self.code = code
        self.retryable = retryable


class Stopped(Exception):
    """The job was told to stop: it leaves its checkpoint and no result, so it can be started again."""


class Wrapper:
    """One attempt at one job."""

    def __init__(self, bucket, prefix, spec, scratch, env, stop):
        self.bucket, self.prefix, self.spec, self.scratch, self.env, self.stop = bucket, prefix, spec, scratch, env, stop
        self.began = time.time()
        self.started_at = now()
        self.log = CappedLog()
        self.folders = {name: os.path.join(scratch, name) for name in ("input", "output", "checkpoints", "work")}
        for folder in self.folders.values():
            os.makedirs(folder, exist_ok=True)
        self.progress_path = os.path.join(scratch, "progress.jsonl")
        self.reporter = Reporter(bucket, prefix, spec["id"], ProgressFile(self.progress_path), self.log, self.folders["checkpoints"])

    def run(self):
        try:
            return self._succeed(self._train())
        except Stopped:
            self.reporter.finish()
            self.reporter.status("lost")
            return STOPPED
        except (Failed, OutputError, OSError) as error:
            return self._fail(explain(error, self.scratch))
        except StoreError as error:
            if error.retryable:
                raise
            return self._fail(Failed(str(error)))

    def _train(self):
        self._prepare()
        self.reporter.start()
        self.stop.gentle = True
        for left in range(TRIES - 1, -1, -1):
            ended = self._command()
            if ended.why == "stopped" or self.stop.event.is_set() and ended.code != 0:
                raise Stopped()
            if ended.code == RETRYABLE and left and ended.why is None:
                self.log.write(b"\n[relearn] the trainer asked to be tried again (exit code 75); %d tries left\n" % left)
                self.stop.event.wait(0.5 * 2 ** (TRIES - 1 - left))
                continue
            if ended.code != 0 or ended.why:
                raise self._failure(ended)
            return collect(self.folders["output"], self._largest(), self.began, self._has_sample())

    def _prepare(self):
        needed = sum(item["blob"]["bytes"] for item in self.spec["inputs"])
        free = shutil.disk_usage(self.scratch).free
        if needed > free:
            raise Failed("the inputs need %d bytes but %s has %d free; make room and start the job again" % (needed, self.scratch, free), retryable=True)
        for folder in {os.path.dirname(item["path"]) for item in self.spec["inputs"]}:
            os.makedirs(os.path.join(self.folders["input"], folder), exist_ok=True)
        with ThreadPoolExecutor(8) as pool:
            restored = pool.submit(self.reporter.restore)
            list(pool.map(self._fetch, self.spec["inputs"]))
            restored.result()
        self._write("params.json", self.spec["params"])
        self._write("manifest.json", manifest(self.spec, self.folders["input"]))

    def _fetch(self, item):
        sha256 = item["blob"]["sha256"]
        self.bucket.download(blob_key(sha256), os.path.join(self.folders["input"], item["path"]), sha256)

    def _write(self, name, value):
        with open(os.path.join(self.scratch, name), "w") as file:
            json.dump(value, file)

    def _command(self):
        shutil.rmtree(self.folders["output"], ignore_errors=True)
        os.makedirs(self.folders["output"])
        workdir = self.spec["workdir"] or self.folders["work"]
        if not os.path.isdir(workdir):
            raise Failed("the trainer's workdir %s is no folder on this machine" % workdir)
        try:
            command = Command(self.spec["command"], workdir, self._environment(), self.log, self._largest())
        except (OSError, ValueError) as error:
            raise Failed("cannot start %r in %s: %s" % (self.spec["command"][0], workdir, error)) from error
        return command.run(self.spec["timeoutSeconds"], float(self.env.get("RELEARN_GRACE_SECONDS") or 10), self.stop.event)

    def _environment(self):
        """The wrapper's own environment without credentials, and the contract's variables."""
        kept = {name: value for name, value in self.env.items() if not name.startswith(("AWS_", "RELEARN_", "TEMPORAL_"))}
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        kept["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH") or os.defpath])
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH")]))
        kept.setdefault("PYTHONUNBUFFERED", "1")
        kept.setdefault("PYTHONHASHSEED", str(self.spec["seed"] % (1 << 32)))
        # Spinning OpenMP threads turned 4 s into 47 s on a machine with other work to do.
        kept.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        if self.env.get("RELEARN_TRAINER_MARK"):
            kept["RELEARN_JOB_MARK"] = self.env["RELEARN_TRAINER_MARK"]
        return {
            **kept,
            "RELEARN_RUN_ID": self.spec["run"],
            "RELEARN_INPUT_DIR": self.folders["input"],
            "RELEARN_INPUT_MANIFEST": os.path.join(self.scratch, "manifest.json"),
            "RELEARN_OUTPUT_DIR": self.folders["output"],
            "RELEARN_CHECKPOINT_DIR": self.folders["checkpoints"],
            "RELEARN_PARAMS": os.path.join(self.scratch, "params.json"),
            "RELEARN_PROGRESS": self.progress_path,
            "RELEARN_SEED": str(self.spec["seed"]),
        }

    def _failure(self, ended):
        tail = self.log.last_lines()
        full = ended.why is None and (ended.code in OVERSIZED or any(word in tail for word in NO_ROOM))
        printed = ".\nIt last printed:\n" + tail if tail else ""
        if ended.why == "timeout":
            return Failed("the trainer was ended after %.0f s, its timeout (trainer.timeout in the definition)%s" % (self.spec["timeoutSeconds"], printed), exit_code(ended.code))
        if ended.code < 0 and not full:
            hint = " (out of memory?)" if ended.code == -signal.SIGKILL else ""
            told = -ended.code in (signal.SIGKILL, signal.SIGTERM)
            return Failed("the trainer was killed by %s%s%s" % (signal_name(-ended.code), hint, printed), exit_code(ended.code), retryable=told)
        hint = "; no room was left for its files (at most %d bytes a file)" % self._largest() if full else ""
        return Failed("the trainer ended with exit code %d%s%s" % (exit_code(ended.code), hint, printed), exit_code(ended.code), retryable=full or ended.code == RETRYABLE)

    def _succeed(self, found):
        document = {
            "state": "succeeded", "exitCode": 0, "reason": None, "retryable": False,
            "files": {name: {"sha256": sha256, "bytes": size} for name, (_, sha256, size) in found.items()},
            "metrics": read_metrics(found), "environment": read_environment(found),
        }
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda item: self._upload(*item), found.values()))
        self._end(document)
        return 0

    def _upload(self, path, sha256, size):
        # A create that is refused half-way through a large body looks like a broken connection, so ask first.
        if size < 1 << 20 or not self.bucket.exists(blob_key(sha256)):
            self.bucket.upload(blob_key(sha256), path, sha256, size, create=True)

    def _fail(self, failed):
        self.log.write(("\n[relearn] failed: %s\n" % str(failed).partition("\n")[0]).encode())
        self._end({
            "state": "failed", "exitCode": failed.code, "reason": str(failed)[:4_000], "retryable": failed.retryable,
            "files": {}, "metrics": {}, "environment": {},
        })
        return 1

    def _end(self, document):
        self.reporter.finish()
        fixed = {"version": 1, "job": self.spec["id"], "run": self.spec["run"], "seed": self.spec["seed"], "startedAt": self.started_at, "endedAt": now()}
        self.bucket.put(self.prefix + "result.json", json.dumps({**fixed, **document}).encode(), create=True, content_type="application/json")
        self.reporter.status(document["state"])

    def _largest(self):
        return int(self.env.get("RELEARN_MAX_OUTPUT_BYTES") or LARGEST_OUTPUT)

    def _has_sample(self):
        return any(item["path"].startswith("sample/") for item in self.spec["inputs"])


def manifest(spec, folder):
    """What RELEARN_INPUT_MANIFEST holds: the job without its command."""
    inputs = [{"path": item["path"], "file": os.path.join(folder, item["path"]), "rows": item["rows"], **item["blob"]} for item in spec["inputs"]]
    return {"version": 1, "job": spec["id"], "run": spec["run"], "seed": spec["seed"], "inputs": inputs, "columns": spec["columns"], "label": spec["label"]}


def explain(error, scratch):
    """Any error of an attempt as a Failed with a reason for people."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, OSError) and error.errno in FULL:
        return Failed("no room left for the job's files in %s (%s); make room and start the job again" % (scratch, error.strerror), retryable=True)
    return Failed(str(error))


def blob_key(sha256):
    return "blobs/sha256/%s/%s" % (sha256[:2], sha256)


def exit_code(code):
    """The shell's way to write a death by signal."""
    return 128 - code if code < 0 else code


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
