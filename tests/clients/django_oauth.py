"""An authorization server (django-oauth-toolkit) for the tests, with one consent given already.

Settings come as JSON in ISSUER: `folder` for the database, `grace_s` in which a used refresh token gives the same
successor, `reuse_ends` whether its later use ends the grant, `redirect_uri` of the client: at /authorize a person
is signed in who agrees to everything. The address and the first tokens are printed as one
line of JSON; the server ends with its standard input. A GET of /counts tells how often each path was asked.
"""

import json
import os
import socketserver
import sys
import threading
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

WANTED = {
    "grace_s": 0,
    "reuse_ends": True,
    "redirect_uri": "http://127.0.0.1/cb",
    **json.loads(os.environ["ISSUER"]),
}
CLIENT, SECRET = "web", "s%c+r:e&t/="

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{WANTED['folder']}/django.db",
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=[],
    OAUTH2_PROVIDER={
        "SCOPES": {"read": "Read"},
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": WANTED["grace_s"],
        "REFRESH_TOKEN_REUSE_PROTECTION": WANTED["reuse_ends"],
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the tests",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import JsonResponse
from django.urls import path
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, RefreshToken
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView

counts, lock = {}, threading.Lock()


def count(name):
    with lock:
        counts[name] = counts.get(name, 0) + 1


def me(request):
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = AccessToken.objects.filter(token=given).first()
    return JsonResponse({}, status=200 if token and token.is_valid() else 401)


def asked(view):
    def counted(request, *args, **kwargs):
        answer = view(request, *args, **kwargs)
        count(f"{request.path} {answer.status_code}")
        return answer

    counted.csrf_exempt = True
    return counted


def agree(request):
    request.user = User.objects.get(username="alice")
    return AuthorizationView.as_view()(request)


urlpatterns = [
    path("authorize", agree),
    path("token", asked(TokenView.as_view())),
    path("token/revocation", asked(RevokeTokenView.as_view())),
    path("me", me),
    path("counts", lambda request: JsonResponse(counts)),
]


def consent():
    call_command("migrate", verbosity=0)
    person = User.objects.create_user("alice")
    client = Application.objects.create(
        client_id=CLIENT,
        client_secret=SECRET,
        user=person,
        redirect_uris=WANTED["redirect_uri"],
        name="web",
        skip_authorization=True,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
    )
    ends = timezone.now() + timedelta(hours=1)
    access = AccessToken.objects.create(
        user=person, application=client, token="first-access", expires=ends, scope="read"
    )
    RefreshToken.objects.create(user=person, application=client, token="first-refresh", access_token=access)


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 200


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


consent()
server = make_server("127.0.0.1", 0, WSGIHandler(), Server, Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
sys.stdin.read()
