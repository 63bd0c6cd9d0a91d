"""Turn a model file into an ONNX file, for programs in other languages, and back."""

from __future__ import annotations

from pathlib import Path

import click

from digitnet.errors import DigitnetError
from digitnet.model_file import load_model, save_model


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("source", metavar="MODEL", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUTPUT", type=click.Path(path_type=Path))
def main(source: Path, target: Path) -> None:
    """Turn a model file into an ONNX file, for programs in other languages, and back.

    The endings say which way: from .safetensors to .onnx, or from .onnx to .safetensors. The ONNX file gives
    probabilities, digit, confidence and decision, and its metadata tell how to make inputs. The way back
    gives the very file that was exported.

    Needs the package onnx: pip install 'digitnet[onnx]'.

    \b
    Examples:
      python scripts/export.py models/mnist.safetensors mnist.onnx
      python scripts/export.py mnist.onnx mnist.safetensors
    """
    endings = source.suffix.lower(), target.suffix.lower()
    if endings not in ((".safetensors", ".onnx"), (".onnx", ".safetensors")):
        raise click.ClickException(
            "The endings say what to do: from .safetensors to .onnx, or from .onnx to .safetensors. Given "
            f"were {source.name} and {target.name}."
        )
    try:
        from digitnet.onnx_file import export_model, import_model

        if endings[0] == ".onnx":
            model = import_model(source)
            save_model(model, target)
        else:
            model = load_model(source)
            export_model(model, target)
    except (ImportError, DigitnetError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Wrote {target}: the model {model.name}, version {model.version}.")


if __name__ == "__main__":
    main()
