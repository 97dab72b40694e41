"""Run a lesson in a real JupyterLab in a real browser, and move its first slider.

usage: python tests/browser/lab_smoke.py LESSON [--shots FOLDER] [--chromium PATH]

Works on a copy of notebooks/ in a temporary folder. Ends with code 0 only if every cell ran, none
raised, the first slider moved its plot, the page asked no other computer for anything, and saving
left the pair in step. Needs the course's environment, playwright and an installed Chromium (no
browser is downloaded).
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from mmteach.course.authoring import lessons

ROOT = Path(__file__).parents[2]
SETTINGS = {
    # no questions in the way, and every cell in the page, not only those in view
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
KERNEL_IS_THERE = """() => {
    const name = document.querySelector('.jp-NotebookPanel-toolbar .jp-Toolbar-kernelName');
    const status = document.querySelector('.jp-Notebook-ExecutionIndicator');
    return name && /Python 3/.test(name.textContent) && status && status.dataset.status === 'idle';
}"""
ALL_RAN = """() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
    const kernel = document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status;
    const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    return kernel === 'idle' && (failed || prompts.every(p => /\\[\\d+\\]/.test(p.textContent)));
}"""


def need(condition, trouble):
    """Stop with a sentence when something is not as it should be."""
    if not condition:
        raise SystemExit(f"FAILED: {trouble}")


@contextlib.contextmanager
def lab(work):
    """Start JupyterLab on the loopback address, with settings of its own; yield (base, token)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token, base = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    for name, settings in SETTINGS.items():
        path = work / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "JUPYTER_CONFIG_DIR": str(work / "config"),
        "JUPYTER_DATA_DIR": str(work / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(work / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(work / "workspaces"),
        "IPYTHONDIR": str(work / "ipython"),
    }
    env.pop("MPLBACKEND", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"]
    command += [f"--ServerApp.root_dir={work / 'project'}", "--LabApp.news_url=None"]
    log = work / "lab.log"
    with log.open("w") as stream:
        server = subprocess.Popen(command, env=env, stdout=stream, stderr=subprocess.STDOUT)
    try:
        deadline = time.time() + 90
        while True:
            try:
                urllib.request.urlopen(f"{base}/api?token={token}", timeout=2).read()
                break
            except OSError:
                alive = server.poll() is None and time.time() < deadline
                need(alive, f"JupyterLab did not start\n{log.read_text()}")
                time.sleep(0.3)
        yield base, token
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


@contextlib.contextmanager
def pictured(page, shots):
    """Turn the browser's impatience into a sentence, with a screenshot."""
    from playwright.sync_api import TimeoutError as Impatience

    try:
        yield
    except Impatience as error:
        path = shots / "trouble.png"
        page.screenshot(path=str(path))
        need(False, f"{str(error).splitlines()[0]} (screenshot: {path})")


def forget_outputs(notebook):
    """Empty the stored run, so that what the page shows is its own."""
    import nbformat

    node = lessons.read(notebook)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(node, notebook)
    # as after a build: JupyterLab is strict with a notebook that is newer than its script
    os.utime(notebook.with_suffix(".py"), (time.time() - 3600,) * 2)


def run_all(page):
    """Run every cell of the open notebook and wait for the last."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(KERNEL_IS_THERE, timeout=90_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(ALL_RAN, timeout=120_000)


def move_slider(page, shots):
    """Move the first slider; return (value before, value after) once its plot has changed."""
    cell = page.locator(".jp-CodeCell:has(.widget-slider)").first
    need(cell.count(), "the lesson has no slider")
    picture = cell.locator(".jp-OutputArea img").first
    readout = cell.locator(".widget-readout").first
    picture.wait_for(timeout=20_000)
    before, value = picture.get_attribute("src"), readout.inner_text()
    cell.scroll_into_view_if_needed()
    page.screenshot(path=str(shots / "slider_before.png"))
    cell.locator(".noUi-handle").first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    deadline = time.time() + 20
    while picture.get_attribute("src") == before:
        need(
            time.time() < deadline,
            f"the slider went from {value} to {readout.inner_text()}, the plot stayed",
        )
        page.wait_for_timeout(200)
    page.wait_for_timeout(1_500)
    page.screenshot(path=str(shots / "slider_after.png"))
    return value, readout.inner_text()


def save(page):
    """Save the notebook as a student would; jupytext writes its script too."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(3_000)
    dialogs = page.locator(".jp-Dialog")
    need(
        not dialogs.count(), f"saving asks: {dialogs.first.inner_text() if dialogs.count() else ''}"
    )


def smoke(lesson, shots, chromium):
    """Try one lesson; stop with a sentence at the first trouble."""
    from playwright.sync_api import sync_playwright

    ((_, original),) = lessons.find(lesson, ROOT / "notebooks")
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "notebooks", work / "project" / "notebooks")
        shutil.copy(ROOT / "pyproject.toml", work / "project")  # jupytext's settings
        notebook = work / "project" / original.relative_to(ROOT)
        forget_outputs(notebook)
        with lab(work) as (base, token), sync_playwright() as browsers:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = browsers.chromium.launch(executable_path=chromium, args=options)
            page = browser.new_page(viewport={"width": 1300, "height": 1000})
            elsewhere = []
            own = (base, base.replace("http", "ws"), "data:", "blob:")
            page.on("request", lambda r: r.url.startswith(own) or elsewhere.append(r.url))
            start = time.time()
            where = notebook.relative_to(work / "project").as_posix()
            page.goto(f"{base}/lab/tree/{where}?token={token}")
            with pictured(page, shots):
                run_all(page)
            print(f"{lesson}: opened and run in {time.time() - start:.1f} s")
            save(page)
            cells = lessons.read(notebook).cells
            errors = [
                f"cell {number}: {output.ename}: {output.evalue}"
                for number, cell in enumerate(cells)
                for output in cell.get("outputs", ())
                if output.output_type == "error"
            ]
            need(not errors, "; ".join(errors))
            idle = [n for n, c in enumerate(cells) if c.get("execution_count", 0) is None]
            need(not idle, f"cells not run: {idle}")
            complaint = lessons.out_of_step(notebook.with_suffix(".py"), notebook)
            need(not complaint, f"after saving in JupyterLab, {complaint}")
            with pictured(page, shots):
                before, after = move_slider(page, shots)
            print(f"{lesson}: slider {before} -> {after}, the plot changed")
            need(not elsewhere, f"the page asked other computers: {elsewhere[:5]}")
            browser.close()
    print(f"{lesson}: passed in the browser")


def main():
    """Read the command line and try the lesson."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("lesson")
    options.add_argument("--shots", type=Path, help="folder for screenshots (default: temporary)")
    options.add_argument("--chromium", default=shutil.which("chromium"))
    given = options.parse_args()
    need(given.chromium, "no chromium found; install it or give --chromium PATH")
    with tempfile.TemporaryDirectory() as spare:
        smoke(given.lesson, given.shots or Path(spare), given.chromium)


if __name__ == "__main__":
    main()
