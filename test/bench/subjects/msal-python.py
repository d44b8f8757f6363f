"""MSAL Python over a cache file: a process that measures what its parent asks for, a JSON line each, as support/subject.mjs does."""
import gc
import json
import resource
import sys
import time

import msal

path, parameters = sys.argv[1], json.loads(sys.argv[2])
count, client_id, authority, scopes = (parameters[name] for name in ("count", "clientId", "authority", "scopes"))


class Answer:
    status_code = 200
    headers = {}

    def __init__(self, body):
        self.text = json.dumps(body)

    def raise_for_status(self):
        pass


class Network:
    """Answers discovery and refuses the rest: a hit makes no request."""

    def get(self, url, **_):
        endpoints = {name + "_endpoint": authority + "/oauth2/v2.0/" + name for name in ("authorization", "token")}
        return Answer(dict(endpoints, issuer=authority + "/v2.0"))

    def post(self, url, **_):
        raise AssertionError("a hit makes no request")

    def close(self):
        pass


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


cache = msal.SerializableTokenCache()
app = msal.PublicClientApplication(client_id, authority=authority, token_cache=cache, http_client=Network())
with open(path) as file:
    state = file.read()
gc.collect()
before = resident()
cache.deserialize(state)
gc.collect()
memory = resident() - before
size = len(state)
del state
accounts = app.get_accounts()
assert len(accounts) == count, len(accounts)
step = 7919 % count or 1
turn = 0


def hit(index):
    result = app.acquire_token_silent(scopes, account=accounts[index])
    if "access_token" not in result:
        raise AssertionError("The token did not come from the cache.")


def rotating():
    global turn
    turn = (turn + step) % count
    hit(turn)


operations = {"same": lambda: hit(count >> 1), "rotating": rotating, "list": app.get_accounts}


def run_batch(operation, turns):
    begin = time.perf_counter()
    for _ in range(turns):
        operation()
    return (time.perf_counter() - begin) * 1e6 / turns


def sample(operation, milliseconds):
    run_batch(operation, 1)
    turns = max(1, int(500 / run_batch(operation, 1)))
    samples, end = [], time.perf_counter() + milliseconds / 1000
    while not samples or time.perf_counter() < end:
        samples.append(run_batch(operation, turns))
    return samples


def say(message):
    print(json.dumps(message), flush=True)


say({"operations": [name for name in operations if name in parameters["operations"]]})
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("end"):
        say({"facts": {"bytes": size, "perAccount": memory / count}})
    else:
        say({"samples": sample(operations[asked["operation"]], asked["milliseconds"])})
