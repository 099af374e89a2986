"""An independent OAuth 2.0 and OpenID Connect client, authlib: an application that somebody lets into their Cell."""

import base64
import urllib.parse
from html.parser import HTMLParser

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from unit import Operator, account, cell, equal

NAME, PASSWORD = "alice", "pass-of-alice"
NONCE = "what only this login has"


class LoginForm(HTMLParser):
    """Where a page's form leads, and with what it is filled in already."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input":
            self.fields[attributes["name"]] = attributes.get("value", "")


def log_in(url, password=PASSWORD):
    """What a browser does: shows the page, sends the form, and is led back to the application."""
    page = requests.get(url, allow_redirects=False)
    equal("the form is shown", (page.status_code, page.headers["content-type"][:9]), (200, "text/html"))
    form = LoginForm(page.text)
    filled_in = form.fields | {"username": NAME, "password": password}
    answer = requests.post(form.action, data=filled_in, allow_redirects=False)
    equal("it is answered with a redirect", answer.status_code, 303)
    return answer.headers["location"]


def secret(app, cell_url):
    """The secret of an application: a token of its own Cell for the other one."""
    login = {"grant_type": "password", "username": NAME, "password": PASSWORD, "p_target": f"{cell_url}/"}
    answer = requests.post(f"{app}/__token", data=login)
    answer.raise_for_status()
    return answer.json()["access_token"]


def told(location):
    """What an answer says: in the query, or where no code was asked for, in the fragment."""
    url = urllib.parse.urlsplit(location)
    return dict(urllib.parse.parse_qsl(url.query or url.fragment))


def refused(what, request, error):
    """Whether a request is refused, by the Cell with an error of RFC 6749 or by authlib with one of its own."""
    found = None
    try:
        request()
    except AuthlibBaseError as refusal:
        found = refusal.error
    equal(what, found, error)


class Application:
    """An application, registered by its URL, in the form that authlib has for it."""

    def __init__(self, cell_url, app, discovered):
        self.discovered = discovered
        self.redirect_uri = f"{app}/callback"
        self.session = OAuth2Session(
            f"{app}/",
            secret(app, cell_url),
            scope="openid",
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def authorization(self, verifier, **more):
        """The URL to send a browser to, and its `state`."""
        endpoint = self.discovered["authorization_endpoint"]
        return self.session.create_authorization_url(endpoint, code_verifier=verifier, **more)

    def redeem(self, location, state, verifier):
        """Fetches a token for the code in the URL where the browser ended up. authlib compares `state`."""
        endpoint = self.discovered["token_endpoint"]
        return self.session.fetch_token(
            endpoint, authorization_response=location, state=state, code_verifier=verifier
        )


def code_flow(application):
    """A login, and what becomes of its code."""
    verifier = generate_token(48)
    url, state = application.authorization(verifier, nonce=NONCE)
    equal("PKCE is asked for", told(url)["code_challenge"], create_s256_code_challenge(verifier))
    location = log_in(url)
    equal("the browser is led back", location.partition("?")[0], application.redirect_uri)
    equal("with the state", told(location)["state"], state)
    redeem = application.redeem
    refused("a wrong verifier", lambda: redeem(location, state, generate_token(48)), "invalid_grant")
    refused("another state", lambda: redeem(location, generate_token(), verifier), "mismatching_state")
    token = redeem(location, state, verifier)
    equal("the code is redeemed", (token["token_type"], token["expires_in"]), ("Bearer", 3600))
    refused("and no second time", lambda: redeem(location, state, verifier), "invalid_grant")
    return token


def id_token(application, token, cell_url):
    """The id token, checked with the Cell's keys."""
    keys = KeySet.import_key_set(requests.get(application.discovered["jwks_uri"]).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    equal("the id token names its key", decoded.header["kid"] in [key.kid for key in keys.keys], True)
    options = {
        "iss": {"essential": True, "value": application.discovered["issuer"]},
        "aud": {"essential": True, "value": application.session.client_id},
    }
    parameters = {"client_id": application.session.client_id, "nonce": NONCE}
    claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
    claims.validate(leeway=5)
    equal("the id token is valid", (claims["sub"], claims["iss"]), (NAME, f"{cell_url}/"))
    head, body, signature = token["id_token"].split(".")
    padded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).replace(b'"alice"', b'"admin"')
    forged = base64.urlsafe_b64encode(padded).rstrip(b"=").decode()
    found = None
    try:
        jwt.decode(f"{head}.{forged}.{signature}", keys, algorithms=["RS256"])
    except JoseError as error:
        found = error.error
    equal("a forged one is not", found, "bad_signature")


def introspect(application, token):
    """What the Cell says of a token."""
    endpoint = application.discovered["introspection_endpoint"]
    return application.session.introspect_token(endpoint, token=token).json()


def session(application, cell_url):
    """Refreshing, and looking into tokens."""
    old = dict(application.session.token)
    found = introspect(application, old["access_token"])
    equal("the token is active", (found["active"], found["client_id"]), (True, application.session.client_id))
    equal("and alice's", found["sub"], f"{cell_url}/#{NAME}")
    new = application.session.refresh_token(application.discovered["token_endpoint"])
    equal("it is refreshed", new["access_token"] != old["access_token"] and "refresh_token" in new, True)
    equal("the new one is active", introspect(application, new["access_token"])["active"], True)
    equal("what is no token is not", introspect(application, "nonsense"), {"active": False})


def refusals(application):
    """What goes wrong on the way is told to the application."""
    url, state = application.authorization(generate_token(48))
    location = log_in(url, "wrong")
    equal("a wrong password leads back to the form", "__authz?" in location, True)
    for change, error in (
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ):
        endpoint = application.discovered["authorization_endpoint"]
        answer = requests.get(endpoint, params=told(url) | change, allow_redirects=False)
        refusal = told(answer.headers["location"])
        equal(f"refused: {change}", (refusal["error"], refusal["state"]), (error, state))


def main():
    operator = Operator()
    cell_url, app = cell(operator, "oauth-client"), cell(operator, "oauth-app")
    for of in (cell_url, app):
        account(operator, of, NAME, PASSWORD)
    print("authlib: discovery")
    discovered = requests.get(f"{cell_url}/.well-known/openid-configuration").json()
    equal("the issuer is the Cell", discovered["issuer"], f"{cell_url}/")
    application = Application(cell_url, app, discovered)
    print("authlib: code flow")
    token = code_flow(application)
    print("authlib: id token")
    id_token(application, token, cell_url)
    print("authlib: the session")
    session(application, cell_url)
    print("authlib: refusals")
    refusals(application)


if __name__ == "__main__":
    main()
