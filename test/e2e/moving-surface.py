# Writes what MSAL Python has for its users as JSON: classes, their methods and constants, and the parameters of these.
import inspect
import json

import msal


def public(owner):
    return [(name, value) for name, value in inspect.getmembers(owner) if not name.startswith("_")]


def parameters(function):
    try:
        return [name for name in inspect.signature(function).parameters if name not in ("self", "args")]
    except ValueError:
        return []


names = set()
for name, value in public(msal):
    if inspect.isclass(value):
        names.add(name)
        names.update(parameters(value.__init__))
        for member, function in public(value):
            names.add(member)
            names.update(parameters(function) if inspect.isfunction(function) else [])
print(json.dumps(sorted(names)))
