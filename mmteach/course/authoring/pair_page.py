"""The two lessons of a pair side by side on one page: ``python -m mmteach pair day2``.

One file that needs no network: for the projector, and printed on A4 landscape as a handout. What is
the same in both lessons stands once, across the page; where they differ, each has its column, and
the words that differ are marked by an underline that is seen in grey, too.
"""

import base64
import re
from copy import copy
from difflib import SequenceMatcher
from html import escape
from itertools import zip_longest
from pathlib import Path

from . import lessons
from .building import replace
from .formulas import formula

# a formula stands in for itself as one character pair with its number between, safe from Markdown
KEPT = re.compile("\ue000(\\d+)\ue001")
FORMULA = re.compile(r"\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?P<inline>[^$\n]+?)\$", re.S)
CODE = re.compile(r"(```.*?```|``.*?``|`[^`\n]*`)", re.S)
PIECE = re.compile("<[^>]*>|\ue000\\d+\ue001|&#?\\w+;|\\d+(?:[.,]\\d+)*|\\w+|\\s+|.", re.S)
BLOCK = re.compile(r"<(p|li|pre|tr|summary|h[3-6])\b")
OTHER = 0.6  # from this share of differing words a paragraph bears one sign, and no marks
STYLE = """
:root { --line: #777; --soft: #f3f3f3; }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #111;
  margin: 0 auto; padding: 0 1.2rem 3rem; max-width: 1500px; background: #fff; }
h1 { font-size: 1.5rem; margin: 1rem 0 .3rem; }
h2 { font-size: 1.25rem; margin: 0; }
h3 { font-size: 1.05rem; }
nav { font-size: .9rem; line-height: 1.9; } nav a { margin-right: 1.1em; white-space: nowrap; }
a { color: #064f8c; }
.key { border: 1px solid var(--line); padding: .4rem .8rem; font-size: .95rem; }
header.sides { position: sticky; top: 0; z-index: 1; background: #fff; padding: .35rem 0;
  border-bottom: 2px solid #111; }
.row { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); column-gap: 1.6rem;
  align-items: start; }
.row > * { min-width: 0; padding: .1rem 0 .1rem .8rem; overflow-wrap: break-word; }
.both { grid-column: 1 / 3; max-width: 62rem; }
.both:has(img) { max-width: none; }
.left { border-left: 5px solid #111; }
.right { border-left: 5px double #111; }
.blank { border-left: 5px solid transparent; }
.side { font-weight: 700; padding-left: .8rem; }
section { margin-top: 1.4rem; } section > h2 { border-top: 2px solid #111; padding-top: .5rem; }
pre { font: .74em/1.35 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; margin: .3rem 0;
  padding: .45rem .6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.code { background: var(--soft); border: 1px solid #ccc; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .88em; }
p { margin: .5rem 0; } blockquote { margin: .5rem 0; padding-left: .8rem;
  border-left: 3px dotted var(--line); }
img { max-width: 100%; height: auto; max-height: 62vh; display: block; }
table { border-collapse: collapse; font-size: .85em; margin: .4rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .15rem .5rem; text-align: left;
  vertical-align: top; }
mark { color: inherit; background: #ffe9a8; text-decoration: underline; font-weight: 600;
  text-decoration-thickness: 2px; text-underline-offset: 2px; }
.other::before { content: "≠ "; font-weight: 700; }
pre.other::before { content: "≠"; float: right; font: 700 1.1rem/1 system-ui, sans-serif; }
mark:has(math) { text-decoration: none; outline: 2px solid #111; }
.right mark:has(math) { outline: 3px double #111; }
.right mark { background: #cfe6ff; text-decoration-style: double; }
math { font-size: 1.05em; font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math",
  "DejaVu Math TeX Gyre", math; }
mi[mathvariant="bold"], mi[mathvariant="bold-italic"] { font-weight: 700; text-transform: none; }
mi[mathvariant="bold-italic"] { font-style: italic; }
math[display="block"] { margin: .5rem 0; overflow-x: auto; }
.tex { font-family: "DejaVu Serif", Georgia, serif; font-style: italic; }
details { border: 1px solid #ccc; padding: .2rem .6rem; margin: .4rem 0; }
@page { size: A4 landscape; margin: 11mm 10mm; }
@media print {
  pre { font-size: .72em; }
  body { font-size: 9.5pt; padding: 0; max-width: none; }
  nav, header.sides { display: none; }
  .inprint { display: grid !important; }
  h2, h3 { break-after: avoid; } .names { break-after: avoid; }
  pre, img, table, blockquote, .short { break-inside: avoid; }
  img { max-height: 76mm; } .both img { max-height: 105mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
.inprint { display: none; font-size: .9em; }
"""


# --- Markdown, its formulas kept apart ---------------------------------------------------------


def markdown(source, folder, kept):
    """HTML of a Markdown cell; formulas go into the list `kept`, pictures into the text itself."""
    import mistune

    def keep(found):
        kept.append((found["block"] or found["inline"], bool(found["block"])))
        return f"\ue000{len(kept) - 1}\ue001"

    parts = CODE.split(source)
    text = "".join(part if i % 2 else FORMULA.sub(keep, part) for i, part in enumerate(parts))
    html = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])(text)
    html = re.sub(r'(<img[^>]* src=")([^"]+)"', lambda found: _embed(found, folder), html)
    # what is not on this page is named, not linked
    return re.sub(r'<a href="(?!https?:)[^"]*">(.*?)</a>', r"<span>\1</span>", html, flags=re.S)


def _embed(found, folder):
    path = Path(folder) / found[2]
    if found[2].startswith("data:") or not path.is_file():
        return found[0]
    return f'{found[1]}data:image/{path.suffix.lstrip(".")};base64,{_letters(path.read_bytes())}"'


def _letters(bytes_):
    return base64.b64encode(bytes_).decode()


def with_formulas(html, kept):
    """Put the formulas in the places that hold their numbers."""
    return KEPT.sub(lambda found: formula(*kept[int(found[1])]), html)


# --- what differs ---------------------------------------------------------------------------------


def marked(left, right, kept):
    """Two pieces of HTML with the words marked that the other has not, or has elsewhere.

    A paragraph, a line of a list or a cell of code that differs nearly throughout gets the class
    "other" instead, which the page shows as one sign before it.

    >>> marked("<p>one SE</p>", "<p>one <i>SED</i></p>", [])
    ('<p>one <mark>SE</mark></p>', '<p>one <i><mark>SED</mark></i></p>')
    """
    pieces = [PIECE.findall(html) for html in (left, right)]
    places = [[i for i, piece in enumerate(side) if _is_word(piece)] for side in pieces]
    words = [
        [_key(side[i], kept) for i in where] for side, where in zip(pieces, places, strict=True)
    ]
    match = SequenceMatcher(None, *words, autojunk=False)
    changed, codes = (set(), set()), match.get_opcodes()
    for i, (kind, a, b, c, d) in enumerate(codes):
        # one word alike between two that differ is chance, and would only break up the mark
        if kind != "equal" or (b - a == 1 and 0 < i < len(codes) - 1):
            changed[0].update(places[0][a:b])
            changed[1].update(places[1][c:d])
    for side, where in zip(pieces, changed, strict=True):
        _one_sign(side, where)
    return tuple(map(_with_marks, pieces, changed))


def _one_sign(pieces, changed):
    """Take the marks off the paragraphs that differ nearly throughout, and sign these, in place."""
    starts = [i for i, piece in enumerate(pieces) if BLOCK.match(piece)]
    ends = [*starts, len(pieces)][1:]
    for start, end in zip(starts, ends, strict=True):
        words = [i for i in range(start, end) if _is_word(pieces[i])]
        differ = changed.intersection(words)
        if len(words) >= 6 and len(differ) >= OTHER * len(words):
            changed.difference_update(differ)
            tag = pieces[start]
            pieces[start] = (
                tag.replace('class="', 'class="other ', 1)
                if 'class="' in tag
                else BLOCK.sub(r'<\1 class="other"', tag)
            )


def _is_word(piece):
    return not piece.isspace() and not (piece.startswith("<") and piece.endswith(">"))


def _key(piece, kept):
    """What is compared: a formula by its TeX, a word as it is."""
    found = KEPT.fullmatch(piece)
    return kept[int(found[1])] if found else piece


def _with_marks(pieces, changed):
    """The pieces joined, runs of changed words and the blanks between them inside <mark>."""
    runs, at = [], 0
    while at < len(pieces):
        if at not in changed:
            runs.append(pieces[at])
            at += 1
            continue
        last = end = at
        while end < len(pieces) and (end in changed or pieces[end] == " "):
            last = end if end in changed else last
            end += 1
        runs.append(f"<mark>{''.join(pieces[at : last + 1])}</mark>")
        at = last + 1
    return "".join(runs)


# --- the page -------------------------------------------------------------------------------------


def shown(cell, folder, kept):
    """[HTML of the source, HTML of the outputs] of a cell; of a missing one nothing."""
    if cell is None:
        return ["", ""]
    if cell.cell_type == "markdown":
        return [markdown(cell.source, folder, kept), ""]
    return [f'<pre class="code">{escape(cell.source)}</pre>', "".join(map(_output, cell.outputs))]


def _output(output):
    data = output.get("data", {})
    if output.output_type == "stream":
        return f"<pre>{escape(output.text.rstrip())}</pre>"
    if "image/png" in data:
        return (
            '<img alt="The picture that the code above draws" '
            f'src="data:image/png;base64,{"".join(data["image/png"].split())}">'
        )
    if "text/html" in data:
        return re.sub(r"<(style|script)\b.*?</\1>", "", data["text/html"], flags=re.S | re.I)
    return f"<pre>{escape(data.get('text/plain', ''))}</pre>"


def row(left, right, kept):
    """One row of the page: across it what is the same, else each in its column."""
    if left == right or _same(left, right, kept):
        return f'<div class="row"><div class="both">{left}</div></div>' if left else ""
    left, right = marked(left, right, kept) if left and right else (left, right)
    sides = [
        f'<div class="{side if html else "blank"}">{html}</div>'
        for side, html in (("left", left), ("right", right))
    ]
    short = " short" if len(left) + len(right) < 3000 else ""
    return f'<div class="row{short}">{"".join(sides)}</div>'


def _same(left, right, kept):
    """Whether two pieces show the same, with formulas that only bear other numbers."""
    return with_keys(left, kept) == with_keys(right, kept)


def with_keys(html, kept):
    return KEPT.sub(lambda found: repr(kept[int(found[1])]), html)


def sections(cells):
    """[(heading, cells)] of a lesson, the cells before the first section under ''."""
    found = [("", [])]
    for cell in cells:
        level, title = lessons.heading(cell)
        if level == 2:
            found.append((title, []))
        found[-1][1].append(below_heading(cell) if 1 <= level <= 2 else cell)
    return found


def below_heading(cell):
    """The cell without its first line, which the page shows as a heading of its own."""
    rest = copy(cell)
    rest.source = cell.source.lstrip().partition("\n")[2]
    return rest


def names(titles):
    """What each of the two is called: the end of its title, from where the two part.

    >>> names(["A trial: blocks fixed", "A trial: blocks random"])
    ('A trial', ['blocks fixed', 'blocks random'])
    """
    heads = [title.rsplit(": ", 1) for title in titles]
    if all(len(head) == 2 for head in heads) and heads[0][0] == heads[1][0]:
        return heads[0][0], [head[1] for head in heads]
    return " and ".join(titles), list(titles)


def page(left, right, answers=False):
    """The whole page, as HTML, of two notebooks."""
    folders = [Path(path).parent for path in (left, right)]
    cells = [lessons.read(path).cells for path in (left, right)]
    title, sides = names([lessons.heading(side[0])[1] for side in cells])
    parts = [sections(side) for side in cells]
    header = f"<div class='side'>{escape(sides[0])}</div><div class='side'>{escape(sides[1])}</div>"
    body, links = [], []
    for number, (one, other) in enumerate(zip_longest(*parts, fillvalue=("", []))):
        heading = one[0] or other[0]
        if heading:
            links.append(f'<a href="#s{number}">{escape(heading)}</a>')
            body.append(f'<section id="s{number}"><h2>{escape(heading)}</h2>')
            body.append(f'<div class="row names inprint">{header}</div>')
        body += rows(one[1], other[1], folders)
        body.append("</section>" if heading else "")
    html = "\n".join(filter(None, body))
    if answers:
        html = html.replace("<details>", "<details open>")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}: '
        f"{escape(' and '.join(sides))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}, side by side</h1>\n"
        '<p class="key">What is the same in both lessons goes across the page. Where they differ, '
        f"<b>{escape(sides[0])}</b> is on the left, at a single bar, and "
        f"<b>{escape(sides[1])}</b> on the right, at a double bar; the words that differ are "
        "<mark>marked</mark>, and a paragraph that is different throughout begins with "
        "<b>≠</b>.</p>\n"
        f"<nav>{' '.join(links)}</nav>\n"
        f'<header class="sides"><div class="row">{header}</div></header>\n{html}\n</body>\n'
        "</html>\n"
    )


def rows(left, right, folders):
    """The rows of one section: cell by cell, the source and then what it shows."""
    made = []
    for pair in zip_longest(left, right):
        kept = []
        both = [shown(cell, folder, kept) for cell, folder in zip(pair, folders, strict=True)]
        for part in (0, 1):
            made.append(with_formulas(row(both[0][part], both[1][part], kept), kept))
    return made


def find_pair(name):
    """The two notebooks of a day; raises ValueError when the day has no pair."""
    found = [
        notebook
        for _, notebook in lessons.find(name)
        if notebook.parent == lessons.notebooks_folder() and notebook.is_file()
    ]
    if len(found) != 2:
        listed = ", ".join(path.stem for path in found) or "none"
        raise ValueError(
            f"a pair is two lessons of one day; those that begin with {name!r}: {listed}"
        )
    return found


def main(name, out=".", answers=False):
    """Write the page of a pair into the folder `out`, and say where."""
    left, right = find_pair(name)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{Path(name).stem}_side_by_side.html"
    html = page(left, right, answers)
    replace(path, html)
    print(f"{path}: {left.stem} and {right.stem}, {len(html) / 1e6:.1f} MB")
    if 'class="tex"' in html:
        print(
            "Formulas are in plain letters where latex2mathml could not set them; it comes with: "
            'python -m pip install -e ".[presenting]"'
        )
    return 0
