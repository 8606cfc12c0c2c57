"""Sources that are code: Hugging Face datasets, and functions that yield mappings."""

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from srllm_data.config import SourceConfig
from srllm_data.errors import SourceError
from srllm_data.gather.record import Malformed, Record, cause, mapped, nearest
from srllm_data.workspace import digest, file_digest


def read_dataset(source: SourceConfig, timeout_s: float) -> Iterator[Record | Malformed]:
    """Records of a split, streamed from the hub or from a local directory in the hub's layout."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # its errors become ours
    name = source.dataset or ""
    revision = None if Path(name).is_dir() else _commit(source, timeout_s)
    label = f"{Path(name).name if revision is None else name}:{source.split}"
    try:
        rows = datasets.load_dataset(
            name, source.subset, split=source.split, revision=revision, streaming=True
        )
        known = rows.column_names
    except Exception as error:  # the library passes on what its many backends raise
        raise _unreadable(source, error) from None
    if known is not None:
        roots = []
        for column in mapped(source.columns):
            root = column if column in known else column.split(".")[0]
            if root not in known:
                raise SourceError(
                    f"The dataset '{name}' has no column '{column}'; {nearest(column, known)}."
                )
            roots.append(root)
        rows = rows.select_columns(sorted(set(roots)))
    numbered = enumerate(rows, 1)
    while True:
        try:
            number, values = next(numbered)
        except StopIteration:
            return
        except Exception as error:  # likewise
            raise _unreadable(source, error) from None
        yield Record(values, f"record:{number}", f"{label}#{number}")


def dataset_fingerprint(source: SourceConfig, timeout_s: float) -> str:
    """Digest of a local directory's files, or the hub's commit."""
    folder = Path(source.dataset or "")
    if not folder.is_dir():
        return _commit(source, timeout_s)
    files = [p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file()]
    seen = [p for p in files if not any(part.startswith(".") for part in p.parts)]
    try:
        return digest([[folder.name, p.as_posix(), file_digest(folder / p)] for p in seen])
    except OSError as error:
        raise _unreadable(source, error) from None


def _commit(source: SourceConfig, timeout_s: float) -> str:
    # Asked first of all: it fails at once where loading would try again for half a minute.
    if source.revision and re.fullmatch("[0-9a-f]{40}", source.revision):
        return source.revision
    from huggingface_hub import HfApi

    try:
        about = HfApi().dataset_info(
            source.dataset or "", revision=source.revision, timeout=timeout_s
        )
    except Exception as error:  # HTTP, authentication, offline mode, names that are no id
        raise _unreadable(source, error) from None
    return str(about.sha)


def _unreadable(source: SourceConfig, error: Exception) -> SourceError:
    hint = "correct its name, subset or split"
    if not Path(source.dataset or "").exists():
        hint = (
            "check its id and the network, or, offline (HF_HUB_OFFLINE=1), name a folder that "
            "holds a copy of it"
        )
    return SourceError(f"The dataset '{source.dataset}' cannot be read ({cause(error)}); {hint}.")


def read_callable(source: SourceConfig) -> Iterator[Record | Malformed]:
    """Records that the function yields for the configured arguments."""
    name = source.callable or ""
    module, _, attribute = name.partition(":")
    _module_file(name)
    try:
        function = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise SourceError(f"{module} has no function '{attribute}'; correct 'callable'.") from None
    except Exception as error:  # whatever somebody else's module does on import
        raise SourceError(f"{module} cannot be imported ({_where(error)}); correct it.") from None
    number = 0
    try:
        for number, values in enumerate(function(**source.arguments), 1):
            place, location = f"record:{number}", f"{name}#{number}"
            if isinstance(values, Mapping):
                yield Record(values, place, location)
            else:
                words = f"{location}: {type(values).__name__} where a mapping is expected."
                yield Malformed(place, "malformed_row", words)
    except Exception as error:  # whatever somebody else's function does
        raise SourceError(
            f"{name} failed after {number:,} records ({_where(error)}); correct it."
        ) from None


def callable_fingerprint(source: SourceConfig) -> str:
    """Digest of the function's module and arguments."""
    name = source.callable or ""
    return digest([name, file_digest(_module_file(name)), repr(sorted(source.arguments.items()))])


def _module_file(name: str) -> Path:
    """The source file of the module of ``name``, found without running it."""
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise SourceError(f"'{name}' is no callable; write it as package.module:function.")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that it hides no installed package
    try:
        found: Any = importlib.util.find_spec(module)
    except Exception as error:  # it imports the parent package
        raise SourceError(f"{module} cannot be imported ({_where(error)}); correct it.") from None
    if found is None or not found.origin or not Path(found.origin).is_file():
        raise SourceError(
            f"There is no module {module}; install it, or put it into the folder that you build in."
        )
    return Path(found.origin)


def _where(error: Exception) -> str:
    """Type and place of an error; its message may quote a row."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
