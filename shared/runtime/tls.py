"""The server's side of TLS: 1.3 only, no resumption; a new certificate is taken up while it runs."""

import signal
import ssl
import threading
from pathlib import Path
from typing import ClassVar

from shared.runtime import logs

Stamp = tuple[tuple[int, int, int], ...]


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a TLS 1.3 context for a certificate chain and its key (PEM files).

    No session tickets: a resumed session would outlive a change of certificate or trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    # An encrypted key is refused; without a word OpenSSL would ask the terminal for one.
    context.load_cert_chain(certificate, key, password="")
    return context


class LiveCertificate:
    """A context whose certificate and key follow their files, at most `interval` later, or at SIGHUP.

    What cannot be used (half a file, a key of another certificate) changes nothing: the handshakes go
    on with what was read before, and `error` says why until the files are right again.
    """

    interval: ClassVar[float] = 10.0  # seconds

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files; raises as `ssl.SSLContext.load_cert_chain` if they are no pair."""
        self._files = certificate, key
        self._stamp = self._look()
        self._newest = server_context(certificate, key)
        self.error: str | None = None
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="certificate", daemon=True)
        # Each handshake begins here and goes on with the newest context.
        self.context = server_context(certificate, key)
        self.context.sni_callback = self._take_newest

    def start(self) -> None:
        """Follow the files until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def look_again(self, *_signal: object) -> None:
        """Look at the files now."""
        self._wake.set()

    def follow_signal(self) -> None:
        """Look at the files at every SIGHUP; only for the main thread."""
        signal.signal(signal.SIGHUP, self.look_again)

    def refresh(self) -> None:
        """Take up the files if they changed."""
        try:
            stamp = self._look()
            if stamp == self._stamp and self.error is None:
                return
            newest = server_context(*self._files)
        except (OSError, ssl.SSLError) as error:
            if self.error is None:
                logs.log().error("certificate_not_taken_up", error=str(error))
            self.error = str(error)
            return
        # Files that changed while they were read are read again the next time.
        self._stamp, self._newest, self.error = stamp, newest, None
        logs.log().info("certificate_taken_up", file=str(self._files[0]))

    def _take_newest(
        self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        connection.context = self._newest

    def _look(self) -> Stamp:
        found = [file.stat() for file in self._files]
        return tuple((at.st_mtime_ns, at.st_size, at.st_ino) for at in found)

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(self.interval)
            self._wake.clear()
            self.refresh()
