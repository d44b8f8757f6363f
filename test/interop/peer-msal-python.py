# MSAL Python as Debian ships it: https, its own HTTP client. Trust comes from REQUESTS_CA_BUNDLE.
import json
import os
import sys

import msal

config = json.loads(os.environ["PEER"])


def say(**value):
    print(json.dumps(value), flush=True)


def application(kind, client, authority, **keywords):
    return kind(client["clientId"], authority=authority, validate_authority=False, **keywords)


def sign_in(name, app):
    flow = app.initiate_auth_code_flow(config["scopes"], redirect_uri=config["redirectUri"])
    say(ask=flow["auth_uri"])
    result = app.acquire_token_by_auth_code_flow(flow, json.loads(sys.stdin.readline()))
    if "error" in result:
        return say(name=name, error=result)
    account = app.get_accounts()[0]
    cached = app.acquire_token_silent(config["scopes"], account=account)
    refreshed = app.acquire_token_silent(config["scopes"], account=account, force_refresh=True)
    say(
        name=name,
        homeAccountId=account["home_account_id"],
        username=account["username"],
        tenantId=result["id_token_claims"]["tid"],
        scopes=result["scope"].split(" "),
        cached=cached["access_token"] == result["access_token"],
        refreshed=refreshed["access_token"] != result["access_token"],
        accessToken=refreshed["access_token"],
    )


def app_only(name, app):
    result = app.acquire_token_for_client(config["appScopes"])
    say(name=name, accessToken=result.get("access_token"), error=result.get("error"), errorCodes=result.get("error_codes"))


authority, shared = config["authority"], config["sharedAuthority"]
web, certificate = config["web"], config["webCertificate"]
key = {"private_key": certificate["privateKey"], "thumbprint": certificate["thumbprint"]}
chain = dict(key, public_certificate=certificate["certificate"])
confidential = msal.ConfidentialClientApplication

sign_in("public client at its tenant", application(msal.PublicClientApplication, config["native"], authority))
sign_in("public client at common", application(msal.PublicClientApplication, config["native"], shared))
sign_in("confidential client with a secret", application(confidential, web, authority, client_credential=web["secret"]))
sign_in("confidential client with a certificate", application(confidential, certificate, authority, client_credential=key))
app_only("secret", application(confidential, web, authority, client_credential=web["secret"]))
app_only("certificate", application(confidential, certificate, authority, client_credential=key))
app_only("certificate with its chain", application(confidential, certificate, authority, client_credential=chain))
app_only("wrong secret", application(confidential, web, authority, client_credential="wrong"))
