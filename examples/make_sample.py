"""Make a sample data set for spanset: 3,000 rows of instruction-tuning data as JSON Lines.

    python examples/make_sample.py [OUTPUT=sample.jsonl] [--rows 3000] [--seed 0]

The rows come from our own templates, in twelve task families of very unequal size: arithmetic and
geography hold 56% of them; stories, SQL queries and haiku less than 1% each. Of all rows, 6% are
exact copies of another row and 8% are near copies (one light edit of the instruction); no other
two rows are equal. So a selection can be judged at a glance: it should spread over the families
and leave the copies behind. Each row has these fields:

    instruction, input, output   the text, Alpaca style ("input" may be empty)
    family                       the template that made it, such as "arithmetic"
    rating                       1.0 to 5.0; the rarer and longer families rate higher on average
    copy                         "" for an original, "exact" or "near" for a planted copy

The same seed gives the same bytes on every platform and Python version: all chance comes from
Random.random(), whose sequence Python keeps stable.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

T = TypeVar("T")
Text = tuple[str, str, str]  # instruction, input, output
Row = tuple[str, str, str, str, float, str]  # a text, then family, rating, copy
FIELDS = ("instruction", "input", "output", "family", "rating", "copy")


def terms(text: str, mark: str = ",") -> list[str]:
    return [term.strip() for term in text.split(mark)]


NAMES = terms("Ana, Ben, Chloe, David, Elena, Farid, Grace, Hiro, Ines, Jonas, Kemi, Liam, Maya")
GOODS = terms("apples, marbles, stickers, pencils, stamps, cookies, shells, buttons, balloons")
CAPITALS = {
    "Europe": """France: Paris, Italy: Rome, Spain: Madrid, Portugal: Lisbon, Germany: Berlin,
        Poland: Warsaw, Austria: Vienna, Hungary: Budapest, Greece: Athens, Norway: Oslo,
        Sweden: Stockholm, Finland: Helsinki, Denmark: Copenhagen, Ireland: Dublin""",
    "Africa": """Morocco: Rabat, Tunisia: Tunis, Kenya: Nairobi, Ghana: Accra, Senegal: Dakar,
        Nigeria: Abuja, Ethiopia: Addis Ababa, Uganda: Kampala, Rwanda: Kigali, Zambia: Lusaka""",
    "Asia": """Japan: Tokyo, Thailand: Bangkok, Vietnam: Hanoi, Nepal: Kathmandu, Iraq: Baghdad,
        India: New Delhi, China: Beijing, Mongolia: Ulaanbaatar, Jordan: Amman, Iran: Tehran""",
    "South America": """Peru: Lima, Chile: Santiago, Argentina: Buenos Aires, Brazil: Brasília,
        Colombia: Bogotá, Ecuador: Quito, Uruguay: Montevideo, Paraguay: Asunción""",
    "North America": "Canada: Ottawa, Mexico: Mexico City, Cuba: Havana, Jamaica: Kingston",
    "Oceania": "Australia: Canberra, New Zealand: Wellington, Fiji: Suva, Samoa: Apia",
}
COUNTRIES = [(*terms(pair, ":"), where) for where, text in CAPITALS.items() for pair in terms(text)]

PRODUCTS = terms("kettle, phone, backpack, desk lamp, keyboard, blender, tent, wristwatch, drill")
ASPECTS = terms("design, price, delivery, customer service, packaging, manual, weight, finish")
GOOD = terms("is excellent, is a delight, exceeded my hopes, could not be better, impressed me")
BAD = terms("is a disappointment, let me down, is worse than promised, drove me mad, is awful")
SINCE = terms("yesterday, last week, a month ago, in spring, before my holiday, two years ago")

GREETINGS = (  # English, Spanish, French
    ("Good morning.", "Buenos días.", "Bonjour."),
    ("Excuse me.", "Disculpe.", "Excusez-moi."),
    ("Hello, my name is {}.", "Hola, me llamo {}.", "Bonjour, je m'appelle {}."),
)
PHRASES = (
    ("Where is {}?", "¿Dónde está {}?", "Où est {} ?"),
    ("We are looking for {}.", "Buscamos {}.", "Nous cherchons {}."),
    ("Is {} far from here?", "¿Está lejos de aquí {}?", "Est-ce que {} est loin d'ici ?"),
)
PLACES = (
    ("the station", "la estación", "la gare"),
    ("the museum", "el museo", "le musée"),
    ("the market", "el mercado", "le marché"),
    ("the library", "la biblioteca", "la bibliothèque"),
    ("the hotel", "el hotel", "l'hôtel"),
)
UNITS = (  # factors in thousandths, so that the products are exact
    ("miles", "kilometres", 1609),
    ("inches", "centimetres", 2540),
    ("pounds", "kilograms", 454),
    ("US gallons", "litres", 3785),
    ("acres", "hectares", 405),
)
REQUESTS = (  # rude, polite
    ("Send me the report", "could you please send me the report"),
    ("Fix the printer", "could you please have a look at the printer"),
    ("Pay the invoice", "could you please arrange payment of the invoice"),
    ("Move your car", "would you mind moving your car"),
    ("Check your numbers", "could you please go over the figures once more"),
)
COMPLAINTS = (
    ("I have waited long enough", "I know how busy you are at the moment"),
    ("Nobody here ever listens", "I am afraid that my last message got lost"),
    ("I should not have to ask twice", "I hope you do not mind a short reminder"),
    ("Even a child could do it", "I am sure that this is quickly done"),
)
DEADLINES = terms("by noon, by five o'clock, before Friday, before the meeting, this week, today")
RESULTS = (  # what a Python function returns, and how
    ("the number of", "len(found)"),
    ("a sorted list of", "sorted(found)"),
    ("the set of", "set(found)"),
    ("the largest (or None) of", "max(found, default=None)"),
    ("the first (or None) of", "found[0] if found else None"),
)
PLANS = (  # a plan, the reason for it, the worry about it
    ("close the old bridge to cars", "it was never built for traffic", "shops will lose customers"),
    ("build a covered market", "traders need a dry place", "the square will lose its trees"),
    ("turn the mill into a library", "the old one floods", "the mill is too far from the school"),
    ("make weekend buses free", "families stay away", "the timetable is already too thin"),
)
TOWNS = terms("Alderbrook, Brightwater, Carrow, Dunmere, Eastfold, Fallowfield, Greywick, Holmby")
TOPICS = {
    "why the sky is blue": """Sunlight is a mix of all colours, and the air bounces the blue part
        around most. Think of small balls that fly everywhere while the big ones roll straight on.
        Look up at noon and again at sunset, and compare the colours!""",
    "what gravity is": """Everything pulls a little on everything else, and big things pull more.
        The Earth is so big that it pulls you, your shoes and the sea towards its middle.""",
    "how plants eat": """A plant cooks its own food. It takes water from the soil, a gas from the
        air and light from the sun, and its leaves turn them into sugar. That is why a plant in a
        dark cupboard goes pale and weak: its kitchen has no fire.""",
    "what a computer program is": """It is a list of very small steps, like a recipe for somebody
        who never guesses. If it forgets to say "open the carton", the milk stays inside.""",
    "why the moon changes shape": """The moon is always a ball, and the sun always lights one half
        of it. As the moon travels around us, we see that bright half from different sides. Walk
        around an orange next to a lamp, and you will see every shape of the moon.""",
}
HOBBIES = terms("football, dinosaurs, trains, drawing, baking, music, swimming, chess")
HEROES = terms("lighthouse keeper, retired thief, young baker, ship's doctor, piano tuner, postman")
SCENES = terms("harbour town, mountain hotel, desert station, flooded city, village without clocks")
FINDS = terms("a key that was still warm, a letter dated tomorrow, a map of a house nobody built")
DOUBTS = (
    "It had not been there the night before, and nobody had a reason to come so far.",
    "The sensible thing was to put it back, and for a whole minute that was the plan.",
    "There had been stories, of course, but stories were for people with time on their hands.",
)
TURNS = (
    "Then somebody on the floor below began to hum a song that only the dead had known.",
    "By the time the kettle boiled, every dog in the street had stopped barking at once.",
    "Outside it started to snow, slowly, and every flake was falling upwards.",
)
TABLES = (  # an SQL table, its text column, its number column
    ("customers", "city", "balance"),
    ("orders", "status", "total"),
    ("employees", "department", "salary"),
    ("books", "genre", "price"),
)
HAIKU_FIRST = {"spring": "Rain on the new leaves", "summer": "Long light on the grass"} | {
    "autumn": "The first cold morning",
    "winter": "Frost along the fence",
}
HAIKU_SECOND = {
    "a cat": "a cat listens at the door",
    "a train": "the night train counts its bridges",
    "a river": "the river carries a leaf",
    "the moon": "the moon rests on a chimney",
    "a letter": "a letter waits unopened",
}
HAIKU_LAST = terms("and the world is still, I forget the time, how small the sky is, so the day ends")


def pick(rng: Random, items: Sequence[T]) -> T:
    return items[int(rng.random() * len(items))]


def pick_two(rng: Random, items: Sequence[T]) -> tuple[T, T]:
    first, step = number(rng, 0, len(items) - 1), number(rng, 1, len(items) - 1)
    return items[first], items[(first + step) % len(items)]


def number(rng: Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


def arithmetic(rng: Random) -> Text:
    name, goods = pick(rng, NAMES), pick(rng, GOODS)
    a, b = number(rng, 12, 60), number(rng, 2, 11)
    event, working, answer = pick(
        rng,
        (
            (f"buys {b} more", f"{a} + {b}", a + b),
            (f"gives {b} of them away", f"{a} - {b}", a - b),
            (f"finds {b} times as many again", f"{a} + {a} × {b}", a + a * b),
            (f"wins {b}, but loses 2", f"{a} + {b} - 2", a + b - 2),
        ),
    )
    question = f"{name} has {a} {goods} and {event}. How many {goods} does {name} have now?"
    return question, "", f"{working} = {answer}. {name} now has {answer} {goods}."


def geography(rng: Random) -> Text:
    (country, capital, where), (_, other, _) = pick_two(rng, COUNTRIES)
    guess = pick(rng, (capital, other))
    cities = sorted({capital, other, pick(rng, COUNTRIES)[1], pick(rng, COUNTRIES)[1]})
    answer = f"The capital of {country} is {capital}."
    cases = (
        (f"What is the capital of {country}?", "", answer),
        (f"Which country has {capital} as its capital?", "", f"{capital} is in {country}."),
        (f"Where is {country}?", "", f"{country} is in {where}. Its capital is {capital}."),
        (f"Which of these cities is the capital of {country}?", ", ".join(cities), answer),
        (f"True or false: {guess} is the capital of {country}.", "", f"{guess == capital}. {answer}"),
    )
    return pick(rng, cases)


def sentiment(rng: Random) -> Text:
    (one, two), product, since = pick_two(rng, ASPECTS), pick(rng, PRODUCTS), pick(rng, SINCE)
    label, first, link, second, reason = pick(
        rng,
        (
            ("Positive", GOOD, "and", GOOD, f"praises the {one} and the {two}"),
            ("Negative", BAD, "and", BAD, f"complains about the {one} and the {two}"),
            ("Mixed", GOOD, "but", BAD, f"likes the {one} but not the {two}"),
        ),
    )
    opinion = f"The {one} {pick(rng, first)}, {link} the {two} {pick(rng, second)}."
    ask = pick(rng, ("Is this review", "Would you call this customer's opinion"))
    review = f"I bought this {product} {since}. {opinion}"
    return f"{ask} positive, negative or mixed?", review, f"{label}. The writer {reason}."


def translation(rng: Random) -> Text:
    parts = zip(pick(rng, GREETINGS), pick(rng, PHRASES), pick(rng, PLACES), strict=True)
    name = pick(rng, NAMES)
    english, *foreign = (f"{hello} {ask}".format(name, place) for hello, ask, place in parts)
    return "", "", ""


def units(rng: Random) -> Text:
    source, target, factor = pick(rng, UNITS)
    value = number(rng, 2, 300)
    result = f"{value * factor / 1000:.10g}"
    ask = pick(rng, (f"Convert {value} {source} to {target}.",))
    return ask, "", f"{value} {source} are about {result} {target}."
