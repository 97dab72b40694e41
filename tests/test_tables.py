"""Tables: what prints, and what a copy keeps."""

import copy
import pickle

import pandas as pd
import pytest

import mmteach as mm
from mmteach.tables import Table


@pytest.fixture
def table():
    return Table(
        {"f": [40.271802, None], "p": [0.00793, None]},
        title="Tests",
        notes=["One note."],
        digits={"f": 6},
        na="none",
    )


@pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_keeps_title_notes_digits_and_na(table, twin_of):
    twin = twin_of(table)
    assert type(twin) is Table and twin.equals(table) and str(twin) == str(table)
    assert (twin.title, twin.notes, twin.digits, twin.na) == (
        "Tests",
        ["One note."],
        {"f": 6},
        "none",
    )
    if twin_of is not copy.copy:  # a shallow copy shares its numbers before pandas 3
        twin.loc[0, "f"] = 1.0
        assert table.f[0] == 40.271802


def test_a_deep_copy_shares_nothing(table):
    twin = copy.deepcopy(table)
    twin.notes.append("another")
    twin.digits["p"] = 1
    assert table.notes == ["One note."] and table.digits == {"f": 6}


@pytest.mark.parametrize(
    "twin_of",
    [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_of_means_can_still_be_compared(twin_of):
    means = mm.emmeans(mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash")), "k2o_lb_ac")
    twin = twin_of(means)
    assert type(twin) is type(means) and str(twin) == str(means)
    assert str(mm.contrasts(twin)) == str(mm.contrasts(means))


def test_what_is_computed_from_a_table_is_plain(table):
    assert [type(part) for part in (table.round(1), table.head(1), table.copy())] == [
        pd.DataFrame
    ] * 3
