from __future__ import annotations

import pytest

from backfolio import ashare
from backfolio.errors import SymbolError

MAIN, CHINEXT, STAR, BSE = range(4)
SH, SZ, BJ = range(3)


@pytest.mark.parametrize(
    ("symbol", "board", "exchange"),
    [
        ("600000.SH", MAIN, SH),
        ("601398.SH", MAIN, SH),
        ("603019.SH", MAIN, SH),
        ("605111.SH", MAIN, SH),
        ("688256.SH", STAR, SH),
        ("689009.SH", STAR, SH),  # a depositary receipt
        ("000001.SZ", MAIN, SZ),
        ("001979.SZ", MAIN, SZ),
        ("002371.SZ", MAIN, SZ),  # once the SME board
        ("003816.SZ", MAIN, SZ),
        ("004001.SZ", MAIN, SZ),
        ("300750.SZ", CHINEXT, SZ),
        ("301236.SZ", CHINEXT, SZ),
        ("302132.SZ", CHINEXT, SZ),
        ("430047.BJ", BSE, BJ),
        ("830799.BJ", BSE, BJ),
        ("870204.BJ", BSE, BJ),
        ("889999.BJ", BSE, BJ),
        ("920002.BJ", BSE, BJ),
    ],
)
def test_the_prefix_tells_board_and_exchange(symbol: str, board: int, exchange: int) -> None:
    assert ashare.board_of(symbol) == board
    assert ashare.exchange_of(symbol) == exchange


def test_boards_have_names() -> None:
    assert [ashare.BOARDS[board] for board in (ashare.MAIN, ashare.CHINEXT, ashare.STAR, ashare.BSE)] == [
        "main",
        "chinext",
        "star",
        "bse",
    ]


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("900901.SH", "'900901.SH' is a B share: only A-shares are traded here; leave it out"),
        ("200011.SZ", "'200011.SZ' is a B share"),
        ("510300.SH", "'510300.SH' is a fund"),
        ("588000.SH", "'588000.SH' is a fund"),
        ("159915.SZ", "'159915.SZ' is a fund"),
        ("000001.SH", "'000001.SH' is an index"),  # not Ping An Bank misspelt
        ("000300.SH", "'000300.SH' is an index"),
        ("000688.SH", "'000688.SH' is an index"),
        ("399006.SZ", "'399006.SZ' is an index"),
        ("899050.BJ", "'899050.BJ' is an index"),
        ("113050.SH", r"'113050.SH' belongs to no A-share board \(known codes: 600/601/603/605 SH, .*\): leave it out"),
        ("204001.SH", "belongs to no A-share board"),
        ("688256.SZ", "'688256.SZ': code 688256 trades on SH; write 688256.SH"),
        ("300750.SH", "code 300750 trades on SZ; write 300750.SZ"),
        ("920002.SH", "code 920002 trades on BJ; write 920002.BJ"),
        ("430047.SZ", "code 430047 trades on BJ; write 430047.BJ"),
        ("000001.BJ", "code 000001 trades on SZ; write 000001.SZ"),
    ],
)
def test_what_is_no_a_share_is_refused_with_what_it_is(symbol: str, message: str) -> None:
    for question in (ashare.board_of, ashare.exchange_of):
        with pytest.raises(SymbolError, match=message):
            question(symbol)


@pytest.mark.parametrize(
    "symbol",
    ["688256", "688256.sh", "sh688256", "SH.688256", "68825.SH", "6882560.SH", "688256.SS", "688256.XSHG", " 688256.SH",
     "688256.SH\n", "六八八256.SH", "６88256.SH", ""],
)  # fmt: skip
def test_another_way_to_write_a_symbol_is_refused_with_the_right_one(symbol: str) -> None:
    with pytest.raises(SymbolError, match=r"is not a symbol: write six digits and the exchange, as in 688256\.SH"):
        ashare.board_of(symbol)
