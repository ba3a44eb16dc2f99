"""The page of `kit dev` for an agent: talk to it, see what it did, and keep a question as a row of the ground truth.

It is served beside the agent's contract on this machine alone, by `kit dev`; the image and `create_app` know nothing of
it. The browser's part is plain files beside these modules: no library, no build step, nothing from the network.
"""
