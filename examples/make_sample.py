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
    """Split a list that is written as one line of text."""
    return [term.strip() for term in text.split(mark)]


def table(text: str) -> list[list[str]]:
    """Split a small table: commas between its rows, colons between the columns."""
    return [terms(row, ":") for row in terms(text)]


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
COUNTRIES = [(*pair, where) for where, text in CAPITALS.items() for pair in table(text)]

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
PLACES = table("""the station: la estación: la gare, the museum: el museo: le musée,
    the library: la biblioteca: la bibliothèque, the hotel: el hotel: l'hôtel,
    the market: el mercado: le marché""")
# The factors are in thousandths, so that the products are exact.
UNITS = table("""miles: kilometres: 1609, inches: centimetres: 2540, pounds: kilograms: 454,
    US gallons: litres: 3785, acres: hectares: 405, yards: metres: 914""")
REQUESTS = (  # rude, polite
    ("Send me the report", "Could you please send me the report"),
    ("Fix the printer", "Could you please have a look at the printer"),
    ("Pay the invoice", "Could you please arrange payment of the invoice"),
    ("Move your car", "Would you mind moving your car"),
    ("Check your numbers", "Could you please go over the figures once more"),
)
COMPLAINTS = (
    ("I have waited long enough", "I know how busy you are at the moment"),
    ("Nobody here ever listens", "I am afraid that my last message got lost"),
    ("I should not have to ask twice", "I hope you do not mind a short reminder"),
    ("Even a child could do it", "I am sure that this is quickly done"),
)
DEADLINES = terms("by noon, by five o'clock, before Friday, before the meeting, this week, today")
RESULTS = (  # what a Python function returns, and how
    ("the count of", "len(found)"),
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
TOPICS = (
    ("why the sky is blue", "The air bounces blue light around, and lets red go straight on."),
    ("what gravity is", "Big things pull on small ones: you jump, and the Earth wants you back."),
    ("how plants eat", "A leaf is a kitchen: it cooks sugar from water and air, on sunlight."),
    ("what a program is", "It is a recipe in tiny steps, for a cook who never guesses anything."),
    ("why the moon changes", "The sun lights one half, and we see that from different sides."),
)
HOBBIES = terms("football, dinosaurs, trains, drawing, baking, music, swimming, chess")
HEROES = terms("lighthouse keeper, retired thief, young baker, ship's doctor, piano tuner, postman")
SCENES = terms("harbour town, mountain hotel, desert station, flooded city, village without clocks")
FINDS = terms("a key that was still warm, a letter dated tomorrow, a map of a house nobody built")
DOUBTS = (
    "It had not been there the night before, and nobody had a reason to come so far.",
    "The sensible thing was to walk on, and for a whole minute that was the plan.",
    "There had been stories, of course, but stories were for people with time on their hands.",
)
TURNS = (
    "Then somebody on the floor below began to hum a song that only the dead had known.",
    "By the time the kettle boiled, every dog in the street had stopped barking at once.",
    "Outside it started to snow, slowly, and every flake was falling upwards.",
)
TABLES = table("""customers: city: balance, orders: status: total, books: genre: price,
    employees: department: salary, flights: airline: distance""")
HAIKU_FIRST = table("""spring: Rain on the new leaves, summer: Long light on the grass,
    autumn: The first cold morning, winter: Frost along the fence""")
HAIKU_NEXT = table("""a cat: a cat listens at the door, a river: the river carries a leaf,
    a train: the night train counts its bridges, the moon: the moon rests on a chimney""")
HAIKU_LAST = terms("""and the world is still, I forget the time, how small the sky is,
    so the day begins""")


def pick(rng: Random, items: Sequence[T]) -> T:
    """Choose one of the items."""
    return items[int(rng.random() * len(items))]


def pick_two(rng: Random, items: Sequence[T]) -> tuple[T, T]:
    """Choose two different items."""
    first, step = number(rng, 0, len(items) - 1), number(rng, 1, len(items) - 1)
    return items[first], items[(first + step) % len(items)]


def number(rng: Random, low: int, high: int) -> int:
    """Choose a whole number from low to high, both included."""
    return low + int(rng.random() * (high - low + 1))


def arithmetic(rng: Random) -> Text:
    """Pose a word problem; only words and numbers change, so these rows are all much alike."""
    name, goods = pick(rng, NAMES), pick(rng, GOODS)
    a, b = number(rng, 12, 60), number(rng, 2, 11)
    cases = (
        (f"buys {b} more", f"{a} + {b}", a + b),
        (f"gives {b} of them away", f"{a} - {b}", a - b),
        (f"then finds {b} boxes of 12", f"{a} + {b} * 12", a + b * 12),
        (f"wins {b}, but loses 2", f"{a} + {b} - 2", a + b - 2),
    )
    event, working, answer = pick(rng, cases)
    ask = f"{name} has {a} {goods} and {event}. How many {goods} does {name} have now?"
    return ask, "", f"{working} = {answer}. {name} now has {answer} {goods}."


def geography(rng: Random) -> Text:
    """Ask about the capitals of one or two countries."""
    (country, capital, where), (second, other, _) = pick_two(rng, COUNTRIES)
    cities = ", ".join(sorted({capital, other, pick(rng, COUNTRIES)[1], pick(rng, COUNTRIES)[1]}))
    answer = f"The capital of {country} is {capital}"
    either = " or of ".join(sorted((country, second)))
    cases = (
        (f"What is the capital of {country}?", "", f"{answer}."),
        (f"Which country has {capital} as its capital?", "", f"{answer}."),
        (f"Where is {country}?", "", f"{country} is in {where}. {answer}."),
        (f"Which of these cities is the capital of {country}?", cities, f"{answer}."),
        (f"Name the capitals of {country} and {second}.", "", f"{capital} and {other}."),
        (f"Is {capital} the capital of {either}?", "", f"{capital} is the capital of {country}."),
    )
    return pick(rng, cases)


def sentiment(rng: Random) -> Text:
    """Have a product review labelled."""
    one, two = pick_two(rng, ASPECTS)
    cases = (
        ("Positive", GOOD, "and", GOOD, f"praises the {one} and the {two}"),
        ("Negative", BAD, "and", BAD, f"complains about the {one} and the {two}"),
        ("Mixed", GOOD, "but", BAD, f"likes the {one} but not the {two}"),
    )
    label, first, link, last, reason = pick(rng, cases)
    opinion = f"The {one} {pick(rng, first)}, {link} the {two} {pick(rng, last)}."
    review = f"I bought this {pick(rng, PRODUCTS)} {pick(rng, SINCE)}. {opinion}"
    return "Is this review positive, negative or mixed?", review, f"{label}. The writer {reason}."


def translation(rng: Random) -> Text:
    """Turn two short sentences into Spanish or French."""
    name = pick(rng, NAMES)
    parts = zip(pick(rng, GREETINGS), pick(rng, PHRASES), pick(rng, PLACES), strict=True)
    english, spanish, french = (f"{a.format(name)} {b.format(place)}" for a, b, place in parts)
    language, output = pick(rng, (("Spanish", spanish), ("French", french)))
    asks = (
        f"Translate this into {language}.",
        f"How do you say this in {language}?",
        f"I am travelling and speak no {language}. What should I say?",
    )
    return pick(rng, asks), english, output


def units(rng: Random) -> Text:
    """Convert a quantity and show the working."""
    source, target, factor = pick(rng, UNITS)
    value = number(rng, 2, 300)
    asks = (
        f"Convert {value} {source} to {target}.",
        f"Express {value} {source} in {target} and show your working.",
    )
    working = f"{value} * {int(factor) / 1000:g} = {value * int(factor) / 1000:.10g}"
    return pick(rng, asks), "", f"{working}, so this is about {working.split()[-1]} {target}."


def rewrite(rng: Random) -> Text:
    """Make a rude note polite."""
    (rude, polite), (grumble, gentle) = pick(rng, REQUESTS), pick(rng, COMPLAINTS)
    name, sender = pick_two(rng, NAMES)
    deadline = pick(rng, DEADLINES)
    letter = f"{gentle}. {polite} {deadline}? Thank you very much for your help."
    return (
        f"Turn this note into a polite email from {sender}.",
        f"{name}! {rude} {deadline}. {grumble}!",
        f"Dear {name},\n\n{letter}\n\nKind regards,\n{sender}",
    )


def python(rng: Random) -> Text:
    """Ask for a function that filters a list of numbers."""
    (what, expression), limit = pick(rng, RESULTS), number(rng, 3, 60)
    tests = (
        ("even", "n % 2 == 0"),
        (f"divisible by {limit}", f"n % {limit} == 0"),
        (f"greater than {limit}", f"n > {limit}"),
        (f"less than {limit}", f"n < {limit}"),
    )
    test, condition = pick(rng, tests)
    task = f"{what} the numbers in a list that are {test}"
    code = (
        f'def select(numbers):\n    """Return {task}."""\n'
        f"    found = [n for n in numbers if {condition}]\n    return {expression}"
    )
    note = f"The list comprehension keeps every `n` for which `{condition}` is true."
    ask = f"Write a Python function that returns {task}."
    return ask, "", f"```python\n{code}\n```\n\n{note}"


def summary(rng: Random) -> Text:
    """Cut a news item down to two sentences or to a headline."""
    (plan, reason, worry), town, cost = pick(rng, PLANS), pick(rng, TOWNS), number(rng, 2, 40)
    name, other = pick_two(rng, NAMES)
    votes = f"{number(rng, 12, 20)} to {number(rng, 3, 11)}"
    report = (
        f"After a long debate, the council of {town} voted {votes} to {plan}. The plan will cost "
        f"{cost} million euros. {name}, who proposed it, said that {reason}. {other}, who voted "
        f"against it, warned that {worry}. A public meeting will be held before the work begins."
    )
    views = f"{name} says that {reason}, but {other} fears that {worry}."
    cases = (
        ("Summarise this article.", report, f"{town} will {plan} for {cost} million. {views}"),
        ("Write a headline for this article.", report, f"{town} votes {votes} to {plan}"),
    )
    return pick(rng, cases)


def explain(rng: Random) -> Text:
    """Explain a bit of science or computing to a child."""
    (topic, fact), hobby, age = pick(rng, TOPICS), pick(rng, HOBBIES), number(rng, 5, 10)
    start = f"You are {age} now, so you are ready for a real secret."
    end = f"Now you have something to tell your friends the next time you talk about {hobby}!"
    ask = f"Explain {topic} to a child of {age} who loves {hobby}."
    return ask, "", f"{start} {fact} Does that surprise you? It surprised me. {end}"


def story(rng: Random) -> Text:
    """Open a story."""
    hero, scene, find = pick(rng, HEROES), pick(rng, SCENES), pick(rng, FINDS)
    name = pick(rng, NAMES)
    opening = (
        f"Every morning the {hero} walked once through the {scene} before anybody was awake. That "
        f"is how {name} came upon {find}, lying on the third step as if its owner had only gone to "
        f"fetch an umbrella. {pick(rng, DOUBTS)} {name} picked it up. "
        f"{pick(rng, TURNS)} It was only then that {name} noticed the other footprints."
    )
    return f"Write the opening of a story about {name}, a {hero} in a {scene}.", "", opening


def sql(rng: Random) -> Text:
    """Ask for a query on one table."""
    (name, text, value), top = pick(rng, TABLES), number(rng, 3, 20)
    cases = (
        (f"the {top} {name} with the highest {value}", f"ORDER BY {value} DESC\nLIMIT {top}"),
        (f"the {name} with a {value} above {top}00", f"WHERE {value} > {top}00\nORDER BY {text}"),
    )
    what, clauses = pick(rng, cases)
    query = f"SELECT id, name, {text}, {value}\nFROM {name}\n{clauses};"
    note = f"It names the columns, so a new column in {name} will not change the result."
    schema = f"{name}(id, name, {text}, {value})"
    return f"Write an SQL query that finds {what}.", schema, f"```sql\n{query}\n```\n\n{note}"


def haiku(rng: Random) -> Text:
    """Write three lines of five, seven and five syllables."""
    (season, first), (subject, second) = pick(rng, HAIKU_FIRST), pick(rng, HAIKU_NEXT)
    poem = f"{first},\n{second},\n{pick(rng, HAIKU_LAST)}."
    return f"Write a haiku about {subject} in {season}.", "", poem


# Share of the rows in thousandths, mean rating, function.
FAMILIES: dict[str, tuple[int, float, Callable[[Random], Text]]] = {
    "arithmetic": (320, 2.7, arithmetic),
    "geography": (240, 2.5, geography),
    "sentiment": (90, 2.9, sentiment),
    "translation": (80, 3.1, translation),
    "units": (70, 3.0, units),
    "rewrite": (60, 3.6, rewrite),
    "python": (50, 3.9, python),
    "summary": (40, 3.6, summary),
    "explain": (26, 4.1, explain),
    "story": (9, 4.3, story),
    "sql": (8, 4.0, sql),
    "haiku": (7, 4.2, haiku),
}
EDITS: tuple[Callable[[str], str], ...] = (
    lambda text: f"{text} Please.",
    lambda text: f"{text} Thanks!",
    lambda text: text[0].lower() + text[1:],
    lambda text: text[:-1],  # without the final mark
    lambda text: text.replace(" ", "  ", 1),
)


def originals(count: int, rng: Random) -> Iterator[Row]:
    """Draw rows that all differ, family by family."""
    seen: set[Text] = set()
    due = 0
    for family, (share, mean, make) in FAMILIES.items():
        due += share * count
        misses = 0
        while len(seen) < due // 1000:
            text = make(rng)
            if text not in seen:
                seen.add(text)
                noise = 1.2 * (rng.random() + rng.random() - 1)
                yield *text, family, round(min(max(mean + noise, 1.0), 5.0), 1), ""
            elif (misses := misses + 1) > 100_000:
                raise ValueError(f"too many rows: the {family} templates run out of new ones")


def make_rows(count: int, rng: Random) -> list[Row]:
    """Draw the originals, plant the copies, shuffle."""
    exact, near = count * 6 // 100, count * 8 // 100
    rows = list(originals(count - exact - near, rng))
    copies: list[Row] = [(*pick(rng, rows)[:5], "exact") for _ in range(exact)]
    seen = {row[:3] for row in rows}
    while len(copies) < exact + near:
        instruction, given, output, family, rating, _ = pick(rng, rows)
        text = (pick(rng, EDITS)(instruction), given, output)
        if text not in seen:  # no two near copies may be equal either
            seen.add(text)
            copies.append((*text, family, rating, "near"))
    rows += copies
    rows.sort(key=lambda _: rng.random())
    return rows


def write(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON Lines; the file appears whole or not at all."""
    partial = Path(f"{path}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                fields = dict(zip(FIELDS, row, strict=True))
                file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Make the sample data set of spanset.")
    parser.add_argument("output", nargs="?", type=Path, default=Path("sample.jsonl"))
    parser.add_argument("--rows", type=int, default=3000, help="at most about 10,000")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.rows < 1:
        parser.error("--rows must be at least 1")
    try:
        rows = make_rows(args.rows, Random(args.seed))
        write(rows, args.output)
    except OSError as error:
        sys.exit(f"make_sample: cannot write {args.output}: {error.strerror}")
    except ValueError as error:
        sys.exit(f"make_sample: {error}")
    print(f"wrote {len(rows)} rows to {args.output}")


if __name__ == "__main__":
    main()
