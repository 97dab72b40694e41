"""Run a lesson's script in a fresh kernel and give the outputs their stored form.

What is stored depends on the script and the packages alone: cell ids come from position and
source, and no timing, widget state, machine path or memory address is kept.
"""

import asyncio
import os
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

from . import lessons

# What differs between two runs or two machines, and what is stored instead. The same list stands
# in tests/nbval_sanitize.cfg, so that stored and fresh outputs are compared after the same changes.
STEADY = (
    (r"""(?<![^\s"'<>])[^\s"'<>]*ipykernel_\d+[/\\]\d+\.py""", "a-cell.py"),
    (r"""(?<![^\s"'<>])[^\s"'<>]*[/\\]site-packages[/\\]""", ""),
    (r"\b0x[0-9a-fA-F]{6,16}\b", "0x000000"),
    (r"""\bT_[0-9a-f]{5}(?=[_\s"])""", "T_00000"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4}\b", "---, 00 --- 0000"),
    (r"\b\d\d:\d\d:\d\d\b", "00:00:00"),
)
STYLER_ID = STEADY[3][1]
WIDGET = "application/vnd.jupyter.widget-view+json"


class BuildError(ValueError):
    """A cell failed, or a script cannot become a lesson."""


def steady(text):
    """Return `text` without what changes from run to run.

    >>> steady("<Thing at 0x7f3a2c001d90> in /tmp/ipykernel_71/99.py:3")
    '<Thing at 0x000000> in a-cell.py:3'
    """
    for pattern, replacement in STEADY:
        text = re.sub(pattern, replacement, text)
    return text


def prepare(script):
    """Return the script's notebook, not executed, with kept metadata and steady ids."""
    import nbformat

    notebook = lessons.read(script)
    for number, cell in enumerate(notebook.cells):
        if not cell.source.strip():
            raise BuildError(f"{Path(script).name}: cell {number} is empty; delete it")
        cell.metadata = nbformat.from_dict(lessons.essence(cell)[2])
        cell.id = lessons.cell_id(number, cell)
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": lessons.KERNELSPEC, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


@asynccontextmanager
async def session(notebook, folder, timeout=120, startup=""):
    """A fresh kernel that works in `folder`, for the cells of `notebook`; gives nbclient's client.

    `startup` is code that the kernel runs before the first cell.
    """
    from .kernels import Client

    client = Client(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],  # no chatter about its sockets
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as profile:
        # one thread, no personal IPython start-up files, figures inline
        env = {**os.environ, "OMP_NUM_THREADS": "1", "IPYTHONDIR": profile}
        env.pop("MPLBACKEND", None)
        if startup:
            path = Path(profile, "profile_default", "startup", "first.py")
            path.parent.mkdir(parents=True)
            path.write_text(startup, encoding="utf-8")
        async with client.async_setup_kernel(env=env):
            yield client


async def execute(client):
    """Run every cell of a client's notebook, in order; the kernel stays.

    Raises BuildError when a cell fails.
    """
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    try:
        await client.async_execute(cleanup_kc=False)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise BuildError(re.sub(r"\x1b\[[0-9;]*m", "", str(error))) from None


def steady_output(output):
    """Remove in place what changes from run to run in one output."""
    if output.output_type == "stream":
        output.text = steady(output.text)
    for kind, data in output.get("data", {}).items():
        if kind.startswith("text/") or kind == "image/svg+xml":
            output.data[kind] = steady(data)


def join_streams(outputs):
    """Return the outputs with neighbouring stream pieces joined, stdout before stderr.

    How the kernel cuts a stream into messages depends on timing; the text does not.
    """
    from nbformat.v4 import new_output

    joined, waiting = [], {}

    def flush():
        for name in ("stdout", "stderr"):
            if name in waiting:
                joined.append(new_output("stream", name=name, text=waiting.pop(name)))

    for output in outputs:
        if output.output_type == "stream":
            waiting[output.name] = waiting.get(output.name, "") + output.text
        else:
            flush()
            joined.append(output)
    flush()
    return joined


def widget_leaves(model, states):
    """Yield the state of every widget inside `model`, in the order they are shown."""
    state = states.get(model, {})
    children = state.get("children", ())
    for child in children:
        yield from widget_leaves(child.removeprefix("IPY_MODEL_"), states)
    if not children:
        yield state


def knob(state):
    """Return "name = value" for a widget that holds a value, else ''."""
    if "index" in state and "_options_labels" in state:
        index, labels = state["index"], state["_options_labels"]
        value = labels[index] if isinstance(index, int) else ", ".join(labels[i] for i in index)
    elif state.get("description") and "value" in state:
        value = state["value"]
        value = f"{value:g}" if isinstance(value, float) else str(value)
    else:
        return ""
    return f"{state.get('description') or 'choice'} = {value}"


def static_twin(output, states):
    """Return what a reader without a kernel sees in place of a widget.

    One line that names the knobs with their starting values, then the picture or
    text which the widget shows at these values.
    """
    import nbformat
    from nbformat.v4 import new_output

    leaves = list(widget_leaves(output.data[WIDGET]["model_id"], states))
    knobs = [text for text in map(knob, leaves) if text]
    line = "[Run this cell to move the knob" + ("s" if len(knobs) > 1 else "")
    line += ": " + ", ".join(knobs) + "]" if knobs else "]"
    shown = [nbformat.from_dict(one) for leaf in leaves for one in leaf.get("outputs", ())]
    return [new_output("display_data", {"text/plain": line}), *shown]


def settle(notebook, states):
    """Give the executed notebook its stored form, in place."""
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        outputs = []
        for output in cell.outputs:
            is_widget = WIDGET in output.get("data", {})
            outputs += static_twin(output, states) if is_widget else [output]
        cell.outputs = join_streams(outputs)
        for output in cell.outputs:
            steady_output(output)
            if "text/html" in output.get("data", {}):
                # tables styled by pandas bring rules for their own id: one id for each cell
                html = output.data["text/html"]
                output.data["text/html"] = html.replace(STYLER_ID, f"T_{number:05d}")
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}


async def _run(script, timeout, startup):
    notebook = prepare(script)
    try:
        async with session(notebook, script.parent, timeout, startup) as client:
            await execute(client)
    except BuildError as error:
        raise BuildError(f"{script.name}: {error}") from None
    settle(notebook, client.widget_state)
    complaint = lessons.unexecuted(notebook.cells)
    if complaint:
        raise BuildError(f"{script.name}: {complaint}")
    return notebook


def fresh(script, timeout=120, startups=("",)):
    """Execute a script once for each of `startups`, all at the same time, each in its own kernel.

    Returns the notebooks in their stored form; nothing is written.
    Raises BuildError, naming the lesson, when a cell fails.
    """

    async def together():
        runs = [_run(Path(script), timeout, startup) for startup in startups]
        return await asyncio.gather(*runs, return_exceptions=True)  # so that every kernel ends

    notebooks = asyncio.run(together())
    for notebook in notebooks:
        if isinstance(notebook, BaseException):
            raise notebook
    return notebooks
