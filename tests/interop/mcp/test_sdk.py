"""The client of MCP's own Python SDK, unmodified, against the example: from a URL to tools, and to more scope."""

import asyncio
import json
import os
import ssl
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from host import decide
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

REDIRECT_URI = "http://127.0.0.1:43119/callback"
LIFETIME = 2  # seconds


@pytest.fixture(scope="module")
def url():
    """The URL of an example server."""
    command = [os.environ["MCP_SERVER"], "127.0.0.1:0", "--access-token-lifetime", str(LIFETIME)]
    command.append("--client-documents-in-private-network")
    env = {**os.environ, "SSL_CERT_FILE": os.environ["SITE_CERTIFICATE"]}
    log = open(os.environ["HOST_LOG"], "a") if "HOST_LOG" in os.environ else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env) as server:
        try:
            line = server.stdout.readline()
            assert line.startswith("listening on "), "the server ended before it was listening"
            yield line.removeprefix("listening on ").strip()
        finally:
            server.terminate()


@contextmanager
def site():
    """A web site, by https, with one client id metadata document; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"client_id": document, "client_name": "Notebook", **METADATA}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.environ["SITE_CERTIFICATE"], os.environ["SITE_KEY"])
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    document = f"https://localhost:{server.server_port}/client.json"
    Thread(target=server.serve_forever, daemon=True).start()
    yield document
    server.shutdown()


METADATA = {
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


class Program:
    """What a program that uses the SDK provides: a place for what is issued, and a browser, at which Alice sits."""

    def __init__(self):
        self.asked, self.issued, self.information, self.answer = [], [], None, None

    async def get_tokens(self):
        return self.issued[-1] if self.issued else None

    async def set_tokens(self, tokens):
        self.issued.append(tokens)

    async def get_client_info(self):
        return self.information

    async def set_client_info(self, information):
        self.information = information

    async def redirect(self, url):
        query = parse_qs(urlsplit(url).query)
        self.asked.append(query["scope"][0])
        assert query["code_challenge_method"] == ["S256"]
        answer = await asyncio.to_thread(decide, url, "approve")
        self.answer = parse_qs(urlsplit(answer).query)

    async def callback(self):
        code, state, iss = (self.answer[name][0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code, state=state, iss=iss)


async def run(url, program, client_name, **document):
    """Does all that there is to do; gives what the tools said."""
    metadata = OAuthClientMetadata(client_name=client_name, **METADATA)
    auth = OAuthClientProvider(url, metadata, program, program.redirect, program.callback, **document)
    async with httpx2.AsyncClient(auth=auth) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:

            async def call(name, **arguments):
                return (await client.call_tool(name, arguments)).content[0].text

            tools = sorted(tool.name for tool in (await client.list_tools()).tools)
            first = await call("whoami")
            await asyncio.sleep(LIFETIME + 0.2)
            refreshed = await call("whoami")
            asked = list(program.asked)
            written = await call("write_note", text="eggs")
            return tools, first, refreshed, asked, written, await call("read_notes")


def check(client_id, said, program):
    tools, first, refreshed, asked, written, notes = said
    assert tools == ["read_notes", "whoami", "write_note"]
    assert first == refreshed == f"user-1 through {client_id}"
    assert asked == ["notes.read"] and written == "written" and "eggs" in notes
    # Step-up: it asked once more, for all of it.
    assert [sorted(scope.split()) for scope in program.asked] == [["notes.read"], ["notes.read", "notes.write"]]
    assert len(program.issued) >= 3, "the code's tokens, refreshed ones, those with more scope"


def test_it_registers_calls_tools_refreshes_and_steps_up(url):
    program = Program()
    said = asyncio.run(run(url, program, "py sdk"))
    check(program.information.client_id, said, program)


def test_it_is_identified_by_its_metadata_document(url):
    program = Program()
    with site() as document:
        said = asyncio.run(run(url, program, "py sdk", client_metadata_url=document))
        check(document, said, program)
