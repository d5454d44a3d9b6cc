// A small application, such as a recipe guards: pages, uploads, a stream of events, a websocket that says everything
// again, and the answer to a preflight. It says what reached it, and knows which paths did.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const WEBSOCKET_KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT_FRAME = 0x81;
const CLOSE_FRAME = 0x88;

/** The frames of a websocket in these bytes; short ones, which is all that the tests send. */
export function framesOf(bytes) {
  const frames = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const isMasked = (rest[1] & 0x80) !== 0;
    const length = rest[1] & 0x7f;
    const begin = 2 + (isMasked ? 4 : 0);
    if (rest.length < begin + length) break;
    const data = Buffer.from(rest.subarray(begin, begin + length));
    if (isMasked) for (let i = 0; i < length; i += 1) data[i] ^= rest[2 + (i % 4)];
    frames.push({ first: rest[0], data });
    rest = rest.subarray(begin + length);
  }
  return { frames, rest };
}

function pairsOf(rawHeaders) {
  const pairs = [];
  for (let i = 0; i < rawHeaders.length; i += 2) pairs.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  return pairs;
}

export class Application {
  #server;
  #sockets = new Set();
  #released;
  #release;
  /** Every request target that reached the application. */
  seen = [];
  /** The protocols to which it was asked to change, and did. */
  upgrades = [];

  static async start() {
    const application = new Application();
    application.#server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
      application.#answer(request, response).catch(() => response.destroy());
    });
    application.#server.on('upgrade', (request, socket, head) => application.#echo(request, socket, head));
    application.#server.on('connection', (socket) => {
      application.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => application.#sockets.delete(socket));
    });
    application.#server.listen(0, '127.0.0.1');
    await once(application.#server, 'listening');
    application.port = application.#server.address().port;
    application.#released = new Promise((resolve) => { application.#release = resolve; });
    return application;
  }

  /** Lets a stream at /stream go on to its end. */
  release() {
    this.#release();
  }

  hasSeen(target) {
    return this.seen.some((seen) => seen.includes(target));
  }

  async #answer(request, response) {
    this.seen.push(request.url);
    const hash = createHash('sha256');
    let length = 0;
    for await (const part of request) {
      hash.update(part);
      length += part.length;
    }
    if (request.url.startsWith('/stream')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: first\n\n');
      await this.#released;
      response.end('data: last\n\n');
      return;
    }
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method']) {
      const origin = request.headers.origin ?? '*';
      response.writeHead(204, { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Methods': 'PUT' });
      response.end();
      return;
    }
    const told = {
      method: request.method, url: request.url, headers: pairsOf(request.rawHeaders), length,
      digest: hash.digest('hex'),
    };
    if (/text\/html/.test(request.headers.accept ?? '')) {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      const told_to = request.headers['remote-user'] ?? '';
      response.end(`<!doctype html><link rel="icon" href="data:,"><title>Application</title><h1>The application</h1>
        <p id="user">${told_to}</p><p id="target">${request.url.replaceAll('&', '&amp;')}</p>`);
      return;
    }
    const text = JSON.stringify(told);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  }

  #echo(request, socket, head) {
    this.seen.push(request.url);
    this.upgrades.push(request.headers.upgrade);
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + WEBSOCKET_KEY).digest('base64');
    socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    let bytes = head;
    socket.on('data', (part) => {
      const { frames, rest } = framesOf(Buffer.concat([bytes, part]));
      bytes = rest;
      for (const { first, data } of frames) {
        if (first === CLOSE_FRAME) socket.end(Buffer.from([CLOSE_FRAME, 0]));
        else if (first === TEXT_FRAME) socket.write(Buffer.concat([Buffer.from([TEXT_FRAME, data.length]), data]));
      }
    });
  }

  async stop() {
    this.#release();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}
