"""What must hold for every rulebook and every month."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.core.points import rounded
from app.evaluations.check_rules import faults
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import (
    AsEntered,
    Category,
    Choice,
    Chosen,
    Condition,
    Discretion,
    Fixed,
    Input,
    Liability,
    Outcome,
    Part,
    Repeat,
    Rulebook,
    RuleItem,
    Score,
    Veto,
)
from app.evaluations.rules import Compare, Effect, InputKind, ItemKind, PartKind, Per, Span, Subject, Together
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Entry, Given, Sheet
from app.evaluations.writing import write_rulebook

numbers = st.decimals(0, 30, places=1)
maybe = st.none() | numbers
words = st.text("甲乙：#'\"- {}[]&*%@!|>?,yn01", min_size=1, max_size=12).map(str.strip).filter(bool)
amounts = st.one_of(
    st.builds(Fixed, numbers),
    st.builds(
        lambda limit, low, high: Chosen(
            (Choice(low, (Condition("count", Compare.AT_MOST, limit),)), Choice(high))
        ),
        *(numbers, numbers, numbers),
    ),
    st.builds(lambda low, more: Discretion(low, low + more), numbers, numbers),
    st.just(AsEntered()),
)
items = st.builds(
    RuleItem,
    id=st.just(""),
    name=words,
    kind=st.sampled_from(ItemKind),
    amount=amounts,
    per=st.sampled_from([Per.OCCURRENCE, Per.PERSON_OCCURRENCE, Per.HALF_DAY]),
    clause=st.just("") | words,
    at_most=maybe,
)
few = settings(max_examples=40, deadline=None)  # drawing a rulebook takes longer than scoring it
ITEMS = ("a", "b", "c", "d")


@st.composite
def books(draw):
    """Draw a window's rulebook: two categories, a chief representative, staff from elsewhere."""
    named = [replace(draw(items), id=name) for name in ITEMS]
    limit = draw(maybe)
    categories = tuple(
        Category(name, draw(words), tuple(mine), "window", limit, limit is not None, draw(maybe))
        for name, mine in (("one", named[:2]), ("two", named[2:]))
    )
    low = draw(st.none() | st.decimals(-20, 40, places=0))
    high = draw(st.none() | st.decimals(40, 110, places=0))
    book = Rulebook(
        id="drawn",
        title=draw(words),
        version=draw(st.integers(1, 99)),
        effective_from=date(2026, 1, 1),
        subject=draw(st.sampled_from(Subject)),
        period=Span.MONTH,
        result="window",
        scores=(
            Score("chief_rep", draw(words), Decimal(100), Decimal(0), Decimal(100),
                  answers_for=(Liability("window", Decimal("0.5"), {"a": draw(numbers)}),)),
            Score("window", draw(words), draw(numbers), low, high, draw(maybe), parts=(
                Part(PartKind.SCORE, "chief_rep", worth=Decimal(10)),
                Part(PartKind.INPUT, "staff", worth=draw(numbers), out_of=Decimal(30)))),
        ),
        categories=categories,
        inputs=(Input("staff", draw(words), InputKind.MEAN),),
        repeats=draw(st.just(()) | st.tuples(st.builds(
            Repeat, st.integers(2, 6), st.decimals(1, 3, places=1), st.sampled_from(Together),
            st.booleans(), st.booleans()))),
        vetoes=(Veto("v", draw(words), draw(st.sampled_from(Span)), Effect.NO_AWARD, items=("d",)),),
        outcomes=(Outcome("low", draw(words), (Condition("score", Compare.BELOW, draw(numbers)),)),),
        readings=draw(st.lists(words, max_size=2).map(tuple)),
    )  # fmt: skip
    assume(not faults(book))
    return book


@st.composite
def entries(draw, book):
    found = []
    for _ in range(draw(st.integers(0, 8))):
        item = draw(st.sampled_from([item for _, item in book.items()]))
        low, high = (item.amount.low, item.amount.high) if isinstance(item.amount, Discretion) else (0, 9)
        found.append(
            Entry(
                item=item.id,
                count=Decimal(draw(st.integers(0, 6))),
                person=draw(st.sampled_from(["", "李", "王"])),
                on=draw(st.none() | st.dates(date(2026, 3, 1), date(2026, 3, 5))),
                points=draw(st.decimals(low, high, places=1)),
                reason="理由",
                earlier=draw(st.booleans()),
            )
        )
    return tuple(found)


@st.composite
def months(draw):
    book = draw(books())
    staff = draw(st.fractions(0, 100, max_denominator=30))
    return book, Sheet(draw(entries(book)), inputs={"staff": Given(staff, "平均")})


@few
@given(books())
def test_what_is_written_reads_back_as_the_same(book):
    assert read_rulebook(write_rulebook(book)) == book


@few
@given(months())
def test_every_score_stays_within_its_bounds_and_is_the_sum_of_its_lines(month):
    evaluation = evaluate(*month)
    for scored in (evaluation.result, *evaluation.others):
        assert sum((line.points for line in scored.lines), Decimal()) == scored.unrounded
        assert rounded(scored.unrounded) == scored.published
        floor, ceiling = scored.score.floor, scored.score.ceiling
        assert floor is None or scored.unrounded >= floor
        assert ceiling is None or scored.unrounded <= ceiling
        assert all(line.why for line in scored.lines)


@few
@given(months(), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter_and_recomputing_is_equal(month, chance):
    book, sheet = month
    mixed = list(sheet.entries)
    chance.shuffle(mixed)
    assert evaluate(book, replace(sheet, entries=tuple(mixed))) == evaluate(book, sheet)


@few
@given(months(), st.data())
def test_a_deduction_that_is_revoked_is_gone_for_window_and_chief_representative_alike(month, data):
    book, sheet = month
    before = evaluate(book, sheet)
    more = data.draw(entries(book))
    charged = evaluate(book, replace(sheet, entries=(*more, *sheet.entries)))
    revoked = tuple(entry for entry in (*more, *sheet.entries) if not any(entry is each for each in more))
    assert evaluate(book, replace(sheet, entries=revoked)) == before
    assert charged.other("chief_rep").unrounded <= 100


@few
@given(months(), st.data())
def test_no_further_deduction_raises_a_score(month, data):
    book, sheet = month
    taking = {item.id for _, item in book.items() if item.kind is ItemKind.DEDUCT}
    more = tuple(entry for entry in data.draw(entries(book)) if entry.item in taking)
    fewer = evaluate(book, sheet)
    after = evaluate(book, replace(sheet, entries=(*sheet.entries, *more)))
    assert after.result.unrounded <= fewer.result.unrounded
    assert after.other("chief_rep").unrounded <= fewer.other("chief_rep").unrounded
