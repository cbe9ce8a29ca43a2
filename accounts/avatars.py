"""A person's picture: whatever is uploaded becomes 256 by 256 pixels of WebP, and nothing else.

The pixels are decoded and encoded anew, so that no SVG, HTML, metadata or second file survives.
"""

import io
import struct
import threading
import zlib

from django.core.exceptions import ValidationError
from django.core.files import File
from PIL import Image, ImageOps

SIZE = (256, 256)
MAX_BYTES = 2 * 1024 * 1024
# Decoding this many takes at most 150 MB and a second. A JPEG is decoded no finer than needed.
MAX_PIXELS = {"JPEG": 25_000_000, "PNG": 9_000_000, "WEBP": 9_000_000}

# What Pillow raises for files that are cut off, broken, or made to break it.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError),
    *(struct.error, zlib.error),
)

_one_at_a_time = threading.Lock()  # bounds what the threads of a process decode together


def encode(upload: File) -> bytes:
    """Return the picture in this file as WebP: upright by its EXIF, and its middle if no square.

    Its name and declared type count for nothing; of an animation the first picture is taken.
    Raises ValidationError for what is too large, or is no picture.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError("This file is too large. Choose one of 2 MB at most.")
    try:
        with Image.open(upload, formats=list(MAX_PIXELS)) as picture, _one_at_a_time:
            # A JPEG that holds further pictures, as phones write them, is told as MPO.
            kind = "JPEG" if picture.format == "MPO" else str(picture.format)
            if picture.width * picture.height > MAX_PIXELS[kind]:
                raise Image.DecompressionBombError
            return _webp(picture)
    except Image.DecompressionBombError as error:
        raise ValidationError("This picture has too many pixels. Choose a smaller one.") from error
    except UNREADABLE as error:
        raise ValidationError(
            "This is not a JPEG, PNG or WebP picture, or it is damaged. Choose another one."
        ) from error


def _webp(picture: Image.Image) -> bytes:
    picture.draft("RGB", SIZE)
    if picture.mode == "I;16":  # gray in 65,536 shades
        picture = picture.point(lambda shade: shade * (1 / 256)).convert("L")
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture = ImageOps.exif_transpose(ImageOps.fit(picture, SIZE))
    picture.info.clear()  # metadata
    webp = io.BytesIO()
    picture.save(webp, "WEBP", quality=85)
    return webp.getvalue()
