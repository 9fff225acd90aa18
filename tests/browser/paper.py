"""What stands on a printed notice, read back from its PDF."""

import re
import subprocess
from pathlib import Path
from typing import Any


def words_of(paper: Path) -> str:
    """Return the text of a PDF without white space, cell by cell."""
    return re.sub(r"\s", "", subprocess.check_output(["pdftotext", "-raw", paper, "-"], text=True))


def read_paper(visitor: Any, folder: Path) -> str:
    """Return the words of the document whose page is open, once it has been printed."""
    page = visitor.page
    link = page.get_by_role("link", name="查看文书（PDF）")
    for _ in range(30):
        if visitor.script or link.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    link.wait_for(timeout=30_000)
    answered = page.request.get(link.get_attribute("href") or "")
    assert answered.ok and answered.headers["content-type"] == "application/pdf"
    paper = folder / f"{page.url.rsplit('/', 1)[1]}.pdf"
    paper.write_bytes(answered.body())
    return words_of(paper)
