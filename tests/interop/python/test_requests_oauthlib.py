"""requests-oauthlib, the client that most of Python uses, against the reference host."""

import os
from urllib.parse import parse_qs, urlsplit

import pytest
from oauthlib.oauth2 import (
    AccessDeniedError,
    BackendApplicationClient,
    InvalidGrantError,
    LegacyApplicationClient,
    MobileApplicationClient,
    UnauthorizedClientError,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from host import ALICE, decide, running_host

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # oauthlib wants https, even on loopback

CALLBACK = "http://127.0.0.1:49152/callback"  # nobody listens there, and nobody calls
BASIC = HTTPBasicAuth("basic", "3q2-7wAbnM0kRjZ5uX8yTfVhLd1sGc6E")
POST = {"client_id": "post", "client_secret": "w9KxPz4mQv7tYb2cNf6jRg8hDs3aLe5U"}
LEGACY = HTTPBasicAuth("legacy", "Zt5rHc8nXw2kMq9vBj4pLy7sFd3gTa6E")

# How each client authenticates when it redeems a code, and when it refreshes. The library's own habit for a public
# client is Basic with an empty password.
CLIENTS = {
    "native": ({"include_client_id": True}, {"client_id": "native"}),
    "native by habit": ({}, {"auth": HTTPBasicAuth("native", "")}),
    "basic": ({"auth": BASIC}, {"auth": BASIC}),
    "post": ({"include_client_id": True, "client_secret": POST["client_secret"]}, POST),
}
each_client = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def issuer(request, tmp_path_factory):
    store = request.param
    if store == "sqlite":
        store = f"sqlite:{tmp_path_factory.mktemp('store') / 'host.db'}"
    with running_host(store) as issuer:
        yield issuer


def authorize(issuer, session, decision="approve"):
    """The authorization response to a session's request, with its issuer checked (RFC 9207)."""
    url, _ = session.authorization_url(f"{issuer}/authorize")
    response = decide(url, decision)
    assert response.startswith(CALLBACK)
    parts = urlsplit(response)
    assert parse_qs(parts.query or parts.fragment)["iss"] == [issuer]
    return response


def code_flow(issuer, client):
    """A session with tokens, and the way to redeem its code."""
    session = OAuth2Session(client.split()[0], redirect_uri=CALLBACK, scope=["read", "write"], pkce="S256")
    response = authorize(issuer, session)

    def redeem():
        return session.fetch_token(f"{issuer}/token", authorization_response=response, **CLIENTS[client][0])

    redeem()
    return session, redeem


def refresh(issuer, session, client, refresh_token):
    return session.refresh_token(f"{issuer}/token", refresh_token=refresh_token, **CLIENTS[client][1])


@each_client
def test_a_client_gets_tokens_for_a_code(issuer, client):
    session, _ = code_flow(issuer, client)
    assert session.token["token_type"] == "Bearer"
    assert session.token["scope"] == ["read", "write"]


@each_client
def test_a_client_refreshes_and_the_refresh_token_it_used_before_is_refused(issuer, client):
    session, _ = code_flow(issuer, client)
    first = session.token["refresh_token"]
    second = refresh(issuer, session, client, first)["refresh_token"]
    assert second != first
    third = refresh(issuer, session, client, second)["refresh_token"]
    for token in first, third:
        with pytest.raises(InvalidGrantError):
            refresh(issuer, session, client, token)


@each_client
def test_a_client_cannot_use_a_code_twice_and_its_tokens_are_dead_once_it_tries(issuer, client):
    session, redeem = code_flow(issuer, client)
    token = session.token["refresh_token"]
    with pytest.raises(InvalidGrantError):
        redeem()
    with pytest.raises(InvalidGrantError):
        refresh(issuer, session, client, token)


def test_a_client_is_told_that_the_person_denied(issuer):
    session = OAuth2Session("native", redirect_uri=CALLBACK, scope=["read"], pkce="S256")
    with pytest.raises(AccessDeniedError):
        session.fetch_token(f"{issuer}/token", authorization_response=authorize(issuer, session, "deny"))


@pytest.mark.parametrize(
    ("client_id", "authentication"),
    [("basic", {"auth": BASIC}), ("post", CLIENTS["post"][0])],
)
def test_a_confidential_client_gets_a_token_for_itself(issuer, client_id, authentication):
    session = OAuth2Session(client=BackendApplicationClient(client_id, scope=["read"]))
    token = session.fetch_token(f"{issuer}/token", **authentication)
    assert token["scope"] == ["read"]
    assert "refresh_token" not in token


def test_a_public_client_cannot_get_a_token_for_itself(issuer):
    session = OAuth2Session(client=BackendApplicationClient("native", scope=["read"]))
    with pytest.raises(UnauthorizedClientError):
        session.fetch_token(f"{issuer}/token", include_client_id=True)


def test_a_client_gets_tokens_for_a_password_and_refreshes_them(issuer):
    session = OAuth2Session(client=LegacyApplicationClient("legacy", scope=["read"]))
    token = session.fetch_token(f"{issuer}/token", auth=LEGACY, **ALICE)
    assert token["scope"] == ["read"]
    assert session.refresh_token(f"{issuer}/token", auth=LEGACY)["refresh_token"] != token["refresh_token"]


def test_a_client_gets_nothing_for_a_wrong_password(issuer):
    session = OAuth2Session(client=LegacyApplicationClient("legacy", scope=["read"]))
    with pytest.raises(InvalidGrantError):
        session.fetch_token(f"{issuer}/token", auth=LEGACY, username=ALICE["username"], password="wrong")


def test_a_client_gets_an_access_token_in_the_fragment_and_no_refresh_token(issuer):
    session = OAuth2Session(client=MobileApplicationClient("legacy", scope=["read"]), redirect_uri=CALLBACK)
    token = session.token_from_fragment(authorize(issuer, session))
    assert token["token_type"] == "Bearer"
    assert token["scope"] == ["read"]
    assert "refresh_token" not in token
