"""The key that signs the seals of the audit trail. It never lies in the database."""

import configparser
import os

#: Names the file, before what the server's configuration says.
VARIABLE = "WELFARE_AUDIT_KEY"
SECTION, OPTION = "welfare_facility", "audit_key"


def find_key_file(configuration=None):
    """Return the path of the private key, or None where seals are not signed.

    :param str configuration: path of the server's configuration, whose section
        ``[welfare_facility]`` may say ``audit_key = /path/of/key.pem``.
    """
    path = os.environ.get(VARIABLE)
    if path or not configuration:
        return path or None
    parser = configparser.RawConfigParser()
    parser.read(configuration)
    return parser.get(SECTION, OPTION, fallback=None) or None


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
