"""The measurements of scripts/benchmark.py: digitnet beside its peers, each figure beside its floor."""
