import hashlib
import io
import subprocess
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from PIL import Image, ImageDraw

from app.documents.renderer import Renderer
from app.rectifications.documents import NoticeFact, NoticePhoto, RectificationNotice

FACT = NoticeFact(
    occurred_at="2026年11月20日 9:05",
    place="三号窗口",
    item="A-03 工作时间空岗超过15分钟",
    person_or_post="李某某（A岗）",
    clause="《考核细则》第十二条第三项",
    note="9:05至9:31窗口无人值守，等候群众4人。",
)


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    with Renderer() as warm:
        yield warm


@pytest.fixture(scope="session")
def make_notice() -> Callable[..., RectificationNotice]:
    def make(**over: object) -> RectificationNotice:
        values: dict[str, object] = {
            "centre_name": "江城市政务服务中心",
            "number": "政服督整〔2026〕12号",
            "recipient": "江城市税务局",
            "point": "三号窗口",
            "facts": (FACT,),
            "photos": (),
            "required_action": "立即恢复窗口A、B岗值守，落实请假报备和顶岗制度。",
            "deadline": "2026年11月27日17时",
            "rechecker": "督查科张敏",
            "consequence": "逾期未整改或者复查不合格的，将发出督办单。",
            "issuer": "江城市政务服务中心督查科",
            "issued_on": date(2026, 11, 2),
            "verify_url": "https://duban.jiangcheng.example/verify/K7QM4F2PXY",
            "code": "K7QM4-F2PXY",
        }
        return RectificationNotice(**{**values, **over})

    return make


@pytest.fixture(scope="session")
def images() -> dict[str, bytes]:
    """Four photos by their SHA-256."""
    found = {}
    for shade in (60, 110, 160, 210):
        image = Image.new("RGB", (1600, 1200), (shade, 120, 140))
        ImageDraw.Draw(image).line((0, 0, 1600, 1200), fill=(200, 220, 60), width=9)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=80)
        found[hashlib.sha256(file.getvalue()).hexdigest()] = file.getvalue()
    return found


@pytest.fixture(scope="session")
def photos(images: dict[str, bytes]) -> tuple[NoticePhoto, ...]:
    return tuple(NoticePhoto(name, f"11月20日 9:{n:02} 现场{n}") for n, name in enumerate(images, 5))


@pytest.fixture(scope="session")
def pages() -> Callable[[bytes], list[str]]:
    """Return the text of each page of a PDF, without white space."""

    def read(pdf: bytes) -> list[str]:
        done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
        return ["".join(page.split()) for page in done.stdout.decode().split("\f")[:-1]]

    return read


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], set[str]]:
    """Return the names of the fonts in a PDF, all of which must be embedded subsets."""

    def read(pdf: bytes) -> set[str]:
        file = tmp_path_factory.mktemp("fonts") / "document.pdf"
        file.write_bytes(pdf)
        done = subprocess.run(["pdffonts", str(file)], capture_output=True, check=True, text=True)
        names = set()
        for line in done.stdout.splitlines()[2:]:
            name, *_, embedded, subset, _unicode, _number, _generation = line.split()
            assert (embedded, subset) == ("yes", "yes"), line
            names.add(name.partition("+")[2])
        return names

    return read
