"""The reference host, and a user agent that reads its pages as a browser without scripts does."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup

ALICE = {"username": "alice", "password": "correct horse battery staple"}
CONFIG = Path(__file__).parent.parent / "host.toml"


@contextmanager
def running_host(store):
    """Starts a host on a free port; gives its issuer."""
    binary = os.environ.get("REFERENCE_HOST")
    assert binary, "REFERENCE_HOST must name the reference-host binary; tests/run builds it and sets it"
    command = [binary, "--listen", "127.0.0.1:0", "--config", CONFIG, "--store", store]
    log = open(os.environ["HOST_LOG"], "a") if "HOST_LOG" in os.environ else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as host:
        try:
            marks = (line.partition("listening on ")[2].strip() for line in host.stdout)
            issuer = next(filter(None, marks), None)
            assert issuer, "the host ended before it was listening"
            Thread(target=host.stdout.read, daemon=True).start()  # a full pipe would stop the host
            yield issuer
        finally:
            host.terminate()


def decide(url, decision):
    """Alice signs in and decides; the answer is where she is then redirected to, which is not visited."""
    with requests.Session() as agent:
        login = visit(agent, "GET", url)
        consent = submit(agent, login, ALICE)
        return submit(agent, consent, {"decision": decision})


def connect(url, user_code, decision):
    """Alice types a device's code, signs in and decides; the answer is the heading of the last page."""
    with requests.Session() as agent:
        login = submit(agent, visit(agent, "GET", url), {"user_code": user_code})
        last = submit(agent, submit(agent, login, ALICE), {"decision": decision})
        return BeautifulSoup(last.text, "html.parser").h1.text


def visit(agent, method, url, data=None):
    """Follows redirects to the end: a page, or the URL of another origin."""
    response = agent.request(method, url, data=data, allow_redirects=False)
    if "location" not in response.headers:
        return response
    assert response.status_code == 303
    target = urljoin(url, response.headers["location"])
    return visit(agent, "GET", target) if urljoin(target, "/") == urljoin(url, "/") else target


def submit(agent, page, fields):
    """Submits the one form of a page as it is found, with these fields filled in."""
    (form,) = BeautifulSoup(page.text, "html.parser").find_all("form")
    assert form["method"].lower() == "post"
    assert all(form.find(attrs={"name": name}) for name in fields)
    inputs = form.select("input[name]:not([type=checkbox]), input[type=checkbox][checked]")
    found = [(control["name"], control.get("value", "")) for control in inputs if control["name"] not in fields]
    return visit(agent, "POST", urljoin(page.url, form.get("action", "")), found + list(fields.items()))
