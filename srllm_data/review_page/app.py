"""The review page's addresses: a list, a page for each row, and the newest run's reports."""

import secrets
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, unquote

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException as AnyHTTPException

from srllm_data.decisions import DecisionLog
from srllm_data.diff import word_diff
from srllm_data.errors import SrllmError
from srllm_data.review_page.guard import Guard, same, visible
from srllm_data.review_page.rows import STATES, Row, Rows, Selection
from srllm_data.workspace import Workspace, digest

PAGE_ROWS = 100
#: A reviewer's name has to fit a cookie.
MOST_NAME = 100
_YEAR_S = 365 * 86400
#: Reports hold no script; a style of their own is all that they need.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_REPORT_TYPES = {".html": "text/html", ".md": "text/plain", ".png": "image/png"}


@dataclass(frozen=True)
class Site:
    """What every address needs.

    reviewer: name to start with. build: the command that applies decisions, as shown.
    cookie, token: what a form must bring along. Another port of this machine is the same site to a
    browser and could set the cookie, yet never read the token. Both live as long as the server, so
    that the forms of every tab stay good.
    deciding: two tabs must not both find a row undecided.
    """

    rows: Rows
    reviewer: str
    build: str
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    deciding: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cookie_name(self) -> str:
        """Cookies know no ports: pages of two workspaces would overwrite each other's."""
        return f"srllm_{digest(str(self.rows.workspace.root.resolve()))[:8]}"


class Refused(Exception):
    """A decision that was not recorded, and why in one sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form from one of this site's pages."""
    try:
        found = parse_qs((await request.body()).decode(), keep_blank_values=True)
    except ValueError:
        raise HTTPException(400, "The form is not UTF-8 text; go back and send it again.") from None
    # Browsers send line ends as CR LF.
    form = {name: values[-1].replace("\r\n", "\n") for name, values in found.items()}
    site = _site(request)
    brought = request.cookies.get(site.cookie_name, ""), form.get("token", "")
    if not same(brought, (site.cookie, site.token)):
        raise HTTPException(
            403, "This form is not from a page of this server; open the page anew and repeat it."
        )
    return form


Chosen = Annotated[Selection, Query()]
Form = Annotated[dict[str, str], Depends(_fields)]
router = APIRouter(default_response_class=HTMLResponse)


def make_app(workspace: Workspace, reviewer: str = "", build: str = "srllm build") -> FastAPI:
    """The review page of ``workspace``; see :class:`Site`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.site = Site(Rows(workspace), reviewer, build)
    app.include_router(router)
    app.add_middleware(Guard)
    app.add_exception_handler(AnyHTTPException, _say_http)
    app.add_exception_handler(SrllmError, _say_error)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    return app


@router.get("/")
def show_list(request: Request, chosen: Chosen) -> Response:
    """The rows of a selection, a hundred to a page."""
    run, rows = _site(request).rows.read()
    selected = chosen.of(rows)
    pages = max(1, -(-len(selected) // PAGE_ROWS))
    number = min(chosen.page, pages)
    return _page(
        request,
        "list.html",
        rows,
        chosen=chosen,
        run=run,
        docs=_data_docs(_site(request).rows.workspace, run),
        counts=chosen.counts(rows),
        selected=len(selected),
        first=next((row for row in selected if row.state == "waiting"), None),
        shown=selected[(number - 1) * PAGE_ROWS : number * PAGE_ROWS],
        number=number,
        pages=pages,
    )


@router.get("/row/{row_id}")
def show_row(request: Request, row_id: str, chosen: Chosen) -> Response:
    """One row, and the form to decide about it."""
    return _row_page(request, row_id, chosen)


@router.post("/row/{row_id}")
def decide(request: Request, row_id: str, chosen: Chosen, form: Form) -> Response:
    """Record a decision and go on to the next row that waits."""
    site = _site(request)
    try:
        with site.deciding:
            _, rows = site.rows.read()
            row = _find(rows, row_id)
            reviewer = _record(site.rows.log, row, form)
    except Refused as refused:
        return _row_page(request, row_id, chosen, refused, form)
    after = _next_waiting(chosen.of(rows), rows, row)
    place = f"/row/{after.id}" if after else "/"
    response = RedirectResponse(place + chosen.query(done=row_id), 303)
    _remember(response, "srllm_reviewer", quote(reviewer), _YEAR_S)
    return response


@router.post("/texts")
def show_texts(chosen: Chosen, form: Form) -> Response:
    """Show or hide the texts until the browser is closed."""
    row_id = form.get("row", "")
    place = f"/row/{quote(row_id, safe='')}" if row_id else "/"
    response = RedirectResponse(place + chosen.query(), 303)
    _remember(response, "srllm_texts", "1" if form.get("show") == "1" else "0")
    return response


@router.get("/report")
def show_report(request: Request) -> Response:
    """The report of the newest run, where its own links work."""
    run, _ = _site(request).rows.read()
    return RedirectResponse(f"/runs/{run['run']}/report.html", 303)


@router.get("/runs/{path:path}")
@router.get("/releases/{path:path}")
def show_file(request: Request) -> Response:
    """A report of a run, Data Docs or a dataset card."""
    root = _site(request).rows.workspace.root.resolve()
    place = (root / request.scope["path"].lstrip("/").replace("\0", "")).resolve()
    allowed = any(place.is_relative_to(root / name) for name in ("runs", "releases"))
    if not allowed or place.suffix not in _REPORT_TYPES or not place.is_file():
        raise HTTPException(404, "There is no such page; the list has what there is.")
    headers = {"content-security-policy": _REPORT_POLICY}
    return FileResponse(place, headers=headers, media_type=_REPORT_TYPES[place.suffix])


def _record(log: DecisionLog, row: Row, form: dict[str, str]) -> str:
    """Append what ``form`` says to the log, unless it is there already; returns the reviewer."""
    reviewer = " ".join(form.get("reviewer", "").split())
    note = form.get("note", "").strip()
    action, _, number = form.get("action", "").partition(" ")
    rewrite = row.values["rewrite"]
    if action == "candidate":
        action, rewrite = "edit", dict(_others(row)).get(number, {}).get("text", "")
    elif action == "edit":
        rewrite = form.get("edit", "").strip()
    if action not in ("accept", "reject", "edit"):
        raise Refused(400, "Choose accept, reject or edit.")
    before = None if row.outdated else row.decision
    asked = (action, rewrite if action == "edit" else None, reviewer, note)
    if before and asked == (before.action, before.rewrite, before.reviewer, before.note):
        # The button was pressed twice.
        return reviewer
    if form.get("shown") != row.shown:
        raise Refused(
            409,
            "Nothing was recorded, because this row was decided or built anew since you opened "
            "it; look at it as it is now and decide again.",
        )
    if not reviewer or len(reviewer) > MOST_NAME:
        raise Refused(400, f"A decision needs your name, of at most {MOST_NAME} characters.")
    if not rewrite.strip():
        raise Refused(400, "An edit needs a text; reject the row to leave it out.")
    log.add(row.id, action, row.values["text"], rewrite, reviewer, note)
    return reviewer


def _row_page(
    request: Request,
    row_id: str,
    chosen: Selection,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """typed: what a refused form held, so that nobody has to type it again."""
    site = _site(request)
    _, rows = site.rows.read()
    row = _find(rows, row_id)
    selected = chosen.of(rows)
    at = next((n for n, other in enumerate(selected) if other.id == row_id), None)
    text, rewrite = row.values["text"], row.values["rewrite"]
    before = None if row.outdated else row.decision
    return _page(
        request,
        "row.html",
        rows,
        refused.status if refused else 200,
        chosen=chosen,
        row=row,
        refused=refused,
        typed={
            "reviewer": unquote(request.cookies.get("srllm_reviewer", "")) or site.reviewer,
            "edit": (before and before.rewrite) or rewrite,
            "note": before.note if before else "",
            **(typed or {}),
        },
        at=at,
        selected=len(selected),
        previous=selected[at - 1] if at else None,
        next=selected[at + 1] if at is not None and at + 1 < len(selected) else None,
        changes=word_diff(text, rewrite),
        others=[(n, c, word_diff(text, c["text"])) for n, c in _others(row)],
    )


def _page(
    request: Request, name: str, rows: list[Row], status: int = 200, **values: Any
) -> HTMLResponse:
    site = _site(request)
    done = request.query_params.get("done")
    content = (
        _templates()
        .get_template(name)
        .render(
            nonce=request.state.nonce,
            token=site.token,
            build=site.build,
            texts=request.cookies.get("srllm_texts") == "1",
            states={state: sum(r.state == state for r in rows) for state in STATES},
            done=next((r for r in rows if r.id == done and r.decision), None),
            **values,
        )
    )
    response = HTMLResponse(content, status)
    _remember(response, site.cookie_name, site.cookie)
    return response


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("srllm_data.review_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "words": lambda name: name.replace("_", " ")}
    return environment


def _message(request: Request, status: int, said: str) -> HTMLResponse:
    content = _templates().get_template("message.html")
    return HTMLResponse(content.render(nonce=request.state.nonce, said=said), status)


def _say_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    ours = isinstance(error, HTTPException)
    said = str(error.detail) if ours else "There is no such page; the list has what there is."
    return _message(request, error.status_code, said)


def _say_error(request: Request, error: Exception) -> Response:
    return _message(request, 503, str(error))


def _say_invalid(request: Request, error: Exception) -> Response:
    return _message(request, 400, "The address is not one of this page; start from the list.")


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _find(rows: list[Row], row_id: str) -> Row:
    for row in rows:
        if row.id == row_id:
            return row
    raise HTTPException(404, "No row with this id waits for a curator; the list has those that do.")


def _others(row: Row) -> list[tuple[str, dict[str, Any]]]:
    """The other answers that could be its rewrite, by their number; each text once."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, candidate in enumerate(row.values["candidates"] or ()):
        if (candidate["text"] or "").strip() and candidate["text"] != row.values["rewrite"]:
            found.setdefault(candidate["text"], (str(number), candidate))
    return list(found.values())


def _next_waiting(selected: list[Row], rows: list[Row], row: Row) -> Row | None:
    """The first row that waits behind ``row``; else the first of all."""
    place = {other.id: n for n, other in enumerate(rows)}
    waiting = [other for other in selected if other.state == "waiting" and other.id != row.id]
    behind = (other for other in waiting if place[other.id] > place[row.id])
    return next(behind, next(iter(waiting), None))


def _data_docs(workspace: Workspace, run: dict[str, Any]) -> str | None:
    """Where the Data Docs of the run's release are, or None."""
    if not run["release"]:
        return None
    name = f"{Path(run['release']).name}.data_docs"
    if not (workspace.releases / name / "index.html").is_file():
        return None
    return f"/releases/{quote(name)}/index.html"


def _remember(response: Response, name: str, value: str, seconds: int | None = None) -> None:
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict")
