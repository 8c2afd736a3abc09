"""What every page shares: its policy, its language, its look, its scripts."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from jinja2 import nodes

from backfolio.report import assets, lang, plots
from backfolio.report.look import USUAL, Look
from backfolio.report.page import _environment, as_block, page

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "src" / "backfolio" / "report"
VALUES = {"title": "A page", "fill_clock": "x", "simulated": ""}


def policy(text: str) -> str:
    (found,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    return str(found).replace("&#39;", "'")


def strings(template: str) -> set[str]:
    """Return what a template says through `_` and `ngettext`, as constants."""
    environment = _environment("en")
    tree = environment.parse((REPORT / "templates" / template).read_text(encoding="utf-8"))
    found = set()
    for call in tree.find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        said = {"_": call.args[:1], "ngettext": call.args[1:2]}.get(name, [])
        found |= {argument.value for argument in said if isinstance(argument, nodes.Const)}
    return found


def test_a_page_without_charts_links_and_runs_nothing() -> None:
    text = page("base.html", VALUES).decode()
    assert "<script" not in text
    assert "script-src" not in policy(text)
    assert "default-src 'none'" in policy(text)


def test_a_page_with_charts_names_its_two_scripts_and_credits_the_library() -> None:
    text = page("base.html", VALUES, plots={"charts": {}}).decode()
    linked = re.findall(r'<script defer src="([^"]+)"></script>', text)
    assert linked == [f"../../assets/{asset.name}" for asset in assets.scripts()]
    assert "script-src 'self';" in policy(text)
    assert "unsafe" not in policy(text)
    assert 'Charts: <a href="https://www.tradingview.com/"' in text
    assert 'src="assets/charts-' in page("base.html", VALUES, plots={}, up="").decode()


def test_a_page_may_have_charts_and_one_inline_script() -> None:
    text = page("base.html", VALUES, plots={}, script="let a = 1;").decode()
    assert re.search(r"script-src 'self' 'sha256-[\w+/=]{44}';", policy(text))


@pytest.mark.parametrize("script", ["a </script>", "<!-- a"])
def test_a_script_that_would_end_its_element_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="end it early"):
        page("base.html", VALUES, script=script)


def test_no_text_ends_the_block_of_json() -> None:
    data = {"marks": ["</script><script>alert(1)</script>", "<!-- &amp; \u2028\u2029 国产算力"]}
    block = as_block(data)
    assert not set("<>&\u2028\u2029") & set(block)
    assert "国产算力" in block
    assert json.loads(block) == data
    assert f'id="plots">{block}</script>' in page("base.html", VALUES, plots=data).decode()


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_block({"value": float("nan")})


@pytest.mark.parametrize(
    ("look", "opening"),
    [
        (USUAL, '<html lang="en" class="up-red">'),
        (Look("zh", "green"), '<html lang="zh-CN" class="up-green">'),
    ],
)
def test_the_look_stands_on_the_root(look: Look, opening: str) -> None:
    assert opening in page("base.html", VALUES, look=look).decode()


def test_a_page_speaks_the_language_of_its_look() -> None:
    assert "图表：" in page("base.html", VALUES, look=Look("zh"), plots={}).decode()
    assert "图表：" not in page("base.html", VALUES, plots={}).decode()


def test_a_phrase_escapes_values_and_keeps_its_percent_signs() -> None:
    assert lang.phrase("<b> 5% of %(what)s", "en", what="<i>") == "&lt;b&gt; 5% of &lt;i&gt;"
    assert lang.phrase("5% of <all>", "en") == "5% of <all>"
    assert lang.sentence("5% of %(what)s", "en", what="<i>") == "5% of <i>"
    assert lang.phrase("%(cash)s CNY a share", "zh", cash="0.17") == "每股派 0.17 元"
    with pytest.raises(KeyError, match="what"):
        lang.phrase("%(what)s", "en", other=1)


def test_one_and_several() -> None:
    said = [lang.counted("%(n)s run", "%(n)s runs", count, "en") for count in (1, 2, 1200)]
    assert said == ["1 run", "2 runs", "1,200 runs"]


def test_what_the_table_lacks_is_shown_in_english() -> None:
    assert lang.translate("a string that nobody has put into Chinese", "zh") == (
        "a string that nobody has put into Chinese"
    )


def test_the_table_of_words_keeps_the_places_of_values() -> None:
    table = tomllib.loads((REPORT / "lang" / "zh.toml").read_text(encoding="utf-8"))
    assert len(table) > 20
    different = {
        english: chinese
        for english, chinese in table.items()
        if sorted(lang.PLACE.findall(english)) != sorted(lang.PLACE.findall(chinese))
        or (english.strip() and not chinese.strip())
    }
    assert different == {}


@pytest.mark.parametrize("template", ["base.html", "plot.html"])
def test_every_word_of_the_frame_and_of_charts_is_in_the_table(template: str) -> None:
    said = strings(template) | set(plots.WORDS.values())
    assert said
    assert said - set(lang.table("zh")) == set()


def test_the_library_is_the_published_one() -> None:
    folder = Path(assets.__file__).parent
    found = hashlib.sha256((folder / assets.LIBRARY).read_bytes()).hexdigest()
    assert found == assets.LIBRARY_SHA256
    assert "Apache License" in (folder / "lightweight-charts-LICENSE.txt").read_text(encoding="utf-8")
    notice = (folder / "lightweight-charts-NOTICE.txt").read_text(encoding="utf-8")
    assert "TradingView Lightweight Charts\nCopyright (c) 2026 TradingView, Inc." in notice


def test_scripts_are_named_by_what_they_are() -> None:
    library, ours = assets.scripts()
    assert library.name == "lightweight-charts-5.2.1.js"
    assert b"v5.2.1" in library.content[:200]
    assert ours.name == f"charts-{hashlib.sha256(ours.content).hexdigest()[:8]}.js"
    # Strict mode, and nothing that a page's text could become code or markup through.
    text = ours.content.decode()
    assert text.startswith('"use strict";')
    assert re.findall(r"innerHTML|insertAdjacent|\beval\b|Function\(|document\.write|fetch\(|https?:", text) == []


def test_assets_are_written_once_and_mended_where_torn(tmp_path: Path) -> None:
    assets.write_assets(tmp_path)
    folder = tmp_path / "assets"
    names = {path.name for path in folder.iterdir()}
    assert names == {asset.name for asset in assets.scripts()} | set(assets.NOTICES)
    times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / assets.LIBRARY).write_bytes(b"torn")
    (folder / "charts-00000000.js").write_bytes(b"of an earlier version")
    assets.write_assets(tmp_path)
    assert (folder / assets.LIBRARY).read_bytes() == assets.scripts()[0].content
    assert (folder / "charts-00000000.js").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name in names}
    assert {name for name in names if kept[name] != times[name]} == {assets.LIBRARY}
