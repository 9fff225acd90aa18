"""What stands on a printed notice, read back from its PDF."""

import re
import subprocess
from pathlib import Path


def words_of(paper: Path) -> str:
    """Return the text of a PDF without white space, cell by cell."""
    return re.sub(r"\s", "", subprocess.check_output(["pdftotext", "-raw", paper, "-"], text=True))
