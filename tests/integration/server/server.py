"""What tests of the server share: a store, a server of it on a free port and a socket, and
requests over both.

    with Server(cordon, work, "-d", store) as server:
        status, headers, body = server.request("POST", "/v1/evaluate/sent", {"node": "Account:1"})
        answer = server.ask("GET", "/healthz")              # wants 200, and gives the document
        server.ask("GET", "/nothing", code=404)
        server.over_socket(...)                             # as request(), on the Unix socket

A server ends with its block, by SIGTERM, and is expected to end with exit code 0."""
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

failures = checks = 0
environment = {k: v for k, v in os.environ.items()
               if k not in ("NO_COLOR", "CI", "TERM") and not k.startswith("CORDON_")}


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text, flush=True)


def finish():
    print("%d checks, %d failed" % (checks, failures))
    sys.exit(1 if failures else 0)


def command(cordon, *args, code=0, stdin=b""):
    """What another subcommand prints, which ends as expected."""
    done = subprocess.run([cordon, *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment)
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, done.stdout.decode()[-1500:],
        done.stderr.decode()[-1500:]))
    return done.stdout.decode()


def make_store(cordon, source, work, name="store"):
    """A store of the small graph that the command's own tests have; its path."""
    data = os.path.join(source, "tests/integration/cli/data")
    store = os.path.join(work, name)
    shutil.rmtree(store, ignore_errors=True)
    command(cordon, "import", "--schema", os.path.join(data, "schema.lua"), "--out", store, "-q",
            data)
    return store


def is_shed(status, text):
    """Refused at once as more comes than can be done, which a machine that is busy with something
    else may say to few; nothing was begun."""
    return status == 503 and b"urn:cordon:problem:overloaded" in text


class Socket(http.client.HTTPConnection):
    """A connection to the Unix socket `path`."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """`cordon serve` with these arguments, on a port and a socket of its own."""

    def __init__(self, cordon, work, *args, env=None, code=0, patience=60):
        # a socket's path has little room: build folders do not fit into it
        self.folder = tempfile.TemporaryDirectory(prefix="cordon")
        self.path = os.path.join(self.folder.name, "socket")
        self.errors = open(os.path.join(work, "serve.err"), "w+b")
        self.code = code
        self.patience = patience
        self.process = subprocess.Popen(
            [cordon, "serve", "--port", "0", "--socket", self.path, *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
            env={**environment, **(env or {})})
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            self.process.wait()
            raise RuntimeError("cordon serve does not start: " + self.log())
        self.told = json.loads(line)
        self.port = self.told.get("port")
        self.kept = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()

    def log(self):
        """All that it has written to standard error so far."""
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")

    def stop(self, how=signal.SIGTERM):
        """End it; the exit code."""
        if self.process is None:
            return None
        if self.kept:
            self.kept.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
            expect(False, "the server did not end within %d s" % self.patience)
        log = self.log()
        if how != signal.SIGKILL:
            expect(code == self.code, "the server's exit code %d, wanted %d\n%s" % (
                code, self.code, log[-3000:]))
        expect("Sanitizer" not in log, log[-5000:])
        self.process.stdout.close()
        self.process = None
        self.errors.close()
        self.folder.cleanup()
        return code

    def connect(self):
        """A new connection over TCP."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)

    def connect_socket(self):
        return Socket(self.path, self.patience)

    def request(self, method, path, body=None, headers=None, connection=None):
        """Status, headers and body of one exchange, on a connection that is kept."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if connection is None:
            self.kept = self.kept or self.connect()
            connection = self.kept
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def over_socket(self, method, path, body=None, headers=None):
        connection = self.connect_socket()
        try:
            return self.request(method, path, body, headers, connection)
        finally:
            connection.close()

    def ask(self, method, path, body=None, headers=None, code=200, connection=None):
        """The JSON document of an exchange that is expected to have that status."""
        status, _, text = self.request(method, path, body, headers, connection)
        expect(status == code, "%s %s: %d, wanted %d: %s" % (
            method, path, status, code, text[-1000:]))
        return json.loads(text) if text else None
