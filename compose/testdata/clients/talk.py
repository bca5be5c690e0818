"""How the scripts and the Go test talk: one JSON object in on stdin, one out on stdout, everything else on stderr."""

import datetime
import json
import sys


def instant(text):
    """An RFC 3339 instant with up to six decimals, exactly."""
    if text is None:
        return None
    whole, _, rest = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return moment + datetime.timedelta(microseconds=int(rest.ljust(6, "0") or 0))


def answer(main):
    json.dump(main(json.load(sys.stdin)), sys.stdout, default=str)
