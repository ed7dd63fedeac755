"""Every module beside this one registers its checks when it is imported; nothing else lists them."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
