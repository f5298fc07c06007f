"""Authlib's authorization server on Flask, for grantor's client to talk to: every grant that Authlib has of RFC 6749 and
RFC 8628. It says where it listens, and serves until its standard input ends. Whoever comes is Alice, and decides on one page."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, InvalidGrantError, TokenMixin, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, jsonify, render_template_string, request
from werkzeug.serving import make_server

ALICE = SimpleNamespace(sub="user-1", username="alice", password="correct horse battery staple")
SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
METHODS = [*SECRET_METHODS, "none"]
PAGE = """
<form method="post">
  {% for name, value in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
  <button name="decision" value="approve">Approve</button> <button name="decision" value="deny">Deny</button>
</form>
"""


class Client(SimpleNamespace, ClientMixin):
    """Client metadata, by the names of RFC 7591 §2."""

    client_secret = ""

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope):
        return " ".join(token for token in (scope or "").split() if token in self.scope.split())

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret):
        return self.client_secret == client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return self.token_endpoint_auth_method == method

    def check_response_type(self, response_type):
        return response_type in self.response_types

    def check_grant_type(self, grant_type):
        return grant_type in self.grant_types


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    client_id: str
    redirect_uri: str
    scope: str
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class Token(TokenMixin):
    client_id: str
    sub: str | None
    access_token: str
    token_type: str
    expires_in: int
    scope: str = ""
    refresh_token: str | None = None
    issued_at: int = field(default_factory=lambda: int(time.time()))
    revoked: bool = False

    def check_client(self, client):
        return self.client_id == client.client_id

    def get_scope(self):
        return self.scope

    def is_expired(self):
        return self.issued_at + self.expires_in < time.time()

    def is_revoked(self):
        return self.revoked


# The two grants that RFC 9700 advises against.
LEGACY = [
    {
        "client_id": "password",
        "client_secret": "Zt5rHc8nXw2kMq9vBj4pLy7sFd3gTa6E",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [],
        "grant_types": ["password", "refresh_token"],
        "response_types": [],
        "scope": "read write",
    },
    {
        "client_id": "implicit",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1:49152/callback"],
        "grant_types": ["implicit"],
        "response_types": ["token"],
        "scope": "read write",
    },
]
REGISTERED = json.loads((Path(__file__).parent.parent / "servers" / "clients.json").read_text())
CLIENTS = {client["client_id"]: Client(**client) for client in REGISTERED + LEGACY}
codes: dict[str, Code] = {}
tokens: list[Token] = []
devices: dict[str, DeviceCredentialDict] = {}  # by user code


def save_token(token, granted):
    tokens.append(Token(client_id=granted.client.client_id, sub=granted.user and granted.user.sub, **token))


def find_token(text, hint=None):
    return next((token for token in tokens if text in (token.access_token, token.refresh_token)), None)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, asked):
        sent = asked.payload.data
        challenge = sent.get("code_challenge"), sent.get("code_challenge_method")
        codes[code] = Code(code, asked.client.client_id, asked.payload.redirect_uri, asked.scope, *challenge)

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return ALICE


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = find_token(refresh_token)
        return found if found and found.refresh_token == refresh_token and not found.revoked else None

    def authenticate_user(self, refresh_token):
        return ALICE

    def revoke_old_credential(self, refresh_token):
        refresh_token.revoked = True


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    def authenticate_user(self, username, password):
        if (username, password) != (ALICE.username, ALICE.password):
            raise InvalidGrantError("Invalid 'username' or 'password' in request.")
        return ALICE


class DeviceGrant(DeviceCodeGrant):
    def query_device_credential(self, device_code):
        return next((device for device in devices.values() if device["device_code"] == device_code), None)

    def query_user_grant(self, user_code):
        decision = devices[user_code].get("decision")
        return decision and (ALICE, decision == "approve")

    def should_slow_down(self, credential):
        """Every poll of a pending device but the first is too soon: the tests do not wait."""
        before = credential.get("polled", False)
        credential["polled"] = True
        return before


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    def get_verification_uri(self):
        return request.host_url + "device"

    def save_device_credential(self, client_id, scope, data):
        expires_at = time.time() + data["expires_in"]
        devices[data["user_code"]] = DeviceCredentialDict(client_id=client_id, scope=scope, expires_at=expires_at, **data)


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, text, hint):
        return find_token(text)

    def revoke_token(self, token, asked):
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = SECRET_METHODS

    def query_token(self, text, hint):
        return find_token(text)

    def check_permission(self, token, client, asked):
        return token.check_client(client)

    def introspect_token(self, token):
        return {
            "client_id": token.client_id,
            "sub": token.sub,  # null for a client's own token
            "scope": token.scope,
            "token_type": token.token_type,
            "iat": token.issued_at,
            "exp": token.issued_at + token.expires_in,
            "iss": request.host_url.rstrip("/"),
        }


class Issuer(IssuerParameter):
    def __init__(self, server):
        server.register_hook("after_create_authorization_response", self.add_issuer_parameter)

    def get_issuer(self):
        return request.host_url.rstrip("/")


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(app, CLIENTS.get, save_token)
server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True)])
for grant in grants.ImplicitGrant, RefreshTokenGrant, ClientCredentialsGrant, PasswordGrant, DeviceGrant:
    server.register_grant(grant)
for endpoint in DeviceAuthorization, Revocation, Introspection:
    server.register_endpoint(endpoint)
server.register_extension(Issuer)


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    base = request.host_url
    document = AuthorizationServerMetadata(
        issuer=base.rstrip("/"),
        authorization_endpoint=base + "authorize",
        token_endpoint=base + "token",
        device_authorization_endpoint=base + "device_authorization",
        revocation_endpoint=base + "revoke",
        introspection_endpoint=base + "introspect",
        scopes_supported=["read", "write"],
        response_types_supported=["code", "token"],
        grant_types_supported=sorted({DEVICE_CODE_GRANT_TYPE}.union(*(c.grant_types for c in CLIENTS.values()))),
        token_endpoint_auth_methods_supported=METHODS,
        revocation_endpoint_auth_methods_supported=METHODS,
        introspection_endpoint_auth_methods_supported=SECRET_METHODS,
        code_challenge_methods_supported=["S256"],
        authorization_response_iss_parameter_supported=True,
    )
    document.validate()
    return jsonify(document)


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    try:
        grant = server.get_consent_grant(end_user=ALICE)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    if request.method == "GET":
        return render_template_string(PAGE, fields=[])
    user = ALICE if request.form["decision"] == "approve" else None
    return server.create_authorization_response(grant_user=user, grant=grant)


@app.route("/device", methods=["GET", "POST"])
def device():
    user_code = request.values.get("user_code", "")
    if request.method == "GET":
        return render_template_string(PAGE, fields=[("user_code", user_code)])
    devices[user_code]["decision"] = request.form["decision"]
    return "You may go back to your device."


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/device_authorization")
def device_authorization():
    return server.create_endpoint_response(DeviceAuthorization.ENDPOINT_NAME)


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response(Revocation.ENDPOINT_NAME)


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response(Introspection.ENDPOINT_NAME)


if __name__ == "__main__":
    listener = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listening on http://127.0.0.1:{listener.server_port}", flush=True)
    Thread(target=listener.serve_forever, daemon=True).start()
    sys.stdin.read()
