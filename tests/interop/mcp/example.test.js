// The example's client against the example's server: from a URL to a tool that needs more scope than the first.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { startExample, startSite } from './programs.js'

const BROWSER = `${process.execPath} ${new URL('alice.js', import.meta.url).pathname}`

let example
let site
before(async () => {
  site = await startSite(['http://127.0.0.1/callback'])
  example = await startExample(['--client-documents-in-private-network'])
})
after(async () => {
  await example.stop()
  site.stop()
})

async function run(...args) {
  const client = promisify(execFile)(process.env.MCP_CLIENT, ['--loopback', ...args, example.url], {
    env: { ...process.env, BROWSER }, timeout: 30_000,
  })
  return (await client).stdout.trim().split('\n')
}

const WRITE = ['--tool', 'write_note', '--arguments', '{"text":"bread"}']

test('a client that nobody knows registers, signs in, and steps up', async () => {
  const [tools, written] = await run(...WRITE)
  assert.deepEqual(tools.replace('tools: ', '').split(', ').sort(), ['read_notes', 'whoami', 'write_note'])
  assert.equal(written, 'write_note: written')
  assert.deepEqual((await run('--tool', 'read_notes')).slice(1), ['read_notes: bread'])
})

test('a client is known by its metadata document', async () => {
  const [, who] = await run('--document', site.document, '--tool', 'whoami')
  assert.equal(who, `whoami: user-1 through ${site.document}`)
})
