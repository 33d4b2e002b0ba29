"""Evidently's drift preset over two Parquet files, by the distances that Relearn takes: PSI, Jensen-Shannon, and of numbers Kolmogorov-Smirnov.

usage: drift-evidently.py REFERENCE CURRENT NUMBERS CATEGORIES    (names with commas); prints one line of JSON
"""
import json
import resource
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

reference, current, numbers, categories = sys.argv[1:5]
NUMBERS, CATEGORIES = numbers.split(","), categories.split(",")


def read(path):
    frame = pd.read_parquet(path, columns=NUMBERS + CATEGORIES)
    return Dataset.from_pandas(frame, DataDefinition(numerical_columns=NUMBERS, categorical_columns=CATEGORIES))


presets = [DataDriftPreset(num_method="psi", cat_method="psi"), DataDriftPreset(num_method="jensenshannon", cat_method="jensenshannon"), DataDriftPreset(columns=NUMBERS, num_method="ks")]
result = Report(presets).run(read(current), read(reference)).dict()
print(json.dumps({"metrics": len(result["metrics"]), "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
