"""A credential that somebody's consent gave; how calls use it is shown with access and refresh."""

from __future__ import annotations

from wirepost.connections.oauth.credential import OAuthCredential


def test_its_words_name_the_place_and_no_token() -> None:
    credential = OAuthCredential(("crm", "anna", "main"), lambda: None, None, check=lambda: "no client_id")  # type: ignore[arg-type,return-value]
    assert repr(credential) == "OAuthCredential(crm, anna, main)"
    assert (credential.status, credential.problem, credential.address) == (
        "not_connected",
        "no client_id",
        None,
    )
    assert credential.is_renewable
