"""Files: described, given out, and put in with the three steps of an upload."""

from __future__ import annotations

from wirepost.providers.slack.sandbox.wire import Given, Refused, Row, Token
from wirepost.providers.slack.sandbox.workspace import TEAM, Workspace, file_row
from wirepost.sandbox.vendor import Request, Response

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in to Nordlicht Shop</title></head><body></body></html>"
_TYPES = {
    "md": ("text/markdown", "markdown"),
    "txt": ("text/plain", "text"),
    "csv": ("text/csv", "csv"),
    "json": ("application/json", "json"),
    "png": ("image/png", "png"),
    "pdf": ("application/pdf", "pdf"),
}
_UNKNOWN = ("application/octet-stream", "binary")


def one(given: Given) -> Row:
    """files.info."""
    row = given.workspace.files.get(given.text("file"))
    if row is None:
        raise Refused("file_not_found")
    return {"file": row}


def reserve(given: Given) -> Row:
    """files.getUploadURLExternal."""
    filename, length = given.text("filename"), given.whole("length", 0)
    if not filename or length < 1:
        raise Refused("invalid_arguments")
    file_id = given.workspace.new_id("F")
    given.workspace.pending[file_id] = {"filename": filename, "length": length}
    # Whoever reaches the sandbox through a socket sends the bytes through it too.
    is_socket = given.host.rpartition(":")[0] in LOOPBACK
    origin = f"http://{given.host}" if is_socket else "https://files.slack.com"
    return {"upload_url": f"{origin}/upload/v1/{file_id}?sig=abc", "file_id": file_id}


def complete(given: Given) -> Row:
    """files.completeUploadExternal: what was uploaded is shared."""
    workspace, made = given.workspace, []
    channel_id = given.text("channel_id")
    if channel_id:
        channel = workspace.channel(channel_id, given.token)
        if given.token.user not in workspace.members[channel["id"]]:
            raise Refused("not_in_channel")
    for each in given.parts("files") or []:
        pending = workspace.pending.get(each["id"])
        if pending is None or each["id"] not in workspace.contents:
            raise Refused("file_not_found")
        name = pending["filename"]
        mimetype, filetype = _TYPES.get(name.rpartition(".")[2].lower(), _UNKNOWN)
        row = file_row(each["id"], name, mimetype, filetype, pending["length"])
        row.update(
            title=each.get("title") or name,
            user=given.token.user,
            created=workspace.now,
            timestamp=workspace.now,
        )
        workspace.files[row["id"]] = row
        made.append(row)
        del workspace.pending[row["id"]]
    if channel_id:
        message: Row = {**workspace.by_bot(), "text": given.text("initial_comment"), "files": made}
        if thread := given.text("thread_ts"):
            message["thread_ts"] = thread
        workspace.post(channel_id, message)
    return {"files": made}


def received(workspace: Workspace, request: Request) -> Response:
    """The bytes of an upload, at the address that was given for them."""
    file_id = request.path.rpartition("/")[2]
    pending = workspace.pending.get(file_id)
    if request.method != "POST" or pending is None or pending["length"] != len(request.body):
        return Response(404, b"not found", content_type="text/plain")
    workspace.contents[file_id] = request.body
    return Response(200, f"OK - {len(request.body)}".encode(), content_type="text/plain")


def given_out(workspace: Workspace, token: Token | None, request: Request) -> Response:
    """The content of a file; without leave a page to sign in, with status 200."""
    file_id = request.path.split("/")[2].removeprefix(f"{TEAM}-")
    content = workspace.contents.get(file_id)
    if token is None or "files:read" not in token.scopes or content is None:
        return Response(200, _PAGE, content_type="text/html; charset=utf-8")
    return Response(200, content, content_type=workspace.files[file_id]["mimetype"])
