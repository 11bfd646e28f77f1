"""Certificates made by OpenSSL, as an operator would make them."""

import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder, name="hospital CA"):
        folder.mkdir(parents=True)
        self.folder = folder
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/CN={name}", "-days", "30",
                "-addext", "basicConstraints=critical,CA:TRUE", cwd=folder)
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\n"
            "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
        )

    def issue(self, name, alternative="IP:127.0.0.1", begin="20200101000000Z", end="20990101000000Z"):
        """A server's certificate and key."""
        openssl("req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=self.folder)
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n")
        openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr",
                "-out", f"{name}.pem", "-startdate", begin, "-enddate", end, "-extfile", f"{name}.ext", "-notext",
                cwd=self.folder)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


def listener(identity, *lines):
    """Lines of a Mosquitto whose first listener speaks TLS with this certificate."""
    certificate, key = identity
    return [f"certfile {certificate}", f"keyfile {key}", *lines]


def subject(certificate):
    """Common name of a certificate in PEM."""
    return openssl("x509", "-in", certificate, "-noout", "-subject", cwd="/").strip()
