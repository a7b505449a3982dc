"""A small Debian repository, made here: packages by dpkg-deb, lists signed with a key of its own, and a server that can pause."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SUITE = "testing-suite"
DATE = "%a, %d %b %Y %H:%M:%S UTC"


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **options).stdout


class Key:
    """A key pair that lives until `close`; `public` is the file that apt wants."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="key"))  # gpg-agent's socket must have a short path
        launch = ["gpgconf", "--homedir", self.home, "--launch", "gpg-agent"]
        any(
            subprocess.run(launch, check=False, capture_output=True).returncode == 0 for _ in range(10)
        )  # each waits 5 s
        self.gpg("--quick-generate-key", "test@cnetkit.invalid", "ed25519", "sign", "never")
        self.public = self.home / "public.gpg"
        self.gpg("--output", self.public, "--export")

    def gpg(self, *arguments):
        return run("gpg", "--homedir", self.home, "--batch", "--quiet", "--passphrase", "", *arguments)

    def close(self):
        run("gpgconf", "--homedir", self.home, "--kill", "all")
        shutil.rmtree(self.home, ignore_errors=True)  # gpg-agent removes its sockets in its own time


class Repository:
    """A folder that apt can read. `add` packages, then `sign`."""

    def __init__(self, folder):
        self.folder, self.stanzas = folder, []
        self.architecture = run("dpkg", "--print-architecture").strip()
        (folder / "pool").mkdir(parents=True)

    def add(self, name, files, depends="", version="1.0", installed=1):
        """A package with files, path → (content, mode); a string is a link's target, None makes a folder. `installed` is the size
        that it claims, in KiB."""
        with tempfile.TemporaryDirectory() as tree:
            Path(tree).chmod(0o755)
            for path, (content, mode) in files.items():
                target = Path(tree) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, str):
                    target.symlink_to(content)
                    continue
                target.mkdir() if content is None else target.write_bytes(content)
                target.chmod(mode)
            control = (
                f"Package: {name}\nVersion: {version}\nArchitecture: {self.architecture}\nInstalled-Size: {installed}\n"
            )
            control += "Maintainer: Test <test@cnetkit.invalid>\n" + (f"Depends: {depends}\n" if depends else "")
            control += "Description: for a test\n of several lines\n"
            (Path(tree) / "DEBIAN").mkdir()
            (Path(tree) / "DEBIAN/control").write_text(control)
            package = self.folder / "pool" / f"{name}.deb"
            run("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, package)
        content = package.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        self.stanzas.append(f"{control}Filename: pool/{name}.deb\nSize: {len(content)}\nSHA256: {digest}\n")
        return package

    def sign(self, key, valid_days=7):
        """Writes and signs the lists."""
        base = self.folder / "dists" / SUITE
        listed = f"main/binary-{self.architecture}/Packages"
        (base / listed).parent.mkdir(parents=True, exist_ok=True)
        plain, now = "\n".join(self.stanzas).encode(), datetime.now(UTC)
        sums = ""
        for name, content in ((listed, plain), (f"{listed}.gz", gzip.compress(plain))):
            (base / name).write_bytes(content)
            sums += f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}\n"
        release = (
            f"Origin: Debian\nSuite: {SUITE}\nCodename: {SUITE}\nArchitectures: {self.architecture}\nComponents: main\n"
            f"Date: {(now - timedelta(days=30)).strftime(DATE)}\n"
            f"Valid-Until: {(now + timedelta(days=valid_days)).strftime(DATE)}\n"
            f"SHA256:\n{sums}"
        )
        (base / "Release").write_text(release)
        (base / "InRelease").unlink(missing_ok=True)
        key.gpg("--clearsign", "--output", base / "InRelease", base / "Release")


class Mirror(ThreadingHTTPServer):
    """Serves a repository at `uri`. Requests for paths that end in `hold` set `asked` and wait until `go` is set."""

    daemon_threads = True

    def __init__(self, folder, hold="-"):
        super().__init__(("127.0.0.1", 0), partial(Files, directory=folder))
        self.hold, self.asked, self.go = hold, threading.Event(), threading.Event()
        self.paths = []
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"


class Files(SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith(self.server.hold):
            self.server.asked.set()
            self.server.go.wait(120)
        else:
            self.server.paths.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass

    def handle(self):
        with suppress(BrokenPipeError, ConnectionResetError):  # of a client that was killed
            super().handle()


@contextmanager
def serving(folder, hold="-"):
    with Mirror(folder, hold) as mirror:
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield mirror
        finally:
            mirror.go.set()
            mirror.shutdown()
            thread.join()
