// The description of the API, checked by the public validator of OpenAPI.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { Server } from './support/server.mjs';

test('/api/openapi.json is valid OpenAPI 3.1', async () => {
  const server = await Server.start();
  try {
    const { status, data } = await server.ask('GET', '/api/openapi.json');
    assert.equal(status, 200);
    assert.match(data.openapi, /^3\.1\./);

    const validator = new Validator();
    const { valid, errors } = await validator.validate(data);
    assert.ok(valid, `the validator found: ${JSON.stringify(errors, null, 2)}`);
    assert.equal(validator.version, '3.1');
    assert.ok('/api/v2/authtoken/' in data.paths);

    const ids = Object.values(data.paths).flatMap((item) => Object.values(item))
      .map(({ operationId }) => operationId).filter(Boolean);
    assert.ok(ids.length > 50);
    assert.equal(new Set(ids).size, ids.length, 'each operation has an id of its own');
  } finally {
    await server.stop();
  }
});
