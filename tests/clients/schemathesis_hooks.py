"""How bodies of tus are sent: as they are."""

from schemathesis.transport.requests import REQUESTS_TRANSPORT, binary_serializer

REQUESTS_TRANSPORT.serializer("application/offset+octet-stream")(binary_serializer)
