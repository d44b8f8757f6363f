# A script that signs a person in once and calls an API, with MSAL Python. after.js is the same with msal-isomorphic.
# Usage: python3 before.py settings.json [sign-out]
import json
import os
import sys

import msal
import requests

with open(sys.argv[1]) as file:
    settings = json.load(file)
scopes = settings["scopes"]

cache = msal.SerializableTokenCache()
if os.path.exists(settings["cacheFile"]):
    with open(settings["cacheFile"]) as file:
        cache.deserialize(file.read())

app = msal.PublicClientApplication(
    settings["clientId"],
    authority=settings["authority"],
    instance_discovery=settings["instanceDiscovery"],
    token_cache=cache,
)


def sign_in():
    flow = app.initiate_device_flow(scopes)
    if "user_code" not in flow:
        sys.exit("%s: %s" % (flow["error"], flow.get("error_description")))
    print(flow["message"], flush=True)
    return app.acquire_token_by_device_flow(flow)


def token():
    accounts = app.get_accounts()
    silent = app.acquire_token_silent(scopes, account=accounts[0]) if accounts else None
    result = silent or sign_in()
    if "access_token" not in result:
        sys.exit("%s: %s" % (result["error"], result.get("error_description")))
    return result["access_token"]


def save():
    if cache.has_state_changed:
        with open(os.open(settings["cacheFile"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(cache.serialize())


if sys.argv[2:] == ["sign-out"]:
    for account in app.get_accounts():
        app.remove_account(account)
    save()
else:
    headers = {"Authorization": "Bearer " + token()}
    save()
    print(requests.get(settings["api"], headers=headers, timeout=10).text)
