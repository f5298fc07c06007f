"""Authlib's clients, on requests and on httpx, against the reference host: every endpoint, as its metadata names it."""

import asyncio
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from host import connect, decide, running_host

CALLBACK = "http://127.0.0.1:49152/callback"  # nobody listens there, and nobody calls
BASIC = {"client_id": "basic", "client_secret": "3q2-7wAbnM0kRjZ5uX8yTfVhLd1sGc6E"}
POST = {"client_id": "post", "client_secret": "w9KxPz4mQv7tYb2cNf6jRg8hDs3aLe5U"}
API = {"client_id": "api", "client_secret": "fJ6kTq2mXs8wVz4yBn7cRd9gHp3lKe5A"}
IN_BODY = {
    "token_endpoint_auth_method": "client_secret_post",
    "revocation_endpoint_auth_method": "client_secret_post",
}
CLIENTS = {"native": {"client_id": "native"}, "basic": BASIC, "post": {**POST, **IN_BODY}}

DEVICES = {"frame": {"client_id": "frame"}, "kiosk": {"client_id": "kiosk", "client_secret": "pX3nVd7qRw9zKc5mTy2bHf8jLg4sNa6E"}}
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

each_client = pytest.mark.parametrize("client", CLIENTS)
each_confidential_client = pytest.mark.parametrize("client", ["basic", "post"])
each_library = pytest.mark.parametrize("library", [OAuth2Session, OAuth2Client])


@pytest.fixture(autouse=True)
def plain_http_on_loopback(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def issuer(request, tmp_path_factory):
    store = request.param
    if store == "sqlite":
        store = f"sqlite:{tmp_path_factory.mktemp('store') / 'host.db'}"
    with running_host(store) as issuer:
        yield issuer


@pytest.fixture
def server(issuer):
    """What the metadata says, found and judged as Authlib does (RFC 8414)."""
    metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(issuer, external=True)).json())
    metadata.validate()
    assert metadata["issuer"] == issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    return metadata


def open_session(server, library, client, **settings):
    endpoints = {"token_endpoint": server["token_endpoint"], "code_challenge_method": "S256"}
    return library(redirect_uri=CALLBACK, scope="read write", **endpoints, **CLIENTS[client], **settings)


def authorize(server, session):
    """The approved response to an authorization request with PKCE, and what redeems its code."""
    verifier = generate_token(48)
    url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
    response = decide(url, "approve")
    assert parse_qs(urlsplit(response).query)["iss"] == [server["issuer"]]
    return {"authorization_response": response, "state": state, "code_verifier": verifier}


def introspect(server, token):
    """What the protected resource is told of a token."""
    with OAuth2Session(**API) as api:
        return api.introspect_token(server["introspection_endpoint"], token=token).json()


@each_library
@each_client
def test_the_whole_life_of_a_grant(server, library, client):
    with open_session(server, library, client) as session:
        first = session.fetch_token(**authorize(server, session))
        assert first["token_type"] == "Bearer"
        assert first["scope"] == "read write"
        told = introspect(server, first["access_token"])
        assert (told["active"], told["client_id"], told["scope"]) == (True, client, "read write")
        assert told["sub"] == "user-1"

        second = session.refresh_token()
        assert second["refresh_token"] != first["refresh_token"]
        assert introspect(server, second["access_token"])["active"]

        answer = session.revoke_token(server["revocation_endpoint"], second["refresh_token"], "refresh_token")
        assert answer.status_code == 200
        for token in first["access_token"], second["access_token"], second["refresh_token"]:
            assert introspect(server, token) == {"active": False}
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(refresh_token=second["refresh_token"])


@each_library
@each_client
def test_a_refresh_token_that_was_used_before_is_refused(server, library, client):
    with open_session(server, library, client) as session:
        first = session.fetch_token(**authorize(server, session))["refresh_token"]
        second = session.refresh_token(refresh_token=first)["refresh_token"]
        # RFC 9700 §4.14.2: one of the two who used it is a thief, and nobody knows which.
        for token in first, second:
            with pytest.raises(OAuthError, match="invalid_grant"):
                session.refresh_token(refresh_token=token)


@each_library
def test_a_session_refreshes_a_worn_token_by_itself(server, library):
    kept = []
    keep = lambda token, refresh_token: kept.append((token["refresh_token"], refresh_token))  # noqa: E731
    with open_session(server, library, "native", update_token=keep) as session:
        first = session.fetch_token(**authorize(server, session))
        session.token = {**first, "expires_at": 1}
        session.get(server["issuer"])
        assert kept == [(session.token["refresh_token"], first["refresh_token"])]
        assert introspect(server, session.token["access_token"])["active"]


@each_library
@each_client
def test_a_code_is_refused_without_its_verifier_and_with_another(server, library, client):
    with open_session(server, library, client) as session:
        for verifier in {}, {"code_verifier": generate_token(48)}:
            redemption = {**authorize(server, session), "code_verifier": None, **verifier}
            with pytest.raises(OAuthError, match="invalid_grant|invalid_request"):
                session.fetch_token(**redemption)


@each_library
@each_confidential_client
def test_a_confidential_client_gets_a_token_for_itself_and_revokes_it(server, library, client):
    with open_session(server, library, client) as session:
        token = session.fetch_token(grant_type="client_credentials")
        assert "refresh_token" not in token
        assert introspect(server, token["access_token"])["client_id"] == client
        session.revoke_token(server["revocation_endpoint"], token["access_token"], "access_token")
        assert introspect(server, token["access_token"]) == {"active": False}


def post(session, url, fields):
    """What an endpoint answers to this form, sent as Authlib authenticates its client."""
    client = session.client_auth(session.token_endpoint_auth_method)
    return session.request("POST", url, withhold_token=True, auth=client, data=fields).json()


@each_library
@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_device_gets_tokens_once_its_code_was_typed_in_a_browser(server, library, device, decision):
    with library(token_endpoint=server["token_endpoint"], **DEVICES[device]) as session:
        waiting = post(session, server["device_authorization_endpoint"], {"scope": "read"})
        poll = {"grant_type": DEVICE_CODE, "device_code": waiting["device_code"]}
        for error in "authorization_pending", "slow_down":
            with pytest.raises(OAuthError, match=error):
                session.fetch_token(**poll)
        heading = connect(waiting["verification_uri"], waiting["user_code"].lower().replace("-", " "), decision)
        if decision == "deny":
            assert heading == "The device was denied"
            with pytest.raises(OAuthError, match="access_denied"):
                session.fetch_token(**poll)
        else:
            assert heading == "Your device is connected"
            token = session.fetch_token(**poll)
            assert introspect(server, token["access_token"])["scope"] == "read"
            with pytest.raises(OAuthError, match="invalid_grant"):
                session.fetch_token(**poll)


@each_library
@each_client
def test_a_pushed_request_stands_for_its_parameters(server, library, client):
    with open_session(server, library, client) as session:
        verifier = generate_token(48)
        url, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
        # Authlib adds the client's name itself, as the way in which it authenticates wants it.
        fields = {name: value for name, value in parse_qsl(urlsplit(url).query) if name != "client_id"}
        pushed = post(session, server["pushed_authorization_request_endpoint"], fields)
        query = {"client_id": client, "request_uri": pushed["request_uri"]}
        response = decide(f"{server['authorization_endpoint']}?{urlencode(query)}", "approve")
        token = session.fetch_token(authorization_response=response, state=state, code_verifier=verifier)
        assert introspect(server, token["access_token"])["scope"] == "read write"


@each_library
def test_a_wrong_secret_is_refused(server, library):
    with library("basic", "wrong", token_endpoint=server["token_endpoint"]) as session:
        with pytest.raises(OAuthError, match="invalid_client"):
            session.fetch_token(grant_type="client_credentials")


@each_client
def test_tasks_that_share_an_async_session_refresh_once(server, client):
    async def walk():
        async with open_session(server, AsyncOAuth2Client, client) as session:
            first = await session.fetch_token(**authorize(server, session))
            session.token = {**first, "expires_at": 1}
            await asyncio.gather(*(session.get(server["issuer"]) for _ in range(5)))
            second = session.token
            assert second["refresh_token"] != first["refresh_token"]
            assert introspect(server, second["access_token"])["active"]
            await session.revoke_token(server["revocation_endpoint"], second["access_token"], "access_token")
            assert introspect(server, second["access_token"]) == {"active": False}

    asyncio.run(walk())
