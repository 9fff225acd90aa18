from app.web.pruning import prune, words

SHEET = (
    '@charset "UTF-8";:root{--a:1}h1,.h1{margin:0}.btn:not(.card,.lead)>a{color:red}.btn-dark{x:y}'
    "@media (min-width:1px){.carousel{a:b}.row{c:d}}@media print{.carousel{a:b}}"
    "@keyframes spin{to{transform:none}}.carousel .btn{e:f}"
)


def test_rules_of_classes_that_nobody_names_are_left_out():
    used = words(['<a class="btn row">', "card lead"])
    assert prune(SHEET, used) == (
        '@charset "UTF-8";:root{--a:1}h1{margin:0}.btn:not(.card,.lead)>a{color:red}'
        "@media (min-width:1px){.row{c:d}}@keyframes spin{to{transform:none}}"
    )


def test_a_word_that_ends_in_a_hyphen_stands_for_what_begins_with_it():
    assert prune(".btn-dark{x:y}.card{x:y}", words(['"btn-" ~ kind'])) == ".btn-dark{x:y}"


def test_a_sheet_of_used_classes_stays_as_it_is():
    assert prune(SHEET, words([SHEET])) == SHEET


def test_a_comment_is_no_part_of_a_selector_and_a_notice_is_kept():
    notice = "/*! Sheet v1 (https://sheet.example/), by its authors */"
    sheet = f'@charset "UTF-8";{notice}:root,[data-theme=light]{{--a:1}}/* .card {{ */.btn{{x:y}}'
    assert prune(sheet, frozenset({"btn"})) == (
        f'@charset "UTF-8";:root,[data-theme=light]{{--a:1}}.btn{{x:y}}{notice}'
    )
