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

const wanted = {
  port: 0, clients: [], scopes: ['crm.read', 'crm.write'], resources: [], format: 'jwt', algorithm: 'RS256',
  lifetimes: {}, rotates: true, documents: {}, ...JSON.parse(process.env.ISSUER ?? '{}'),
};
const KINDS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] };
const counts = { requests: {}, events: {} };
const faults = [];
const keys = [];
let answer;

function newKey(algorithm) {
  const { privateKey } = generateKeyPairSync(...KINDS[algorithm]);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: algorithm };
}

function count(table, name) {
  counts[table][name] = (counts[table][name] ?? 0) + 1;
}

/** Sign with a new key from now on; the old ones are still published unless they are dropped. */
function changeKeys(drop) {
  if (drop) keys.length = 0;
  keys.unshift(...new Set([wanted.algorithm, 'RS256']).values().map(newKey));
  answer = start().callback();
}

function start() {
  const provider = new Provider(issuer, {
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
  for (const name of ['grant.success', 'grant.error', 'grant.revoked', 'registration_create.success', 'server_error']) {
    provider.on(name, (ctx, error) => {
      const about = ctx?.oidc?.params?.grant_type;
      count('events', about && name !== 'grant.revoked' ? `${name} ${about}` : name);
      if (name === 'server_error') console.error(error);
    });
  }
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
  if (request.url === '/keys') changeKeys(body.drop);
  if (request.url === '/settings') { Object.assign(wanted, body); answer = start().callback(); }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...counts, keys: keys.map((key) => key.kid) }));
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
