"""Every endpoint against every role: nobody gets further than the table of grants says."""

from __future__ import annotations

from typing import Any

import pytest

from app.extensions import db
from app.permissions import GRANTS, Role
from tests.cast import USERS
from tests.client import Client, signed_in
from tests.factories.base import Visit, examples, nothing, one_each, visits
from tests.sweeps import LOG, Play, assert_unchanged, forbid_flush, new_entries, snapshot

EXAMPLES, VISITS = examples(), visits()
# One of the cast for every role, all of the first centre.
HOLDERS = {role: next(name for name, (r, *_) in USERS.items() if r is role) for role in Role}
SIGN_IN = ("user_sessions", "sign_in_failures")
OTHERS = {"GET": {"static", "assets.send"}, "POST": set[str]()}


def endpoints(app: Any, method: str) -> dict[str, Any]:
    """Return {endpoint: rule} of every address that answers a method; the one with most arguments first."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: len(rule.arguments))
    return {
        rule.endpoint: rule
        for rule in rules
        if method in rule.methods and rule.endpoint not in OTHERS[method]
    }


def addresses(site: Any) -> dict[str, str]:
    """Prepare everything that can be looked at on one site; return {GET endpoint: address}."""
    known = {visit.endpoint: visit for visit in VISITS}
    found = {}
    for endpoint in endpoints(site.app, "GET"):
        visit = known.get(endpoint, Visit(endpoint, "wang", nothing))
        found[endpoint] = address(site, visit, prepared(site, visit))
    return found


def prepared(site: Any, visit: Visit) -> dict[str, Any]:
    with site.app.app_context():
        ids = visit.prepare(site)
        db.session.remove()
    return ids


def address(site: Any, visit: Visit, ids: dict[str, Any]) -> str:
    """Return the address of a visit; a query value `<name>` stands for that id."""
    query = {key: ids.get(value.strip("<>"), value) for key, value in visit.query.items()}
    needed = endpoints(site.app, "GET")[visit.endpoint].arguments
    with site.app.test_request_context():
        return str(site.app.url_for(visit.endpoint, **{name: ids[name] for name in needed}, **query))


def test_every_write_endpoint_has_an_example(app: Any) -> None:
    assert set(endpoints(app, "POST")) == {example.endpoint for example in EXAMPLES}


def test_every_record_has_a_visit(app: Any) -> None:
    needed = {name for name, rule in endpoints(app, "GET").items() if rule.arguments}
    assert needed <= {visit.endpoint for visit in VISITS}


def test_no_other_methods_are_served(app: Any) -> None:
    served = set().union(*(rule.methods for rule in app.url_map.iter_rules()))
    assert served <= {"GET", "HEAD", "OPTIONS", "POST"}


def test_every_endpoint_declares_one_permission_or_is_public(app: Any) -> None:
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if not hasattr(view, "permission") and endpoint != "static"
    ]
    assert not undeclared
    public = {name for name, view in app.view_functions.items() if getattr(view, "permission", 1) is None}
    assert public == {
        "accounts.sign_in",
        "accounts.sign_in_now",
        "accounts.language",
        "assets.send",
        "documents.verify",
        "documents.verify_form",
    }


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_sees_what_it_was_granted_and_changes_nothing_by_looking(site: Any, role: Role) -> None:
    urls = addresses(site)
    client = signed_in(site.app, HOLDERS[role])
    before = snapshot(site)
    refused = []
    for endpoint, url in urls.items():
        permission = site.app.view_functions[endpoint].permission
        with forbid_flush():
            status = client.get(url).status_code
        if permission is None or permission in GRANTS[role]:
            assert status in (200, 303, 404), f"{endpoint}: {status}"
        else:
            assert status == 403, f"{endpoint}: {status}"
            refused.append(permission.value)
    after = snapshot(site)
    assert_unchanged(*({k: v for k, v in s.items() if k not in LOG} for s in (before, after)))
    # 403 and, where the row is another body's, 404: each is one entry, in the order asked for.
    entries = new_entries(before, after)
    assert all(entry["action"] == "access.refused" and entry["result"] == "refused" for entry in entries)
    assert [e for e in entries if e["actor_id"] != site.cast.users[HOLDERS[role]]] == []
    recorded = [entry["payload"] for entry in entries]
    for permission in set(refused):
        assert recorded.count(f'{{"permission":"{permission}"}}') >= refused.count(permission)


def all_plays(site: Any) -> list[Play]:
    """Prepare every example on one site, whose rows nobody is going to change."""
    plays = []
    for example in one_each():
        with site.app.app_context():
            plays.append(Play(site, example, example.prepare(site)))
            db.session.remove()
    return plays


def test_a_role_cannot_write_what_it_was_not_granted(site: Any) -> None:
    plays = all_plays(site)
    before = snapshot(site)
    expected = []
    for role in Role:
        client = signed_in(site.app, HOLDERS[role])
        for play in plays:
            permission = site.app.view_functions[play.example.endpoint].permission
            if permission is not None and permission not in GRANTS[role]:
                assert play.post(client).status_code == 403, f"{role} {play.example.name}"
                expected.append(
                    (site.cast.users[HOLDERS[role]], None, f'{{"permission":"{permission.value}"}}')
                )
    after = snapshot(site)
    assert_unchanged(*({k: v for k, v in s.items() if k not in (*LOG, *SIGN_IN)} for s in (before, after)))
    refusals = [entry for entry in new_entries(before, after) if entry["action"] != "session.opened"]
    assert {(e["action"], e["result"]) for e in refusals} == {("access.refused", "refused")}
    assert [(e["actor_id"], e["role"], e["payload"]) for e in refusals] == expected


def test_strangers_write_nothing(site: Any) -> None:
    plays = all_plays(site)
    before = snapshot(site)
    for play in plays:
        if site.app.view_functions[play.example.endpoint].permission is not None:
            response = play.post(Client(site.app))
            assert (response.status_code, response.location) == (303, "/sign-in"), play.example.name
    assert_unchanged(before, snapshot(site))


def test_strangers_see_the_sign_in_page_only(site: Any) -> None:
    urls = addresses(site)
    before = snapshot(site)
    client = Client(site.app)
    for endpoint, url in urls.items():
        response = client.get(url)
        if site.app.view_functions[endpoint].permission is not None:
            assert response.status_code == 303, endpoint
            assert response.location.startswith("/sign-in")
            part = client.get(url, headers={"HX-Request": "true"})
            assert (part.status_code, part.data) == (204, b"")
            assert part.headers["HX-Redirect"].startswith("/sign-in")
    assert_unchanged(before, snapshot(site))


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.endpoint)
def test_a_row_out_of_sight_is_not_there(site: Any, visit: Visit) -> None:
    """404 for whoever holds the verb elsewhere; the log says who looked where he may not."""
    ids = prepared(site, visit)
    url = address(site, visit, ids)
    seen = signed_in(site.app, visit.actor).get(url)
    assert seen.status_code == 200
    assert seen.content_type.startswith(visit.content_type)
    permission = site.app.view_functions[visit.endpoint].permission
    for username in visit.hidden_from:
        client = signed_in(site.app, username)
        before = snapshot(site)
        granted = permission in GRANTS[USERS[username][0]]
        assert client.get(url).status_code == (404 if granted else 403), username
        after = snapshot(site)
        assert_unchanged(*({k: v for k, v in s.items() if k not in LOG} for s in (before, after)))
        entries = [(e["action"], e["actor_name"]) for e in new_entries(before, after)]
        refusal = ("access.refused", USERS[username][3])
        assert entries == ([refusal] if visit.recorded or not granted else [])


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.endpoint)
def test_an_id_that_does_not_exist_is_not_there(site: Any, visit: Visit) -> None:
    ids = prepared(site, visit)
    client = signed_in(site.app, visit.actor)
    for name in endpoints(site.app, "GET")[visit.endpoint].arguments:
        for bad in (999_999, 2**31, 2**63, 10**30):
            assert client.get(address(site, visit, {**ids, name: bad})).status_code == 404, (name, bad)


def test_another_centre_writes_nothing_here(site: Any) -> None:
    """A colleague with the same role, but of the unrelated centre, finds no such row."""
    rules = endpoints(site.app, "POST")
    # A name says which kind of table it is, not which row.
    plays = [play for play in all_plays(site) if rules[play.example.endpoint].arguments - {"name"}]
    before = snapshot(site)
    for username in ("outsider", "outside_head", "outside_admin"):
        client = signed_in(site.app, username)
        for play in plays:
            permission = site.app.view_functions[play.example.endpoint].permission
            granted = permission in GRANTS[USERS[username][0]]
            status = play.post(client).status_code
            assert status == (404 if granted else 403), f"{username} {play.example.name}: {status}"
    after = snapshot(site)
    assert_unchanged(*({k: v for k, v in s.items() if k not in (*LOG, *SIGN_IN)} for s in (before, after)))
