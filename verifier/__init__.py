from . import welfare_verify
