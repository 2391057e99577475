#!/usr/bin/env python3
"""TLS: which files are taken, what is spoken, and who a client's certificate makes somebody.

  tls.py CORDON SOURCE_DIR WORK"""
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings

import server
from server import Server, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
warnings.simplefilter("ignore", DeprecationWarning) # old versions are asked for on purpose
if not shutil.which("openssl"):
    print("SKIPPED: no openssl, which makes the certificates")
    sys.exit(77)
rule = os.path.join(source, "tests/integration/cli/rules/sent.lua")


def file(name, text=None):
    path = os.path.join(work, name)
    if text is not None:
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    return path


def openssl(*args):
    done = subprocess.run(["openssl", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError("openssl %s: %s" % (" ".join(args), done.stderr.decode()))


def make_key(name):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file(name + ".key"))


def make_authority(name):
    make_key(name)
    openssl("req", "-x509", "-new", "-key", file(name + ".key"), "-subj", "/O=Test/CN=" + name,
            "-days", "30", "-out", file(name + ".pem"), "-addext", "basicConstraints=critical,CA:TRUE")


def make_certificate(name, authority, subject, usage, days="90", san=None):
    make_key(name)
    openssl("req", "-new", "-key", file(name + ".key"), "-subj", subject, "-out", file(name + ".csr"))
    lines = "extendedKeyUsage=%s\n" % usage + ("subjectAltName=%s\n" % san if san else "")
    openssl("x509", "-req", "-in", file(name + ".csr"), "-CA", file(authority + ".pem"), "-CAkey",
            file(authority + ".key"), "-CAcreateserial", "-days", days, "-out", file(name + ".pem"),
            "-extfile", file(name + ".ext", lines))


def make_all():
    names = "IP:127.0.0.1,DNS:localhost"
    make_authority("authority")
    make_authority("stranger")
    make_certificate("server", "authority", "/CN=localhost", "serverAuth", san=names)
    make_certificate("next", "authority", "/CN=localhost", "serverAuth", san=names)
    make_certificate("ended", "authority", "/CN=localhost", "serverAuth", days="-1", san=names)
    make_certificate("till", "authority", "/O=Shop/CN=till", "clientAuth")
    make_certificate("unknown", "authority", "/O=Shop/CN=unknown", "clientAuth")
    make_certificate("forged", "stranger", "/O=Shop/CN=till", "clientAuth")
    make_certificate("no_client", "authority", "/O=Shop/CN=till", "serverAuth")
    openssl("ec", "-in", file("server.key"), "-aes128", "-passout", "pass:secret", "-out",
            file("encrypted.key"))
    file("garbage.pem", "no certificate\n")
    with open(file("server.pem"), encoding="utf-8") as one, \
            open(file("authority.pem"), encoding="utf-8") as other:
        own, parent = one.read(), other.read()
    file("chain.pem", own + parent)
    file("backwards.pem", parent + own)


def environment(certificate, key, client_ca=None):
    return {"CORDON_TLS__CERTIFICATE": certificate, "CORDON_TLS__KEY": key,
            "CORDON_TLS__CLIENT_CA": client_ca or ""}


def refused_files():
    """What cannot be used is told before anything listens."""
    good = file("server.pem"), file("server.key")
    for certificate, key, client_ca, code, says in (
            (good[0], "", None, 2, "TLS needs a certificate and its key"),
            ("", good[1], None, 2, "TLS needs a certificate and its key"),
            ("", "", file("authority.pem"), 2, "clients' certificates need TLS"),
            (file("none.pem"), good[1], None, 3, "none.pem"),
            (good[0], file("none.key"), None, 3, "none.key"),
            (file("garbage.pem"), good[1], None, 3, "garbage.pem: no certificate in PEM"),
            (good[1], good[1], None, 3, "server.key: no certificate in PEM"),
            (good[0], good[0], None, 3, "server.pem: no private key in PEM"),
            (good[0], file("till.key"), None, 3, "till.key is not the key of the certificate in"),
            (good[0], file("encrypted.key"), None, 3, "encrypted.key: the key is encrypted"),
            (file("backwards.pem"), good[1], None, 3, "the server's certificate comes first"),
            (good[0], good[1], file("garbage.pem"), 3, "garbage.pem: no certificates of authorities"),
            (good[0], good[1], file("none.pem"), 3, "none.pem"),
            (work, good[1], None, 2, "is a folder, not a regular file")):
        env = {**server.environment, **environment(certificate, key, client_ca)}
        done = subprocess.run([cordon, "serve", rule, "--port", "0"], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        expect(done.returncode == code and says in done.stderr.decode() and not done.stdout,
               "wanted %d and '%s': %d %s" % (code, says, done.returncode, done.stderr.decode()))


def context(certificate=None, authority="authority"):
    made = ssl.create_default_context(cafile=file(authority + ".pem"))
    if certificate:
        made.load_cert_chain(file(certificate + ".pem"), file(certificate + ".key"))
    return made


def ask(s, path="/healthz", headers=None, made=None):
    """Status of one exchange, and the server certificate's serial number; a refused handshake
    is 0."""
    connection = http.client.HTTPSConnection("127.0.0.1", s.port, timeout=60,
                                             context=made or context())
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, connection.sock.getpeercert()["serialNumber"] if connection.sock else None
    except (ssl.SSLError, ConnectionError):
        return 0, None
    finally:
        connection.close()


def serve(env, *more, **named):
    return Server(cordon, work, rule, *more, env=env, **named)


def spoken(s):
    expect(s.told["url"] == "https://127.0.0.1:%d" % s.port, "%s" % s.told)
    for least in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        made = context()
        made.minimum_version = made.maximum_version = least
        expect(ask(s, made=made)[0] == 200, "%s is not spoken" % least)
    for most in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        made = context()
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = most
        try:
            with socket.create_connection(("127.0.0.1", s.port), timeout=60) as plain, \
                    made.wrap_socket(plain, server_hostname="localhost"):
                expect(False, "%s is spoken" % most)
        except ssl.SSLError as error: # the server's own refusal, not the client's
            expect("EOF" in str(error) or "ALERT" in str(error), "%s: %s" % (most, error))
    made = context()
    made.set_alpn_protocols(["h2", "http/1.1"])
    expect(ask(s, made=made)[0] == 200, "a client that would speak h2 is not answered")
    expect(ask(s, made=context(authority="stranger"))[0] == 0, "a stranger's certificate is trusted")
    # plain HTTP at the same port
    with socket.create_connection(("127.0.0.1", s.port), timeout=60) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            heard = plain.recv(1000)
        except ConnectionError:
            heard = b""
        expect(b"HTTP/" not in heard, "plain HTTP is answered: %s" % heard)
    expect(s.over_socket("GET", "/healthz")[0] == 200, "the socket has no TLS")


def mutual():
    """A certificate is somebody only where it is one of a client, of the right authority, and
    configured."""
    config = file("server.lua", """
        return { auth = { certificates = { { name = "till", subject = "CN=till,O=Shop",
                                             rights = "read" } } } }""")
    env = environment(file("chain.pem"), file("server.key"), file("authority.pem"))
    with serve(env, "--config", config) as s:
        expect(ask(s, "/v1/status", made=context("till"))[0] == 200, "till is not known")
        expect(ask(s, "/healthz")[0] == 200, "without a certificate nobody is answered")
        for name in (None, "unknown", "forged", "no_client"):
            status, _ = ask(s, "/v1/status", made=context(name))
            expect(status == (401 if name in (None, "unknown") else status) and status in (0, 401),
                   "with the certificate %s: %d" % (name, status))
        status, _ = ask(s, "/v1/status", {"Authorization": "Bearer wrong"}, context("till"))
        expect(status == 401, "a wrong token is made up for by a certificate: %d" % status)
        # two requests on one connection, and no more rights than till has
        connection = http.client.HTTPSConnection("127.0.0.1", s.port, timeout=60, context=context("till"))
        for path, method, wanted in (("/v1/status", "GET", 200), ("/v1/evaluate/sent", "POST", 403),
                                     ("/v1/status", "GET", 200)):
            connection.request(method, path, b"{}" if method == "POST" else None)
            answer = connection.getresponse()
            answer.read()
            expect(answer.status == wanted, "%s: %d" % (path, answer.status))
        connection.close()


def ended():
    with serve(environment(file("ended.pem"), file("ended.key"))) as s:
        wait_for(lambda: "has ended" in s.log(), "nobody is told that the certificate has ended")
        expect(ask(s)[0] == 0, "an ended certificate is trusted")


def reread():
    """A reload takes another certificate, and keeps the old one where the new one is none."""
    shutil.copy(file("server.pem"), file("now.pem"))
    shutil.copy(file("server.key"), file("now.key"))
    with serve(environment(file("now.pem"), file("now.key"))) as s:
        kept = http.client.HTTPSConnection("127.0.0.1", s.port, timeout=60, context=context())
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        first = ask(s)[1]
        file("now.pem", "no certificate")
        s.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "now.pem" in s.log(), "a certificate that is none is not told")
        expect(ask(s)[1] == first, "the old certificate is gone")
        shutil.copy(file("next.pem"), file("now.pem"))
        shutil.copy(file("next.key"), file("now.key"))
        s.process.send_signal(signal.SIGHUP)
        wait_for(lambda: ask(s)[1] not in (None, first), "the next certificate is not taken")
        kept.request("GET", "/healthz")
        expect(kept.getresponse().status == 200, "a connection did not outlast the reload")
        kept.close()


def wait_for(done, what):
    until = time.monotonic() + 60
    while not done():
        if time.monotonic() > until:
            expect(False, what)
            return
        time.sleep(0.02)
    expect(True, what)


make_all()
refused_files()
with serve(environment(file("server.pem"), file("server.key"))) as first:
    spoken(first)
mutual()
ended()
reread()
finish()
