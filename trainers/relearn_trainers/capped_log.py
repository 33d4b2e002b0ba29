"""What a trainer printed, in bounded memory: its first and its last bytes."""

import threading
from collections import deque

KEEP = 1 << 20


class CappedLog:
    """Keeps `keep` bytes of the head and about `keep` of the tail, and counts what fell between."""

    def __init__(self, keep=KEEP):
        self._keep = keep
        self._head = bytearray()
        self._tail = deque()
        self._tail_bytes = 0
        self._lock = threading.Lock()
        self.total = 0

    def write(self, chunk):
        with self._lock:
            self.total += len(chunk)
            room = self._keep - len(self._head)
            if room > 0:
                self._head += chunk[:room]
                chunk = chunk[room:]
            if not chunk:
                return
            self._tail.append(bytes(chunk))
            self._tail_bytes += len(chunk)
            while self._tail_bytes - len(self._tail[0]) >= self._keep:
                self._tail_bytes -= len(self._tail.popleft())

    def read(self):
        with self._lock:
            tail = b"".join(self._tail)[-self._keep:]
            left_out = self.total - len(self._head) - len(tail)
            middle = b"\n... %d bytes left out ...\n" % left_out if left_out else b""
            return bytes(self._head) + middle + tail

    def last_lines(self, count=12, limit=1500):
        """The end of it as text, for the reason a job failed."""
        with self._lock:
            end = b"".join(self._tail)[-limit * 2:] if self._tail else bytes(self._head[-limit * 2:])
        lines = [line for line in end.decode("utf-8", "replace").replace("\r", "\n").split("\n") if line.strip()]
        return "\n".join(lines[-count:])[-limit:]
