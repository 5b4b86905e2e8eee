// The MCP client of the AI SDK: does what the plan in its one argument says, prints what came back.
// See support/clients.py for the form of the plan. Calls go through the tool objects that an agent would get.
import { createMCPClient } from '@ai-sdk/mcp';
import { StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';

const { transport, calls } = JSON.parse(process.argv[2]);
const { type, ...options } = transport;
const client = await createMCPClient({
  transport: type === 'stdio' ? new StdioMCPTransport({ ...options, stderr: 'inherit' }) : { type: 'http', ...options },
});
try {
  const { tools } = await client.listTools();
  const callable = await client.tools();
  const results = [];
  for (const call of calls) {
    results.push(await callable[call.name].execute(call.arguments, { toolCallId: String(results.length), messages: [] }));
  }
  const schemas = Object.entries(callable).map(async ([name, tool]) => [name, await tool.inputSchema.jsonSchema]);
  const functions = Object.fromEntries(await Promise.all(schemas));
  process.stdout.write(JSON.stringify({ tools, functions, results }) + '\n');
} finally {
  await client.close();
}
