"""The agent's server. `kit dev` serves it on this machine, and the image in the cloud."""

from agentcore_kit.serving.app import create_app

app = create_app("agent.agent:build_agent")

if __name__ == "__main__":
    app.run()
