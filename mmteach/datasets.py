"""The course's data sets: `load` reads one of them, `list_datasets` names them all.

The files are plain CSV in ``data/``, described in ``data/README.md``. Their checksums are in
``data/SHA256SUMS``; `load` compares before it reads, because a value changed by accident
would quietly change every number in a lesson. Nothing is ever fetched from a network.
"""

import hashlib
import io
import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from .words import UnknownName, near, shown

HERE = Path(__file__).resolve().parent


class DataSet(NamedTuple):
    """What the CSV itself does not say."""

    factors: dict[str, list | None]  # column -> its levels in order, None for 1, 2, ..., 10, ...
    design: str
    source: str


_SYNTHETIC = "Synthetic: values made by this project to give published summary statistics"

DATASETS = {
    "sorghum": DataSet(
        {"block": None, "genotype": None},
        "18 genotypes in 4 complete blocks",
        "Omer, Abdalla, Mohammed & Singh (2015), Commun. Biometry Crop Sci. 10(2), 82-95",
    ),
    "barley": DataSet(
        {"block": None, "fungicide": None, "genotype": None},
        "split plot: 2 fungicide levels on half blocks, 70 genotypes within, 4 blocks",
        "Durban, Hackett, McNicol, Newton, Thomas & Currie (2003), "
        "J. Agric. Biol. Environ. Stat. 8(1), 48-66",
    ),
    "potash": DataSet(
        {"block": None},
        "5 potash rates in 3 complete blocks",
        "Cochran & Cox (1957), Experimental Designs, 2nd ed., Wiley",
    ),
    "sleepstudy": DataSet(
        {"subject": None},
        "18 subjects measured on 10 days each",
        "Belenky et al. (2003), J. Sleep Research 12, 1-12",
    ),
    "arabidopsis": DataSet(
        {
            "region": None,
            "population": None,
            "genotype": None,
            "rack": None,
            "nutrient": None,
            "clipping": ["unclipped", "clipped"],
            "status": ["Normal", "Petri.Plate", "Transplant"],
        },
        "2 nutrient x 2 clipping levels on 24 genotypes in 9 populations in 3 regions, 2 racks",
        "Banta, Stevens & Pigliucci (2010), Oikos 119, 359-369",
    ),
    "schools": DataSet(
        {"school": None},
        "3 schools, 4 students in each",
        "Simulated: mean 50, SD between schools 10, SD within 15",
    ),
    "dyestuff2": DataSet(
        {"batch": None},
        "6 batches, 5 values of each; the estimated variance between batches is zero",
        "Box & Tiao (1973), Bayesian Inference in Statistical Analysis, Addison-Wesley: simulated",
    ),
    "pigs_crd": DataSet(
        {"pen": None, "diet": None, "day": None},
        "6 diets on 15 pens each, completely randomised; every pen seen on 3 days",
        f"{_SYNTHETIC} of a trial on pig faecal dry matter",
    ),
    "pigs_rooms": DataSet(
        {"room": None, "pen": None, "diet": None, "day": None},
        "6 diets on 5 pens each in each of 3 rooms; every pen seen on 3 days",
        f"{_SYNTHETIC} of a trial on pig faecal dry matter",
    ),
    "clover": DataSet(
        {"site_year": None, "rep": None, "entry": None},
        "35 entries, 2 site-years, 2 reps in each; 12 entries grown in one site-year only",
        f"{_SYNTHETIC} of a crimson clover variety trial",
    ),
}


def load(name: str) -> pd.DataFrame:
    """One data set of the course as a fresh DataFrame.

    Factors are ordered as a person would list them (G02 before G10, unclipped before clipped),
    so that the first level is the natural reference. Their labels are text, also where they
    look like numbers (``day`` "1"); measurements and rates are numbers.

    Parameters
    ----------
    name : str
        For instance "sorghum"; `list_datasets` shows all names.

    Returns
    -------
    pandas.DataFrame
        One row per observation; units are in the column names and in ``data/README.md``.
        ``frame.attrs`` holds "name", "design" and "source".

    Raises
    ------
    KeyError
        For an unknown name; the message lists the known ones and the closest match.
    ValueError
        When the file differs from the published version.
    FileNotFoundError
        When the data folder or the file is missing.

    Examples
    --------
    >>> import mmteach as mm
    >>> sorghum = mm.load("sorghum")
    >>> sorghum.shape
    (72, 3)
    >>> list(sorghum["block"].cat.categories)
    ['R1', 'R2', 'R3', 'R4']
    >>> sorghum.groupby("block", observed=True)["yield_kg_ha"].mean().round(1).to_dict()
    {'R1': 761.3, 'R2': 610.5, 'R3': 675.7, 'R4': 637.1}
    """
    key = _known(name)
    data_set = DATASETS[key]
    text = _verified_text(_data_folder(HERE), f"{key}.csv")
    frame = pd.read_csv(io.StringIO(text), dtype=dict.fromkeys(data_set.factors, str))
    for column, levels in data_set.factors.items():
        if levels is None:
            levels = sorted(frame[column].unique(), key=_natural)
        frame[column] = pd.Categorical(frame[column], categories=levels)
    frame.attrs = {"name": key, "design": data_set.design, "source": data_set.source}
    return frame


def list_datasets() -> pd.DataFrame:
    """The data sets of the course: a table with name, rows, columns and design.

    Examples
    --------
    >>> import mmteach as mm
    >>> mm.list_datasets().loc["schools", "design"]
    '3 schools, 4 students in each'
    """
    rows = []
    for name in DATASETS:
        frame = load(name)
        rows.append((name, len(frame), ", ".join(frame.columns), frame.attrs["design"]))
    return pd.DataFrame(rows, columns=["name", "rows", "columns", "design"]).set_index("name")


def _known(name):
    """The key in DATASETS that ``name`` means; capitals, spaces round it and .csv are forgiven."""
    key = name.strip().lower().removesuffix(".csv") if isinstance(name, str) else ""
    if key in DATASETS:
        return key
    hint = near(key, DATASETS) if isinstance(name, str) else "give its name in quotes. "
    raise UnknownName(
        f"there is no data set {shown(name)}. {hint[:1].upper()}{hint[1:]}"
        f"The course has: {', '.join(DATASETS)}."
    )


def _data_folder(package):
    """Where the CSV files are: inside an installed package, or beside it in a checkout."""
    for folder in (package / "data", package.parent / "data"):
        if (folder / "SHA256SUMS").is_file():
            return folder
    raise FileNotFoundError(
        f"the folder of data sets was found neither in {package} nor beside it. "
        "Install mmteach again, or work in a complete copy of the project."
    )


def _verified_text(folder, file):
    """The text of a data file, after its checksum has been compared with SHA256SUMS."""
    path = folder / file
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing. Restore it (in a checkout: git checkout -- data/{file}) "
            "or install mmteach again."
        )
    # git on Windows may turn line ends into CR LF; that is the same table, so hash LF
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    if hashlib.sha256(raw).hexdigest() != checksums(folder).get(file):
        raise ValueError(
            f"{path} is not the published file: its SHA-256 differs from the one in SHA256SUMS. "
            f"Restore it (in a checkout: git checkout -- data/{file}; otherwise install mmteach "
            "again). To work on a changed table, save it under a name of your own and read it "
            "with pandas.read_csv."
        )
    return raw.decode("utf-8")


def checksums(folder=None):
    """File name -> SHA-256 as listed in SHA256SUMS (the format of the tool ``sha256sum``).

    Raises
    ------
    ValueError
        When a line is not a checksum and a file name; the message names the file and the line.

    Examples
    --------
    >>> len(checksums()["sorghum.csv"])
    64
    """
    folder = _data_folder(HERE) if folder is None else Path(folder)
    path, sums = folder / "SHA256SUMS", {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        found = re.fullmatch(rb"([0-9a-f]{64})[ *]+(\S+)\s*", line)
        if found:
            sums[found[2].decode("utf-8", "replace")] = found[1].decode("ascii")
        elif line.strip():
            raise ValueError(
                f"{path} is damaged: line {number} is not a checksum and a file name. Restore "
                "it (in a checkout: git checkout -- data/SHA256SUMS) or install mmteach again."
            )
    return sums


def _natural(label):
    """Sort key that reads digits as numbers: 2 before 10, C9 before C10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", label)]
