#!/usr/bin/python3
"""An S3 store with one bucket: OpenStack Swift, whole, in one process. Proxy, account, container and object server
listen on one port of the loopback each; nothing is configured on the machine.

    s3_server.py PORT DIRECTORY ACCESS_KEY SECRET_KEY BUCKET

ACCESS_KEY is `account:user`. Swift computes the signature of every request anew and refuses what is signed otherwise,
or for another time. Objects are in memory; accounts and buckets are databases beneath DIRECTORY.
"""

import array
import logging
import pathlib
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.account.server import AccountController  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.middleware import catch_errors, tempauth  # noqa: E402
from swift.common.middleware.s3api import s3api  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.common.swob import Request  # noqa: E402
from swift.container.server import ContainerController  # noqa: E402
from swift.obj.mem_server import ObjectController  # noqa: E402
from swift.proxy.server import Application  # noqa: E402

LOOPBACK = "127.0.0.1"
# One partition, on one device.
PARTITION_SHIFT = 32
# A listing is right only when the object server has told the container server in time, and tests run on busy machines.
PATIENCE_S = "60"


class NoMemcached:
    """Swift asks memcached for tokens and for what it knows of buckets. Nothing is remembered: every answer is new."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environment, start_response):
        environment["swift.cache"] = self
        return self.app(environment, start_response)

    def get(self, key, **options):
        return None

    def set(self, key, value, **options):
        pass

    def delete(self, key, **options):
        pass


def serve(sock, app):
    wsgi.server(sock, app, log=logging.getLogger("wsgi"), log_output=False)


def main():
    port, place, access_key, secret, bucket = sys.argv[1:]
    place = pathlib.Path(place)
    logging.getLogger().addHandler(logging.NullHandler())
    utils.HASH_PATH_SUFFIX = b"tests"
    conf = {"swift_dir": str(place), "devices": str(place), "mount_check": "false", "conn_timeout": PATIENCE_S,
            "node_timeout": PATIENCE_S, "container_update_timeout": PATIENCE_S, "account_autocreate": "yes",
            "fallocate_reserve": "0", "log_level": "CRITICAL"}
    for ring, server in (("account", AccountController), ("container", ContainerController),
                         ("object", ObjectController)):
        sock = eventlet.listen((LOOPBACK, 0))
        device = {"id": 0, "zone": 1, "region": 1, "weight": 1.0, "device": "disk", "ip": LOOPBACK,
                  "port": sock.getsockname()[1]}
        RingData([array.array("H", [0])], [device], PARTITION_SHIFT).save(str(place / f"{ring}.ring.gz"))
        eventlet.spawn(serve, sock, server(conf))
    (place / "disk").mkdir()
    account, user = access_key.split(":")
    proxy = Application(conf)
    made = Request.blank(f"/v1/AUTH_{account}/{bucket}", {"REQUEST_METHOD": "PUT"}).get_response(proxy)
    if not made.is_success:
        sys.exit(f"no bucket: {made.status}")
    signed = tempauth.filter_factory({}, **{f"user_{account}_{user}": f"{secret} .admin"})(proxy)
    s3 = s3api.filter_factory({}, auth_pipeline_check="no")(signed)
    serve(eventlet.listen((LOOPBACK, int(port))), catch_errors.filter_factory({})(NoMemcached(s3)))


if __name__ == "__main__":
    main()
