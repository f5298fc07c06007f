// The programs under test: the reference host and the example of examples/mcp; and what the conformance program says.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { start } from '../js/host.js'

const here = (name) => new URL(name, import.meta.url).pathname

/** Starts the example's server on a free port; the answer has the URL of its `/mcp`. */
export function startExample(args = []) {
  return start('MCP_SERVER', ['127.0.0.1:0', ...args], { SSL_CERT_FILE: process.env.SITE_CERTIFICATE })
}

/** Starts a web site, by https, with one client id metadata document. */
export async function startSite(redirect_uris) {
  const tls = { key: readFileSync(process.env.SITE_KEY), cert: readFileSync(process.env.SITE_CERTIFICATE) }
  const site = createServer(tls, (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({
      client_id: document, client_name: 'Notebook', redirect_uris, token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    }))
  })
  await new Promise((resolve) => site.listen(0, 'localhost', resolve))
  const document = `https://localhost:${site.address().port}/client.json`
  return { document, stop: () => site.close() }
}

/**
 * Runs the conformance program; the answer has its lines, its exit code, and the checks that it made.
 * `onLine` may act on a line while it runs.
 */
export async function conformance(args, onLine = () => {}) {
  const results = mkdtempSync(join(tmpdir(), 'grantor-conformance-'))
  const program = here('node_modules/@modelcontextprotocol/conformance/dist/index.js')
  const into = args[0] === 'list' ? [] : ['--output-dir', results]
  const child = spawn(process.execPath, [program, ...args, ...into], { cwd: results })
  const lines = []
  const read = async (stream) => {
    for await (const line of createInterface(stream)) {
      lines.push(line)
      await onLine(line)
    }
  }
  const ended = new Promise((resolve) => child.once('close', resolve))
  await Promise.all([read(child.stdout), read(child.stderr)])
  const code = await ended
  const files = readdirSync(results, { recursive: true }).filter((name) => name.endsWith('checks.json'))
  const checks = files.flatMap((name) => JSON.parse(readFileSync(join(results, name), 'utf8')))
  return { code, lines, checks }
}

/** The checks that are not as they should be. A warning is not. */
export const faults = (checks) => checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')

/** What is expected to fail, with the reason of each. */
export const EXPECTED = here('expected-failures.yml')
export const expected = new Map(readFileSync(EXPECTED, 'utf8').split('\n').flatMap((line) => {
  const entry = line.match(/^ +- (\S+) # (.+)$/)
  if (line.trim().startsWith('- ')) assert(entry, `an expected failure has its reason: ${line}`)
  return entry ? [[entry[1], entry[2]]] : []
}))
