// The webhook methods of Octokit: sign and judge requests as the plan in its one argument says, print what they say.
// See support/clients.py for the form of the plan.
import { sign, verify } from '@octokit/webhooks-methods';

const plan = JSON.parse(process.argv[2]);
const signed = [];
for (const { secret, body } of plan.sign) signed.push({ 'X-Hub-Signature-256': await sign(secret, body) });
const judged = [];
for (const { secret, headers, body } of plan.judge) judged.push(await verify(secret, body, headers['x-hub-signature-256']));
process.stdout.write(JSON.stringify({ signed, judged }) + '\n');
