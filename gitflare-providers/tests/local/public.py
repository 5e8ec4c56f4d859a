"""Writes packs out of the Go source that they are packed in: arguments are the source, a folder, ids."""

import base64
import gzip
import re
import sys

source, folder, *wanted = sys.argv[1:]
name, text = None, None
with open(source, encoding="ascii") as lines:
    for line in lines:
        if text is not None:
            part, end, _ = line.strip().partition("`")
            text.append(part)
            if end:
                with open(f"{folder}/{name}.pack", "wb") as pack:
                    pack.write(gzip.decompress(base64.b64decode("".join(text))))
                name, text = None, None
        elif found := re.match(r'\s*"/data/pack-([0-9a-f]{40})\.pack"', line):
            name = found[1] if found[1] in wanted else None
        elif name and "compressed: `" in line:
            text = [line.partition("`")[2].strip()]
