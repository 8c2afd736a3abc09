"""What each command does."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from backfolio.cli import check, console, parts
from backfolio.cli.config import FILE, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backfolio.cli.config import Config
    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Thesis


def run(
    here: Workspace,
    config: Config,
    names: Sequence[str],
    params: Sequence[str],
    *,
    audit: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Backtest the named theses and print what came out; `audit` asks in short whether they look ahead."""
    settings = config.market()
    chosen = parts.read_params(params)
    catalogue = parts.catalogue(here, config)
    theses = [catalogue.find(name) for name in dict.fromkeys(names)]

    from backfolio.backtest import Request, backtest  # noqa: PLC0415  pandas and the rest: only for a run
    from backfolio.cli.results import Outcome, outcome, show  # noqa: PLC0415
    from backfolio.source import load  # noqa: PLC0415

    finished: list[Outcome] = []
    with console.progress(shown=not (as_json or quiet)) as update:
        update("Loading bars", 0, 1)
        source = load(config.values["data"], here.folder, parts.universes(theses))
        for thesis in theses:
            values = {**config.params.get(thesis.name, {}), **chosen}
            request = Request(
                settings=settings,
                params=values,
                start=config.values["start"],
                end=config.values["end"],
                benchmark=config.values["benchmark"],
                command=parts.run_command(here, config, thesis, values),
            )
            update(f"Evaluating {thesis.name}", 0, 1)
            with parts.aside(thesis.name):
                result = backtest(
                    thesis,
                    source,
                    request,
                    on_session=lambda done, total, name=thesis.name: update(f"Replaying {name}", done, total),  # type: ignore[misc]
                    audit=check.quick(here, thesis, values) if audit else None,
                )
            update(f"Writing {thesis.name}", 0, 1)
            result = parts.with_evidence(here, config, thesis, source, result)
            written = parts.write_report(here, config, result, tell=lambda words: update(words, 0, 1))
            parts.state_claims(here, config, thesis, source, "run", result.run_id)
            finished.append(outcome(result, written))
    if as_json:
        console.as_json({"runs": [done.as_dict() for done in finished]})
    elif quiet:
        for done in finished:
            if done.page:
                console.out(done.page)
    else:
        show(finished)


def list_theses(here: Workspace, config: Config, *, as_json: bool) -> None:
    """Print the theses found, the files that are broken, and where the reports so far are listed."""
    from backfolio.strategy.claims import claims_of  # noqa: PLC0415  as the theses themselves

    catalogue = parts.catalogue(here, config)
    reports = parts.reports_folder(here, config) / "index.html"
    if as_json:
        console.as_json(
            {
                "reports": parts.shown_path(reports) if reports.is_file() else None,
                "theses": [_described(thesis) for thesis in catalogue.theses.values()],
                "broken": [
                    {"path": str(broken.path), "line": broken.line, "fault": broken.fault, "traceback": broken.text}
                    for broken in catalogue.broken
                ],
            }
        )
        return
    for thesis in catalogue.theses.values():
        console.out(f"{thesis.name}  ({thesis.path})")
        console.out(f"    {thesis.title}")
        for param in _described(thesis)["params"]:
            console.out(f"    --param {param['name']}={param['default']}  {param['doc']}".rstrip())
        for claim in claims_of(thesis.strategy):
            console.out(f"    Claim: {claim.says}")
            kills = f"; wrong if {' or '.join(map(str, claim.criteria))}" if claim.kills else ""
            console.out(f"        {claim.expects}{kills}")
    for broken in catalogue.broken:
        console.out(f"BROKEN  {broken}")
        console.out("\n".join(f"    {line}" for line in broken.text.rstrip().splitlines()))
    if not catalogue.theses:
        console.out(f"No thesis in {', '.join(map(str, catalogue.folders))}: write one with {here.program} new NAME.")
    if reports.is_file():
        console.out(f"Reports so far: {parts.shown_path(reports)}")


def new(here: Workspace, name: str, folder: Path | None) -> None:
    """Write a thesis from the template."""
    from backfolio.discover import new_thesis  # noqa: PLC0415

    path = new_thesis(name, here.strategies if folder is None else folder)
    console.out(f"Wrote {path}")
    more = [] if folder is None else ["--strategies", str(folder)]
    console.out(f"Run it: {here.program} {shlex.join(['run', path.stem, *more])}")


def show_config(config: Config, *, as_json: bool) -> None:
    """Print every setting and where it came from."""
    if as_json:
        console.as_json(
            {key: {"value": config.values[key], "from": config.origins[key]} for key in OPTIONS}
            | {"params": dict(config.params)}
        )
        return
    rows = [[key, _text(config.values[key]), config.origins[key]] for key in OPTIONS]
    rows += [
        [f"params.{thesis}.{name}", _text(value), FILE]
        for thesis, values in config.params.items()
        for name, value in values.items()
    ]
    console.table("Settings", ["setting", "value", "from"], rows)


def show_version() -> None:
    """Print the version."""
    import backfolio  # noqa: PLC0415

    console.out(f"backfolio {backfolio.__version__}")


def _described(thesis: Thesis) -> dict[str, Any]:
    from backfolio.strategy.claims import claims_of  # noqa: PLC0415

    declared = getattr(thesis.strategy, "declared", {})
    return {
        "name": thesis.name,
        "title": thesis.title,
        "path": str(thesis.path),
        "kind": thesis.kind,
        "universe": getattr(thesis.strategy, "universe", None),
        "claims": [claim.as_dict() for claim in claims_of(thesis.strategy)],
        "params": [{"name": name, "default": param.default, "doc": param.doc} for name, param in declared.items()],
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
