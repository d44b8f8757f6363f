# MSAL Python as Debian ships it, in front of a recorder: every flow once, with all options that both libraries have.
import json
import os
import sys
import warnings

import msal
import requests

config = json.loads(os.environ["PEER"])
authority, person, scopes = config["authority"], config["person"], config["scopes"]
options = config["signIn"]
host = authority.rsplit("/", 1)[0]
warnings.simplefilter("ignore")


class Mapped(requests.Session):
    def request(self, method, url, **keywords):
        return super().request(method, url.replace(host + ":443", host).replace(host, config["recorder"]), **keywords)


def ask(what):
    print(json.dumps({"ask": what}), flush=True)
    return json.loads(sys.stdin.readline())


def application(name, kind, **keywords):
    ask("begin " + name)
    return kind(
        config["clientId"],
        authority=authority,
        validate_authority=False,
        instance_discovery=False,
        http_client=Mapped(),
        app_name="the-app",
        app_version="1.2.3",
        client_capabilities=["CP1"],
        **keywords,
    )


def check(result):
    if "access_token" not in result:
        raise RuntimeError(result)
    return result


def public(name):
    return application(name, msal.PublicClientApplication)


def confidential(name, credential="the secret & more", **keywords):
    return application(name, msal.ConfidentialClientApplication, client_credential=credential, **keywords)


def sign_in(app):
    flow = app.initiate_auth_code_flow(
        scopes,
        redirect_uri=options["redirectUri"],
        login_hint=person["username"],
        domain_hint=options["domainHint"],
        prompt=options["prompt"],
        max_age=options["maxAge"] // 1000,
        claims_challenge=options["claimsChallenge"],
        response_mode=options["responseMode"],
    )
    return check(app.acquire_token_by_auth_code_flow(flow, ask(flow["auth_uri"])))


sign_in(public("sign-in, public client"))
sign_in(confidential("sign-in, confidential client"))

app = public("refresh")
flow = app.initiate_auth_code_flow(scopes, redirect_uri=options["redirectUri"])
check(app.acquire_token_by_auth_code_flow(flow, ask(flow["auth_uri"])))
account = app.get_accounts()[0]
check(app.acquire_token_silent(scopes, account=account))
check(app.acquire_token_silent(scopes, account=account, force_refresh=True))
check(app.acquire_token_silent(["api://notes/Notes.Write"], account=account))
check(app.acquire_token_silent(scopes, account=account, claims_challenge=options["claimsChallenge"]))

app = confidential("code by hand")
url = app.get_authorization_request_url(
    scopes,
    login_hint=person["username"],
    state="the-state",
    redirect_uri=options["redirectUri"],
    prompt=options["prompt"],
    nonce="the-nonce",
    domain_hint=options["domainHint"],
    claims_challenge=options["claimsChallenge"],
)
answer = ask(url)
check(
    app.acquire_token_by_authorization_code(
        answer["code"], scopes, redirect_uri=options["redirectUri"], nonce="the-nonce", claims_challenge=options["claimsChallenge"]
    )
)

app = public("refresh token from elsewhere")
check(app.acquire_token_by_refresh_token("an-old-refresh-token", scopes))

app = public("device code")
flow = app.initiate_device_flow(scopes)
check(app.acquire_token_by_device_flow(flow, claims_challenge=options["claimsChallenge"]))

app = public("password")
check(app.acquire_token_by_username_password(person["username"], person["password"], scopes, claims_challenge=options["claimsChallenge"]))

app = public("password, federated")
check(app.acquire_token_by_username_password(config["federatedName"], person["password"], scopes))

app = confidential("on behalf of")
check(app.acquire_token_on_behalf_of("the.user.assertion", config["apiScopes"], claims_challenge=options["claimsChallenge"]))

app = confidential("client credentials, secret")
check(app.acquire_token_for_client(config["appScopes"], claims_challenge=options["claimsChallenge"]))

certificate = config["certificate"]
key = {"private_key": certificate["privateKey"], "thumbprint": certificate["thumbprint"]}
app = confidential("client credentials, certificate", key, client_claims=config["clientClaims"])
check(app.acquire_token_for_client(config["appScopes"]))
app = confidential("client credentials, certificate with its chain", dict(key, public_certificate=certificate["certificate"]))
check(app.acquire_token_for_client(config["appScopes"]))
