"""Countries come, are suspended and go; clocks go wrong; and operators are told in time."""

import time
from datetime import timedelta
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import BadVersionNumberError
from tuf.api.metadata import Metadata, Root, Timestamp

from services.directory.repository import OnlineKeys
from services.gateway.views import ClockBehindError
from shared.protocol import ceremonies, jose, trust
from shared.protocol.errors import FormatError
from shared.protocol.identifiers import Country
from shared.runtime.refusals import NotAllowed, NotFound, Unavailable
from tests.federated import document
from tests.founding import put
from tests.service.gateway.sites import NOW, Live, Site
from tests.service.gateway.test_directory import _rollback, reopened

QN = "https://qn.example"


def suspend(live: Live, country: str = "QN") -> None:
    targets = live.repository.targets()
    live.repository.list_anew(ceremonies.suspend(targets, country, reason="a test", now=NOW))


def level(live: Live) -> tuple[Any, Any]:
    told = live.directory.health()
    return told["state"], told["level"]


def says(live: Live) -> str:
    told = live.directory.health()["says"]
    assert isinstance(told, list)
    return "; ".join(map(str, told))


def test_a_suspension_counts_from_the_next_refresh(live: Live) -> None:
    live.directory.refresh()
    suspend(live)
    assert live.directory.issuer(QN) is not None
    live.directory.refresh()
    with pytest.raises(NotAllowed) as caught:
        live.directory.peer("QN")
    assert caught.value.code == "peer_not_allowed"
    assert live.directory.issuer(QN) is None
    assert live.reports == [("peer.suspended", "QN", "suspended")]


def test_what_a_suspended_country_signed_before_is_still_verified(live: Live) -> None:
    live.directory.refresh()
    before = live.directory.members()[Country("QN")]
    suspend(live)
    live.directory.refresh()
    members = trust.read_bundle(live.directory.bundle(), live.repository.root)
    assert members[Country("QN")].status == "suspended"
    assert members[Country("QN")].seal_keys_at(1) == before.seal_keys_at(1)


def test_a_suspended_country_cannot_take_itself_up_again(live: Live) -> None:
    suspend(live)
    live.repository.publish(document("QN", name="as good as new"))
    live.directory.refresh()
    with pytest.raises(NotAllowed):
        live.directory.peer("QN")


def test_a_suspension_ends_by_those_who_made_it(live: Live) -> None:
    suspend(live)
    live.directory.refresh()
    live.repository.list_anew(ceremonies.resume(live.repository.targets(), "QN", NOW))
    live.directory.refresh()
    assert live.gateway("QN") == QN
    assert live.reports == [("peer.resumed", "QN", None)]


def test_one_signature_suspends_nobody(live: Live) -> None:
    live.directory.refresh()
    targets = ceremonies.suspend(live.repository.targets(), "QN", reason="a test", now=NOW)
    live.repository.list_anew(targets, signers=1)
    live.directory.refresh()
    assert live.gateway("QN") == QN


def test_an_unreadable_suspension_is_refused_as_a_whole(live: Live) -> None:
    live.directory.refresh()
    targets = ceremonies.renewed(live.repository.targets(), NOW)
    targets.signed.unrecognized_fields["suspended"] = ["QN"]
    live.repository.list_anew(targets)
    with pytest.raises(FormatError):
        live.directory.refresh()
    assert live.gateway("QN") == QN
    assert live.reports == [("directory.refused", None, "malformed")]


def test_an_expelled_country_is_gone_and_costs_nobody_the_directory(live: Live) -> None:
    live.directory.refresh()
    live.repository.list_anew(ceremonies.expel(live.repository.targets(), "QN", NOW))
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    with pytest.raises(NotFound):
        live.directory.peer("QN")
    assert live.reports == [("peer.suspended", "QN", "gone")]


def test_a_country_with_new_role_keys_costs_nobody_the_directory(live: Live) -> None:
    live.directory.refresh()
    key = live.repository.countries["QM"].public_key
    office = ceremonies.Office(keys=(key,), threshold=1)
    live.repository.list_anew(ceremonies.admit(live.repository.targets(), "QN", office, NOW))
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    live.repository.publish(document("QN", name="new"), signer=live.repository.countries["QM"])
    live.directory.refresh()
    assert live.directory.peer("QN").name == "new"


def test_other_keys_of_a_peer_are_recorded(live: Live) -> None:
    live.directory.refresh()
    live.repository.publish(document("QN", client_jwks=[jose.public_part(jose.generate())]))
    live.repository.publish(document("QM", client_jwks=[jose.public_part(jose.generate())]))
    live.directory.refresh()
    assert live.reports == [("peer.key_changed", "QN", None)]


def test_nobody_takes_anothers_address(live: Live) -> None:
    live.directory.refresh()
    live.repository.publish(document("QM", issuer=QN))
    live.directory.refresh()
    issuer = live.directory.issuer(QN)
    assert issuer is not None
    assert issuer.country == "QN"
    assert ("directory.refused", "QM", "untrusted") in live.reports


def test_between_two_newcomers_nobody_has_the_address(live: Live) -> None:
    live.repository.publish(document("QM", issuer=QN))
    live.directory.refresh()
    assert live.directory.issuer(QN) is None


AGES = [(0, "ok", "green"), (13, "ageing", "yellow"), (19, "stale", "red"), (25, "expired", "red")]


@pytest.mark.parametrize(("hours", "state", "colour"), AGES, ids=[each[1] for each in AGES])
def test_operators_are_told_long_before_the_end(
    live: Live, hours: int, state: str, colour: str
) -> None:
    live.directory.refresh()
    live.later = timedelta(hours=hours)
    assert level(live) == (state, colour)


def test_a_view_that_never_was_is_red(live: Live) -> None:
    assert level(live) == ("empty", "red")
    assert live.directory.health()["expires"] is None


def test_a_clock_that_is_set_back_stops_peers_until_it_is_right(live: Live, site: Site) -> None:
    live.directory.refresh()
    live.later = -timedelta(hours=1)
    assert level(live) == ("clock_behind", "red")
    with pytest.raises(Unavailable) as caught:
        live.directory.peer("QN")
    assert caught.value.code == "clock_behind"
    with pytest.raises(ClockBehindError):
        live.directory.refresh()
    assert live.reports == [("directory.refused", None, "clock-behind")]
    assert live.directory.bundle()
    assert reopened(live, site).state == "clock_behind"
    live.later = timedelta(0)
    live.directory.refresh()
    assert level(live) == ("ok", "green")


def test_a_directory_that_signs_in_the_future_is_not_believed(live: Live) -> None:
    live.later = -timedelta(hours=2)
    with pytest.raises(ClockBehindError):
        live.directory.refresh()
    assert live.directory.state == "empty"


def test_a_trouble_is_recorded_once_an_hour(live: Live, site: Site) -> None:
    live.directory.refresh()
    here = site.app.state.repository
    _rollback(live, site)
    refused = ("directory.refused", None, "rollback")
    for _ in range(3):
        with pytest.raises(Exception, match="version"):
            live.directory.refresh()
    assert live.reports == [refused]
    assert "directory was refused: rollback" in says(live)
    live.later = timedelta(hours=2)
    with pytest.raises(Exception, match="version"):
        live.directory.refresh()
    assert live.reports == [refused, refused]
    site.app.state.repository = here
    live.repository.refresh(timedelta(hours=2))
    live.directory.refresh()
    assert level(live) == ("ok", "green")


def test_our_own_end_is_told(live: Live) -> None:
    soon = int((NOW + timedelta(days=20)).timestamp())
    live.repository.publish(document("QM", not_after=soon))
    live.directory.refresh()
    assert level(live) == ("ok", "yellow")
    suspend(live, "QM")
    live.directory.refresh()
    assert "QM is suspended" in says(live)
    live.repository.list_anew(ceremonies.expel(live.repository.targets(), "QM", NOW))
    live.directory.refresh()
    assert "QM is no member" in says(live)


def test_a_thread_that_is_stuck_is_told(live: Live) -> None:
    live.directory.refresh()
    live.directory._sign_of_life = time.monotonic() - 3600
    assert "stuck" in says(live)


def test_a_stolen_online_key_is_taken_back_by_the_root(live: Live) -> None:
    """Whoever has it can run ahead with the numbers (a fast-forward attack); new keys end that."""
    live.directory.refresh()
    repository = live.repository
    path = repository.folder / "metadata" / "timestamp.json"
    good = path.read_bytes()
    ahead = Metadata[Timestamp].from_bytes(good)
    ahead.signed.version = 10**9
    ahead.sign(repository.online.timestamp)
    path.write_bytes(ahead.to_bytes())
    live.directory.refresh()
    path.write_bytes(good)
    with pytest.raises(BadVersionNumberError):
        live.directory.refresh()
    repository.online = OnlineKeys.generate()
    keys = repository.online.snapshot.public_key, repository.online.timestamp.public_key
    seats = {
        role: ceremonies.Office(keys=(key,), threshold=1)
        for role, key in zip(("snapshot", "timestamp"), keys, strict=True)
    }
    root = Metadata[Root].from_bytes(repository.root).signed
    put(
        repository.folder,
        "root",
        ceremonies.next_root(root, seats, NOW),
        repository.offline.root[:3],
    )
    repository.publish(document("QN", name="after the theft"))
    live.directory.refresh()
    assert live.directory.peer("QN").name == "after the theft"
    assert level(live) == ("ok", "green")


def test_a_country_of_two_keys_needs_both(live: Live) -> None:
    live.directory.refresh()
    signers = [live.repository.countries["QN"], CryptoSigner.generate_ed25519()]
    office = ceremonies.Office(keys=tuple(each.public_key for each in signers), threshold=2)
    live.repository.list_anew(ceremonies.admit(live.repository.targets(), "QN", office, NOW))
    live.repository.publish(document("QN", name="by one"), signer=signers[0])
    live.directory.refresh()
    with pytest.raises(NotFound):
        live.directory.peer("QN")
    role = ceremonies.vouch(document("QN", name="by both"), version=3, now=NOW)
    name = ceremonies.target_name("QN", role.signed)
    (live.repository.folder / "targets" / "members" / name).write_bytes(
        document("QN", name="by both")
    )
    put(live.repository.folder, "country-QN", role, signers)
    live.repository.refresh()
    live.directory.refresh()
    assert live.directory.peer("QN").name == "by both"
