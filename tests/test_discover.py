from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from backfolio.discover import Broken, Thesis, discover, load_file, new_thesis
from backfolio.errors import ThesisError, UsageError
from backfolio.history import History
from backfolio.strategy import Strategy
from backfolio.testing import build

if TYPE_CHECKING:
    from pathlib import Path

THESIS = '''
from backfolio import Strategy


class {name}(Strategy):
    """Hold {name}.

    For no reason.
    """

    def targets(self, history):
        return history.tradable * 0.1
'''


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(dedent(text), encoding="utf-8")
    return folder


def thesis(name: str) -> str:
    return THESIS.format(name=name)


class TestFinding:
    def test_every_thesis_is_found_in_alphabetical_order_with_its_words(self, tmp_path: Path) -> None:
        folder = put(tmp_path, b=thesis("FirstIdea"), a=thesis("SecondIdea"))
        catalogue = discover([folder])
        assert list(catalogue.theses) == ["first_idea", "second_idea"]
        first = catalogue.theses["first_idea"]
        assert issubclass(first.strategy, Strategy)
        assert (first.title, first.doc, first.kind) == (
            "Hold FirstIdea",
            "Hold FirstIdea.\n\nFor no reason.",
            "backfolio",
        )
        assert first.path == folder / "b.py"
        assert first.source == (folder / "b.py").read_text(encoding="utf-8")
        assert catalogue.broken == ()

    def test_a_file_may_hold_several_theses_helpers_and_bases(self, tmp_path: Path) -> None:
        text = (
            thesis("One")
            + thesis("Two")
            + thesis("_Base")
            + "class Unfinished(Strategy):\n    '''No targets.'''\nAlias = One\n"
        )
        assert list(discover([put(tmp_path, pair=text)]).theses) == ["one", "two"]

    def test_helpers_hidden_files_and_deeper_folders_are_not_theses(self, tmp_path: Path) -> None:
        put(tmp_path, _helper=thesis("Helper"), good=thesis("Good"), __init__=thesis("Package"))
        put(tmp_path / "deeper", other=thesis("Other"))
        (tmp_path / ".hidden.py").write_text(thesis("Hidden"), encoding="utf-8")
        (tmp_path / "notes.txt").write_text("no thesis", encoding="utf-8")
        catalogue = discover([tmp_path])
        assert (list(catalogue.theses), catalogue.broken) == (["good"], ())

    def test_an_imported_thesis_belongs_to_the_file_that_defines_it(self, tmp_path: Path) -> None:
        child = "from base_idea import BaseIdea\n\n\nclass Child(BaseIdea):\n    '''A child.'''\n"
        catalogue = discover([put(tmp_path, base_idea=thesis("BaseIdea"), child=child)])
        assert list(catalogue.theses) == ["base_idea", "child"]
        assert catalogue.theses["child"].strategy().emit(small_history()).weights.tolist() == [[1000], [-1]]

    def test_folders_add_up_and_one_given_twice_counts_once(self, tmp_path: Path) -> None:
        one, two = put(tmp_path / "one", a=thesis("A")), put(tmp_path / "two", a=thesis("B"))
        catalogue = discover([one, two, tmp_path / "two" / ".." / "one"])
        assert list(catalogue.theses) == ["a", "b"]

    def test_files_of_one_name_in_two_folders_do_not_mix(self, tmp_path: Path) -> None:
        for name in ("One", "Two"):
            helper = f"VALUE = {name!r}\n"
            text = "from _values import VALUE\n" + thesis(name) + "    value = VALUE\n"
            put(tmp_path / name, idea=text, _values=helper)
        theses = discover([tmp_path / "One", tmp_path / "Two"]).theses
        assert [getattr(theses[name].strategy, "value", None) for name in ("one", "two")] == ["One", "Two"]

    def test_a_changed_file_is_read_anew_and_leaves_no_bytecode(self, tmp_path: Path) -> None:
        put(tmp_path, idea=thesis("One"))
        assert list(discover([tmp_path]).theses) == ["one"]
        put(tmp_path, idea=thesis("Two"))
        assert list(discover([tmp_path]).theses) == ["two"]
        assert [path.name for path in tmp_path.iterdir()] == ["idea.py"]

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"strategies folder .*nowhere does not exist: create it"):
            discover([tmp_path / "nowhere"])

    def test_two_theses_of_one_name_name_both_files(self, tmp_path: Path) -> None:
        one, two = put(tmp_path / "one", a=thesis("Idea")), put(tmp_path / "two", b=thesis("Idea"))
        with pytest.raises(
            ThesisError, match=r"two theses are called 'idea', Idea in .*a.py and Idea in .*b.py: rename"
        ):
            discover([one, two])

    def test_modules_made_while_loading_can_use_dataclasses(self, tmp_path: Path) -> None:
        text = """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass(frozen=True, slots=True)
        class Setting:
            value: int = 3
        """
        catalogue = discover([put(tmp_path, idea=dedent(text) + thesis("Idea"))])
        assert list(catalogue.theses) == ["idea"]


class TestBroken:
    @pytest.mark.parametrize(
        ("text", "line", "fault"),
        [
            ("x = 1\nclass Broken(:\n", 2, "SyntaxError: invalid syntax"),
            ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError: division by zero"),
            ("import no_such_module_anywhere\n", 1, "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
            ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
            (
                "def f():\n    return g()\n\n\ndef g():\n    raise ValueError('two\\nlines')\n\n\nf()\n",
                6,
                "ValueError: two",
            ),
            ("raise KeyError\n", 1, "KeyError: "),
        ],
    )
    def test_it_is_listed_with_its_traceback_and_stops_no_other(
        self, tmp_path: Path, text: str, line: int, fault: str
    ) -> None:
        path = put(tmp_path, bad=text, good=thesis("Good")) / "bad.py"
        catalogue = discover([tmp_path])
        assert list(catalogue.theses) == ["good"]
        (broken,) = catalogue.broken
        assert (broken.path, broken.line) == (path, line)
        assert broken.fault.startswith(fault)
        assert f'File "{path}", line {line}' in broken.text
        assert "importlib" not in broken.text
        assert "discover.py" not in broken.text
        assert str(broken).startswith(f"{path} line {line}: {fault}")

    def test_a_declaration_that_contradicts_itself_points_at_its_line(self, tmp_path: Path) -> None:
        text = "from backfolio import Param, Strategy\n\n\nclass Idea(Strategy):\n    hold = Param(3, low=5)\n"
        (broken,) = discover([put(tmp_path, idea=text)]).broken
        assert broken.line == 5
        assert broken.fault.startswith("ThesisError: this Param contradicts itself: default is 3")

    def test_a_fault_in_a_helper_points_at_the_import(self, tmp_path: Path) -> None:
        put(tmp_path, _helper="\n\n1 / 0\n", idea="import _helper\n" + thesis("Idea"), good=thesis("Good"))
        catalogue = discover([tmp_path])
        assert catalogue.broken[0].line == 1
        assert "_helper.py" in catalogue.broken[0].text
        assert list(catalogue.theses) == ["good"]
        assert "_helper" not in sys.modules

    @pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"name = '\xbb\xf9'\n", b"x = 1\x00\n"])
    def test_what_is_not_text_is_broken_too(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "bad.py").write_bytes(data)
        (broken,) = discover([tmp_path]).broken
        assert "Error" in broken.fault

    def test_a_file_without_a_thesis_says_what_would_be_one(self, tmp_path: Path) -> None:
        (broken,) = discover([put(tmp_path, tools="def helper():\n    return 1\n")]).broken
        assert (broken.line, broken.fault[:20]) == (0, "it holds no thesis: ")
        assert "start the file's name with _" in broken.text

    def test_an_interruption_is_not_swallowed(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            discover([put(tmp_path, idea="raise KeyboardInterrupt\n")])


class TestModules:
    def test_what_a_thesis_imports_from_beside_it_is_recorded_with_its_text(self, tmp_path: Path) -> None:
        put(
            tmp_path,
            _signals="from _numbers import TWO\n\n\ndef scaled(frame):\n    return frame * TWO\n",
            _numbers="TWO = 2  # 二\n",
            _unused="UNUSED = 1\n",
            idea="import json\nfrom _signals import scaled\n" + thesis("Idea"),
            plain=thesis("Plain"),
        )
        theses = discover([tmp_path]).theses
        assert [module.name for module in theses["idea"].modules] == ["_numbers", "_signals"]
        assert theses["idea"].modules[0].source == "TWO = 2  # 二\n"
        assert theses["idea"].modules[0].path == (tmp_path / "_numbers.py").resolve()
        assert theses["plain"].modules == ()

    def test_modules_elsewhere_in_the_workspace_count_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, workspace_tools_x="FACTOR = 2\n")
        folder = put(tmp_path / "strategies", idea="import workspace_tools_x\n" + thesis("Idea"))
        monkeypatch.syspath_prepend(tmp_path)
        for _ in range(2):  # a second discovery sees them as well
            found = discover([folder], workspace=tmp_path).theses["idea"]
            assert [module.name for module in found.modules] == ["workspace_tools_x"]

    def test_what_a_version_names_is_not_recorded(self, tmp_path: Path, root: Path) -> None:
        text = "import backfolio.weights, wave, colorsys\n" + thesis("Idea")
        (found,) = as_theses(load_file(put(tmp_path, idea=text) / "idea.py", workspace=root))
        assert found.modules == ()

    def test_nothing_installed_is_shadowed_and_nothing_is_left_behind(self, tmp_path: Path) -> None:
        path, finders = list(sys.path), list(sys.meta_path)
        put(
            tmp_path,
            statistics="mean = 'ours'\n",
            idea="import statistics, _own\nKEPT = statistics.mean\n" + thesis("Idea"),
        )
        put(tmp_path, _own="")
        (found,) = as_theses(load_file(tmp_path / "idea.py"))
        assert sys.modules[found.strategy.__module__].KEPT != "ours"
        assert (sys.path, sys.meta_path) == (path, finders)
        assert "_own" not in sys.modules


class TestBacktrader:
    PLAIN = '''
    import backtrader as bt


    class PlainCross(bt.Strategy):
        """Cross of two averages.

        As everybody writes it first.
        """

        params = (("fast", 10),)


    class _Base(bt.Strategy):
        pass
    '''

    def test_a_plain_strategy_is_a_thesis_of_its_own_kind(self, tmp_path: Path) -> None:
        found = discover([put(tmp_path, cross=self.PLAIN, idea=thesis("Idea"))]).theses
        assert [(name, one.kind) for name, one in found.items()] == [
            ("idea", "backfolio"),
            ("plain_cross", "backtrader"),
        ]
        assert found["plain_cross"].title == "Cross of two averages"

    def test_backtrader_is_loaded_by_the_file_alone(self, tmp_path: Path) -> None:
        code = dedent("""
            import sys
            from pathlib import Path
            from backfolio.discover import discover
            for folder in sys.argv[1:]:
                print(*discover([Path(folder)]).theses, "backtrader" in sys.modules)
        """)
        ours, plain = put(tmp_path / "ours", idea=thesis("Idea")), put(tmp_path / "plain", cross=self.PLAIN)
        command = [sys.executable, "-c", code, str(ours), str(plain)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told.splitlines() == ["idea False", "plain_cross True"]


class TestFind:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        put(tmp_path, cycle=thesis("ChipCycle"), pair=thesis("One") + thesis("Two"))
        return put(tmp_path, bad="1 / 0\n")

    @pytest.mark.parametrize("word", ["chip_cycle", "ChipCycle", "chip-cycle", "cycle", "cycle.py"])
    def test_by_class_or_file_in_either_spelling(self, folder: Path, word: str) -> None:
        assert discover([folder]).find(word).name == "chip_cycle"

    @pytest.mark.parametrize(
        ("word", "fault"),
        [
            (
                "chip_cycl",
                r"no thesis is called 'chip_cycl' \(did you mean 'chip_cycle'\?\) in .*: choose from chip_cycle, one",
            ),
            ("pair", "pair.py holds one, two: name one of them"),
            ("bad", "thesis 'bad' cannot be loaded: .*bad.py line 1: ZeroDivisionError: division by zero; mend it"),
        ],
    )
    def test_what_is_not_there_says_what_is(self, folder: Path, word: str, fault: str) -> None:
        with pytest.raises(ThesisError, match=fault):
            discover([folder]).find(word)

    def test_an_empty_folder_says_how_to_begin(self, tmp_path: Path) -> None:
        with pytest.raises(ThesisError, match=r"no thesis is called 'idea' in .*: write one with backfolio new NAME"):
            discover([tmp_path]).find("idea")


class TestNew:
    @pytest.mark.parametrize("word", ["chip_cycle", "chip-cycle", "ChipCycle"])
    def test_it_writes_a_thesis_that_is_found_and_runs(self, tmp_path: Path, word: str) -> None:
        path = new_thesis(word, tmp_path / "strategies")
        assert path == tmp_path / "strategies" / "chip_cycle.py"
        found = discover([path.parent]).find("chip_cycle")
        assert found.title == "Buy the strongest names of the theme after a catalyst"
        assert found.strategy().emit(small_history()).weights.tolist() == [[0], [-1]]

    @pytest.mark.parametrize(
        ("word", "fault"),
        [
            ("", "give words of letters"),
            ("2fast", "give words of letters"),
            ("_hidden", "give words of letters"),
            ("a b", "give words of letters"),
            ("../escape", "give words of letters"),
            ("芯片", "give words of letters"),
            ("top_5", "its class Top5 would be 'top5'; call it that"),
            ("class", "the word is taken by Python or backfolio"),
            ("none", "the word is taken"),
            ("strategy", "the word is taken"),
        ],
    )
    def test_names_that_cannot_be_a_class_are_refused(self, tmp_path: Path, word: str, fault: str) -> None:
        with pytest.raises(UsageError, match=fault):
            new_thesis(word, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        put(tmp_path, chip_cycle="# notes\n", other=thesis("Taken"))
        for word, file in (("chip_cycle", "chip_cycle.py"), ("taken", "other.py")):
            with pytest.raises(UsageError, match=f"there is a thesis '{word}' already, in .*{file}"):
                new_thesis(word, tmp_path)
        assert (tmp_path / "chip_cycle.py").read_text(encoding="utf-8") == "# notes\n"
        assert not (tmp_path / "taken.py").exists()


def small_history() -> History:
    return History(build("2025-01-02", {"688256.SH": "10 10"}))


def as_theses(found: tuple[Thesis, ...] | Broken) -> tuple[Thesis, ...]:
    assert not isinstance(found, Broken), found.text
    return found
