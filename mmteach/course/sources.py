"""Show a student's function beside the package's own, both by their source."""

import ast
import inspect
from html import escape

# two halves of the page, long lines wrapped: the right half must not leave the screen
TABLE = "table-layout: fixed; width: 100%"
LOOK = "text-align: left; white-space: pre-wrap; font-size: 75%; background: none"
CELL = (
    '<td align="left" valign="top" width="50%" style="vertical-align: top">'
    '<pre style="{look}">{code}</pre></td>'
)


def without_docstring(function):
    r"""Return the source of a function without its docstring and without its types.

    >>> import mmteach as mm
    >>> print(without_docstring(mm.build_V_cs).split("\n")[0])
    def build_V_cs(sigma2_b, sigma2, groups):
    """
    source = inspect.getsource(function)
    definition = ast.parse(source).body[0]
    lines, body = source.splitlines(), definition.body
    if ast.get_docstring(definition) is not None and len(body) > 1:
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    arguments = definition.args
    every = [*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    typed = [argument for argument in every if argument and argument.annotation]
    if typed or definition.returns:
        for argument in typed:
            argument.annotation = None
        lines[: body[0].lineno - 1] = [f"def {definition.name}({ast.unparse(arguments)}):"]
    return "\n".join(lines) + "\n"


def side_by_side(*pairs):
    """Return pairs of functions as a table of their sources, one row for each pair.

    The functions may come from cells of the running notebook or from a module.

    Parameters
    ----------
    *pairs : (function, function)

    Returns
    -------
    IPython.display.HTML

    Examples
    --------
    >>> import mmteach as mm
    >>> table = side_by_side((mm.build_V_cs, mm.minus2_loglik))
    >>> table.data.count("<tr>"), table.data.count("<td")
    (1, 2)
    """
    from IPython.display import HTML

    rows = [
        "".join(CELL.format(look=LOOK, code=escape(without_docstring(f))) for f in pair)
        for pair in pairs
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return HTML(f'<table style="{TABLE}">{body}</table>')
