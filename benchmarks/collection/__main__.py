"""Run this benchmark alone: `python -m benchmarks.collection [--images N] [--rounds N] [--threads N] ...`."""

import argparse

from benchmarks.collection import ROUNDS, main
from benchmarks.collection.project import IMAGES, THREADS

parser = argparse.ArgumentParser()
parser.add_argument("--images", type=int, default=IMAGES)
parser.add_argument("--rounds", type=int, default=ROUNDS)
parser.add_argument("--architecture", default="resnet18")
parser.add_argument("--threads", type=int, default=THREADS)
main(**vars(parser.parse_args()))
