"""What the function does: it says which version of it answered."""

import json
import pathlib

VERSION = (pathlib.Path(__file__).parent / "VERSION").read_text().strip()


def handle(event, context):
    return {"statusCode": 200, "body": json.dumps({"version": VERSION})}
