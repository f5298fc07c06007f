// The MCP conformance program as a client of the reference host and of the example, with a person who logs in.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, startHost } from '../js/host.js'
import { conformance, faults, startExample } from './programs.js'

/** Runs all scenarios for authorization servers. Where the program asks somebody to open a page, Alice does. */
async function run(issuer, clientId, port, more = []) {
  const args = ['authorization', '--url', issuer, '--client-id', clientId, '--port', port, ...more]
  const { code, lines, checks } = await conformance(args, async (line) => {
    if (!line.startsWith(`${issuer}/authorize?`)) return
    // The browser goes on to the program's own callback.
    await fetch(await decide(new URL(line), 'approve'))
  })
  const told = lines.join('\n')
  assert.deepEqual(faults(checks), [], told)
  assert.equal(code, 0, told)
  assert(checks.length >= 2, told)
  const passed = checks.filter(({ status }) => status === 'SUCCESS').map(({ id }) => id)
  for (const id of ['authorization-server-metadata', 'authorization-code-grant']) assert(passed.includes(id), told)
}

test('the reference host', async () => {
  const host = await startHost('memory')
  try {
    await run(host.server.issuer, 'native', '43121')
  } finally {
    await host.stop()
  }
})

test('the example, for a client that registers itself', async () => {
  const example = await startExample()
  try {
    const issuer = new URL(example.url).origin
    const registered = await fetch(`${issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Conformance', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none',
      }),
    })
    assert.equal(registered.status, 201)
    const { client_id } = await registered.json()
    await run(issuer, client_id, '43122', ['--resource', example.url])
  } finally {
    await example.stop()
  }
})
