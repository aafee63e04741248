"""``python -m kafka_forge.macho.codesign … FILE``: what stands for Apple's ``codesign`` where that is not.

The engine calls it for every binary whose search paths it has made relative: the linker's signature no longer matches.
Its own replacement (RATTLER_BUILD_BUILTIN_CODESIGN of rattler-build 0.73) leaves hashes that do not match the file.
And as a file is signed last, what the linker made of the build's own folders is put right before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kafka_forge.macho import signature

if __name__ == "__main__":
    signature.identify(Path(sys.argv[-1]))
    signature.renew(Path(sys.argv[-1]))
