"""The embedded stack: every address follows from the state directory, nothing is passed on.

DATABASE_URL, REDIS_URL or RPC_URL(S) replace the embedded server in question.
"""

from __future__ import annotations

import os
from pathlib import Path

from config.local.chain.keys import private_key
from config.local.places import Places, replaced_by
from config.settings.base import *

STATE = Path(env.str("BALLAST_STATE", default=str(BASE_DIR / ".local"))).resolve()
PLACES = Places(STATE)
EMBEDDED = frozenset({"PostgreSQL", "Redis", "anvil"}) - replaced_by(os.environ)

DEBUG = True
SECRET_KEY = "local-only-and-refused-in-production"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin", "config.local"]
ROOT_URLCONF = "config.local.urls"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = STATE / "static"

_database = env.db_url("DATABASE_URL", default=PLACES.database_url)
DATABASES = {
    "default": _database,
    # Owns the tables, used by `migrate` only: the service's own role cannot rewrite its records.
    "owner": env.db_url("DATABASE_OWNER_URL", default=env.str("DATABASE_URL", PLACES.owner_url)),
}
# Broker and cache in different databases: a flush of one is not a flush of the other.
_redis = env.str("REDIS_URL", default="").rstrip("/")
CELERY_BROKER_URL = (
    f"{_redis}/0" if _redis else f"redis+socket://{PLACES.redis_socket}?virtual_host=0"
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{_redis}/1" if _redis else f"unix://{PLACES.redis_socket}?db=1",
    }
}

# A key that everybody can derive: the signer refuses it on every other chain.
EXECUTOR_KEY = private_key("executor").hex()
CRASH_AT = env.str("CRASH_AT", default="")
RPC_URLS: list[str] = env.list("RPC_URLS", default=[env.str("RPC_URL", default=PLACES.rpc_url)])
CHAIN_ID = env.int("CHAIN_ID", default=31337)
SIGN_IN_CHAIN_IDS = [CHAIN_ID]
WALLET_CHAIN = {
    "chainName": "Ballast local chain",
    "rpcUrls": RPC_URLS[:1],
    "nativeCurrency": {"name": "Ether", "symbol": "ETH", "decimals": 18},
}
FINALITY_DEPTH = env.int("FINALITY_DEPTH", default=2)  # anvil with --slots-in-an-epoch 1

# No mail leaves the machine: each message is a file.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(STATE / "mail")
NOTIFY_PRIVATE_NETWORKS = env.list("NOTIFY_PRIVATE_NETWORKS", default=["127.0.0.0/8", "::1/128"])
AUDIT_ANCHOR_DIR = str(STATE / "anchors")
AUDIT_ANCHOR_KEYFILE = str(STATE / "anchor-key.pem")

CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False  # Ctrl-C need not wait for nothing
CELERY_BEAT_SCHEDULE = beat_schedule(2.0)
