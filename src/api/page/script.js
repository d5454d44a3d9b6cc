// What the pages do besides being read: send requests from a resource's page, sign in and out, manage one's
// sessions.
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

/** The pages' own paths. They are on every host that has the pages, whatever else it serves. */
const SESSION = '/auth/session/';
const TOKENS = '/auth/tokens/';
const PASSWORD = '/auth/password/';

/**
 * Sends with the cookie. Returns `{status, data, retryAfter}`: data is always an object, status is 0 without an
 * answer, and retryAfter is in seconds.
 */
async function ask(method, url, json) {
  const headers = method === 'GET' ? {} : csrfHeader();
  if (json !== undefined) headers['Content-Type'] = JSON_TYPE;
  const body = json === undefined ? undefined : JSON.stringify(json);
  try {
    const response = await send(method, url, { headers, body });
    const retryAfter = Number(response.headers.get('Retry-After')) || 0;
    return { status: response.status, data: parsedOrNull(await response.text()) ?? {}, retryAfter };
  } catch {
    return { status: 0, data: {}, retryAfter: 0 };
  }
}

/** The text to show for an answer that is not about one field. */
function sentenceOf({ status, data }) {
  if (status === 0) return 'The server did not answer. Check the connection, then try again.';
  if (status === 403) return 'This page is out of date. Load it again, then try again.';
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

/** The page of one's sessions. */
const home = () => document.body.dataset.home;

/** Goes on to where the server says, which has checked it. The address of this page is never asked. */
function goOn() {
  const { next } = document.body.dataset;
  const url = new URL(next || home(), location.origin);
  if (url.protocol === 'https:' || url.protocol === 'http:') location.replace(url);
}

/** Shows that the page is at work on what a button began, and lets nobody begin it twice. */
function setBusy(button, words) {
  const region = button.closest('.card');
  region.setAttribute('aria-busy', 'true');
  for (const each of region.querySelectorAll('button')) each.disabled = true;
  button.dataset.words = button.textContent;
  button.textContent = words;
  byId('work-status').textContent = words;
}

function setIdle(button) {
  const region = button.closest('.card');
  region.removeAttribute('aria-busy');
  for (const each of region.querySelectorAll('button')) each.disabled = false;
  button.textContent = button.dataset.words;
  byId('work-status').textContent = '';
}

/** A page that comes back from the browser's memory says what was so when it was left. */
function readAgainWhenBack() {
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
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

const BLANK_TEXTS = {
  username: 'Enter your username.',
  password: 'Enter your password.',
  current_password: 'Enter the password that you have now.',
  new_password: 'Enter a new password.',
};

/** What the server says of a field, in words for a person. */
function fieldText(id, text) {
  if (/ may not be blank\.$/.test(text)) return BLANK_TEXTS[id];
  if (text === 'Invalid password.') return 'This is not your password.';
  const bound = /^Ensure this field has (at least|no more than) (\d+) characters\.$/.exec(text);
  if (!bound) return text;
  return `Use ${bound[1] === 'at least' ? 'at least' : 'at most'} ${bound[2]} characters.`;
}

/** Shows each field's error beside it. Returns the ids of the faulty fields, in order. */
function showFieldErrors(ids, data) {
  return ids.filter((id) => {
    const texts = Array.isArray(data[id]) ? data[id] : [];
    setFieldError(id, texts.map((text) => fieldText(id, text)).join(' '));
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

/** "12 seconds", "4 min 5 s" */
function waitText(seconds) {
  if (seconds < 60) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Counts down to when the form may be sent again. A screen reader hears the time once: the words that change are
 * hidden from it. Returns a function that ends the wait early.
 */
function holdBack(button, seconds) {
  const began = performance.now();
  const shown = element('span', { 'aria-hidden': 'true' }, waitText(seconds));
  button.disabled = true;
  tell('signin-alert', 'Too many attempts. Try again in ', shown,
    element('span', { class: 'unseen' }, waitText(seconds)), '.');
  const end = () => {
    clearInterval(timer);
    endWait = () => {};
    button.disabled = false;
    tell('signin-alert');
  };
  const timer = setInterval(() => {
    const left = Math.ceil(seconds - (performance.now() - began) / 1000);
    if (left > 0) {
      shown.textContent = waitText(left);
      return;
    }
    end();
    byId('work-status').textContent = 'You can try again now.';
  }, 250);
  return end;
}

let endWait = () => {};

function sayRefused(answer) {
  const password = byId('password');
  const atFault = showFieldErrors(['username', 'password'], answer.data);
  if (answer.status === 429 && answer.retryAfter > 0) {
    endWait = holdBack(byId('signin-button'), answer.retryAfter);
  } else {
    // A password that was not tried may be the right one, so it stays.
    if (answer.status === 400) password.value = '';
    const text = '__all__' in answer.data ? 'Wrong username or password.' : sentenceOf(answer);
    tell('signin-alert', ...(atFault.length ? [] : [text]));
  }
  byId(atFault[0] ?? 'password').focus();
}

async function signIn() {
  const credentials = { username: byId('username').value, password: byId('password').value };
  endWait();
  tell('signin-alert');
  setBusy(byId('signin-button'), 'Signing in\u2026');
  const answer = await ask('POST', SESSION, credentials);
  // The page stays at work until the next one is there.
  if (answer.status === 200) return goOn();
  setIdle(byId('signin-button'));
  sayRefused(answer);
}

function signinPage() {
  readAgainWhenBack();
  const submit = oneAtATime(signIn);
  byId('signin-form').addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  // Somebody else need not wait.
  byId('username').addEventListener('input', () => endWait());
}

// --- Signing out ------------------------------------------------------------------------------------------

async function leave(button, words, paths) {
  tell('signout-alert');
  setBusy(button, words);
  for (const path of paths) {
    const answer = await ask('DELETE', path);
    // 401: the token has ended meanwhile, as the person wanted.
    if (answer.status === 204 || answer.status === 401) continue;
    setIdle(button);
    tell('signout-alert', sentenceOf(answer));
    return byId('signout-alert').focus();
  }
  goOn();
}

function signoutPage() {
  readAgainWhenBack();
  const here = byId('sign-out');
  if (!here) return;
  const everywhere = byId('sign-out-everywhere');
  here.addEventListener('click', oneAtATime(() => leave(here, 'Signing out\u2026', [SESSION])));
  // The second request takes the cookie away.
  everywhere.addEventListener('click',
    oneAtATime(() => leave(everywhere, 'Signing out everywhere\u2026', [TOKENS, SESSION])));
}

// --- One's sessions ---------------------------------------------------------------------------------------

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
  tell('page-alert', 'Your session has expired. ', element('a', { href: home() }, 'Sign in again'));
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
  if (session.current) return location.assign(home());
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
  if (answer.status === 204) location.assign(home());
  else sayProblem(answer);
}

async function signOut() {
  const answer = await ask('DELETE', SESSION);
  if (answer.status === 204 || answer.status === 401) location.assign(home());
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
  const answer = await ask('POST', PASSWORD, {
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
  readAgainWhenBack();
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
({ resource: resourcePage, signin: signinPage, signout: signoutPage, sessions: sessionsPage })[document.body.dataset.page]();
