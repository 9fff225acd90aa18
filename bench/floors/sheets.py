"""The smallest honest way to many sheets: WeasyPrint, one sheet after the other, two fonts."""

from __future__ import annotations

from collections.abc import Sequence


def render(pages: Sequence[str]) -> int:
    """Render each page on its own, nothing kept between two of them; return how many bytes came out."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from app.config import ROOT
    from app.documents.fonts import ROLES, SERIF, noto

    faces = {"Serif": SERIF.path, "Sans": noto.sans_path()}
    roles = {**dict.fromkeys(ROLES, "Serif"), "song": "Serif", "hei": "Sans", "title": "Sans"}
    stacks = "; ".join(f"--{role}: '{face}'" for role, face in roles.items())
    rules = [
        f"@font-face {{ font-family: '{name}'; src: url('{path.as_uri()}') }}" for name, path in faces.items()
    ]
    text = "\n".join([*rules, f":root {{ {stacks} }}", f"@page {{ {stacks} }}"])
    total = 0
    for page in pages:
        config = FontConfiguration()
        own = HTML(string=page, base_url=f"{ROOT.as_uri()}/")
        sheet = CSS(string=text, font_config=config)
        total += len(own.write_pdf(stylesheets=[sheet], font_config=config))
    return total
