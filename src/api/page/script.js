// What the pages do besides being read: send requests from a resource's page, sign in, manage one's sessions.
// No page needs more than this file. Text from a server enters the document only as text nodes.

const JSON_TYPE = 'application/json';

const byId = (id) => document.getElementById(id);

/** A new element with attributes and children. Strings among the children become text nodes. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// --- Requests ---------------------------------------------------------------------------------------------

const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

/** The header that an unsafe request with a cookie must carry. Empty if the page came without a session. */
const csrfHeader = () => (csrfToken() ? { 'X-CSRF-Token': csrfToken() } : {});

function send(method, url, { headers = {}, body } = {}) {
  return fetch(url, {
    method,
    body,
    // The last header marks a script's request: the server challenges it so that no browser dialog opens.
    headers: { Accept: JSON_TYPE, 'X-Requested-With': 'XMLHttpRequest', ...headers },
    credentials: 'same-origin',
    cache: 'no-store',
  });
}

function parsedOrNull(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Sends with the cookie. Returns `{status, data}`: data is always an object, status is 0 without an answer. */
async function ask(method, url, json) {
  const headers = method === 'GET' ? {} : csrfHeader();
  if (json !== undefined) headers['Content-Type'] = JSON_TYPE;
  const body = json === undefined ? undefined : JSON.stringify(json);
  try {
    const response = await send(method, url, { headers, body });
    return { status: response.status, data: parsedOrNull(await response.text()) ?? {} };
  } catch {
    return { status: 0, data: {} };
  }
}

/** The text to show for an answer that is not about one field. */
function sentenceOf({ status, data }) {
  if (status === 0) return 'The server did not answer. Check the connection, then try again.';
  const texts = [data.detail, ...(Array.isArray(data.__all__) ? data.__all__ : [])];
  const said = texts.filter((text) => typeof text === 'string').join(' ');
  return said || `The server answered with status ${status}. Try again in a moment.`;
}

// --- What every page shares -------------------------------------------------------------------------------

/** Puts a notice into its region, or empties it. The region stays, or a screen reader would not listen to it. */
function tell(id, ...content) {
  const region = byId(id);
  const tone = region.getAttribute('role') === 'alert' ? 'notice-bad' : 'notice-good';
  region.replaceChildren(...(content.length ? [element('p', { class: `notice ${tone}` }, ...content)] : []));
}

/** Asks by a dialog. Resolves to whether the button with that value was pressed. */
function confirmed(dialog, value) {
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === value), { once: true });
  });
}

/** Runs one at a time: a second press does nothing while an answer is awaited. */
function oneAtATime(action) {
  let runs = false;
  return async (...parameters) => {
    if (runs) return;
    runs = true;
    try {
      await action(...parameters);
    } finally {
      runs = false;
    }
  };
}

function hideAgain(button, input) {
  input.type = 'password';
  button.setAttribute('aria-pressed', 'false');
  button.firstChild.data = 'Show';
}

function prepareReveals() {
  for (const button of document.querySelectorAll('[data-reveals]')) {
    const input = byId(button.dataset.reveals);
    button.addEventListener('click', () => {
      if (input.type === 'text') return hideAgain(button, input);
      input.type = 'text';
      button.setAttribute('aria-pressed', 'true');
      button.firstChild.data = 'Hide';
    });
    // A browser remembers the contents of text fields, so this is a password field again when it is sent.
    input.form.addEventListener('submit', () => hideAgain(button, input), { capture: true });
  }
}

function setFieldError(id, text) {
  const error = byId(`${id}-error`);
  error.textContent = text;
  error.hidden = !text;
  if (text) byId(id).setAttribute('aria-invalid', 'true');
  else byId(id).removeAttribute('aria-invalid');
}

/** Shows each field's error beside it. Returns the ids of the faulty fields, in order. */
function showFieldErrors(ids, data) {
  return ids.filter((id) => {
    const texts = Array.isArray(data[id]) ? data[id] : [];
    setFieldError(id, texts.join(' '));
    return texts.length > 0;
  });
}

// --- A resource's page ------------------------------------------------------------------------------------

/** The headers that say something about the exchange, in the order and spelling of the server's own page. */
const SHOWN_HEADERS = [
  'Allow', 'Content-Type', 'Vary', 'X-API-Node', 'X-API-Time', 'Auth-Token-Timeout', 'Pragma',
  'Cache-Control', 'WWW-Authenticate', 'Retry-After', 'Location',
];

const JSON_WORD = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;

function jsonWord(word, string, colon) {
  if (string === undefined) return element('span', { class: 'json-atom' }, word);
  if (colon !== undefined) return element('span', { class: 'json-key' }, string);
  const path = parsedOrNull(string);
  if (path !== null && /^\/api\/[\w./?=&-]*$/.test(path)) {
    return element('span', { class: 'json-string' }, '"', element('a', { href: path }, path), '"');
  }
  return element('span', { class: 'json-string' }, string);
}

/** Pretty-printed JSON as nodes, with its words coloured and its paths as links. */
function jsonNodes(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(JSON_WORD)) {
    const [whole, string, colon] = match;
    nodes.push(text.slice(end, match.index), jsonWord(whole, string, colon), colon ?? '');
    end = match.index + whole.length;
  }
  return [...nodes, text.slice(end)];
}

function hexOf(number, digits) {
  return number.toString(16).padStart(digits, '0');
}

/** The same document with every invisible character as an escape of JSON. */
function visibleJson(text) {
  const escaped = (unseen) => unseen.split('').map((unit) => `\\u${hexOf(unit.charCodeAt(0), 4)}`).join('');
  return text.replace(/(?![\n ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, escaped);
}

function prettyNodes(text) {
  const value = parsedOrNull(text);
  return value === null ? [text] : jsonNodes(visibleJson(JSON.stringify(value, null, 4)));
}

function toneOf(status) {
  if (status >= 400 || status === 0) return 'bad';
  return status >= 300 ? 'elsewhere' : 'good';
}

function setStatusLine(text, status) {
  byId('status-line').textContent = text;
  byId('exchange').dataset.tone = toneOf(status);
}

function setBody(text) {
  const body = byId('body');
  body.replaceChildren(...prettyNodes(text));
  body.hidden = text === '';
}

function headerRows(headers) {
  return SHOWN_HEADERS.filter((name) => headers.has(name)).map((name) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, headers.get(name))));
}

function showExchange(requestLine, statusLine, status, headers, text) {
  byId('request-line').textContent = requestLine;
  setStatusLine(statusLine, status);
  byId('headers').replaceChildren(...headerRows(headers));
  setBody(text);
  byId('announcement').textContent = `${requestLine}: ${statusLine}`;
  byId('exchange').scrollIntoView({ block: 'nearest' });
}

/** This resource without `format`, which would override the Accept header of the script's requests. */
function resourceUrl() {
  const url = new URL(location.href);
  url.hash = '';
  // A deletion rewrites the whole query, so it is skipped if there is nothing to delete.
  if (url.searchParams.has('format')) url.searchParams.delete('format');
  return url;
}

const targetOf = (url) => url.pathname + url.search;

/** Sends and shows the exchange. Returns the parsed body, or null if there was none or no answer. */
async function exchange(method, options) {
  const url = resourceUrl();
  const requestLine = `${method} ${targetOf(url)}`;
  byId('exchange').setAttribute('aria-busy', 'true');
  try {
    const response = await send(method, url, options);
    const text = await response.text();
    const statusLine = `HTTP ${response.status} ${response.statusText}`.trimEnd();
    showExchange(requestLine, statusLine, response.status, response.headers, text);
    return response.ok ? parsedOrNull(text) : null;
  } catch {
    showExchange(requestLine, 'No answer: the server could not be reached', 0, new Headers(), '');
    return null;
  } finally {
    byId('exchange').removeAttribute('aria-busy');
  }
}

/** The token that a POST of this page obtained. It is kept only here, so leaving the page forgets it. */
let tokenInHand = '';

function holdToken(token, expires) {
  tokenInHand = token;
  byId('in-hand').hidden = token === '';
  byId('in-hand-token').textContent = token && `${token.slice(0, 6)}\u2026${token.slice(-6)}`;
  const until = new Date(expires ?? NaN);
  const time = () => element('time', { datetime: until.toISOString() }, until.toLocaleTimeString());
  byId('in-hand-until').replaceChildren(...(Number.isNaN(until.getTime()) ? [] : ['until ', time()]));
}

const tokenHeader = () => (tokenInHand ? { Authorization: `Token ${tokenInHand}` } : {});

async function sendDelete() {
  const dialog = byId('delete-dialog');
  byId('delete-line').textContent = `DELETE ${targetOf(resourceUrl())}`;
  byId('delete-text').textContent = tokenInHand
    ? 'It carries the token in hand.'
    : 'There is no token in hand: it carries this browser\u2019s session, if there is one.';
  if (!await confirmed(dialog, 'delete')) return;
  await exchange('DELETE', { headers: tokenInHand ? tokenHeader() : csrfHeader() });
  holdToken('');
}

/** A body's media type, and the body in the form that the type requires. */
function typedBody(type, content) {
  if (!type.startsWith('multipart/form-data')) return { type, body: content };
  // RFC 2046 §5.1.1: lines end in CRLF, and the first line names the boundary.
  const body = content.replace(/\r?\n/g, '\r\n');
  const boundary = /^--([^\r\n]+)/.exec(body)?.[1] ?? '';
  return { type: /boundary=/i.test(type) ? type : `${type}; boundary=${boundary}`, body };
}

async function sendPost() {
  const { type, body } = typedBody(byId('media-type').value, byId('content').value);
  const answer = await exchange('POST', { body, headers: { 'Content-Type': type, ...csrfHeader() } });
  if (/^[0-9a-f]{40}$/.test(answer?.token ?? '')) holdToken(answer.token, answer.expires);
  // Signing in here gives another cookie, which needs another value.
  if (answer?.csrf_token) document.querySelector('meta[name="csrf-token"]').content = answer.csrf_token;
}

/** Puts a media type's sample into the box when that type is chosen, unless a person has written there. */
function followMediaType(select, content) {
  let sample = content.value;
  const fit = () => { content.rows = Math.min(12, Math.max(5, content.value.split('\n').length + 1)); };
  select.addEventListener('change', () => {
    if (content.value !== sample) return;
    content.value = select.selectedOptions[0].dataset.content;
    // Read back from the box, whose line ends differ from those of the attribute.
    sample = content.value;
    fit();
  });
  fit();
}

function prepareMenu(menu) {
  const close = () => { menu.open = false; };
  document.addEventListener('click', (event) => { if (!menu.contains(event.target)) close(); });
  menu.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close();
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    close();
    menu.querySelector('summary').focus();
  });
}

function resourcePage() {
  const status = /\d{3}/.exec(byId('status-line').textContent);
  byId('exchange').dataset.tone = toneOf(Number(status?.[0] ?? 0));
  setBody(byId('body').textContent);

  const actions = {
    OPTIONS: oneAtATime(() => exchange('OPTIONS', { headers: tokenHeader() })),
    GET: oneAtATime(() => exchange('GET', { headers: tokenHeader() })),
    DELETE: oneAtATime(sendDelete),
  };
  for (const button of document.querySelectorAll('[data-send]')) {
    button.addEventListener('click', (event) => {
      // Without a token in hand, GET is an ordinary link.
      if (button.dataset.send === 'GET' && (!tokenInHand || event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      actions[button.dataset.send]();
    });
  }
  byId('forget-token').addEventListener('click', () => holdToken(''));
  const menu = document.querySelector('.menu');
  if (menu) prepareMenu(menu);

  const form = byId('raw-form');
  if (!form) return;
  followMediaType(byId('media-type'), byId('content'));
  const post = oneAtATime(sendPost);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    post();
  });
}

// --- Signing in -------------------------------------------------------------------------------------------

async function signIn() {
  const username = byId('username');
  const password = byId('password');
  const credentials = { username: username.value, password: password.value };
  const answer = await ask('POST', '/api/v2/session/', credentials);
  if (answer.status === 200) return location.assign('/');

  password.value = '';
  const atFault = showFieldErrors(['username', 'password'], answer.data);
  tell('signin-alert', ...(atFault.length ? [] : [sentenceOf(answer)]));
  byId(atFault[0] ?? 'password').focus();
}

function signinPage() {
  const submit = oneAtATime(signIn);
  byId('signin-form').addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
}

// --- One's sessions ---------------------------------------------------------------------------------------

const TOKENS = '/api/v2/me/tokens/';

const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60]];
const inWords = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

function relativeText(date) {
  const seconds = (date - Date.now()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return inWords.format(Math.trunc(seconds / length), unit);
  }
  return seconds > 0 ? 'in a moment' : 'just now';
}

/** "3 minutes ago", with the whole date in the reader's locale beside it and on hovering. */
function timeElement(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return 'unknown';
  const whole = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return element('time', { datetime: text, title: whole, 'data-relative': '' }, relativeText(date));
}

function refreshTimes() {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    time.textContent = relativeText(new Date(time.dateTime));
  }
}

const BROWSERS = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']];

/** A short name for a user agent: a browser and its system, or else its first product. "" if it has none. */
function agentName(agent) {
  const find = (table) => table.find(([mark]) => agent.includes(mark))?.[1];
  const browser = agent.startsWith('Mozilla/') ? find(BROWSERS) : undefined;
  if (!browser) return agent.split(/[ /]/)[0];
  const system = find(SYSTEMS);
  return system ? `${browser} on ${system}` : browser;
}

const SEEN = /^(?:[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\\]| )$/u;
const MARK = /^\p{M}$/u;

function escapeOf(character) {
  if (character === '\\') return '\\\\';
  const code = character.codePointAt(0);
  if (code < 0x80) return `\\x${hexOf(code, 2)}`;
  return code < 0x10000 ? `\\u${hexOf(code, 4)}` : `\\U${hexOf(code, 8)}`;
}

/** What a client said about itself, as one printable line, escaped as in the log and the commands. */
function printable(text) {
  let line = '';
  let hasBase = false;
  for (const character of text) {
    hasBase = SEEN.test(character) && (hasBase || !MARK.test(character));
    line += hasBase ? character : escapeOf(character);
  }
  return line;
}

function sessionName(session) {
  return printable(agentName(session.agent)) || session.address || 'A session without a record of where';
}

function fact(name, ...content) {
  return element('div', {}, element('dt', {}, name), element('dd', {}, ...content));
}

function sessionFacts(session) {
  return element('dl', { class: 'facts' },
    ...(session.address ? [fact('Where', printable(session.address))] : []),
    fact('Created', timeElement(session.created)),
    fact('Last used', timeElement(session.last_used)),
    fact('Expires', timeElement(session.expires)));
}

function sessionRow(session, end) {
  const name = sessionName(session);
  const button = element('button', { type: 'button', class: 'button button-small' }, 'End',
    element('span', { class: 'unseen' }, ` ${session.current ? 'this session' : `the session of ${name}`}`));
  const row = element('li', { class: session.current ? 'session session-current' : 'session' },
    element('div', { class: 'session-head' },
      element('h3', {}, name, ...(session.current ? [element('span', { class: 'badge' }, 'this one')] : [])),
      button),
    ...(session.agent && printable(session.agent) !== name ? [element('p', { class: 'agent' }, printable(session.agent))] : []),
    sessionFacts(session));
  button.addEventListener('click', oneAtATime(() => end(session, row)));
  return row;
}

const clearNotices = () => {
  tell('page-alert');
  tell('page-status');
};

/** Says that the session is over and where to go. Nothing else on the page would work. */
function sayExpired() {
  clearNotices();
  tell('page-alert', 'Your session has expired. ', element('a', { href: '/' }, 'Sign in again'));
  byId('page-alert').querySelector('a').focus();
}

function sayProblem(answer) {
  clearNotices();
  if (answer.status === 401) return sayExpired();
  tell('page-alert', sentenceOf(answer));
  byId('page-alert').focus();
}

let sessionCount = 0;
let nextSessions = TOKENS;

function showCount(count) {
  sessionCount = count;
  byId('session-count').textContent = String(count);
  byId('end-all').hidden = count === 0;
}

async function endSession(session, row) {
  const answer = await ask('DELETE', `${TOKENS}${session.id}/`);
  // 404: the session has ended by itself meanwhile, as the user wanted.
  if (answer.status !== 204 && answer.status !== 404) return sayProblem(answer);
  if (session.current) return location.assign('/');
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  showCount(Math.max(0, sessionCount - 1));
  clearNotices();
  tell('page-status', `Ended: ${sessionName(session)}.`);
  (neighbour?.querySelector('button') ?? byId('sessions-title')).focus();
}

async function showMore() {
  const answer = await ask('GET', nextSessions);
  byId('sessions-waiting').hidden = true;
  if (answer.status !== 200) return sayProblem(answer);
  const { count, next, results } = answer.data;
  byId('sessions').append(...results.map((session) => sessionRow(session, endSession)));
  nextSessions = typeof next === 'string' && next.startsWith(TOKENS) ? next : '';
  byId('show-more').hidden = nextSessions === '';
  showCount(count);
}

async function readAgain() {
  byId('sessions').replaceChildren();
  nextSessions = TOKENS;
  await showMore();
}

async function endAll() {
  if (!await confirmed(byId('end-all-dialog'), 'end')) return;
  const answer = await ask('DELETE', TOKENS);
  if (answer.status === 204) location.assign('/');
  else sayProblem(answer);
}

async function signOut() {
  const answer = await ask('DELETE', '/api/v2/session/');
  if (answer.status === 204 || answer.status === 401) location.assign('/');
  else sayProblem(answer);
}

function passwordChangedText(ended) {
  if (!ended) return 'Your password is changed.';
  return `Your password is changed, and ${ended === 1 ? 'one other session' : `${ended} other sessions`} ended.`;
}

function sayPasswordRefused(answer) {
  const atFault = showFieldErrors(['current_password', 'new_password'], answer.data);
  if (answer.status === 401) return sayExpired();
  tell('password-alert', ...(atFault.length ? [] : [sentenceOf(answer)]));
  byId(atFault[0] ?? 'password-alert').focus();
}

async function changePassword() {
  const values = ['current_password', 'new_password', 'again'].map((id) => byId(id).value);
  const [currentPassword, newPassword, again] = values;
  clearNotices();
  tell('password-alert');
  showFieldErrors(['current_password', 'new_password', 'again'], {});
  if (newPassword !== again) {
    setFieldError('again', 'This is not the same as the new password above.');
    return byId('again').focus();
  }
  const answer = await ask('POST', '/api/v2/me/password/', {
    current_password: currentPassword,
    new_password: newPassword,
  });
  if (answer.status !== 200) return sayPasswordRefused(answer);
  byId('password-form').reset();
  await readAgain();
  tell('page-status', passwordChangedText(answer.data.ended));
  byId('page-status').scrollIntoView({ block: 'center' });
}

function sessionsPage() {
  byId('sign-out').addEventListener('click', oneAtATime(signOut));
  byId('end-all').addEventListener('click', oneAtATime(endAll));
  byId('show-more').addEventListener('click', oneAtATime(showMore));
  const change = oneAtATime(changePassword);
  byId('password-form').addEventListener('submit', (event) => {
    event.preventDefault();
    change();
  });
  setInterval(refreshTimes, 30_000);
  showMore();
}

// ----------------------------------------------------------------------------------------------------------

prepareReveals();
({ resource: resourcePage, signin: signinPage, sessions: sessionsPage })[document.body.dataset.page]();
