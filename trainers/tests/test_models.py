"""The file gives what the library gives, and the same data give the same file."""

import os
import re
import unittest
from unittest import mock

import numpy as np
import pyarrow as pa

from relearn_trainers import Job, lightgbm, linear
from relearn_trainers.contract import JobError

from .made_jobs import COLUMNS, labelled, largest_difference, made_job, made_table, new_folder, outputs, run_onnx

TASKS = ("binary", "multiclass", "regression")
FEW = {"iterations": 30}


class Parity(unittest.TestCase):
    """20,000 rows of every column type with nulls and unseen categories, within 1e-5 relative to max(1, |v|)."""

    def check(self, job, train):
        train(job)
        model, expected, metrics = outputs(job)
        found, session = run_onnx(job, model)
        self.assertEqual([i.name for i in session.get_inputs()], [name for name, _ in job.columns])
        self.assertLess(largest_difference(found["value" if job.task == "regression" else "score"], expected), 1e-6)
        self.assertTrue(np.isfinite(expected).all())
        return found, expected, metrics

    def test_every_task_of_both_trainers(self):
        for task in TASKS:
            for train, params in ((lightgbm.train, {"iterations": 60}), (linear.train, {})):
                with self.subTest(task=task, trainer=train.__module__):
                    found, expected, metrics = self.check(made_job(task, params), train)
                    if task == "regression":
                        self.assertGreater(metrics["validation_r2"], 0.8)
                    else:
                        self.check_labels(task, found, expected, metrics)

    def check_labels(self, task, found, expected, metrics):
        index = expected.argmax(axis=1)
        wanted = index if task == "binary" else np.array(["high", "low", "mid"])[index]
        # Where two classes are as likely to seven digits, float32 may order them the other way.
        clear = np.sort(expected, axis=1)[:, -1] - np.sort(expected, axis=1)[:, -2] > 1e-6
        self.assertTrue((found["label"] == wanted)[clear].all())
        self.assertEqual(found["label"].shape, (len(index),))
        self.assertGreater(metrics["validation_accuracy"], 0.7)

    def test_one_column_of_each_type_alone(self):
        tables = labelled(*made_table(600, 1), "binary"), made_table(500, 2, unseen=True)[0]
        for name, column in COLUMNS.items():
            for train, params in ((lightgbm.train, FEW), (linear.train, {})):
                with self.subTest(column=name, trainer=train.__module__):
                    self.check(made_job("binary", params, tables=tables, columns={name: column}), train)

    def test_a_column_that_is_all_null_and_one_without_a_category(self):
        table, signal = made_table(600, 1)
        empty = {"precip": pa.nulls(600, pa.float64()), "carrier": pa.nulls(600, pa.string())}
        for name, values in empty.items():
            table = table.set_column(table.column_names.index(name), name, values)
        for train, params in ((lightgbm.train, FEW), (linear.train, {})):
            self.check(made_job("regression", params, tables=(labelled(table, signal, "regression"), made_table(500, 2)[0])), train)

    def test_thresholds_between_two_float32(self):
        r = np.random.default_rng(0)
        x = np.float32(1) + r.integers(0, 40, 4000).astype(np.float32) * np.float32(2**-23)
        table = pa.table({"x": x, "y": pa.array((x - 1) * 2**23 > r.integers(0, 40, 4000))})
        self.check(made_job("binary", FEW, tables=(table, table), columns={"x": {"type": "number"}}), lightgbm.train)

    def test_column_names_that_are_words_of_the_graph(self):
        names = ["X", "label", "score", "value", "Concat_1", "matrix", "_", "constant_3"]
        r = np.random.default_rng(0)
        table = pa.table({name: r.normal(0, 1, 600) for name in names} | {"y": r.random(600) < 0.5})
        for name in ("label", "score", "value"):
            with self.assertRaisesRegex(JobError, name):
                lightgbm.train(made_job("binary", FEW, tables=(table, table), columns={name: {"type": "number"}}))
        columns = {name: {"type": "number"} for name in names if name not in ("label", "score", "value")}
        for train, params in ((lightgbm.train, FEW), (linear.train, {})):
            self.check(made_job("binary", params, tables=(table, table), columns=columns), train)


class OwnTrainer(unittest.TestCase):
    def test_the_example_of_the_readme_runs_as_it_is_printed(self):
        readme = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "README.md")
        with open(readme) as file:
            code = re.search(r"```python\n(.*?)```", file.read(), re.S).group(1)
        r = np.random.default_rng(0)
        area, rooms = r.gamma(2, 50, 500), r.integers(1, 6, 500).astype(float)
        table = pa.table({"area": area, "rooms": rooms, "y": 3 * area + 10 * rooms + r.normal(0, 1, 500)})
        job = made_job("regression", tables=(table, table), columns={"area": {"type": "number"}, "rooms": {"type": "number"}})
        with mock.patch.object(Job, "from_env", lambda: job):
            exec(compile(code, readme, "exec"), {})
        model, expected, metrics = outputs(job)
        self.assertLess(largest_difference(run_onnx(job, model)[0]["value"], expected), 1e-5)
        self.assertLess(metrics["train_rmse"], 1.2)


class Repeatable(unittest.TestCase):
    def test_the_same_seed_and_data_give_the_same_bytes(self):
        for task in TASKS:
            for train, params in ((lightgbm.train, {**FEW, "bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.8}), (linear.train, {})):
                made = []
                for _ in range(2):
                    job = made_job(task, params, rows=1500, sample_rows=200)
                    train(job)
                    made.append(outputs(job))
                self.assertEqual(made[0][0], made[1][0])
                self.assertEqual(made[0][2], made[1][2])
                self.assertTrue((made[0][1] == made[1][1]).all())

    def test_a_job_that_died_half_way_goes_on_from_its_checkpoint(self):
        whole = made_job("binary", {"iterations": 60}, rows=2000, sample_rows=500)
        lightgbm.train(whole)
        folder = new_folder()
        dying = made_job("binary", {"iterations": 60, "checkpoint_seconds": 0}, rows=2000, sample_rows=500, checkpoints=folder)
        say, steps = dying.progress, []

        def die_at_half(share=None, *rest, **more):
            steps.append(share)
            if share > 0.75:
                raise KeyboardInterrupt
            say(share, *rest, **more)

        dying.progress = die_at_half
        with self.assertRaises(KeyboardInterrupt):
            lightgbm.train(dying)
        again = made_job("binary", {"iterations": 60, "checkpoint_seconds": 0}, rows=2000, sample_rows=500, checkpoints=folder)
        lightgbm.train(again)
        with open(again._progress) as file:
            self.assertLess(len(file.readlines()), 40)
        first, second = outputs(whole)[2], outputs(again)[2]
        self.assertEqual(first.keys(), second.keys())
        for name in first:
            self.assertAlmostEqual(first[name], second[name], delta=1e-6)


class BadInput(unittest.TestCase):
    def refuses(self, pattern, train=lightgbm.train, task="binary", **changes):
        with self.assertRaisesRegex(JobError, pattern):
            train(made_job(task, **{"rows": 200, "sample_rows": 10, **changes}))

    def test_parameters_that_would_break_a_promise(self):
        self.refuses("params.linear_tree is set by Relearn", params={"linear_tree": True})
        self.refuses("params.objective", params={"objective": "regression"})
        self.refuses("params.iterations is -1", params={"iterations": -1})
        self.refuses("params.depth is not known", linear.train, params={"depth": 3})

    def test_a_label_with_one_class_or_a_strange_one(self):
        table, signal = made_table(200, 1)
        one = table.append_column("y", pa.array([True] * 200))
        three = table.append_column("y", pa.array([0, 1] * 99 + [2, 2]))
        self.refuses("the same in all 200", tables=(one, table))
        self.refuses("must be 0 or 1; y also holds 2", tables=(three, table))
        self.refuses("is none of its classes", task="multiclass", tables=(labelled(table, signal, "multiclass"), table), classes=["low", "mid"])

    def test_columns_that_are_missing_or_of_another_type(self):
        table, signal = made_table(200, 1)
        train = labelled(table, signal, "binary")
        self.refuses("column stops is not in the data", tables=(train.drop(["stops"]), table))
        self.refuses("column stops cannot be read as integer: 3 of 200 are null", tables=(train.set_column(4, "stops", pa.array([None] * 3 + [1] * 197)), table))
        self.refuses("column distance cannot be read as number", tables=(train.set_column(0, "distance", pa.array(["x"] * 200)), table))

    def test_rows_whose_label_is_not_known_are_left_out(self):
        table, signal = made_table(400, 1)
        y = pa.array(signal > 3, mask=np.arange(400) % 4 == 0)
        job = made_job("binary", FEW, tables=(table.append_column("y", y), table))
        lightgbm.train(job)
        self.assertEqual(outputs(job)[2]["rows"], 300)


if __name__ == "__main__":
    unittest.main()
