"""Make a sample data set for spanset: 3,000 rows of instruction-tuning data as JSON Lines.

    python examples/make_sample.py [OUTPUT=sample.jsonl] [--rows 3000] [--seed 0]

The rows come from our own templates, in twelve task families of very unequal size: arithmetic and
geography hold 56% of them; stories, SQL queries and haiku less than 1% each. The large families
repeat themselves, the small ones vary more. Of all rows, 6% are exact copies of another row and 8%
are near copies (one light edit of the instruction); no other two rows are equal. So a selection
can be judged at a glance: it should spread over the families and leave the copies behind. Each row
has these fields:

    instruction, input, output   the text, Alpaca style ("input" may be empty)
    family                       the template that made it, such as "arithmetic"
    rating                       1.0 to 5.0; the rarer and longer families rate higher on average
    copy                         "" for an original, "exact" or "near" for a planted copy

The same seed gives the same bytes on every platform and Python version: all chance comes from
Random.random(), whose sequence Python keeps stable.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

T = TypeVar("T")
Text = tuple[str, str, str]  # instruction, input, output
Row = tuple[str, str, str, str, float, str]  # a text, then family, rating, copy
FIELDS = ("instruction", "input", "output", "family", "rating", "copy")
CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")  # (this|that); no parentheses inside


def pick(rng: Random, items: Sequence[T]) -> T:
    """Choose one of the items."""
    return items[int(rng.random() * len(items))]


def pick_two(rng: Random, items: Sequence[T]) -> tuple[T, T]:
    """Choose two different items."""
    first, step = pick(rng, range(len(items))), pick(rng, range(1, len(items)))
    return items[first], items[(first + step) % len(items)]


def settle(rng: Random, text: str) -> str:
    """Settle every choice in a text: one side of "(this|that)" stays."""
    return CHOICE.sub(lambda choice: pick(rng, choice[1].split("|")), text)


def table(text: str) -> list[list[str]]:
    """Split a small table: "; " between its rows, ": " between the columns."""
    return [row.split(": ") for row in " ".join(text.split()).split("; ")]


NAMES = ["Ana", "Ben", "Chloe", "David", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kemi"]
GOODS = "(apples|marbles|stickers|pencils|stamps|cookies|shells|buttons|balloons)"
COUNTRIES = table("""France: Paris: French; Italy: Rome: Italian; Spain: Madrid: Spanish;
    Portugal: Lisbon: Portuguese; Germany: Berlin: German; Austria: Vienna: German;
    Sweden: Stockholm: Swedish; Denmark: Copenhagen: Danish; Ireland: Dublin: English;
    Egypt: Cairo: Arabic; Morocco: Rabat: Arabic; Tunisia: Tunis: Arabic; Iraq: Baghdad: Arabic;
    Jordan: Amman: Arabic; Oman: Muscat: Arabic; Ghana: Accra: English; Nigeria: Abuja: English;
    Kenya: Nairobi: English; Uganda: Kampala: English; Zambia: Lusaka: English;
    India: New Delhi: Hindi; China: Beijing: Chinese; Japan: Tokyo: Japanese; Peru: Lima: Spanish;
    Chile: Santiago: Spanish; Cuba: Havana: Spanish; Ecuador: Quito: Spanish;
    Colombia: Bogotá: Spanish; Uruguay: Montevideo: Spanish; Mexico: Mexico City: Spanish;
    Argentina: Buenos Aires: Spanish; Brazil: Brasília: Portuguese; Canada: Ottawa: English""")

PRODUCTS = "(kettle|phone|backpack|lamp|keyboard|blender|tent|wristwatch|drill)"
ASPECTS = table("""design: (turns heads|suits any room): (looks cheap|is clumsy|is an eyesore);
    price: is (a bargain|lower than in any shop): is (a joke|shameless|twice what I expected);
    delivery: took (a single day|less time than promised): took (a month|four angry phone calls);
    customer service: (answered in minutes|solved everything): (never called back|hung up on me);
    manual: (is short and clear|answers every question): (reads like a riddle|is in Finnish only);
    weight: (makes it easy to carry|was a nice surprise): (hurts my arm|is a burden)""")

# English, Spanish, French.
GREETINGS = table("""Good morning.: Buenos días.: Bonjour.; Excuse me.: Disculpe.: Excusez-moi.;
    Hello, my name is {}.: Hola, me llamo {}.: Bonjour, je m'appelle {}.""")
PHRASES = table("""Where is {}?: ¿Dónde está {}?: Où est {} ?;
    We are looking for {}.: Buscamos {}.: Nous cherchons {}.;
    Is {} far from here?: ¿Está lejos de aquí {}?: Est-ce que {} est loin d'ici ?;
    My children want to see {}.: Mis hijos quieren ver {}.: Mes enfants veulent voir {}.""")
PLACES = table("""the station: la estación: la gare; the museum: el museo: le musée;
    the library: la biblioteca: la bibliothèque; the hotel: el hotel: l'hôtel;
    the market: el mercado: le marché; the beach: la playa: la plage""")
UNITS = table("""miles: kilometres: 1.6; inches: centimetres: 2.5; pounds: kilograms: 0.45;
    gallons: litres: 3.8; acres: hectares: 0.4; yards: metres: 0.9; ounces: grams: 28;
    feet: metres: 0.3; pints: litres: 0.47; stone: kilograms: 6.4""")

# A rude note and its polite version, in two parts.
REQUESTS = table("""Send me the report: (Could you please|Might you) send me the report;
    Fix the printer: Could you (possibly look at|find someone to repair) the printer;
    Pay the invoice: (Could you arrange payment of|May I remind you to settle) the invoice;
    Turn down that music: Would you (please|kindly) play your music a little more softly""")
COMPLAINTS = table("""I have waited long enough: I know how busy you are at the moment;
    Nobody here ever listens: I am afraid that my (last message|earlier letter) got lost;
    This is a disgrace: It would make life (easier|so much nicer) for all of us""")
DEADLINES = "(by noon|by five o'clock|before Friday|before the meeting|this week|today)"

# What a Python function returns, and how; what it keeps, and the condition, # being a number.
RESULTS = table("""the count of: len(found); a sorted list of: sorted(found); a set of: set(found);
    the largest of: max(found, default=None); the first of: next(iter(found), None)""")
TESTS = table("""even numbers: x % 2 == 0; numbers divisible by #: x % # == 0;
    numbers greater than #: x > #; numbers closer to # than to 0: 2 * x > #;
    words longer than # letters: len(x) > #; capitalised words: x.istitle();
    palindromes: x == x[::-1]; words without vowels: not set(x) & set("aeiou")""")

TOWNS = "(Alderbrook|Brightwater|Carrow|Dunmere|Eastfold|Fallowfield|Greywick|Holmby)"
# A plan, the reason for it, the worry about it.
PLANS = table("""close the old bridge: it was never built for traffic: shops will lose customers;
    build a covered market: traders need a dry place: the square will lose its trees;
    turn the mill into a library: the old one floods: children cannot walk that far;
    switch the street lamps off: nobody can see the stars: people will stumble home""")

HOBBIES = "(football|dinosaurs|trains|drawing|baking|music|swimming|chess)"
TOPICS = table("""why the sky is blue: Air bounces blue light around, and lets red go on;
    what gravity is: Big things pull on small ones, so the Earth wants you back when you jump;
    how plants eat: A leaf is a kitchen that cooks sugar from water and air, on sunlight;
    what a program is: It is a recipe in tiny steps, for a cook who never guesses anything;
    why ice floats: Water takes up more room when it freezes, so ice is light for its size""")
HEROES = "(lighthouse keeper|retired thief|young baker|ship's doctor|piano tuner|postman)"
SCENES = "(harbour town|mountain hotel|desert station|flooded city|village without clocks)"
TABLES = table("""customers: city: balance; orders: status: total; books: genre: price;
    employees: department: salary; flights: airline: distance; songs: artist: plays""")
SEASONS = table("""spring: Rain on the new leaves; summer: Long light on the grass;
    autumn: The first cold morning; winter: Frost along the fence""")
SUBJECTS = table("""a cat: a cat listens at the door; a river: the river carries a leaf;
    a train: the night train counts its bridges; the moon: the moon rests on a chimney""")


def arithmetic(rng: Random) -> Text:
    """Pose a word problem; only names and numbers change, so these rows are all much alike."""
    name, goods = pick(rng, NAMES), settle(rng, GOODS)
    a, b = pick(rng, range(20, 65, 5)), pick(rng, (5, 10, 15))
    cases = (
        (f"buys {b} more", f"{a} + {b}", a + b),
        (f"gives {b} of them away", f"{a} - {b}", a - b),
        (f"finds {b} boxes of 10", f"{a} + {b} * 10", a + b * 10),
        (f"wins {b}, but loses 5", f"{a} + {b} - 5", a + b - 5),
    )
    event, working, answer = pick(rng, cases)
    return (
        f"{name} has {a} {goods} in a box. On the way home from school, {name} {event}. "
        "How many of them are there in total at the end of the day?",
        "",
        f"To find the total at the end of the day, we work out {working} = {answer}. "
        f"So {name} has {answer} {goods} in total at the end of the day.",
    )


def geography(rng: Random) -> Text:
    """Ask for a fact about two countries; many rows share the same few facts."""
    one, two = pick_two(rng, COUNTRIES)
    fact, column = pick(rng, (("the capital city of", 1), ("a widely used language in", 2)))
    return (
        f"I have a question on geography. What is {fact} {one[0]}? And what is {fact} {two[0]}? "
        "Please answer in full sentences.",
        "",
        f"{fact.capitalize()} {one[0]} is {one[column]}. "
        f"{fact.capitalize()} {two[0]} is {two[column]}.",
    )


def sentiment(rng: Random) -> Text:
    """Have a product review labelled."""
    (one, good, bad), (two, better, worse) = pick_two(rng, ASPECTS)
    cases = (
        ("Positive", good, "and", better, f"praises the {one} and the {two}"),
        ("Negative", bad, "and", worse, f"complains about the {one} and the {two}"),
        ("Mixed", good, "but", worse, f"likes the {one} but not the {two}"),
    )
    label, first, link, last, reason = pick(rng, cases)
    return (
        "(Is this review positive, negative or mixed?|What does this customer feel, and why?)",
        f"(I bought|My aunt gave me|We ordered) this {PRODUCTS} (yesterday|last week|in spring|two "
        f"years ago). The {one} {first}, {link} the {two} {last}.(| Read this first!)",
        f"{label}. The (writer|customer) {reason}.",
    )


def translation(rng: Random) -> Text:
    """Turn two short sentences into Spanish or French."""
    name = pick(rng, NAMES)
    parts = (pick(rng, rows) for rows in (GREETINGS, PHRASES, PLACES))
    english, spanish, french = (
        f"{a.format(name)} {b.format(place)}" for a, b, place in zip(*parts, strict=True)
    )
    language, output = pick(rng, (("Spanish", spanish), ("French", french)))
    ask = f"(Translate this into {language}.|How do you say this in {language}?)"
    return ask, english, output


def units(rng: Random) -> Text:
    """Convert a round quantity."""
    (source, target, factor), value = pick(rng, UNITS), pick(rng, range(10, 210, 10))
    return (
        f"{pick(rng, NAMES)} has measured {value} {source}, but would like to know the result in "
        f"{target}. (Can you convert it and explain how?|Please convert it.)",
        "",
        f"To convert {source} to {target}, multiply by {factor}. The result is about "
        f"{float(factor) * value:g} {target}, which is the same as {value} {source}.",
    )


def rewrite(rng: Random) -> Text:
    """Make a rude note polite."""
    (rude, polite), (grumble, gentle) = pick(rng, REQUESTS), pick(rng, COMPLAINTS)
    (name, sender), deadline = pick_two(rng, NAMES), settle(rng, DEADLINES)
    return (
        f"(Turn this note into a polite email from|Make this friendlier; it is from) {sender}.",
        f"{name}! {rude} {deadline}. {grumble}!",
        f"(Dear|Hello) {name},\n\n{gentle}. {polite} {deadline}? (Thank you very much."
        "|I owe you a coffee!|Do call me if anything is unclear.|Many thanks in advance.)\n\n"
        f"(Kind regards|Best wishes|Yours|All the best),\n{sender}",
    )


def python(rng: Random) -> Text:
    """Ask for a function that filters something, in one of three styles."""
    (what, result), test, limit = pick(rng, RESULTS), pick(rng, TESTS), pick(rng, range(3, 31))
    things, condition = (part.replace("#", str(limit)) for part in test)
    task, name = f"{what} the {things} in a list", settle(rng, "(items|values|data)")
    bodies = (
        f"found = [x for x in {name} if {condition}]",
        f"found = list(filter(lambda x: {condition}, {name}))",
        f"found = []\n    for x in {name}:\n        if {condition}:\n            found.append(x)",
    )
    return (
        f"(Write a Python function that returns {task}.|In Python, how do I get {task}?)",
        "",
        f"```python\ndef (select|solve|keep)({name}):\n    {pick(rng, bodies)}\n"
        f"    return {result}\n```(|\n\nTry it on a small list first.|\n\nAsk me for tests.)",
    )


def summary(rng: Random) -> Text:
    """Cut a news item down to two sentences or to a headline."""
    (plan, reason, worry), (name, other) = pick(rng, PLANS), pick_two(rng, NAMES)
    town, cost, votes = settle(rng, TOWNS), pick(rng, range(2, 40)), pick(rng, range(12, 20))
    report = (
        f"(After a long debate,|On Tuesday night,|To loud applause,) the council of {town} voted "
        f"{votes} to 11 to {plan}. (The cost is put at|This will take) {cost} million euros. {name}"
        f" argued that {reason}. {other}, who (runs a bakery|is a teacher|voted against it), fears "
        f"that {worry}.(| Work begins in May.| A public meeting will follow.)"
    )
    views = f"{name} says that {reason}, but {other} fears that {worry}."
    cases = (
        ("Summarise this article.", f"{town} will {plan} for {cost} million. {views}"),
        ("Write a headline for this article.", f"{town} votes {votes} to 11 to {plan}"),
    )
    ask, answer = pick(rng, cases)
    return ask, report, answer


def explain(rng: Random) -> Text:
    """Explain a bit of science or computing to a child."""
    (topic, fact), hobby, age = pick(rng, TOPICS), settle(rng, HOBBIES), pick(rng, range(5, 11))
    return (
        f"(Explain|Find simple words to explain) {topic} to a child of {age} who loves {hobby}.",
        "",
        f"(You are {age} now, so here is a real secret.|Good question!|Even grown-ups wonder.) "
        f"{fact}.(| Does that surprise you?| Strange, is it not?) "
        f"(Tell your friends when you next talk about|It is simpler than|Now back to) {hobby}!",
    )


def story(rng: Random) -> Text:
    """Open a story."""
    name, hero, scene = pick(rng, NAMES), settle(rng, HEROES), settle(rng, SCENES)
    return (
        f"(Write the opening of|Begin) a story about {name}, a {hero} in a {scene}.",
        "",
        f"(Every morning the {hero} walked through the {scene} before anybody was awake.|Nobody in "
        f"the {scene} had ever asked {name} for help.|It was the winter when the wolves came down.)"
        f" (One evening|By pure chance) {name} came upon (a key that was still warm|a letter dated "
        "tomorrow|a map of a house nobody built). (It had not been there the night before.|Every "
        "dog in the street stopped barking.|Outside, snow was falling upwards.)",
    )


def sql(rng: Random) -> Text:
    """Ask for a query on one table."""
    (name, text, value), top = pick(rng, TABLES), pick(rng, range(3, 21))
    cases = (
        (f"the {top} {name} with the highest {value}", "*", f"ORDER BY {value} DESC\nLIMIT {top}"),
        (f"the {name} with a {value} above {top}00", "id, name", f"WHERE {value} > {top}00"),
        (f"the average {value} for each {text}", f"{text}, AVG({value})", f"GROUP BY {text}"),
        (f"the number of {name} without a {text}", "COUNT(*)", f"WHERE {text} IS NULL"),
    )
    what, columns, clauses = pick(rng, cases)
    return (
        f"(Write an SQL query that finds|Show me, in SQL,) {what}.",
        f"{name}(id, name, {text}, {value})",
        f"```sql\nSELECT {columns}\nFROM {name}\n{clauses};\n```",
    )


def haiku(rng: Random) -> Text:
    """Write three lines of five, seven and five syllables."""
    (season, first), (subject, second) = pick(rng, SEASONS), pick(rng, SUBJECTS)
    last = "(and the world is still|I forget the time|how small the sky is|so the day begins)"
    return f"Write a haiku about {subject} in {season}.", "", f"{first},\n{second},\n{last}."


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
    lambda text: f"{text} ",
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
            instruction, given, output = (settle(rng, part) for part in make(rng))
            text = (instruction, given, output)
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
