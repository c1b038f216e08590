"""Values that schemathesis sends: images, revisions, an upload, and the address that it makes the API fetch from."""

import base64
import os

import schemathesis
from hypothesis import strategies

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

for media_type in ("image/jpeg", "image/png", "image/webp"):
    schemathesis.openapi.media_type(media_type, strategies.just(PNG) | strategies.binary(max_size=100))

# The revisions of items that were written a few times. Without a format, schemathesis sends no quotes in a header.
schemathesis.openapi.format("entity-tag", strategies.integers(0, 20).map('"{}"'.format))

# The upload of the pack "uploaded": to confirm it once more changes nothing.
schemathesis.openapi.format("uuid", strategies.just(os.environ["UPLOAD_ID"]))

# A generated address could be that of a stranger's server.
schemathesis.openapi.format("uri", strategies.just(os.environ["IMAGE_URL"]))
