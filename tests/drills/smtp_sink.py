"""A mail server that keeps what it is given, and that can fall silent at the two instants that matter."""

import socketserver
import threading
from collections import Counter
from email import message_from_string

TAKES = "takes"
DEAF = "deaf"  # accepts the connection and says nothing: nobody's mail is taken
KEEPS_SILENT = "keeps silent"  # takes the mail and does not say so


class _Session(socketserver.StreamRequestHandler):
    server: "Sink"

    def handle(self) -> None:
        if self.server.mode == DEAF:
            self.server.wait_for_the_end(self)
            return
        self.say("220 drill")
        while line := self.rfile.readline().decode(errors="replace").strip():
            word = line.split(" ")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                self.take()
                if self.server.mode == KEEPS_SILENT:
                    self.server.wait_for_the_end(self)
                    return
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def take(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        message = message_from_string("".join(lines))
        self.server.received.append((message["Message-ID"], message["To"]))


class Sink(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mode = TAKES
        self.received: list[tuple[str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever was killed in the middle leaves a broken connection: that is the drill."""

    @staticmethod
    def wait_for_the_end(session: _Session) -> None:
        """Until the other side is gone."""
        session.connection.settimeout(60)
        try:
            while session.connection.recv(1024):
                pass
        except OSError:
            return

    def times(self, message_id: str) -> int:
        return Counter(found for found, _to in self.received)[message_id]
