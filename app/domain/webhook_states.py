"""What becomes of a webhook message on its way to an endpoint, and why an endpoint is sent nothing more."""

from __future__ import annotations

from enum import StrEnum


class DeliveryStatus(StrEnum):
    PENDING = "pending"  # waits for its next attempt
    SENDING = "sending"  # a hooks worker holds a lease on it
    DELIVERED = "delivered"  # the receiver has answered 2xx
    FAILED = "failed"  # out of attempts, or its endpoint is gone or was disabled


class DisabledReason(StrEnum):
    ASKED = "asked"  # by its organisation
    GONE = "gone"  # the receiver has answered 410
    FAILING = "failing"  # nothing but failures for days
    BREAKER = "breaker"  # its breaker has opened again and again


class AttemptError(StrEnum):
    """Why an attempt has failed, in a word that a program can act on."""

    STATUS = "status"  # the receiver's answer was no 2xx
    REDIRECT = "redirect"  # the receiver sent us elsewhere; that is never followed
    TIMEOUT = "timeout"  # the whole exchange did not end in time
    CONNECTION = "connection"  # nobody listens there, or the connection broke
    TLS = "tls"  # the certificate is not good for this host, or the handshake failed
    NAME = "name"  # the host's name has no address
    REFUSED = "refused"  # the address is none that webhooks may go to
    PROTOCOL = "protocol"  # what came back is no HTTP
