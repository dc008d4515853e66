#!/usr/bin/env python3
"""Verify an exported Homeward log offline: python3 verify_log.py FILE. Exit 0: whole. Exit 1: the first faulty row is named.

One file, standard library only. The format, so that anybody can write a second verifier:

FILE is JSON Lines in UTF-8. The first line is the header {"format": "homeward log 1", "compartment", "size", "head"}.
Every further line is one event, in the order of its position from 1 to size without gaps:
{"position", "kind", "at", "actor", "subject", "previous", "commitment", "hash", "salt", "data"}.

    hash       = SHA-256 of the RFC 8785 array
                 ["homeward event 1", compartment, position, kind, at, actor, subject, previous, commitment]
    commitment = SHA-256 of the salt's 16 bytes followed by the RFC 8785 form of data
    previous   = the hash of the event before; 64 zeros for the first
    head       = the hash of the last event; 64 zeros for an empty log

An erased content has "salt": null and "data": null, and an event "erasure.recorded" later in the same log lists the
position in its data["erased"].
"""

import hashlib
import json
import re
import sys

EVENT_FORMAT = "homeward event 1"
LOG_FORMAT = "homeward log 1"
FIRST_PREVIOUS = "0" * 64
HEADER = {"format", "compartment", "size", "head"}
FIELDS = {"position", "kind", "at", "actor", "subject", "previous", "commitment", "hash", "salt", "data"}
TEXTS = ("kind", "at", "actor", "subject", "previous", "commitment", "hash")
INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", re.ASCII)
HEX64 = re.compile(r"^[0-9a-f]{64}$", re.ASCII)
SALT = re.compile(r"^[0-9a-f]{32}$", re.ASCII)


class Broken(Exception):
    """The log is not what it was when its head was written."""


def canonical(value):
    """RFC 8785 for text, whole numbers, booleans, null, lists and objects with ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def no_twins(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Broken("a key stands twice")
    return found


def no_floats(text):
    raise Broken("a number is not whole: " + text[:40])


def parse(line, row):
    try:
        found = json.loads(line, object_pairs_hook=no_twins, parse_float=no_floats, parse_constant=no_floats)
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except Broken as error:
        raise Broken("row %d: %s" % (row, error))
    except (ValueError, RecursionError):
        raise Broken("row %d: not a line of JSON" % row)
    if not isinstance(found, dict):
        raise Broken("row %d: not an object" % row)
    return found


def check_header(header):
    if set(header) != HEADER or header["format"] != LOG_FORMAT:
        raise Broken("header: not a log of format “%s”" % LOG_FORMAT)
    size, head = header["size"], header["head"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Broken("header: size is not a whole number")
    if not isinstance(head, str) or not HEX64.match(head) or not isinstance(header["compartment"], str):
        raise Broken("header: head or compartment malformed")


def check_event(event, row, compartment, previous):
    if set(event) != FIELDS:
        raise Broken("row %d: fields missing or added" % row)
    if event["position"] != row or isinstance(event["position"], bool):
        raise Broken("row %d: position is %r" % (row, event["position"]))
    if not all(isinstance(event[name], str) for name in TEXTS) or not INSTANT.match(event["at"]):
        raise Broken("row %d: a field is malformed" % row)
    if event["previous"] != previous:
        raise Broken("row %d: previous is not the hash of the row before" % row)
    fields = [EVENT_FORMAT, compartment, row] + [event[name] for name in TEXTS[:-1]]
    if hashlib.sha256(canonical(fields)).hexdigest() != event["hash"]:
        raise Broken("row %d: hash does not fit the row" % row)
    if (event["salt"] is None) != (event["data"] is None):
        raise Broken("row %d: salt and data are erased together or not at all" % row)
    if event["salt"] is None:
        return False
    if not isinstance(event["salt"], str) or not SALT.match(event["salt"]):
        raise Broken("row %d: salt malformed" % row)
    content = bytes.fromhex(event["salt"]) + canonical(event["data"])
    if hashlib.sha256(content).hexdigest() != event["commitment"]:
        raise Broken("row %d: data do not fit the commitment" % row)
    return True


def verify(lines):
    """Number of events of a whole log; raises Broken naming the first faulty row."""
    rows = iter(lines)
    first = next(rows, None)
    if first is None:
        raise Broken("header: the file is empty")
    try:
        header = parse(first, 0)
    except Broken as error:
        raise Broken("header: %s" % str(error).split(": ", 1)[1])
    check_header(header)
    previous, row, missing, erased = FIRST_PREVIOUS, 0, {}, {}
    for line in rows:
        row += 1
        if row > header["size"]:
            raise Broken("row %d: the header counts %d events" % (row, header["size"]))
        event = parse(line, row)
        if not check_event(event, row, header["compartment"], previous):
            missing[row] = True
        elif event["kind"] == "erasure.recorded":
            for position in event["data"].get("erased", []):
                erased.setdefault(position, row)
        previous = event["hash"]
    if row != header["size"]:
        raise Broken("row %d: missing, the header counts %d events" % (row + 1, header["size"]))
    if previous != header["head"]:
        raise Broken("header: head is not the hash of the last row")
    for position in missing:
        if erased.get(position, 0) <= position:
            raise Broken("row %d: content missing and no erasure recorded" % position)
    return row


def main(arguments):
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 1
    try:
        with open(arguments[0], encoding="utf-8", newline="\n") as file:
            size = verify(file)
    except (OSError, UnicodeDecodeError) as error:
        print("Cannot read the log: %s" % error)
        return 1
    except Broken as error:
        print("BROKEN  %s" % error)
        return 1
    print("WHOLE  %d events" % size)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
