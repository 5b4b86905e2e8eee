// The Events extension as the AI SDK's client knows it: finds types, subscribes with an address of its own, takes
// signed requests there, renews, ends. Its one argument is {url, headers, name, arguments, events}; it prints one
// line of JSON when it has subscribed, and one when it is done.
import { createServer } from 'node:http';
import { createMCPClient, experimental_createMCPEventWebhook } from '@ai-sdk/mcp';

const { url, headers, name, arguments: given, events } = JSON.parse(process.argv[2]);
const kept = new Map();
const store = {
  get: async key => kept.get(key),
  getById: async id => [...kept.values()].find(each => each.id === id),
  set: async each => void kept.set(each.key, each),
  update: async (key, patch) => void kept.set(key, { ...kept.get(key), ...patch }),
  delete: async key => void kept.delete(key),
};
const taken = [];
const problems = [];
let enough;
const done = new Promise(resolve => (enough = resolve));
const take = experimental_createMCPEventWebhook({
  store,
  onEvent: async ({ subscription, event }) => {
    taken.push({ subscription, event });
    if (taken.length >= events) enough();
  },
  onError: error => problems.push(String(error)),
});
const answers = [];
const web = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const answer = await take(
    new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method, headers: request.headers, body: Buffer.concat(parts),
    }),
  );
  answers.push(answer.status);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
});
await new Promise(resolve => web.listen(0, '127.0.0.1', resolve));
const say = said => process.stdout.write(JSON.stringify(said) + '\n');

const client = await createMCPClient({ transport: { type: 'http', url, headers }, experimental_events: { store } });
try {
  const listed = await client.experimental_events.list();
  const delivery = {
    mode: 'webhook', url: `http://127.0.0.1:${web.address().port}/hook`, allowInsecureLocalhost: true,
  };
  const subscribed = await client.experimental_events.subscribe({ name, arguments: given, delivery });
  say({ listed: listed.events, subscribed });
  await done;
  const renewed = await client.experimental_events.refresh({ id: subscribed.id });
  await client.experimental_events.unsubscribe({ id: subscribed.id });
  say({ taken, renewed, answers, problems, left: kept.size });
} finally {
  await client.close();
  web.close();
}
