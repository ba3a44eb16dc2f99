// Lists the tools of an MCP server and calls them with the TypeScript SDK's client, as a program that has no mercy.
//
// Reads {generation, url, token, calls: [{name, arguments}]} from standard input, where generation is the SDK's: 1 (the
// package sdk, of revision 2025-11-25) or 2 (the package client, of 2026-07-28). Writes {version, tools, answers}: an
// answer is the result of a call, or {thrown}, what the client threw in its place.
import { json } from "node:stream/consumers";

const { generation, url, token, calls } = await json(process.stdin);
const { Client, StreamableHTTPClientTransport } =
  generation === 1
    ? {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
      }
    : await import("@modelcontextprotocol/client");

const client = new Client(
  { name: "foreign-clients", version: "1.0.0" },
  { versionNegotiation: { mode: { pin: "2026-07-28" } } }, // of generation 2; the first knows of no other revision
);
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${token}` } },
});
await client.connect(transport);
const version = generation === 1 ? transport.protocolVersion : client.getNegotiatedProtocolVersion();
const { tools } = await client.listTools(); // from here on results are held against the schemas
const answers = [];
for (const call of calls) {
  answers.push(await client.callTool(call).catch((error) => ({ thrown: String(error) })));
}
await client.close();
process.stdout.write(JSON.stringify({ version, tools, answers }));
