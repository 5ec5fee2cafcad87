"""A cache in the proxy's own memory, in the place of memcached: Swift's proxy runs as one process here.

Keeps tokens and short-lived facts about accounts and containers; all of it is lost with the process.
"""

import time


class MemoryCache:
    """The calls that Swift makes of its memcached client, on a dictionary."""

    def __init__(self):
        self._values = {}

    def get(self, key, raise_on_error=False):
        value, until = self._values.get(key, (None, 0))
        if until and until < time.time():
            del self._values[key]
            return None
        return value

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        self._values[key] = (value, _until(time))

    def incr(self, key, delta=1, time=0):
        value = max(0, int(self.get(key) or 0) + int(delta))
        self._values[key] = (value, _until(time))
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -int(delta), time)

    def delete(self, key, server_key=None):
        self._values.pop(key, None)

    def set_multi(self, mapping, server_key=None, serialize=True, time=0, min_compress_len=0):
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys, server_key=None):
        return [self.get(key) for key in keys]


def _until(seconds):
    # As memcached has it: more than thirty days is a date.
    if not seconds:
        return 0
    return seconds if seconds > 30 * 24 * 3600 else time.time() + float(seconds)


def filter_factory(global_conf, **local_conf):
    """What paste.deploy calls: a filter that hands the one cache to every request."""
    cache = MemoryCache()

    def make(app):
        def call(env, start_response):
            env["swift.cache"] = cache
            return app(env, start_response)

        return call

    return make
