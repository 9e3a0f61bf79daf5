"""Production. Refuses to start rather than to run in a way that loses money or hides something."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from config.refusals import refusals
from config.settings.base import *

_refused = refusals(os.environ)
if _refused:
    raise ImproperlyConfigured(
        "Ballast does not start with these settings:\n"
        + "\n".join(f"- {line}" for line in _refused)
    )

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = [f"https://{host.removeprefix('.')}" for host in ALLOWED_HOSTS]

DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
# `migrate --database owner` runs with this one; the running service is started without it.
if "DATABASE_OWNER_URL" in os.environ:
    DATABASES["owner"] = env.db_url("DATABASE_OWNER_URL")

_redis = env.str("REDIS_URL").rstrip("/")
CELERY_BROKER_URL = f"{_redis}/0"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{_redis}/1",
    }
}
EXECUTOR_KEYFILE = env.str("EXECUTOR_KEYFILE", default="")
EXECUTOR_KEYFILE_PASSWORD = env.str("EXECUTOR_KEYFILE_PASSWORD", default="")
RPC_URLS: list[str] = env.list("RPC_URLS", default=[env.str("RPC_URL", default="")])

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [
    r"^healthz(/evaluations)?/?$",
    r"^readyz/?$",
]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
SECOND_FACTOR_DEMANDED = True
SIGN_IN_COOKIE_NAME = "__Host-sign-in"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
# Only where a proxy of ours sets (and strips) the header; otherwise anybody could claim TLS.
if env.bool("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
