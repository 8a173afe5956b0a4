#!/usr/bin/env python3
"""Puts the tables into README.md: readme.py README TABLES"""

import sys
from pathlib import Path

BEGIN, END = "<!-- comparison: benches/compare.sh --write -->\n", "<!-- /comparison -->\n"

readme, tables = map(Path, sys.argv[1:])
text = readme.read_text(encoding="utf-8")
if BEGIN not in text or END not in text:
    sys.exit(f"{readme} has no marks for the comparison")
head, rest = text.split(BEGIN, 1)
tail = rest.split(END, 1)[1]
readme.write_text(head + BEGIN + tables.read_text(encoding="utf-8") + "\n" + END + tail, encoding="utf-8")
