"""Fuzzes the decoders and the readers of requests, guided by which lines an input reaches.

``python tests/fuzz/fuzz.py decode -max_total_time=60``; options after the target are those of libFuzzer. The
exit status is 0 where nothing was found. An input that fails is printed as base64: add it as a line to
``corpus/decode.txt``, where ``test_corpus.py`` tries it from then on.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import tempfile
from pathlib import Path

# What is watched: whatever reads bytes, of ours, Pillow's and Werkzeug's. The rest of digitnet.imaging is fed
# as well but not watched, since atheris keeps the result of every comparison of arrays, 200 kB a picture.
PACKAGES = ["PIL", "werkzeug"]
MODULES = ["digitnet.imaging.decode", "digitnet.imaging.file_structure", "digitnet.imaging.file_types"]
MODULES += ["service.uploads", "service.api"]


def main(target: str, *options: str) -> None:
    """Fuzz one target until time is over or something is found."""
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    try:
        import atheris
    except ImportError:
        print("atheris, which fuzzes, cannot be installed here: it needs Linux and Python below 3.14.")
        raise SystemExit(os.environ.get("DIGITNET_REQUIRE_ALL") == "1") from None
    with atheris.instrument_imports(include=PACKAGES):
        targets = importlib.import_module("targets")
        modules = [importlib.import_module(name) for name in MODULES]
    for module in modules:
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                atheris.instrument_func(function)
    feed, seeds = targets.TARGETS[target]
    with tempfile.TemporaryDirectory(prefix="digitnet-fuzz-") as folder:
        # libFuzzer ends the process that it runs in, and would leave the folder behind.
        if fuzzer := os.fork():
            raise SystemExit(abs(os.waitstatus_to_exitcode(os.waitpid(fuzzer, 0)[1])))
        inputs = [*seeds(), *importlib.import_module("corpus").known(target)]
        for number, data in enumerate(inputs):
            Path(folder, f"seed-{number:03}").write_bytes(data)
        limits = [f"-artifact_prefix={folder}/found-", "-timeout=60", "-rss_limit_mb=2048", "-max_len=8192"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", *options, folder], feed)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
