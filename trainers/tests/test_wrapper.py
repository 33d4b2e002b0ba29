"""The wrapper's own parts: bounded logs, safe progress, whole models, signed requests."""

import os
import unittest

from relearn_trainers.capped_log import CappedLog
from relearn_trainers.outputs import OutputError, collect, top_level_fields
from relearn_trainers.progress import ProgressFile, clean_line
from relearn_trainers.reporter import Reporter
from relearn_trainers.s3 import Bucket, StoreError, bucket_and_key

from .made_jobs import new_folder

WHOLE = b"\x08\x09\x3a\x03abc"


class Log(unittest.TestCase):
    def test_keeps_the_head_and_the_tail_in_bounded_memory(self):
        log = CappedLog(keep=10)
        for i in range(1000):
            log.write(b"%04d" % i)
        self.assertEqual(log.read(), b"0000000100\n... 3980 bytes left out ...\n" + b"9709980999")
        self.assertEqual(log.total, 4000)

    def test_a_short_one_is_whole(self):
        log = CappedLog(keep=10)
        log.write(b"abc\n\n")
        self.assertEqual(log.read(), b"abc\n\n")
        self.assertEqual(log.last_lines(), "abc")


class Progress(unittest.TestCase):
    def test_publishes_only_what_fits_the_schema(self):
        line = b'{"progressPercentage": 1e9, "estimatedRemainingSeconds": NaN, "step": true, "message": 5, "epoch": 2, "metrics": [{"name": "a", "value": Infinity}, {"name": "b", "value": 1}], "other": {}}'
        self.assertEqual(clean_line(line), {"progressPercentage": 100, "epoch": 2, "metrics": [{"name": "b", "value": 1}]})
        for line in (b"", b"[]", b"3", b"{", b"\xff", b'"x"', b"[" * 60_000):
            self.assertIsNone(clean_line(line))

    def test_reads_half_lines_once_they_are_whole_and_drops_endless_ones(self):
        path = os.path.join(new_folder(), "progress")
        file = ProgressFile(path)
        self.assertFalse(file.read())
        with open(path, "ab", 0) as out:
            out.write(b'{"progressPer')
            self.assertFalse(file.read())
            out.write(b'centage": 3}\n')
            self.assertTrue(file.read())
            out.write(b"x" * 200_000)
            self.assertFalse(file.read())
            out.write(b'\n{"step": 2}\n')
            self.assertTrue(file.read())
        self.assertEqual(file.latest, {"step": 2})


    def test_waits_for_no_pipe_and_reads_no_device_in_its_place(self):
        folder = new_folder()
        pipe, device = os.path.join(folder, "pipe"), os.path.join(folder, "device")
        os.mkfifo(pipe)
        os.symlink("/dev/zero", device)
        self.assertFalse(ProgressFile(pipe).read())
        self.assertFalse(ProgressFile(device).read())


class Checkpoints(unittest.TestCase):
    def test_a_folder_that_the_trainer_removed_ends_no_job(self):
        folder = new_folder()
        progress = ProgressFile(os.path.join(folder, "progress"))
        Reporter(None, "jobs/j/", "j", progress, CappedLog(keep=10), os.path.join(folder, "gone")).finish()


class Outputs(unittest.TestCase):
    def test_a_model_that_ends_anywhere_but_at_its_end_is_refused(self):
        folder = new_folder()
        path = os.path.join(folder, "model.onnx")
        for size in range(len(WHOLE) + 1):
            with open(path, "wb") as file:
                file.write(WHOLE[:size])
            if size < len(WHOLE):
                with self.assertRaises(OutputError):
                    collect(folder, 1 << 20, 0, False)
        self.assertEqual(top_level_fields(path, len(WHOLE)), {1, 7})
        self.assertEqual(collect(folder, 1 << 20, 0, False)["model.onnx"][2], len(WHOLE))

    def test_predictions_are_due_where_there_is_a_sample(self):
        folder = new_folder()
        with open(os.path.join(folder, "model.onnx"), "wb") as file:
            file.write(WHOLE)
        with self.assertRaisesRegex(OutputError, "predictions.parquet"):
            collect(folder, 1 << 20, 0, True)
        with self.assertRaisesRegex(OutputError, "exceed"):
            collect(folder, 3, 0, False)


class Signature(unittest.TestCase):
    def test_is_the_one_that_botocore_makes(self):
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials

        bucket = Bucket("b", "http://127.0.0.1:9", "eu-west-1", lambda: ("AKIDEXAMPLE", "secret/key", "token"))
        ours = bucket._sign("GET", "/b/jobs/a%20b%2B/%C3%A9", "list-type=2&prefix=x%2Fy", {}, "UNSIGNED-PAYLOAD")
        request = botocore.awsrequest.AWSRequest("GET", "http://127.0.0.1:9/b/jobs/a%20b%2B/%C3%A9?list-type=2&prefix=x%2Fy", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
        request.context["timestamp"] = ours["x-amz-date"]
        auth = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials("AKIDEXAMPLE", "secret/key", "token"), "s3", "eu-west-1")
        request.headers["X-Amz-Date"], request.headers["X-Amz-Security-Token"] = ours["x-amz-date"], "token"
        text = auth.string_to_sign(request, auth.canonical_request(request))
        self.assertTrue(ours["authorization"].endswith("Signature=" + auth.signature(text, request)))

    def test_an_address_that_is_none_is_refused(self):
        for uri in ("", "s3://bucket", "http://x/y", "s3:///key"):
            with self.assertRaisesRegex(StoreError, "RELEARN_JOB"):
                bucket_and_key(uri)
        with self.assertRaisesRegex(StoreError, "must be a URL"):
            Bucket("b", "localhost:9000", "r", None)


if __name__ == "__main__":
    unittest.main()
