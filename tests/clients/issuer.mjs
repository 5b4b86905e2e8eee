// An authorization server (oidc-provider) for the tests; settings come as JSON in ISSUER. Two addresses of this
// machine are opened: the issuer, and one that tells what happened and takes orders. Both are printed as one JSON line.
//
//   port         of the issuer; any free one by default
//   clients      registered clients, in the words of RFC 7591; others may register themselves at /reg
//   scopes       of the protected resources, besides openid and offline_access
//   resources    addresses that access tokens may be for (RFC 8707); any scope is refused without one of them
//   format       of access tokens: "jwt" or "opaque"
//   algorithm    of their signatures: RS256, ES256 or EdDSA
//   lifetimes    seconds, such as {"AccessToken": 30}
//   rotates      whether each refresh gives a new refresh token (and the use of an old one ends the grant)
//   documents    client id metadata documents by their https address
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

const wanted = {
  port: 0, clients: [], scopes: ['crm.read', 'crm.write'], resources: [], format: 'jwt', algorithm: 'RS256',
  lifetimes: {}, rotates: true, documents: {}, ...JSON.parse(process.env.ISSUER ?? '{}'),
};
const KINDS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] };
const counts = { requests: {}, events: {} };
const adapter = createMemoryAdapter(); // one for all, so that other settings change nothing that was issued
const faults = [];
const keys = [];
const secrets = new Set(); // whatever was given out or brought here that nobody else may see
const grants = new Map(); // account → ids of what it has consented to
const SECRET = ['code', 'state', 'nonce', 'code_verifier', 'client_secret', 'client_assertion', 'device_code',
  'access_token', 'refresh_token', 'id_token'];
let current;
let answer;

function newKey(algorithm) {
  const { privateKey } = generateKeyPairSync(...KINDS[algorithm]);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: algorithm };
}

function count(table, name) {
  counts[table][name] = (counts[table][name] ?? 0) + 1;
}

/** Remember the secrets of a request and its answer, and the consent that they belong to. */
function note(ctx) {
  const led = ctx.response.get('location');
  const places = [ctx.query, ctx.oidc?.body, ctx.body, led && Object.fromEntries(new URL(led, issuer).searchParams)];
  for (const place of places) {
    for (const name of SECRET) if (typeof place?.[name] === 'string') secrets.add(place[name]);
  }
  const grant = ctx.oidc?.entities.Grant;
  if (grant?.jti) grants.set(grant.accountId, (grants.get(grant.accountId) ?? new Set()).add(grant.jti));
}

/** What an account has consented to ends, or only its access tokens do. */
async function end({ account, tokens }) {
  if (tokens) {
    for (const secret of secrets) {
      const token = await current.AccessToken.find(secret);
      if (token?.accountId === account) await token.destroy();
    }
    return;
  }
  for (const id of grants.get(account) ?? []) {
    await current.RefreshToken.revokeByGrantId(id); // and whatever else came of it
    await current.Grant.adapter.destroy(id);
  }
}

/** Sign with a new key from now on; the old ones are still published unless they are dropped. */
function changeKeys(drop) {
  if (drop) keys.length = 0;
  keys.unshift(...new Set([wanted.algorithm, 'RS256']).values().map(newKey));
  answer = start().callback();
}

function start() {
  const provider = new Provider(issuer, {
    adapter,
    clients: wanted.clients,
    scopes: ['openid', 'offline_access', ...wanted.scopes],
    jwks: { keys: keys.map((key) => ({ ...key })) },
    cookies: { keys: ['tests'] },
    ttl: { AccessToken: 3600, ClientCredentials: 3600, DeviceCode: 600, Grant: 86400, IdToken: 3600, Interaction: 600,
      RefreshToken: 86400, Session: 86400, ...wanted.lifetimes },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    rotateRefreshToken: () => wanted.rotates,
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    fetch: async (address, options) => {
      const document = wanted.documents[String(address)];
      return document ? Response.json(document) : globalThis.fetch(address, options);
    },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      deviceFlow: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true, initialAccessToken: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          if (!wanted.resources.includes(resource)) throw new errors.InvalidTarget('unknown resource');
          return { scope: wanted.scopes.join(' '), audience: resource, accessTokenFormat: wanted.format,
            jwt: { sign: { alg: wanted.algorithm } } };
        },
      },
    },
  });
  provider.use(async (ctx, next) => {
    try {
      await next();
    } finally {
      note(ctx);
    }
  });
  for (const name of ['grant.success', 'grant.error', 'grant.revoked', 'registration_create.success', 'server_error']) {
    provider.on(name, (ctx, error) => {
      const about = ctx?.oidc?.params?.grant_type;
      count('events', about && name !== 'grant.revoked' ? `${name} ${about}` : name);
      if (name === 'server_error') console.error(error);
    });
  }
  current = provider;
  return provider;
}

/** The first order that is about this path, once less to carry out. */
function takeFault(path) {
  const fault = faults.find((each) => each.times > 0 && path.startsWith(each.path));
  if (fault) fault.times -= 1;
  return fault;
}

const server = createServer((request, response) => {
  const path = request.url.split('?')[0];
  count('requests', path);
  const fault = takeFault(path);
  if (fault?.how === 'answer') {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  if (fault?.how === 'cut') { // carried out, and nobody hears of it
    response.end = () => request.socket.destroy();
    response.write = () => true;
  }
  answer(request, response);
});

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

const orders = createServer(async (request, response) => {
  const body = await bodyOf(request);
  if (request.url === '/faults') faults.splice(0, faults.length, ...body);
  if (request.url === '/ends') await end(body);
  if (request.url === '/keys') changeKeys(body.drop);
  if (request.url === '/settings') { Object.assign(wanted, body); answer = start().callback(); }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...counts, keys: keys.map((key) => key.kid), secrets: [...secrets] }));
});

function listen(one, port) {
  return new Promise((resolve, reject) => {
    one.once('error', reject);
    one.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${one.address().port}`));
  });
}

const issuer = await listen(server, wanted.port);
changeKeys(false);
console.log(JSON.stringify({ issuer, orders: await listen(orders, 0) }));
process.stdin.on('end', () => process.exit(0)).resume(); // so that it never outlives the test
