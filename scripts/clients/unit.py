"""The unit that the scripts here talk to, as its operator sees it."""

import os

import requests

UNIT = os.environ["UNIT"]


class Operator(requests.Session):
    """Requests with the master token; what is refused is an error."""

    def __init__(self):
        super().__init__()
        with open(os.environ["MASTER_TOKEN_FILE"], encoding="ascii") as file:
            self.headers["Authorization"] = f"Bearer {file.read().strip()}"

    def request(self, method, url, **arguments):
        answer = super().request(method, url, **arguments)
        if not answer.ok:
            raise RuntimeError(f"{method} {url}: {answer.status_code} {answer.text}")
        return answer


def cell(operator, name):
    """Makes a Cell and returns its URL."""
    operator.post(f"{UNIT}/__ctl/Cell", json={"Name": name})
    return f"{UNIT}/{name}"


def account(operator, cell_url, name, password):
    """Makes an Account that logs in with a password."""
    credential = {"X-Personium-Credential": password}
    operator.post(f"{cell_url}/__ctl/Account", json={"Name": name}, headers=credential)


def equal(what, found, expected):
    """Says what was done, unless it came out otherwise."""
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print(f"  {what}")
