"""What a newcomer types works: the README's lines, the environment file, the wheel."""

import doctest
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "jupyter": "jupyterlab"}


def blocks(language):
    """The README's fenced blocks of one language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def needs(text):
    """{name: requirement} of requirement lines."""
    return {need.name: need for need in map(Requirement, text)}


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


# ---- environment.yml and Binder -----------------------------------------------------------------


def lowest(need):
    """The floor of a requirement, '' when it has none."""
    return next((part.version for part in need.specifier if part.operator == ">="), "")


def test_every_requirement_has_a_floor():
    """Without one, the lowest versions resolve to something from the last century."""
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for need in needs(PROJECT["dependencies"] + extras).values():
        assert lowest(need) or need.name == PROJECT["name"], f"{need} names no lowest version"


def test_the_conda_environment_names_what_the_project_needs(environment):
    conda = needs(
        line.replace("=3", "==3") if line.startswith("python=") else line
        for line in environment["dependencies"]
    )
    wanted = needs(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["course"])
    for name, need in wanted.items():
        name = CONDA_NAMES.get(name, name)
        assert name in conda, f"environment.yml lacks {name}"
        # the floor of the bundle "jupyter" says nothing about jupyterlab's own versions
        floor = "" if need.name == "jupyter" else lowest(need)
        assert lowest(conda[name]) == floor, f"environment.yml: {name} needs the floor {need}"
    extra = set(conda) - {CONDA_NAMES.get(name, name) for name in wanted} - {"python", "pip"}
    assert not extra, f"environment.yml names {extra}, which pyproject.toml does not need"
    assert environment["name"] == PROJECT["name"]


def test_the_conda_environment_pins_a_python_the_project_allows(environment):
    (python,) = (line for line in environment["dependencies"] if line.startswith("python"))
    found = re.fullmatch(r"python=(3\.\d+)", python)
    assert found, "Binder falls back to an old Python unless it reads python=3.x"
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(found[1])


def test_the_conda_environment_holds_no_local_reference(environment):
    assert all(
        isinstance(line, str) and not re.search(r"[/\\]|-e", line)
        for line in environment["dependencies"]
    ), "the project itself goes into postBuild"


def test_post_build_installs_the_project_alone():
    path = ROOT / "postBuild"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#!/bin/bash")
    commands = [line for line in lines if line.startswith("python ")]
    assert commands == [
        "python -m pip install --no-deps -e .",
        "python -m mmteach start --copies-only",
    ]
    assert lines[-1] == commands[-1]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o111, "chmod +x postBuild"
    assert not (ROOT / "binder").exists(), "a folder binder/ hides environment.yml and postBuild"


def test_repo2docker_renders_the_environment(tmp_path):
    pytest.importorskip("repo2docker", reason="jupyter-repo2docker is not installed")
    for name in ("environment.yml", "postBuild"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "Building conda environment for python=3.12" in run.stderr
    assert "COPY --chown=0:0 src/environment.yml" in run.stdout
    assert re.search(r'env update .*--file "environment\.yml"', run.stdout)
    assert "RUN ./postBuild" in run.stdout


# ---- the wheel -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, so no wheel is built here")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_the_data(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    names = {path.name for path in (ROOT / "data").glob("*.csv")} | {"SHA256SUMS"}
    csv = {f"mmteach/data/{name}" for name in names}
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "mmteach").rglob("*.py")}
    assert len(csv) > 9
    assert not csv - held
    assert not code - held
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_data_load_from_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import mmteach as mm; print(mm.__file__); print(mm.load('sorghum').shape)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.split("\n")[1] == "(72, 3)", run.stderr
    assert str(tmp_path) in run.stdout.split("\n")[0]


# ---- README --------------------------------------------------------------------------------------


def commands():
    """The README's command lines, each with the name of its language."""
    return [
        (language, line)
        for language in ("bash", "powershell")
        for block in blocks(language)
        for line in block.splitlines()
        if "-m venv" in line
    ]


def test_there_are_two_lines_for_each_system():
    assert [language for language, _ in commands()] == ["bash"] * 2 + ["powershell"] * 2


@pytest.mark.parametrize(("language", "line"), commands())
def test_each_line_sets_up_all_it_uses(language, line):
    assert " -m venv .venv" in line
    extras = re.findall(r'-e "\.\[(\w+)\]"', line)
    assert len(extras) == 1 and extras[0] in PROJECT["optional-dependencies"]
    last = shlex.split(re.split(r"&&|;", line.replace("\\", "/"))[-1])
    if "mmteach" in line:
        assert extras == ["course"] and " -m pip install -U pip" in line.split("-e ")[0]
        assert last[0].endswith("/python") and last[1:] == ["-m", "mmteach", "start"]
    else:
        assert extras == ["test"] and line.endswith("python -m pytest")
        assert {"pytest", "nbval"} <= set(needs(PROJECT["optional-dependencies"]["test"]))


def test_every_file_that_the_readme_points_to_exists():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    local = [target for target in targets if "://" not in target]
    assert len(local) >= 5
    missing = [target for target in local if not (ROOT / target).exists()]
    assert not missing, f"the README points to {missing}"


def test_the_map_of_days_is_true():
    rows = re.findall(r"(?m)^\| (\[?)(\w+)[^|]*\|", README[README.index("## The days") :])
    existing = {name for bracket, name in rows if bracket}
    lessons = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert existing == lessons, "link the lessons that exist and mark the others (planned)"


def test_one_placeholder_stands_for_the_address():
    assert re.findall(r"https://mybinder\.org/v2/gh/(\S+?)/HEAD\?urlpath=(\S+?)\)", README) == [
        ("OWNER/mmteach", "lab/tree/my_course/00_start_here.ipynb")
    ]
    assert README.count("OWNER/mmteach") == 2  # the link, and the comment that explains it
    assert "pyproject.toml and CITATION.cff" in README


def test_the_readmes_example_gives_what_it_says():
    example = "\n".join(blocks("python"))
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    result = runner.run(test, out=report.append)
    assert result.attempted >= 5
    assert not result.failed, "".join(report)


def test_the_promise_of_an_evening_is_kept():
    """The lines that the README promises are those that are there."""
    textbook, search = map(int, re.findall(r"about (\d+)(?: lines)?,", README))

    def lines(*names):
        paths = [path for name in names for path in (ROOT / "mmteach").glob(name)]
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)

    assert lines("textbook/*.py") == pytest.approx(textbook, rel=0.1)
    assert lines("engine/criterion.py", "engine/search.py") == pytest.approx(search, rel=0.1)


# ---- CONTRIBUTING, CHANGELOG, CITATION -----------------------------------------------------------

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_lesson_keys_for_contributors_are_those_that_are_kept():
    from mmteach.course.authoring.lessons import CELL_KEYS

    table = CONTRIBUTING[CONTRIBUTING.index("## Writing a lesson") :]
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", table)) == set(CELL_KEYS)


def test_where_is_what_is_true():
    rows = re.findall(r"(?m)^\| (.+?) \| \[([\w/.]+)\]\(([\w/.]+)\) \|$", CONTRIBUTING)
    assert len(rows) >= 10
    for _, shown, target in rows:
        assert f"mmteach/{shown}".rstrip("/") == target and (ROOT / target).exists(), target
    others = set(re.findall(r"\]\(([^)#]+)\)", CONTRIBUTING + CHANGELOG)) - {row[2] for row in rows}
    missing = [target for target in others if "://" not in target and not (ROOT / target).exists()]
    assert not missing


def test_the_steps_for_contributors_give_what_they_say():
    example = "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```$", CONTRIBUTING))
    test = doctest.DocTestParser().get_doctest(example, {}, "CONTRIBUTING.md", "CONTRIBUTING.md", 0)
    report = []
    result = doctest.DocTestRunner().run(test, out=report.append)
    assert result.attempted >= 7
    assert not result.failed, "".join(report)


CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_version_stands_in_one_place():
    import mmteach

    assert "version" not in PROJECT and PROJECT["dynamic"] == ["version"]
    assert f"\n## {mmteach.__version__}\n" in CHANGELOG
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == mmteach.__version__ and citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    (place,) = {citation["repository-code"], PROJECT["urls"]["Source"]}
    assert place == "https://github.com/OWNER/mmteach", "one placeholder, as in the README"


def test_the_server_runs_what_everybody_can_run():
    steps = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    assert steps["jobs"]["test"]["steps"][-1] == {"run": ".ci/run"}
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    assert entries[-1] == "python -m mmteach build --check"
