"""Who gets a link to sign up, and how often."""

import hashlib
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event, Mail, User
from accounts.verbs import Verb
from config import cast
from config.tests.at_once import rounds
from waitlist import inviting
from waitlist.inviting import Outcome, invite, invite_next
from waitlist.models import Entry
from waitlist.states import State
from waitlist.tests.people import invited, link_in, waiting

pytestmark = pytest.mark.django_db

ROUNDS = 200


def ids(entries):
    return [entry.pk for entry in entries]


def everybody(**ann):
    """Put on the list somebody in each state, and Ann."""
    now = timezone.now()
    waiting("ann", **ann)
    waiting("joined", joined=now)
    waiting("gone", unsubscribed=now)
    past = {"token_hash": "a", "expires": now - timedelta(days=1)}
    waiting("late", invited=now - timedelta(days=8), confirmed=now, **past)
    soon = {"token_hash": "b", "expires": now + timedelta(days=1)}
    waiting("asked", invited=now, confirmed=now, **soon)
    return Entry.objects.all()


def test_the_longest_waiting_get_an_email_each_with_a_link_of_their_own(olivia):
    waiting("ann", "bea", "cleo")
    assert invite_next(2, by=olivia) == Outcome(2, Counter())
    assert [message.to for message in mail.outbox] == [["ann@example.com"], ["bea@example.com"]]
    assert len({link_in(message) for message in mail.outbox}) == 2
    assert all(message.message()["List-Unsubscribe"] for message in mail.outbox)
    invite_next(2, by=olivia)
    assert [message.to for message in mail.outbox][2:] == [["cleo@example.com"]]


def test_it_is_the_day_they_joined_that_counts(olivia):
    _ann, bea = waiting("ann", "bea")
    Entry.objects.filter(pk=bea.pk).update(created=timezone.now() - timedelta(days=1))
    invite_next(1, by=olivia)
    assert invited() == ["bea"]


def test_the_row_has_a_hash_that_works_for_a_week_and_the_email_the_token(olivia):
    waiting("ann")
    invite_next(1, by=olivia)
    ann = Entry.objects.get()
    token = link_in(mail.outbox[0]).split("/")[-2]
    assert len(token) == 43
    assert ann.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert ann.expires - ann.invited == timedelta(days=7)
    assert f"{ann.expires:%H:%M} UTC" in mail.outbox[0].body
    assert inviting.find(token) == ann


def test_the_trail_has_each_of_them(olivia):
    waiting("ann", "bea")
    invite_next(2, by=olivia)
    events = Event.objects.filter(verb=Verb.WAITLIST_INVITED, actor_id=olivia.pk)
    assert {*events.values_list("subject_label", flat=True)} == {
        "ann@example.com",
        "bea@example.com",
    }


@pytest.mark.parametrize(
    ("confirming", "ann", "who"),
    [(False, False, ["ann"]), (True, False, []), (True, True, ["ann"])],
)
def test_the_next_are_those_who_wait_and_confirmed_where_that_is_asked(
    olivia, settings, confirming, ann, who
):
    settings.WAITLIST_CONFIRM = confirming
    everybody(confirmed=timezone.now() if ann else None)
    before = invited()
    invite_next(10, by=olivia)
    assert [name for name in invited() if name not in before] == who


def test_the_chosen_are_invited_again_once_their_link_has_expired(olivia):
    outcome = invite(ids(everybody()), by=olivia)
    skipped = {State.JOINED: 1, State.UNSUBSCRIBED: 1, State.INVITED: 1}
    assert outcome == Outcome(2, Counter(skipped))
    assert sorted(message.to[0] for message in mail.outbox) == [
        "ann@example.com",
        "late@example.com",
    ]


def test_the_chosen_have_to_be_confirmed_where_that_is_asked(olivia, settings):
    settings.WAITLIST_CONFIRM = True
    assert invite(ids(everybody()), by=olivia).skipped[State.UNCONFIRMED] == 1
    assert [message.to for message in mail.outbox] == [["late@example.com"]]


def test_a_new_link_where_the_old_one_works_is_sent_if_asked_for_and_replaces_it(olivia):
    [ann] = waiting("ann")
    invite([ann.pk], by=olivia)
    invite([ann.pk], by=olivia)
    assert len(mail.outbox) == 1
    invite([ann.pk], by=olivia, again=True)
    old, new = [link_in(message).split("/")[-2] for message in mail.outbox]
    assert inviting.find(new) == ann
    with pytest.raises(Entry.DoesNotExist):
        inviting.find(old)


def test_nothing_finds_an_entry_without_a_link():
    waiting("ann")
    with pytest.raises(Entry.DoesNotExist):
        inviting.find("")


@pytest.fixture
def erin_unnoticed(olivia):
    """Erin made her account at the very moment she joined the list: neither saw the other."""
    erin = cast.person("erin")
    [entry] = waiting("erin")
    Entry.objects.update(joined=None)
    assert EmailAddress.objects.filter(user=erin, verified=True).exists()
    return entry


def test_who_has_an_account_is_not_invited_next(olivia, erin_unnoticed):
    waiting("ann")
    invite_next(1, by=olivia)
    assert invited() == ["ann"]


def test_who_has_an_account_is_marked_as_joined_when_chosen(olivia, erin_unnoticed):
    outcome = invite([erin_unnoticed.pk], by=olivia)
    assert outcome == Outcome(0, Counter({State.JOINED: 1}))
    erin_unnoticed.refresh_from_db()
    assert erin_unnoticed.joined
    assert mail.outbox == []


def test_many_are_invited_in_as_many_statements_as_one(olivia):
    def statements(act):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            act()
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    one, *many = waiting("ann", *(f"n{number}" for number in range(30)))
    asked = [
        statements(partial(invite, [one.pk], by=olivia)),
        statements(partial(invite, ids(many[:10]), by=olivia)),
        statements(partial(invite_next, 1, by=olivia)),
        statements(partial(invite_next, 19, by=olivia)),
    ]
    assert len(invited()) == 31
    assert len({*asked}) == 1
    # lock and read, write, queue, record; then the emails: take, settle
    assert asked[0] == 6


def test_an_invitation_that_fails_leaves_nothing(olivia, monkeypatch):
    waiting("ann")
    monkeypatch.setattr(Event, "record_all", lambda *args, **data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        invite_next(1, by=olivia)
    assert invited() == []
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_who_invite_the_next_ten_at_once_invite_twenty_people():
    other, olivia = cast.person("alice"), cast.person("olivia")
    waiting(*(f"n{number}" for number in range(25)))
    [answers] = rounds([partial(invite_next, 10, by=olivia)], [partial(invite_next, 10, by=other)])
    assert [answer.invited for answer in answers] == [10, 10]
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 20


@pytest.mark.django_db(transaction=True)
def test_two_who_choose_the_same_people_at_once_invite_them_once():
    other, olivia = cast.person("alice"), cast.person("olivia")
    chosen = ids(waiting(*(f"n{number}" for number in range(10))))
    [answers] = rounds(
        [partial(invite, chosen, by=olivia)], [partial(invite, chosen[::-1], by=other)]
    )
    assert sorted(answer.invited for answer in answers) == [0, 10]
    assert len(mail.outbox) == 10


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_operators_and_people_who_sign_up_meanwhile_never_have_anybody_invited_twice(settings):
    settings.MAIL_DELIVERY = "worker"
    olivia = cast.person("olivia")
    entries = waiting(*(f"n{number}" for number in range(ROUNDS * 3)))

    def sign_up(entry):
        user = User.objects.create(email=entry.email)
        EmailAddress.objects.create(user=user, email=entry.email, verified=True)

    chosen = [ids(entries[at : at + 6]) for at in range(0, ROUNDS * 3, 3)]
    answers = rounds(
        [partial(invite_next, 2, by=olivia)] * ROUNDS,
        [partial(invite, some, by=olivia) for some in chosen],
        [partial(sign_up, entries[at]) for at in range(0, ROUNDS * 3, 3)],
    )
    assert not [one for answer in answers for one in answer if isinstance(one, Exception)]
    recipients = Counter(email for mail in Mail.objects.all() for email in mail.recipients)
    assert {*recipients.values()} == {1}
    assert Entry.objects.filter(joined__isnull=False).count() == ROUNDS
    assert not Entry.objects.filter(joined=None, invited=None).exists()
