"""The smallest honest way to a PDF: WeasyPrint on the same page, with two fonts."""

from __future__ import annotations

from collections.abc import Callable


def renderer(html: str, dpi: int) -> Callable[[], bytes]:
    """Return what renders the page, its fonts looked up once."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from app.config import ROOT
    from app.documents.fonts import ROLES, SERIF, noto

    config = FontConfiguration()
    faces = {"Serif": SERIF.path, "Sans": noto.sans_path()}
    roles = {**dict.fromkeys(ROLES, "Serif"), "song": "Serif", "hei": "Sans", "title": "Sans"}
    stacks = "; ".join(f"--{role}: '{face}'" for role, face in roles.items())
    rules = [
        f"@font-face {{ font-family: '{name}'; src: url('{path.as_uri()}') }}" for name, path in faces.items()
    ]
    text = "\n".join([*rules, f":root {{ {stacks} }}", f"@page {{ {stacks} }}"])
    sheet = CSS(string=text, font_config=config)

    def render() -> bytes:
        page = HTML(string=html, base_url=f"{ROOT.as_uri()}/")
        return bytes(page.write_pdf(stylesheets=[sheet], font_config=config, dpi=dpi))

    return render
