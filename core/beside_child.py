"""The process of `core.beside`: `python beside_child.py MODULE:CLASS SECONDS`. The first line that comes is what the class is
given, each further one a piece of work, each line that goes what was made of it, all in JSON. It ends with whoever began it, at
the end of its input, or where it works at one piece for so many seconds; and says where it failed, never with what: that may be a
name.
"""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    seconds = int(sys.argv[2])
    signal.alarm(seconds)  # nobody handles it: it ends this process whatever that does, also when nobody waits any more
    sys.path.insert(0, str(ROOT))
    import django
    import orjson

    django.setup()
    from core.beside import made_by
    from core.errors import place_of

    lines, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    try:
        work = made_by(sys.argv[1], orjson.loads(lines.readline()))
        signal.alarm(0)
        for line in lines:
            signal.alarm(seconds)
            out.write(orjson.dumps({"made": work(*orjson.loads(line))}) + b"\n")
            out.flush()
            signal.alarm(0)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        out.write(orjson.dumps({"failed": place_of(error)}) + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
