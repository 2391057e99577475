"""What scripts here share: the command is run, and what is as expected is counted."""
import os
import subprocess

ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI", "TERM")}


class Checks:
    """Checks of one command, run in one folder."""

    def __init__(self, cordon, cwd):
        self.cordon, self.cwd = cordon, cwd
        self.made = self.failed = 0

    def expect(self, good, text):
        self.made += 1
        if not good:
            self.failed += 1
            print("FAILED " + text)

    def run(self, *args, stdin=b"", code=0):
        """What was written to stdout and stderr."""
        done = subprocess.run([self.cordon, *args], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.cwd, env=ENVIRONMENT, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
            " ".join(args), done.returncode, code, out[-2000:], err[-2000:]))
        self.expect("Sanitizer" not in err, "%s: %s" % (args, err[-3000:]))
        return out, err

    def close(self, more=""):
        """The closing line, and the exit code."""
        print("%d checks, %d failed%s" % (self.made, self.failed, more))
        return 1 if self.failed else 0
