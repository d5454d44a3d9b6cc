// A client that sends exactly the bytes it is told, from the address of loopback that it is told, over TLS or without.
// Nothing is added, joined or corrected on the way, as fetch() would.

import { createHash } from 'node:crypto';
import { connect as connectPlainly } from 'node:net';
import { connect as connectByTls } from 'node:tls';

import { framesOf } from './application.mjs';
import { within } from './processes.mjs';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const ANSWER_LIMIT_MS = 30_000;

/** Reads an answer from a socket: its head, then its body as the head says. */
class Reader {
  #socket;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (part) => { this.#bytes = Buffer.concat([this.#bytes, part]); this.#wake(); });
    const end = () => { this.#ended = true; this.#wake(); };
    socket.on('end', end);
    socket.on('close', end);
    socket.on('error', end);
  }

  async #more() {
    if (this.#ended) throw new Error(`the connection ended within an answer: ${this.#bytes.toString('latin1', 0, 300)}`);
    await new Promise((resolve) => { this.#wake = resolve; });
  }

  async until(mark) {
    let at = this.#bytes.indexOf(mark);
    while (at < 0) {
      await this.#more();
      at = this.#bytes.indexOf(mark);
    }
    return this.take(at + mark.length);
  }

  async take(length) {
    while (this.#bytes.length < length) await this.#more();
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  async rest() {
    while (!this.#ended) await this.#more().catch(() => {});
    return this.take(this.#bytes.length);
  }

  /** What is there now, at least one byte of it. */
  async some() {
    while (this.#bytes.length === 0) await this.#more();
    return this.take(this.#bytes.length);
  }
}

async function chunks(reader) {
  const parts = [];
  for (;;) {
    const size = Number.parseInt((await reader.until(Buffer.from('\r\n'))).toString('latin1'), 16);
    const part = await reader.take(size + 2);
    if (size === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, size));
  }
}

function parseHead(text) {
  const [line, ...lines] = text.split('\r\n').filter((one) => one !== '');
  const headers = lines.map((one) => {
    const colon = one.indexOf(':');
    return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
  });
  return { status: Number(line.split(' ')[1]), headers };
}

export class Answer {
  constructor({ status, headers }, body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  header(name) {
    return this.headers.find(([one]) => one === name)?.[1];
  }

  all(name) {
    return this.headers.filter(([one]) => one === name).map(([, value]) => value);
  }

  /** What the application says that reached it. */
  get told() {
    return JSON.parse(this.body.toString());
  }
}

/** One connection to `{port, host?, path?}`, over TLS if there is an `authority`. */
export class Connection {
  #socket;
  #reader;

  static async open({ port, path, host = '127.0.0.1', from = '127.0.0.1', name, authority }) {
    const connection = new Connection();
    const options = path ? { path } : { port, host, localAddress: from };
    if (authority) Object.assign(options, { ca: authority, servername: name, ALPNProtocols: ['http/1.1'] });
    await within('a connection', new Promise((resolve, reject) => {
      const socket = authority ? connectByTls(options, resolve) : connectPlainly(options, resolve);
      connection.#socket = socket;
      socket.once('error', reject);
    }));
    connection.#reader = new Reader(connection.#socket);
    return connection;
  }

  write(bytes) {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  async head() {
    const text = (await within('the head of an answer', this.#reader.until(END_OF_HEAD), ANSWER_LIMIT_MS)).toString('latin1');
    const head = parseHead(text);
    // 100 Continue comes before the answer.
    return head.status === 100 ? this.head() : head;
  }

  /** Sends, and reads one answer. `method` is what the request line says, because it decides whether there is a body. */
  async exchange(bytes, method) {
    this.write(bytes);
    const head = await this.head();
    const of = (name) => head.headers.find(([one]) => one === name)?.[1];
    let body = Buffer.alloc(0);
    if (method === 'HEAD' || head.status === 204 || head.status === 304 || head.status === 101) return new Answer(head, body);
    if (/chunked/i.test(of('transfer-encoding') ?? '')) body = await within('a body', chunks(this.#reader), ANSWER_LIMIT_MS);
    else if (of('content-length')) body = await within('a body', this.#reader.take(Number(of('content-length'))), ANSWER_LIMIT_MS);
    else body = await within('a body', this.#reader.rest(), ANSWER_LIMIT_MS);
    return new Answer(head, body);
  }

  /** What has come by now. */
  some() {
    return within('more of an answer', this.#reader.some(), ANSWER_LIMIT_MS);
  }

  /** Sends a text over a websocket and gives the text that comes back. */
  async say(text) {
    const data = Buffer.from(text);
    this.write(Buffer.concat([Buffer.from([0x81, 0x80 | data.length, 0, 0, 0, 0]), data]));
    let bytes = Buffer.alloc(0);
    for (;;) {
      bytes = Buffer.concat([bytes, await this.some()]);
      const { frames } = framesOf(bytes);
      if (frames.length > 0) return frames[0].data.toString();
    }
  }

  close() {
    this.#socket.destroy();
  }
}

/** The bytes of a request. `headers` is a list of pairs, sent in this order. */
export function requestBytes({ method = 'GET', target = '/', host, headers = [], body = '' }) {
  const lines = [`${method} ${target} HTTP/1.1`];
  if (host !== undefined) lines.push(`Host: ${host}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

export function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
