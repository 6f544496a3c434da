"""Running short commands: always with a deadline, always with the error text in the exception."""

import subprocess


class CommandFailed(Exception):
    """A command ended with another status than 0, or did not end in time (status None)."""

    def __init__(self, argv, status, stdout, stderr):
        self.argv, self.status, self.stdout, self.stderr = argv, status, stdout, stderr
        how = "did not end in time" if status is None else f"exit status {status}"
        text = (stderr or stdout or "").strip()
        super().__init__(f"{' '.join(map(str, argv))}: {how}" + (f": {text}" if text else ""))


def run(argv, *, timeout=60, check=True, input=None, stdin=None, binary=False, env=None):
    """Runs argv and returns what it printed on stdout.

    `input` is text (or bytes) for its stdin, `stdin` an open file; without both it reads nothing.
    """
    argv = [str(word) for word in argv]
    if input is None and stdin is None:
        stdin = subprocess.DEVNULL
    try:
        ended = subprocess.run(argv, timeout=timeout, input=input, stdin=stdin, env=env,
                               capture_output=True, text=not binary,
                               errors=None if binary else "replace")
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(argv, None, _text(late.stdout), _text(late.stderr)) from None
    if check and ended.returncode != 0:
        raise CommandFailed(argv, ended.returncode, _text(ended.stdout), _text(ended.stderr))
    return ended.stdout


def _text(output):
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
