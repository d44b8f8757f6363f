# MSAL Python's turns at a cache file that others use too. Each turn is a new application: it loads the file, works, and saves it.
import json
import os
import sys
import warnings

import msal
import requests

config = json.loads(os.environ["PEER"])
warnings.simplefilter("ignore")


class Mapped(requests.Session):
    def request(self, method, url, **keywords):
        return super().request(method, url.replace(":443", "", 1).replace(config["publicUrl"], config["localUrl"], 1), **keywords)


def application(cache, asked):
    keywords = {"authority": asked["authority"], "token_cache": cache, "http_client": Mapped()}
    if "secret" in asked:
        return msal.ConfidentialClientApplication(asked["clientId"], client_credential=asked["secret"], **keywords)
    return msal.PublicClientApplication(asked["clientId"], **keywords)


def work(cache, asked):
    app = application(cache, asked)
    if "secret" in asked:
        # This version asks for a new one each time, unless the cache is looked at first.
        silent = app.acquire_token_silent(asked["scopes"], account=None)
        return silent or app.acquire_token_for_client(asked["scopes"])
    if "password" in asked:
        return app.acquire_token_by_username_password(asked["username"], asked["password"], asked["scopes"])
    accounts = app.get_accounts(asked["username"])
    if len(accounts) != 1:
        return {"error": "%d accounts" % len(accounts)}
    return app.acquire_token_silent_with_error(asked["scopes"], account=accounts[0])


def turn(asks):
    cache = msal.SerializableTokenCache()
    if os.path.exists(config["path"]):
        with open(config["path"]) as file:
            cache.deserialize(file.read())
    results = {}
    for asked in asks:
        result = work(cache, asked) or {"error": "nothing"}
        results[asked["name"]] = result.get("access_token") or "error: %s %s" % (result["error"], result.get("error_description"))
    if cache.has_state_changed:
        with open(config["path"], "w") as file:
            file.write(cache.serialize())
    return results


results = {}
while True:
    print(json.dumps({"ask": json.dumps(results)}), flush=True)
    command = json.loads(sys.stdin.readline())
    if "asks" not in command:
        break
    results = turn(json.loads(command["asks"]))
