#!/usr/bin/env python3
"""A deployer in one file, for the target exec.

It answers one request of the deployment contract for each run: JSON on standard
input, JSON on standard output. Its "load balancer" is the file STATE; where this
says "the router", yours would be called.

It has no dead-man switch, since nobody runs it when Sluice is gone, and says so.
"""

import fcntl
import hashlib
import json
import os
import re
import sys

EMPTY = {"fence": 0, "generation": 0, "baseline": None, "canary": None, "weight": 0, "keys": {}}


class Refused(Exception):
    """What ends in an error of the contract."""

    def __init__(self, code, message, remedy="", observation=None):
        super().__init__(message)
        self.body = {"code": code, "message": message, "remedy": remedy}
        if observation:
            self.body["observation"] = observation


def arm(payload, weight):
    return {"payload": payload, "weight": weight, "health": "healthy", "replicas": 1}


def observe(s):
    o = {"known": True, "fence": s["fence"], "fingerprint": "g%d" % s["generation"]}
    if s["baseline"]:
        o["baseline"] = arm(s["baseline"], 100 - s["weight"])
    if s["canary"]:
        o["canary"] = arm(s["canary"], s["weight"])
    return o


def exists(payload):
    """Says whether the artifact is there; here, whether ARTIFACTS lists its digest."""
    wanted = os.environ.get("ARTIFACTS", "").split()
    return not wanted or payload["reference"].rpartition("@")[2] in wanted


def key_of(payload):
    """The artifact's digest and the configuration's are what makes a payload."""
    return payload["reference"].rpartition("@")[2], payload.get("configuration_digest", "")


def same(a, b):
    return bool(a) and bool(b) and key_of(a) == key_of(b)


def conflict(s, message, remedy):
    return Refused("conflict", message, remedy, observe(s))


def set_weight(s, weight):
    if s["weight"] != weight:
        s["weight"] = weight  # The router.
        s["generation"] += 1


def prepare(s, body):
    payload = body["payload"]
    if not exists(payload):
        raise Refused("not_found", "there is no artifact " + payload["reference"], "publish it first")
    if s["canary"] and not same(s["canary"], payload) and s["weight"] > 0:
        raise conflict(s, "another canary has traffic", "revert first")
    if not same(s["canary"], payload):
        s["canary"] = payload  # Start it here, and answer done: false until it is healthy.
        s["generation"] += 1


def traffic(s, body):
    weight, expected = body["traffic"]["weight"], body.get("expected_fingerprint", "")
    if expected not in ("", "g%d" % s["generation"]):
        raise conflict(s, "somebody changed the target", "observe it and decide again")
    if weight > 0 and not s["canary"]:
        raise conflict(s, "there is no canary", "prepare one first")
    if 0 < weight < 100 and not s["baseline"]:
        raise conflict(s, "there is no baseline for the rest", "set weight 100")
    set_weight(s, weight)


def complete(s, _):
    if s["canary"] and s["weight"] < 100:
        raise conflict(s, "the canary has not all of the traffic", "set weight 100 first")
    if s["canary"]:
        s["baseline"], s["canary"], s["weight"] = s["canary"], None, 0
        s["generation"] += 1


def revert(s, _):
    set_weight(s, 0)


def finalize(s, _):
    if s["weight"] > 0:
        raise conflict(s, "the canary has traffic", "complete or revert first")
    if s["canary"]:
        s["canary"] = None
        s["generation"] += 1


CHANGES = {"prepare": prepare, "traffic": traffic, "complete": complete, "revert": revert, "finalize": finalize}


def true_now(s, verb, body):
    """Says whether what was asked for is so, whoever made it so."""
    return {
        "prepare": lambda: same(s["canary"], body.get("payload")),
        "traffic": lambda: s["weight"] == body["traffic"]["weight"],
        "complete": lambda: not s["canary"],
        "revert": lambda: s["weight"] == 0,
        "finalize": lambda: not s["canary"],
    }[verb]()


def check(body):
    """Refuses what no driver should ask."""
    payload, shape = body.get("payload"), body.get("traffic", {})
    if payload is not None and not re.fullmatch(r"[^\s@]*@sha256:[0-9a-f]{64}", payload["reference"]):
        raise Refused("invalid", "the reference does not end in a digest")
    if not 0 <= shape.get("weight", 0) <= 100 or body.get("revert_after_seconds", 0) < 0:
        raise Refused("invalid", "a weight is between 0 and 100, and a time not negative")
    if set(shape) - {"weight"} or body.get("revert_after_seconds"):
        raise Refused("unsupported", "this deployer moves traffic by weight, and has no dead-man switch")


def change(s, verb, key, body):
    check(body)
    asked = hashlib.sha256(json.dumps([verb, {k: v for k, v in body.items() if k != "fence"}], sort_keys=True).encode()).hexdigest()
    if body["fence"] < s["fence"]:
        raise Refused("stale_fence", "fence %d was seen" % s["fence"], "somebody else drives; stop", observe(s))
    s["fence"] = body["fence"]
    if not key:
        raise Refused("invalid", "the change has no key")
    if key in s["keys"] and s["keys"][key] != asked:
        raise Refused("invalid", "the key was used for another change")
    if key not in s["keys"]:
        CHANGES[verb](s, body)
        s["keys"][key] = asked
    return {"done": true_now(s, verb, body), "observation": observe(s)}


def answer(s, request):
    verb, body = request["verb"], request.get("body", {})
    if verb == "capabilities":
        return {"weights": True, "cohorts": False, "mirror": False, "batches": False, "revert_after": False, "conditional_write": True}
    if verb == "observation":
        return observe(s)
    if verb == "preflight":
        return {"obstacles": [] if exists(body["payload"]) else [{"what": "there is no artifact " + body["payload"]["reference"]}]}
    return change(s, verb, request.get("key"), body)


def main():
    with open(os.environ["STATE"], "a+") as f:
        fcntl.flock(f, fcntl.LOCK_EX)  # Check and change are one.
        f.seek(0)
        s = json.loads(f.read() or json.dumps(EMPTY))
        try:
            reply = {"answer": answer(s, json.load(sys.stdin))}
        except Refused as refused:
            reply = {"error": refused.body}
        f.seek(0)
        f.truncate()
        json.dump(s, f)
    json.dump(reply, sys.stdout)


main()
