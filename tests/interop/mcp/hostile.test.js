// A hostile MCP server that names itself as its authorization server. The example's client has a secret for another one.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { test } from 'node:test'

const browser = `${process.execPath} ${new URL('browser.js', import.meta.url).pathname}`

/** Starts the server; the answer has what it was sent. */
async function hostile() {
  const seen = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ url: request.url, authorization: request.headers.authorization, body })
    const here = `http://127.0.0.1:${server.address().port}`
    const [path, query] = request.url.split('?')
    const json = (status, value, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
    }
    if (path.startsWith('/.well-known/oauth-protected-resource')) {
      json(200, { resource: `${here}/mcp`, authorization_servers: [here] })
    } else if (path.startsWith('/.well-known/oauth-authorization-server')) {
      json(200, {
        issuer: here, authorization_endpoint: `${here}/authorize`, token_endpoint: `${here}/token`,
        response_types_supported: ['code'], code_challenge_methods_supported: ['S256'],
      })
    } else if (path === '/authorize') {
      const asked = new URLSearchParams(query)
      const back = `${asked.get('redirect_uri')}?${new URLSearchParams({ code: 'x', state: asked.get('state') })}`
      response.writeHead(302, { location: back }).end()
    } else if (path === '/token') {
      json(200, { access_token: 'x', token_type: 'Bearer' })
    } else {
      json(401, {}, { 'www-authenticate': `Bearer resource_metadata="${here}/.well-known/oauth-protected-resource/mcp"` })
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, seen, stop: () => server.close() }
}

/** Runs the client; the answer is its exit code and what it complains of. */
async function run(args, env) {
  const child = spawn(process.env.MCP_CLIENT, args, { env: { ...process.env, BROWSER: browser, ...env } })
  let complaint = ''
  child.stderr.on('data', (data) => (complaint += data))
  child.stdout.resume()
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, complaint }
}

test('a hostile server gets neither the secret of another nor a code', async () => {
  const { url, seen, stop } = await hostile()
  const secret = 'kR7pXw2nQv9zTb4mYc6f'
  const args = ['--loopback', '--client-id', 'me', '--issuer', 'https://honest.example', url]
  const { code, complaint } = await run(args, { CLIENT_SECRET: secret })
  stop()
  assert.notEqual(code, 0)
  assert(seen.length > 0 && !complaint.includes(secret), complaint)
  const told = JSON.stringify(seen)
  assert(!told.includes(secret) && !told.includes(Buffer.from(`me:${secret}`).toString('base64')), told)
  assert(!seen.some((request) => request.url === '/token'), told)
})

test('without --loopback nothing on this machine is asked', async () => {
  const { url, seen, stop } = await hostile()
  const { code, complaint } = await run([url], {})
  stop()
  assert.notEqual(code, 0)
  assert.deepEqual(seen, [], complaint)
})
