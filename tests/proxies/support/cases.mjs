// What each recipe is tried with. A case is a column of the table in docs/proxies/README.md: a short name, the sentence
// that holds, and what tries it on a stand. Every case that is refused also looks whether the application was reached.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { digestOf, requestBytes } from './client.mjs';
import { ANN, BOB } from './latchkey.mjs';
import { AGENT, APP, SIGN_IN_HOST, STAFF, WIKI } from './stand.mjs';

const MANY_BYTES = 3 * 1024 * 1024;
const TIMEOUT_SECONDS = 30 * 60;

/** What a browser sends when a person follows a link. */
export const NAVIGATION = [
  ['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'document'], ['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
];

const IDENTITY = {
  'x-auth-user': 'ann', 'remote-user': 'ann', 'remote-groups': 'staff,writers', 'remote-name': 'Ann%20O%E2%80%99Hara',
  'remote-email': 'ann@example.com',
};

/** Every header that some application would take for one of those above: WSGI, CGI and PHP read `-`, `_` and `.` as one. */
const isIdentity = (name) => /^(?:x[-_.]auth[-_.]user|remote[-_.](?:user|groups|name|email))$/.test(name);

let asked = 0;
/** A path that no other request has, so that one can look whether it reached the application. */
export function newPath(prefix = '/') {
  asked += 1;
  return `${prefix}page-${asked}`;
}

export function assertIdentity(told, expected) {
  const got = told.headers.filter(([name]) => isIdentity(name) ).filter(([, value]) => value !== '');
  assert.deepEqual(Object.fromEntries(got), expected);
  assert.equal(got.length, Object.keys(expected).length, 'a header of identity is there twice');
}

/** The request is answered with that status, and the application never sees it. */
export async function assertRefused(stand, request, status) {
  const target = request.target ?? newPath();
  const seen = stand.application.seen.length;
  const answer = await stand.ask({ ...request, target });
  const statuses = [status].flat();
  assert.ok(statuses.includes(answer.status), `${request.method ?? 'GET'} ${target}: ${answer.status}, not ${statuses}: ${answer.body}`);
  assert.deepEqual(stand.application.seen.slice(seen), [], 'it reached the application');
  return answer;
}

export async function assertAdmitted(stand, request) {
  const target = request.target ?? newPath();
  const answer = await stand.ask({ ...request, target });
  assert.equal(answer.status, 200, `${request.method ?? 'GET'} ${target}: ${answer.body}`);
  assert.ok(stand.application.hasSeen(target), 'it did not reach the application');
  return answer;
}

async function admitted(stand) {
  const answer = await assertAdmitted(stand, { token: await stand.tokenOf() });
  assertIdentity(answer.told, IDENTITY);
}

async function bearer(stand) {
  const token = await stand.tokenOf();
  await assertAdmitted(stand, { headers: [['Authorization', `Bearer ${token}`]] });
  await assertAdmitted(stand, { headers: [['X-Auth-Token', `Token ${token}`]] });
}

async function refused(stand) {
  const answer = await assertRefused(stand, {}, 401);
  assert.ok(answer.header('www-authenticate'), 'a 401 says what to sign in with');
  await assertRefused(stand, { token: '0'.repeat(40) }, 401);
  await assertRefused(stand, { host: STAFF }, 401);
}

async function redirected(stand) {
  const target = `${newPath()}?a=1&b=%2F`;
  const answer = await assertRefused(stand, { headers: NAVIGATION, target }, [302, 303]);
  const to = new URL(answer.header('location'));
  assert.equal(to.origin + to.pathname, `https://${SIGN_IN_HOST}/auth/`);
  assert.equal(to.searchParams.get('rd'), `https://${APP}${target}`);
}

async function expired(stand) {
  const token = await stand.tokenOf();
  await assertAdmitted(stand, { token });
  await stand.latchkey.letPass(TIMEOUT_SECONDS + 60);
  stand.forgetTokens();
  await assertRefused(stand, { token }, 401);
  await assertRefused(stand, { token, headers: NAVIGATION }, [302, 303]);
}

async function wrongGroup(stand) {
  await assertRefused(stand, { host: STAFF, token: await stand.tokenOf(BOB) }, 403);
  // A person reads why: on the page that comes with the 403, or on one to which the proxy leads.
  const answer = await assertRefused(stand, { host: STAFF, token: await stand.tokenOf(BOB), headers: NAVIGATION }, [302, 403]);
  if (answer.status === 302) assert.ok(answer.header('location').startsWith(`https://${SIGN_IN_HOST}/auth/forbidden/`));
  else assert.match(answer.body.toString(), /bob/);
  await assertAdmitted(stand, { host: STAFF, token: await stand.tokenOf(ANN) });
}

async function otherAddress(stand) {
  const token = await stand.tokenOf(ANN, '127.0.0.2');
  await assertAdmitted(stand, { token, from: '127.0.0.2' });
  await assertRefused(stand, { token, from: '127.0.0.3' }, 401);
}

async function forgedIdentity(stand) {
  const forged = ['X-Auth-User', 'x-auth-user', 'X_Auth_User', 'X.Auth.User', 'X-Auth_User', 'Remote-User', 'Remote_User',
    'Remote.User', 'Remote-Groups', 'Remote_Groups', 'Remote.Groups', 'Remote-Name', 'Remote_Name', 'Remote-Email',
    'Remote_Email'].map((name) => [name, 'root']);
  // A proxy may also refuse such names altogether.
  const { told } = await assertAdmitted(stand, { token: await stand.tokenOf(), headers: forged });
  assertIdentity(told, IDENTITY);
  // bob has no group, no name and no address: nothing stands in their place.
  const bob = await assertAdmitted(stand, { token: await stand.tokenOf(BOB), headers: forged });
  assertIdentity(bob.told, { 'x-auth-user': 'bob', 'remote-user': 'bob' });
  await assertRefused(stand, { headers: forged }, 401);
  // What a client names in Connection, a proxy takes off: not what it sets itself.
  const named = await assertAdmitted(stand, {
    token: await stand.tokenOf(), headers: [['Connection', 'close, Remote-User, X-Auth-User, Remote-Groups, X-Forwarded-For']],
  });
  assertIdentity(named.told, IDENTITY);
  assert.ok(named.told.headers.some(([name]) => name === 'x-forwarded-for'), 'the application learns the address');
  const passed = named.told.headers.filter(([name]) => name === 'connection').map(([, value]) => value).join(', ');
  assert.doesNotMatch(passed, /remote-user/i, 'nor may the next server take it off');
  const open = await assertAdmitted(stand, { target: '/healthz', headers: forged });
  assertIdentity(open.told, {});
}

async function forgedForwarding(stand) {
  const token = await stand.tokenOf(ANN, '127.0.0.2');
  const claims = [
    [['X-Forwarded-For', '127.0.0.2']],
    [['X-Forwarded-For', '127.0.0.2'], ['X-Forwarded-For', '127.0.0.2']],
    [['Forwarded', 'for=127.0.0.2;proto=https']],
    [['X-Real-IP', '127.0.0.2']],
    [['X_Forwarded_For', '127.0.0.2']],
  ];
  for (const headers of claims) await assertRefused(stand, { token, from: '127.0.0.3', headers }, 401);

  const open = '/healthz';
  const questions = [
    [['X-Original-URL', `https://${APP}${open}`], ['X-Original-Method', 'GET']],
    [['X-Forwarded-Uri', open]],
    [['X-Forwarded-Uri', open], ['X-Forwarded-Host', APP], ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Method', 'GET']],
    [['X-Forwarded-Method', 'OPTIONS'], ['Origin', 'https://evil.example'], ['Access-Control-Request-Method', 'PUT']],
    [['X-Rewrite-URL', open], ['X-Original-URI', open]],
    [['X-Envoy-Original-Path', open]],
  ];
  for (const headers of questions) await assertRefused(stand, { headers }, 401);
  // bob may enter the application, not the staff's: whatever he claims about the host.
  const bob = await stand.tokenOf(BOB);
  await assertRefused(stand, { host: STAFF, token: bob, headers: [['X-Forwarded-Host', APP]] }, 403);
  await assertRefused(stand, { host: STAFF, token: bob, headers: [['X-Original-URL', `https://${APP}/`]] }, 403);
  const { told } = await assertAdmitted(stand, { token: await stand.tokenOf(), headers: [['X-Forwarded-For', '127.0.0.9']] });
  const source = told.headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value).join(', ');
  assert.equal(source.split(/,\s*/).at(-1), '127.0.0.1', 'the application learns the real address last');
}

async function serverDown(stand) {
  const token = await stand.tokenOf();
  await assertAdmitted(stand, { token });
  await stand.latchkey.halt();
  const closed = [500, 502, 503, 504];
  for (let i = 0; i < 3; i += 1) await assertRefused(stand, { token }, closed);
  await assertRefused(stand, { token, headers: NAVIGATION }, closed);
  await assertRefused(stand, {}, closed);
  await stand.latchkey.go();
  await assertAdmitted(stand, { token });
  await assertRefused(stand, {}, 401);
}

async function largeBody(stand) {
  const body = randomBytes(MANY_BYTES);
  const { told } = await assertAdmitted(stand, { method: 'POST', body, token: await stand.tokenOf() });
  assert.equal(told.length, MANY_BYTES);
  assert.equal(told.digest, digestOf(body));
  await assertRefused(stand, { method: 'POST', body }, 401);
  const chunked = Buffer.concat([Buffer.from('5\r\nhello\r\n0\r\n\r\n')]);
  const connection = await stand.connect(APP);
  try {
    const headers = [['User-Agent', AGENT], ['Cookie', `latchkey=${await stand.tokenOf()}`], ['Transfer-Encoding', 'chunked']];
    const bytes = requestBytes({ method: 'POST', target: newPath(), host: APP, headers });
    const answer = await connection.exchange(Buffer.concat([bytes, chunked]), 'POST');
    assert.equal(answer.status, 200);
    assert.equal(answer.told.length, 5);
  } finally {
    connection.close();
  }
}

const UPGRADE = [
  ['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-Fetch-Mode', 'websocket'],
];

async function websocket(stand) {
  await assertRefused(stand, { headers: UPGRADE }, 401);
  const connection = await stand.connect(APP);
  try {
    const headers = [['User-Agent', AGENT], ['Cookie', `latchkey=${await stand.tokenOf()}`], ...UPGRADE];
    const answer = await connection.exchange(requestBytes({ target: newPath(), host: APP, headers }), 'GET');
    assert.equal(answer.status, 101);
    assert.equal(await connection.say('hello'), 'hello');
    assert.equal(await connection.say('again'), 'again');
  } finally {
    connection.close();
  }
}

/** By another protocol than a websocket's a client could talk to the application behind the proxy's back. */
async function otherProtocol(stand) {
  const token = await stand.tokenOf();
  const settings = [['HTTP2-Settings', 'AAMAAABkAAQCAAAAAAIAAAAA']];
  const asked = [
    [['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', 'h2c'], ...settings],
    [['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', 'websocket'], ['Upgrade', 'h2c'], ...settings],
    [['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', 'h2c'], ['Upgrade', 'websocket'], ...settings],
    [['Connection', 'Upgrade'], ['Upgrade', 'websocket, h2c'], ...settings],
    [['Connection', 'Upgrade'], ['Upgrade', 'echo']],
  ];
  for (const headers of asked) {
    // On a public path nobody signs in first.
    for (const target of [newPath(), '/healthz']) {
      const upgrades = stand.application.upgrades.length;
      const connection = await stand.connect(APP);
      try {
        const all = [['User-Agent', AGENT], ['Cookie', `latchkey=${token}`], ...headers];
        const { status } = await connection.exchange(requestBytes({ target, host: APP, headers: all }), 'GET');
        assert.ok([101, 200, 400].includes(status), `${status}`);
      } finally {
        connection.close();
      }
      for (const protocol of stand.application.upgrades.slice(upgrades)) assert.equal(protocol, 'websocket');
    }
  }
  const seen = stand.application.seen.length;
  const answer = await stand.ask({ method: 'CONNECT', target: `${APP}:443`, token }).catch(() => {});
  if (answer) assert.ok(answer.status >= 400, `CONNECT: ${answer.status}`);
  assert.deepEqual(stand.application.seen.slice(seen), [], 'CONNECT reached the application');
}

async function stream(stand) {
  const connection = await stand.connect(APP);
  try {
    const headers = [['User-Agent', AGENT], ['Cookie', `latchkey=${await stand.tokenOf()}`], ['Accept', 'text/event-stream']];
    connection.write(requestBytes({ target: '/stream', host: APP, headers }));
    assert.equal((await connection.head()).status, 200);
    let text = '';
    while (!text.includes('first')) text += (await connection.some()).toString();
    assert.ok(!text.includes('last'));
    stand.application.release();
    while (!text.includes('last')) text += (await connection.some()).toString();
  } finally {
    connection.close();
  }
}

async function preflight(stand) {
  const headers = [['Origin', 'https://other.example.com'], ['Access-Control-Request-Method', 'PUT']];
  const answer = await stand.ask({ method: 'OPTIONS', target: newPath(), headers });
  assert.equal(answer.status, 204);
  assert.equal(answer.header('access-control-allow-origin'), 'https://other.example.com');
  await assertRefused(stand, { host: STAFF, method: 'OPTIONS', headers }, 401);
  await assertRefused(stand, { method: 'OPTIONS' }, 401);
}

async function cookies(stand) {
  const token = await stand.tokenOf();
  const stale = 'f'.repeat(40);
  const cookiesOf = ({ told }) => told.headers.filter(([name]) => name === 'cookie').map(([, value]) => value).join('; ');
  const doubled = await assertAdmitted(stand, { headers: [['Cookie', `a=1; latchkey=${stale}; latchkey=${token}; b=2`]] });
  const split = await assertAdmitted(stand, { headers: [['Cookie', 'a=1'], ['Cookie', `latchkey=${token}`], ['Cookie', 'b=2']] });
  const old = await assertAdmitted(stand, { headers: [['Cookie', `a=1; token=${token}; b=2`]] });
  for (const answer of [doubled, split, old]) assert.match(cookiesOf(answer), /a=1.*b=2/);
  const alone = await assertAdmitted(stand, { headers: [['Cookie', `__Host-latchkey=${token}`]] });
  const many = await assertAdmitted(stand, { headers: [['Cookie', `${`latchkey=${stale};`.repeat(3)}latchkey=${token};x=1`]] });
  const quoted = await assertAdmitted(stand, { headers: [['Cookie', `a=1;token="${token}"`]] });
  // As clients of the original write it, and as nobody does.
  const escaped = await assertAdmitted(stand, { headers: [['Cookie', `token=%22${token}%22; b=2`]] });
  const digits = [...token].map((digit) => `%${digit.charCodeAt(0).toString(16)}`).join('');
  const whole = await assertAdmitted(stand, { headers: [['Cookie', `a=1; token=${digits}`]] });
  for (const answer of [doubled, split, old, alone, many, quoted, escaped, whole]) {
    assert.ok(!decodeURIComponent(cookiesOf(answer)).includes(token), `the application got the live token: ${cookiesOf(answer)}`);
  }
  const like = await assertAdmitted(stand, { headers: [['Cookie', `mytoken=1; latchkey=${token}; token=own; latchkeys=2`]] });
  assert.match(cookiesOf(like), /mytoken=1.*token=own.*latchkeys=2/);
}

async function foreignCredentials(stand) {
  const headers = [['Authorization', 'Basic YXBwOnNlY3JldA==']];
  const { told } = await assertAdmitted(stand, { headers, token: await stand.tokenOf() });
  assert.deepEqual(told.headers.filter(([name]) => name === 'authorization'), [['authorization', headers[0][1]]]);
  await assertRefused(stand, { headers }, 401);
}

async function longHead(stand) {
  const headers = ['One', 'Two', 'Three'].map((name) => [`X-Long-${name}`, 'x'.repeat(6_800)]);
  const { told } = await assertAdmitted(stand, { headers, token: await stand.tokenOf() });
  assert.equal(told.headers.filter(([name]) => name.startsWith('x-long-')).length, 3);
  await assertRefused(stand, { headers }, 401);
}

async function head(stand) {
  const target = newPath();
  const answer = await stand.ask({ method: 'HEAD', target, token: await stand.tokenOf() });
  assert.equal(answer.status, 200);
  assert.ok(stand.application.hasSeen(target));
  await assertRefused(stand, { method: 'HEAD' }, 401);
  await assertRefused(stand, { method: 'HEAD', headers: NAVIGATION }, [302, 303]);
}

async function methods(stand) {
  const token = await stand.tokenOf();
  for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
    const { told } = await assertAdmitted(stand, { method, token });
    assert.equal(told.method, method);
    await assertRefused(stand, { method }, 401);
    // What is not read again by a browser is not redirected: its body would be lost.
    await assertRefused(stand, { method, headers: NAVIGATION }, 401);
  }
  for (const method of ['TRACE', 'BREW', 'get']) await assertRefused(stand, { method }, [400, 401, 405, 501]);
  // A target that is no path. Of `*` a proxy may say itself what it can do (200): the application does not see it.
  await assertRefused(stand, { method: 'OPTIONS', target: '*' }, [200, 400, 401, 403, 404, 405]);
  await assertRefused(stand, { method: 'CONNECT', target: `${APP}:443` }, [400, 401, 403, 404, 405]);
}

async function conditions(stand) {
  const conditional = [
    [['If-None-Match', '*']], [['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT']], [['Range', 'bytes=0-1']],
    [['If-Match', '"x"']],
  ];
  for (const headers of conditional) {
    await assertAdmitted(stand, { headers, token: await stand.tokenOf() });
    await assertRefused(stand, { headers }, 401);
  }
  const headers = [['Expect', '100-continue']];
  await assertAdmitted(stand, { method: 'POST', headers, body: 'hello', token: await stand.tokenOf() });
  await assertRefused(stand, { method: 'POST', headers, body: 'hello' }, [401, 417]);
}

async function publicPaths(stand) {
  await assertAdmitted(stand, { target: '/healthz' });
  await assertAdmitted(stand, { target: '/healthz?deep=1' });
  const unclear = ['/healthz/../secret', '//healthz', '/%68ealthz', '/healthz/', '/healthz;x', '/healthz%2f..%2fsecret',
    '/secret?/healthz', '/HEALTHZ', '/./healthz', '/healthz%00', '/secret/..;/healthz'];
  for (const target of unclear) await assertRefused(stand, { target }, [400, 401]);
}

async function otherHosts(stand) {
  const token = await stand.tokenOf();
  await assertAdmitted(stand, { host: 'team1.apps.example.com', token });
  // Of the second and third, which are two hosts, each reader could take another.
  for (const host of ['nobody.example.com', `${STAFF},${APP}`, `${STAFF};x.apps.example.com`, 'apps.example.com']) {
    const seen = stand.application.seen.length;
    const answer = await stand.ask({ host, name: /[,;]/.test(host) ? APP : host, token, target: newPath() }).catch((error) => {
      // A proxy without a certificate for the name says so.
      assert.equal(error.library, 'SSL routines', error.stack);
    });
    // Caddy answers for hosts that it does not know with nothing.
    const isNothing = answer?.status === 200 && answer.body.length === 0;
    if (answer && !isNothing) assert.ok([400, 403, 404, 421].includes(answer.status), `${host}: ${answer.status}`);
    assert.deepEqual(stand.application.seen.slice(seen), [], 'it reached the application');
  }
}

/** The connections that Latchkey has at its listener for questions. */
async function questionConnections(stand) {
  const table = await readFile('/proc/net/unix', 'utf8');
  const listener = stand.in('run/latchkey/verify.sock');
  const connected = /^\S+ \S+ \S+ \S+ 0001 03 +(\d+) (\S+)$/gm;
  return [...table.matchAll(connected)].filter(([, , name]) => name === listener).map(([, inode]) => inode);
}

async function keptConnection(stand) {
  const token = await stand.tokenOf();
  const ask = async () => {
    await assertAdmitted(stand, { token });
    await assertRefused(stand, {}, 401);
    await assertRefused(stand, { headers: NAVIGATION }, [302, 303]);
    await assertRefused(stand, { host: STAFF, token: await stand.tokenOf(BOB) }, 403);
  };
  await ask();
  const before = await questionConnections(stand);
  assert.ok(before.length > 0, 'no connection was kept');
  for (let i = 0; i < 3; i += 1) await ask();
  assert.deepEqual(await questionConnections(stand), before);
}

async function oneHost(stand) {
  await assertRefused(stand, { host: WIKI }, 401);
  const page = await stand.ask({ host: WIKI, target: '/auth/', headers: NAVIGATION });
  assert.equal(page.status, 200);
  assert.match(page.body.toString(), /Sign in/);
  const answer = await assertRefused(stand, { host: WIKI, headers: NAVIGATION }, [302, 303]);
  assert.ok(answer.header('location').startsWith(`https://${WIKI}/auth/`));
  await assertAdmitted(stand, { host: WIKI, token: await stand.tokenOf() });
}

export const CASES = [
  { id: 'admitted', says: 'a signed-in person enters, and the application learns who it is', run: admitted },
  { id: 'header', says: 'a token in Authorization or X-Auth-Token admits too', run: bearer },
  { id: 'refused', says: 'nobody else does, and a program is told 401', run: refused },
  { id: 'redirected', says: 'a browser is sent to sign in, with the way back', run: redirected },
  { id: 'wrong group', says: 'who is signed in and may not enter gets 403', run: wrongGroup },
  { id: 'other address', says: 'a token from another address is refused', run: otherAddress },
  { id: 'forged identity', says: 'no name that a client gives itself reaches the application', run: forgedIdentity },
  { id: 'forged X-Forwarded', says: 'nothing that a client says about its address, host or path counts', run: forgedForwarding },
  { id: 'large body', says: '3 MB are uploaded, and refused', run: largeBody },
  { id: 'websocket', says: 'a websocket is opened and used, and refused', run: websocket },
  { id: 'other protocol', says: 'no other protocol than a websocket reaches the application', run: otherProtocol },
  { id: 'stream', says: 'a part of an answer arrives before its end', run: stream },
  { id: 'preflight', says: 'a CORS preflight passes where the site says so', run: preflight },
  { id: 'cookies', says: 'doubled and split cookies admit, and the application never sees the token', run: cookies },
  { id: 'foreign credentials', says: "the application's own Authorization passes", run: foreignCredentials },
  { id: '20 KB of headers', says: '20 KB of headers are admitted', run: longHead },
  { id: 'HEAD', says: 'HEAD is as GET', run: head },
  { id: 'methods', says: 'other methods pass as they are, or are refused', run: methods },
  { id: 'conditions', says: 'conditional fields, Range and Expect change nothing', run: conditions },
  { id: 'public', says: 'a public path is open, and nothing that looks like one', run: publicPaths },
  { id: 'hosts', says: 'a host below a wildcard is guarded, and one in no site is closed', run: otherHosts },
  { id: 'one host', says: 'application and sign-in page share a host', run: oneHost },
  { id: 'kept connection', says: 'questions share a connection to Latchkey, whatever is answered', run: keptConnection },
  { id: 'server down', says: 'without Latchkey all is closed, and open again after its start', run: serverDown },
  { id: 'expired', says: 'a token that expired meanwhile is refused', run: expired },
];
