"""The tools' server. `kit dev` serves it on this machine, and the image in the cloud."""

from agentcore_kit.mcp_server.app import create_app

app = create_app("tool.tools")

if __name__ == "__main__":
    app.run()
