import subprocess
import sys

HEAVY = "torch spacy great_expectations prefect pandas datasets openai matplotlib".split()


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import srllm_data") == set()


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_by("import srllm_data.cli") == set()


def test_stages_are_imported_without_their_libraries() -> None:
    assert loaded_by("import srllm_data.stages, srllm_data.runner, srllm_data.plan") == set()


def test_telemetry_is_off_before_any_library_is_imported() -> None:
    names = ["DO_NOT_TRACK", "GX_ANALYTICS_ENABLED"]
    code = f"import srllm_data, os; print(*(os.environ[n] for n in {names!r}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["1", "false"]
