"""The page of `kit dev`: what an engineer sees of an agent, of tools or of a memory while it is built.

It is served beside the component's own contract on this machine alone, by `kit dev`; images know nothing of it. What
all pages share is here and in `browser/`; `agent/`, `tool/` and `memory/` have what is one kind's own, for server and
browser. The browser's part is plain files: no library, no build step, nothing from the network.
"""
