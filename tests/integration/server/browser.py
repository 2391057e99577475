"""A browser, driven through chromedriver (W3C WebDriver over HTTP).

    if browser.missing(): ...                 # what is not there, or ""
    with Browser() as b:
        b.open("http://127.0.0.1:7878/")
        b.until("document.querySelector('svg')", "a drawing")
        b.keys(KEYS["TAB"], "abc")

A browser ends with its block, and its profile with it."""
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en"]
KEYS = {"TAB": "\ue004", "ENTER": "\ue007", "SHIFT": "\ue008", "ESCAPE": "\ue00c", "SPACE": " ",
        "DOWN": "\ue015"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 60 # seconds for what takes a fraction of one


def missing():
    """What is needed and not installed."""
    return " and ".join(name for name in ("chromium", "chromedriver") if not shutil.which(name))


class Refused(Exception):
    """The driver, or the page's own script, said no."""


class Browser:
    def __init__(self, width=1360, height=1000, dark=False):
        self.profile = tempfile.TemporaryDirectory(prefix="cordon")
        self.driver = None
        self.session = ""
        self.kept = None
        flags = [*FLAGS, "--user-data-dir=" + self.profile.name, "--window-size=%d,%d" % (width, height)]
        if dark:
            flags.append("--blink-settings=preferredColorScheme=0")
        log = os.path.join(self.profile.name, "driver.log")
        self.driver = subprocess.Popen(["chromedriver", "--port=0", "--log-path=" + log],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.port = self.port_told()
            self.session = "/session/" + self.command("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"args": flags, "binary": shutil.which("chromium")}}}})["sessionId"]
        except (Refused, OSError, RuntimeError, http.client.HTTPException):
            self.close()
            raise

    def port_told(self):
        """chromedriver, asked for any free port, prints which one it took."""
        for line in self.driver.stdout:
            found = re.search(rb"started successfully on port (\d+)", line)
            if found:
                return int(found[1])
        raise RuntimeError("chromedriver does not start")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        if self.driver is None:
            return
        try:
            if self.session:
                self.command("DELETE", self.session)
        except (Refused, OSError, http.client.HTTPException):
            pass
        if self.kept:
            self.kept.close()
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()
        self.driver = None
        self.profile.cleanup()

    def command(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.kept = self.kept or http.client.HTTPConnection("127.0.0.1", self.port, timeout=4 * PATIENCE)
        self.kept.request(method, path, data, {"Content-Type": "application/json"})
        answer = self.kept.getresponse()
        said = json.loads(answer.read())["value"]
        if answer.status != 200:
            raise Refused("%s: %s" % (said["error"], said["message"][:500]))
        return said

    def of_session(self, method, path, body=None):
        return self.command(method, self.session + path, body)

    def open(self, url):
        self.of_session("POST", "/url", {"url": url})

    def js(self, script, *args):
        """What the body of a function returns."""
        return self.of_session("POST", "/execute/sync", {"script": script, "args": list(args)})

    def until(self, expression, what, *args):
        """Wait until it is so; its value.  RuntimeError with what the page shows."""
        until = time.monotonic() + PATIENCE
        failed = ""
        while time.monotonic() < until:
            try:
                value = self.js("return " + expression, *args)
            except Refused as error:  # it asks of something that is not there yet, say
                if not str(error).startswith("javascript error"):
                    raise
                value, failed = None, "%s\n" % error
            if value:
                return value
            time.sleep(0.03)
        raise RuntimeError("%s: not within %d s; %sthe page shows\n%s" % (
            what, PATIENCE, failed, self.js("return document.body.innerText")[:3000]))

    def text(self, selector):
        """What an element shows; None: there is none."""
        return self.js("const e = document.querySelector(arguments[0]); return e && e.textContent", selector)

    def texts(self, selector):
        return self.js("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def click(self, selector):
        element = self.of_session("POST", "/element", {"using": "css selector", "value": selector})
        self.of_session("POST", "/element/%s/click" % element[ELEMENT], {})

    def keys(self, *texts):
        """Press what is in the texts, one key after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for text in texts for key in text
                   for kind in ("keyDown", "keyUp")]
        self.of_session("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def back_tab(self):
        self.of_session("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": KEYS["SHIFT"]}, {"type": "keyDown", "value": KEYS["TAB"]},
            {"type": "keyUp", "value": KEYS["TAB"]}, {"type": "keyUp", "value": KEYS["SHIFT"]}]}]})

    def focused(self):
        """The id of what has the focus, else its class or tag."""
        return self.js("const e = document.activeElement; return e.id || e.getAttribute('class') || e.tagName")

    def cdp(self, name, **params):
        return self.of_session("POST", "/goog/cdp/execute", {"cmd": name, "params": params})

    def log(self):
        """What stands on the console since it was last asked for."""
        return self.of_session("POST", "/se/log", {"type": "browser"})
