"""Settings that hold everywhere. What differs is in `local`, `test` and `production`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
import environ

from config.logs import logging_settings

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()

# ------------------------------------------------------------------------------------ applications
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "allauth",
    "allauth.account",  # the second factor needs it; none of its pages is mounted
    "allauth.mfa",
    "treasury",
    "execution",
    "governance",
    "config",
]
MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.RestHeadersMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "governance.web.sign_in.middleware.SessionEndMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # paths answer with and without the slash: a redirect turns a POST into a GET

# ------------------------------------------------------------------------------------ people
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_USER_MODEL = "governance.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MESSAGE_TAGS = {10: "", 20: "", 25: "good", 30: "warn", 40: "bad"}  # classes of the banner
# This service's own address, as people's browsers see it. It stands in links of messages and in the
# text that a wallet signs in with, so it never comes from a request.
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
# Proxies of ours in front of the service: so many entries of X-Forwarded-For, from the right, are
# theirs. 0: none is believed.
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", default=0)
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # the link to a first password
SIGN_IN_COOKIE_NAME = "sign-in"
# Whether everybody who comes by password needs a second factor. Production: yes.
SECOND_FACTOR_DEMANDED = False
MFA_ADAPTER = "governance.adapters.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ballast"
MFA_TOTP_TOLERANCE = 1  # clocks may be half a minute apart; a code is good once
MFA_RECOVERY_CODE_COUNT = 10
ACCOUNT_EMAIL_VERIFICATION = "none"
SESSION_COOKIE_AGE = (
    12 * 60 * 60
)  # the longest; `governance.core.identity.sessions` ends it earlier
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

# ------------------------------------------------------------------------------------ data
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False  # one use case is one transaction, opened by its service
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"

# ------------------------------------------------------------------------------------ REST
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "config.openapi.RestSchema",
    "DEFAULT_PERMISSION_CLASSES": ["governance.api.permissions.RoleMatrix"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # Tokens first: their WWW-Authenticate header makes a request without credentials a 401.
        "governance.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["governance.api.throttles.CallerThrottle"],
    # Proxies of ours that append to X-Forwarded-For: without any, the header is not believed.
    "NUM_PROXIES": TRUSTED_PROXIES,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["treasury.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.pagination.SequenceCursorPagination",
    "EXCEPTION_HANDLER": "config.problems.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
    "UPLOADED_FILES_USE_URL": False,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Ballast",
    "DESCRIPTION": "Keeps an organisation's on-chain treasury on course.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.finish",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
# `type` of a problem is this followed by its code: the page of the shipped documentation.
PROBLEM_TYPE_BASE = env.str("PROBLEM_TYPE_BASE", default="https://docs.example/problems/")

# ------------------------------------------------------------------------------------ chain
CHAIN_ID: int = env.int("CHAIN_ID", default=1)
SIGN_IN_CHAIN_IDS: list[int] = [CHAIN_ID]  # chains that a sign-in text may name
# How a wallet that does not know the chain is offered it (EIP-3085); empty: not at all.
WALLET_CHAIN: dict[str, Any] = {}
FINALITY_DEPTH: int = env.int("FINALITY_DEPTH", default=64)  # blocks; two epochs of Ethereum
AUTOMATION_ENABLED: bool = env.bool("AUTOMATION_ENABLED", default=True)

# ------------------------------------------------------------------------------------ notices
# How mail leaves: smtp+tls://user:...@host
_mail = env.email_url("EMAIL_URL", default="smtp://localhost:25")
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="ballast@localhost")
# Networks of our own that webhooks may reach, also by plain HTTP. None: public addresses only.
NOTIFY_PRIVATE_NETWORKS: list[str] = env.list("NOTIFY_PRIVATE_NETWORKS", default=[])

# ------------------------------------------------------------------------------------ audit
# Where the signed anchors go (empty: nowhere) and the key that signs them: manage.py anchor_audit.
AUDIT_ANCHOR_DIR: str = env.str("AUDIT_ANCHOR_DIR", default="")
AUDIT_ANCHOR_KEYFILE: str = env.str("AUDIT_ANCHOR_KEYFILE", default="")

# ------------------------------------------------------------------------------------ tasks
# With the defaults a killed worker loses its task; with these it is run again (and may run twice).
CELERY_TIMEZONE = "UTC"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_TASK_IGNORE_RESULT = True  # progress is in our rows
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 3}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than any task may run, or a second worker takes a task that is still running.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "unacked_restore_throttle": 1}
CELERY_TASK_DEFAULT_QUEUE = "celery"
EXECUTION_QUEUE = "execution"
CELERY_TASK_ROUTES = {
    "execution.tasks.*": {"queue": EXECUTION_QUEUE},
    "governance.tasks.advance_proposals": {"queue": EXECUTION_QUEUE},
}


DAY = 24 * 60 * 60.0


def beat_schedule(seconds: float) -> dict[str, dict[str, Any]]:
    """Every tick of the service, and what is done once a day. A wake-up that nobody took before
    the next one is dropped."""
    names = (
        "treasury.tasks.observe_prices",
        "treasury.tasks.take_snapshots",
        "governance.tasks.generate_proposals",
        "governance.tasks.advance_proposals",
        "governance.tasks.deliver_notifications",
        "governance.tasks.watch_silence",
    )
    ticks = dict.fromkeys(names, seconds) | {
        "governance.tasks.anchor_audit": 20 * seconds,
        "governance.tasks.watch_quorum": 20 * seconds,
        "governance.tasks.forget_requests": DAY,
        "treasury.tasks.compact_evaluations": DAY,
    }
    return {
        name: {"task": name, "schedule": every, "options": {"expires": every}}
        for name, every in ticks.items()
    }


CELERY_BEAT_SCHEDULE = beat_schedule(30.0)
EVALUATION_SECONDS_MAX = env.int("EVALUATION_SECONDS_MAX", default=900)
"""Wall time without an evaluation after which `/healthz/evaluations` says so, where the tier's
policy has no `max_silence_seconds` of its own."""

# ------------------------------------------------------------------------------------ logs
LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"
