"""Measures by name: every name gives the measure of that name, once, in the order given."""

import pytest

from spanset.base.errors import UsageError
from spanset.diversity.catalogue import ARGUMENTS, ON_REQUEST, PLAIN, parse_measures

WITH_ARGUMENTS = [
    "ldd:drop",
    "extent:drop",
    "vendi:2",
    "vendi:0.5",
    "vendi:inf",
    "knn:2",
    "knn:10",
    "near-duplicates:0.8",
    "categories:topic",
    "categories:a:b",
    "categories: spaced",
]


def names(*texts):
    return [measure.name for measure in parse_measures(texts)]


@pytest.mark.parametrize("name", [*PLAIN, *WITH_ARGUMENTS])
def test_a_measure_is_called_what_it_was_asked_for(name):
    assert names(name) == [name]


@pytest.mark.parametrize("name", [*PLAIN, *WITH_ARGUMENTS])
def test_a_name_parses_to_itself(name):
    (measure,) = parse_measures([name])
    assert parse_measures([measure.name]) == [measure]
    assert measure.unit
    assert measure.better in ("higher", "lower")


def test_all_is_every_measure_but_those_on_request():
    assert names("all") == [name for name in PLAIN if name not in ON_REQUEST]
    assert names("all,extent")[-1] == "extent"


def test_commas_and_spaces_separate_and_nothing_is_taken_twice():
    assert names("knn, ldd", "vendi,knn") == ["knn", "ldd", "vendi"]
    assert names("vendi", "all")[0] == "vendi"
    assert len(names("all", "all", "ldd")) == len(names("all"))


@pytest.mark.parametrize(
    ("name", "default"),
    [("ldd:clamp", "ldd"), ("extent:clamp", "extent"), ("vendi:1", "vendi"), ("knn:1", "knn")],
)
def test_the_default_argument_is_the_plain_measure(name, default):
    assert names(name, default) == [default]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "ldd,",
        "bogus",
        "LDD",
        "ldd:",
        "ldd:x",
        "ldd:clamp:drop",
        "extent:x",
        "vendi:x",
        "vendi:0",
        "vendi:-1",
        "vendi:nan",
        "vendi:-inf",
        "knn:0",
        "knn:11",
        "knn:1.0",
        "knn:x",
        "near-duplicates:0",
        "near-duplicates:1",
        "near-duplicates:nan",
        "near-duplicates:x",
        "categories",
        "categories:",
        "coverage:3",
        "sources:3",
        "all:3",
    ],
)
def test_what_is_no_measure_is_refused_with_what_is(text):
    with pytest.raises(UsageError) as caught:
        parse_measures([text])
    assert caught.value.fix


def test_no_measure_at_all_is_refused():
    with pytest.raises(UsageError, match="no measure"):
        parse_measures([])


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_a_measure_with_a_choice_says_what_may_be_chosen(kind):
    if kind == "categories":
        return  # any text is a field
    with pytest.raises(UsageError) as caught:
        parse_measures([f"{kind}:?"])
    assert ARGUMENTS[kind] in caught.value.fix
