from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import backfolio


@pytest.mark.parametrize("name", backfolio.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(backfolio, name) is not None
    assert name in dir(backfolio)


def test_public_names_stand_in_order_and_once() -> None:
    assert backfolio.__all__ == sorted(set(backfolio.__all__))
    assert {"Strategy", "Param", "Exits", "History", "Catalyst", "equal_weight", "top"} < set(backfolio.__all__)


def test_names_are_those_of_their_modules() -> None:
    from backfolio.catalysts import Catalyst  # noqa: PLC0415
    from backfolio.history import History  # noqa: PLC0415
    from backfolio.strategy import Exits, Param, Strategy  # noqa: PLC0415
    from backfolio.weights import cap, equal_weight, inverse_volatility, top  # noqa: PLC0415

    here = (Catalyst, History, Exits, Param, Strategy, cap, equal_weight, inverse_volatility, top)
    assert all(getattr(backfolio, thing.__name__) is thing for thing in here)


def test_the_version_is_the_installed_one() -> None:
    assert backfolio.__version__ == importlib.metadata.version("backfolio")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'backfolio' has no attribute 'Stratgy'"):
        _ = backfolio.Stratgy


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, backfolio; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "backfolio" in loaded
    assert not {"numpy", "pandas", "backtrader", "quantstats", "exchange_calendars", "matplotlib"} & set(loaded)


def test_writing_a_thesis_loads_neither_engine_nor_reports() -> None:
    code = "import sys; from backfolio import *; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pandas" in loaded
    assert not {"backtrader", "quantstats", "exchange_calendars", "matplotlib", "scipy"} & set(loaded)
