"""A far end for relaying tests: an SMTP or LMTP server that follows a script.

    with farend.Server() as far:
        ... gatepost sends to far.port ...
        far.messages -> [Message(sender, recipients, data, hello, tls, login)]

What it does wrong is said by `faults`: a dictionary from a step ("connect",
"EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end", "QUIT") to a fault
or a list of faults, one used up at each occasion; then it behaves.  Or a
function of the step, that gives a fault or None.
    bytes              say this instead of the right reply
    CLOSE              close the connection
    SILENT             say nothing more
    (bytes, CLOSE)     say this, then close
"""

import collections
import socket
import socketserver
import ssl
import threading
import time

CLOSE = "close"
SILENT = "silent"

Message = collections.namedtuple(
    "Message", "sender recipients data hello tls login at connection")


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.far = self.server.far
        # replies leave at once, as those of real servers do: with Nagle's
        # rule against delayed acknowledgements each message took 60 ms
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.tls = False
        self.login = None
        self.hello = None
        self.reset()
        with self.far.lock:
            self.far.connections += 1
            self.number = self.far.connections

    def reset(self):
        self.sender = None
        self.recipients = []
        self.chunks = b""
        self.spoiled = False

    def say(self, text):
        self.request.sendall(text)

    def answer(self, step, right):
        """The right reply, or what the script has for this step."""
        fault = self.far.next_fault(step)
        if fault is None:
            self.say(right + b"\r\n")
            return True
        then = None
        if isinstance(fault, tuple):
            fault, then = fault
        if fault == CLOSE or fault == SILENT:
            then, fault = fault, b""
        if fault:
            self.say(fault)
        if then == CLOSE:
            raise ConnectionError("script")
        if then == SILENT:
            self.far.stop_event.wait(60)
            raise ConnectionError("script")
        return fault[:1] in (b"2", b"3")

    def line(self):
        while b"\r\n" not in self.buffer:
            more = self.request.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if b"\r" in line or b"\n" in line:
            self.far.bare.append(line)
        self.far.lines.append(line)
        return line

    def exactly(self, n):
        while len(self.buffer) < n:
            more = self.request.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.buffer += more
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def handle(self):
        if self.far.tls_first:
            self.start_tls()
        try:
            self.answer("connect", b"220 far.example ESMTP")
            while self.command(self.line()):
                pass
        except (ConnectionError, OSError, ssl.SSLError):
            pass
        finally:
            self.request.close()

    def start_tls(self):
        self.buffer = b""
        try:
            self.request = self.far.context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False)
            self.request.do_handshake()
        except (ssl.SSLError, OSError) as e:
            self.far.tls_errors.append(e)
            self.request.close()
            raise ConnectionError("tls") from e
        self.tls = True

    def command(self, line):
        verb = line.split(b" ")[0].upper().decode("ascii", "replace")
        handler = getattr(self, "do_" + verb, None)
        if handler is None:
            self.say(b"500 what?\r\n")
            return True
        return handler(line) is not False

    def do_EHLO(self, line):
        self.hello = line
        self.reset()
        offers = list(self.far.offers)
        if self.tls and "STARTTLS" in offers:
            offers.remove("STARTTLS")
        lines = ["far.example"] + offers
        text = "".join(f"250-{o}\r\n" for o in lines[:-1]) \
            + f"250 {lines[-1]}"
        self.answer("EHLO", text.encode())

    do_LHLO = do_EHLO

    def do_HELO(self, line):
        self.hello = line
        self.answer("HELO", b"250 far.example")

    def do_STARTTLS(self, line):
        if self.answer("STARTTLS", b"220 go"):
            self.start_tls()

    def do_AUTH(self, line):
        self.login = line
        self.answer("AUTH", b"235 2.7.0 welcome")

    def do_MAIL(self, line):
        if self.answer("MAIL", b"250 2.1.0 ok"):
            self.reset()
            self.sender = line

    def do_RCPT(self, line):
        if self.sender is None:
            self.say(b"503 5.5.1 no sender yet\r\n")
        elif self.answer("RCPT", b"250 2.1.5 ok"):
            self.recipients.append(line)

    def do_DATA(self, line):
        if not self.recipients:
            self.say(b"554 5.5.1 no valid recipients\r\n")
            return
        if not self.answer("DATA", b"354 go"):
            return
        lines = []
        while True:
            one = self.line()
            if one == b".":
                break
            lines.append(one[1:] if one.startswith(b".") else one)
        self.finish(b"".join(one + b"\r\n" for one in lines))

    def do_BDAT(self, line):
        words = line.split()
        self.chunks += self.exactly(int(words[1]))
        if len(words) < 3:
            if not self.answer("BDAT", b"250 2.0.0 go on"):
                self.spoiled = True
        elif self.spoiled:  # RFC 3030, 2: what follows fails, too
            self.reset()
            self.say(b"503 5.5.1 a chunk has failed\r\n")
        else:
            self.finish(self.chunks)

    def finish(self, data):
        taken = [[r] for r in self.recipients] if self.far.lmtp \
            else [self.recipients]
        for recipients in taken:
            if self.answer("end", b"250 2.0.0 taken"):
                with self.far.lock:
                    self.far.messages.append(Message(
                        self.sender, recipients, data, self.hello, self.tls,
                        self.login, time.monotonic(), self.number))
        self.reset()

    def do_RSET(self, line):
        self.reset()
        self.say(b"250 2.0.0 ok\r\n")

    def do_NOOP(self, line):
        self.say(b"250 2.0.0 ok\r\n")

    def do_QUIT(self, line):
        self.answer("QUIT", b"221 2.0.0 bye")
        return False


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


OFFERS = ("PIPELINING", "8BITMIME", "SIZE 50000000", "DSN",
          "ENHANCEDSTATUSCODES")


class Server:
    def __init__(self, offers=OFFERS, faults=None, lmtp=False, tls_first=False,
                 context=None, address=("127.0.0.1", 0)):
        self.offers = offers
        self.faults = faults if callable(faults) else {
            k: list(v) if isinstance(v, list) else v
            for k, v in (faults or {}).items()}
        self.lmtp = lmtp
        self.tls_first = tls_first
        self.context = context
        self.address = address
        self.lock = threading.Lock()
        self.stop_event = threading.Event()
        self.messages = []
        self.lines = []
        self.bare = []
        self.tls_errors = []
        self.connections = 0

    def next_fault(self, step):
        with self.lock:
            if callable(self.faults):
                return self.faults(step)
            fault = self.faults.get(step)
            if isinstance(fault, list):
                return fault.pop(0) if fault else None
            return fault

    def __enter__(self):
        self.listener = Listener(self.address, Handler)
        self.listener.far = self
        self.port = self.listener.server_address[1]
        self.thread = threading.Thread(
            target=self.listener.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.stop_event.set()
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()
