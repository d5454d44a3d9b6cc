// A recipe as a reader takes it: the fenced blocks of a page of docs/proxies/ whose first line names the file that they
// are for. What stands there runs as it stands, but for the substitutions that a test names: ports, paths of files, and
// what those of a test need in addition. A substitution whose text the page no longer has is an error, so that
// page and test cannot drift apart unseen.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const BLOCK = /^```[^\n]*\n(?:#|--|\/\/) (\/\S+)\n(.*?)^```$/gms;

/** The files that `docs/proxies/<name>.md` tells its reader to write: a map from path to text, in the page's order. */
export async function filesOf(name) {
  const page = await readFile(path.join(ROOT, 'docs/proxies', `${name}.md`), 'utf8');
  const files = new Map();
  for (const [, file, text] of page.matchAll(BLOCK)) {
    assert.ok(!files.has(file), `docs/proxies/${name}.md gives ${file} twice`);
    files.set(file, text);
  }
  assert.ok(files.size > 0, `docs/proxies/${name}.md names no file`);
  return files;
}

/** Replaces each `from` by its `to`, everywhere in all files. Each must occur somewhere. */
export function substitute(files, pairs) {
  const result = new Map(files);
  for (const [from, to] of pairs) {
    let found = false;
    for (const [file, text] of result) {
      if (!text.includes(from)) continue;
      found = true;
      result.set(file, text.replaceAll(from, to));
    }
    assert.ok(found, `no file of the page has "${from}"`);
  }
  return result;
}

/** Writes the files below a folder that stands for the machine's root. */
export async function writeFiles(folder, files) {
  for (const [file, text] of files) {
    const place = path.join(folder, file);
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, text);
  }
}
