"""What a trainer left in RELEARN_OUTPUT_DIR: found, checked and named by its SHA-256."""

import hashlib
import json
import os
import re
import stat

from .progress import is_number

MOST_FILES = 200
NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}){0,3}$")
MODEL = "model.onnx"
PREDICTIONS = "predictions.parquet"


class OutputError(Exception):
    """The outputs are not what the contract asks for; the message is for the trainer's author."""


def collect(folder, largest, began, predictions):
    """{name: (path, sha256, bytes)} of every file. Refuses links, odd names, too much, and files older than the job (`began`, Unix time).

    `predictions` says whether predictions.parquet is due: the job has a sample to predict.
    """
    found, total = {}, 0
    for path, name, info in walk(folder):
        if not stat.S_ISREG(info.st_mode):
            raise OutputError("%s in the output folder is not a plain file; write the file itself" % name)
        if not NAME.match(name):
            raise OutputError("%r is no name for an output: letters, digits, _ . - and at most 3 folders" % name)
        total += info.st_size
        if total > largest or len(found) >= MOST_FILES:
            raise OutputError("the outputs exceed %d files or %d bytes (%s)" % (MOST_FILES, largest, name))
        if name in (MODEL, PREDICTIONS) and info.st_mtime < began - 2:
            raise OutputError("%s is older than this job, so another run made it; train and write it anew" % name)
        found[name] = (path, file_sha256(path), info.st_size)
    check_model(found)
    if predictions and PREDICTIONS not in found:
        raise OutputError("the trainer ended well but wrote no predictions.parquet; write its predictions for sample/sample.parquet")
    return found


def walk(folder):
    for base, folders, files in os.walk(folder):
        for name in sorted(files + [f for f in folders if os.path.islink(os.path.join(base, f))]):
            path = os.path.join(base, name)
            yield path, os.path.relpath(path, folder).replace(os.sep, "/"), os.lstat(path)


def check_model(found):
    if MODEL not in found:
        raise OutputError("the trainer ended well but wrote no model.onnx in RELEARN_OUTPUT_DIR")
    fields = top_level_fields(found[MODEL][0], found[MODEL][2])
    if fields is None or not {1, 7} <= fields:
        raise OutputError("model.onnx (%d bytes) is truncated or no ONNX file; write it whole, then rename it" % found[MODEL][2])


def top_level_fields(path, size):
    """Field numbers of a protobuf message in a file, contents skipped; None unless it ends exactly at the file's end."""
    fields = set()
    with open(path, "rb") as file:
        while file.tell() < size:
            tag = varint(file)
            if tag is None or tag >> 3 == 0:
                return None
            length = {0: 0, 1: 8, 2: None, 5: 4}.get(tag & 7, -1)
            if tag & 7 in (0, 2):
                value = varint(file)
                length = value if tag & 7 == 2 else 0
                if value is None:
                    return None
            if length < 0 or file.tell() + length > size:
                return None
            file.seek(length, os.SEEK_CUR)
            fields.add(tag >> 3)
    return fields


def varint(file):
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    return None


def file_sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def read_metrics(found):
    """The finite numbers of metrics.json, by name."""
    values = read_object(found, "metrics.json")
    return {str(name)[:120]: value for name, value in values.items() if is_number(value)}


def read_environment(found):
    values = read_object(found, "environment.json")
    return {str(name)[:120]: str(value)[:400] for name, value in values.items()}


def read_object(found, name):
    if name not in found:
        return {}
    try:
        with open(found[name][0], "rb") as file:
            value = json.loads(file.read(4 << 20))
    except (ValueError, RecursionError) as error:
        raise OutputError("%s is not JSON: %s" % (name, error)) from error
    if not isinstance(value, dict):
        raise OutputError("%s must hold one JSON object" % name)
    return value
