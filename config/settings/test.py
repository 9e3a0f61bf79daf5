"""Settings of the test run: its own servers under `.local/test`, owned by the run itself."""

from __future__ import annotations

import os
from pathlib import Path

from config.local.places import Places
from config.settings.local import *

STATE = Path(env.str("BALLAST_TEST_STATE", default=str(BASE_DIR / ".local" / "test"))).resolve()
PLACES = Places(STATE)
WORKER_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

DEBUG = False
ROOT_URLCONF = "config.urls"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
STATIC_ROOT = STATE / "static"

# Tests connect as the owner: they create databases, truncate tables. `as_application` steps down.
DATABASES = {"default": env.db_url("TEST_DATABASE_URL", default=PLACES.owner_url)}

# Two Redis databases per worker of the run: broker and cache.
CELERY_BROKER_URL = f"redis+socket://{PLACES.redis_socket}?virtual_host={2 * WORKER_NUMBER}"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"unix://{PLACES.redis_socket}?db={2 * WORKER_NUMBER + 1}",
    }
}
# Nobody is there: the fixture `chain` puts its own anvil here, and processes that a test starts are
# told by the environment.
RPC_URLS = env.list("TEST_RPC_URLS", default=["http://127.0.0.1:1"])
CHAIN_ID = 31337
SIGN_IN_CHAIN_IDS = [CHAIN_ID]
WALLET_CHAIN = {**WALLET_CHAIN, "rpcUrls": RPC_URLS[:1]}
FINALITY_DEPTH = 2

AUDIT_ANCHOR_DIR = ""

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = {**LOGGING, "root": {"handlers": ["console"], "level": "WARNING"}}
