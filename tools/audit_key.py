"""What belongs to the audit trail and never lies in the database: the key that signs
its seals, and the archives of years that have left."""

import configparser
import os
from pathlib import Path

#: Names the file, before what the server's configuration says.
VARIABLE = "WELFARE_AUDIT_KEY"
SECTION, OPTION = "welfare_facility", "audit_key"
ARCHIVES = "audit_archives"


def find_key_file(configuration=None):
    """Return the path of the private key, or None where seals are not signed.

    :param str configuration: path of the server's configuration, whose section
        ``[welfare_facility]`` may say ``audit_key = /path/of/key.pem``.
    """
    path = os.environ.get(VARIABLE)
    if path or not configuration:
        return path or None
    return _read_option(configuration, OPTION)


def find_archives(configuration=None):
    """Return the paths of the archives of years that have left the database.

    :param str configuration: path of the server's configuration, whose section
        ``[welfare_facility]`` may say ``audit_archives = /path/of/a/folder``.
    :raise OSError: there is no such folder.
    """
    folder = configuration and _read_option(configuration, ARCHIVES)
    if not folder:
        return []
    return sorted(str(path) for path in Path(folder).iterdir() if path.suffix == ".zip")


def _read_option(configuration, option):
    parser = configparser.RawConfigParser()
    parser.read(configuration)
    return parser.get(SECTION, option, fallback=None) or None


def read_private_key(path):
    """Return the Ed25519 private key of a PEM file without a password.

    :raise OSError: the file cannot be read.
    :raise ValueError: it holds no such key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    with open(path, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ValueError(f"{path} is no Ed25519 key")
    return key
