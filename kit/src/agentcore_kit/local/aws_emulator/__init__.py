"""An emulator of AWS: an HTTP server that speaks AWS's protocols and keeps the rules that matter to delivery.

The commands run unmodified against it, in this process or their own: `AWS_ENDPOINT_URL` sends every client there.
What it accepts is decided by botocore's service models (types, enums, patterns, lengths), what it does by the
documented state machines. An operation that it does not know is an error, so nothing ever leaves the machine.
"""
