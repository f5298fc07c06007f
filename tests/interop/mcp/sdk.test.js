// The client of MCP's own TypeScript SDK, unmodified, against the example: from a URL to tools, and to more scope.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { decide } from '../js/host.js'
import { startExample, startSite } from './programs.js'

const REDIRECT_URI = 'http://127.0.0.1:43118/callback'
const LIFETIME = 2 // seconds

let example
let site
before(async () => {
  site = await startSite([REDIRECT_URI])
  example = await startExample(['--access-token-lifetime', `${LIFETIME}`, '--client-documents-in-private-network'])
})
after(async () => {
  await example.stop()
  site.stop()
})

/** What a program that uses the SDK provides: a place for what is issued, and a browser, at which Alice sits. */
class Provider {
  asked = [] // the scope of each authorization request
  issued = [] // the token responses

  constructor(grant_types, clientMetadataUrl) {
    this.clientMetadataUrl = clientMetadataUrl
    this.clientMetadata = {
      client_name: 'ts sdk', redirect_uris: [REDIRECT_URI], grant_types, response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  get redirectUrl() { return REDIRECT_URI }
  clientInformation() { return this.information }
  saveClientInformation(information) { this.information = information }
  tokens() { return this.issued.at(-1) }
  saveTokens(tokens) { this.issued.push(tokens) }
  codeVerifier() { return this.verifier }
  saveCodeVerifier(verifier) { this.verifier = verifier }

  async redirectToAuthorization(url) {
    this.asked.push(url.searchParams.get('scope'))
    assert.equal(url.searchParams.get('resource'), example.url)
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
    this.code = (await decide(url, 'approve')).searchParams.get('code')
  }
}

/** Connects, as a program does that lets somebody log in where that is needed. */
async function connect(provider) {
  const client = new Client({ name: 'grantor-interop', version: '1' }, { capabilities: {} })
  const transport = new StreamableHTTPClientTransport(new URL(example.url), { authProvider: provider })
  const call = async (name, args = {}) => (await client.callTool({ name, arguments: args })).content[0].text
  try {
    await client.connect(transport)
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.code)
    return connect(provider)
  }
  return { client, transport, call }
}

const REFRESHING = ['authorization_code', 'refresh_token']

test('it registers, calls tools, refreshes; and at step-up it has its bug', async () => {
  const provider = new Provider(REFRESHING)
  const { client, transport, call } = await connect(provider)
  const { client_id } = provider.information
  assert.deepEqual((await client.listTools()).tools.map(({ name }) => name).sort(), ['read_notes', 'whoami', 'write_note'])
  assert.equal(await call('whoami'), `user-1 through ${client_id}`)
  await sleep(LIFETIME * 1000 + 200)
  assert.equal(await call('whoami'), `user-1 through ${client_id}`)
  assert.deepEqual(provider.asked, ['notes.read'], 'once')
  assert.equal(provider.issued.length, 2, 'and once more by refreshing')

  // https://github.com/modelcontextprotocol/typescript-sdk/issues/2255: told that the scope is not enough, it refreshes
  // where it should ask, gets the same scope again, and gives up. If this fails, the bug is gone: say so in examples/mcp.
  await assert.rejects(call('write_note', { text: 'milk' }))
  assert.deepEqual(provider.asked, ['notes.read'], 'nobody was asked')
  assert(provider.issued.length > 2, 'it refreshed')
  await transport.close()
})

test('it is identified by its metadata document', async () => {
  const provider = new Provider(REFRESHING, site.document)
  const { transport, call } = await connect(provider)
  assert.equal(await call('whoami'), `user-1 through ${site.document}`)
  await sleep(LIFETIME * 1000 + 200)
  assert.equal(await call('whoami'), `user-1 through ${site.document}`)
  assert.equal(provider.issued.length, 2, 'it refreshed')
  await transport.close()
})

test('without refresh tokens it steps up', async () => {
  const provider = new Provider(['authorization_code'])
  const { transport, call } = await connect(provider)
  await assert.rejects(call('write_note', { text: 'milk' }), UnauthorizedError)
  await transport.finishAuth(provider.code)
  assert.equal(await call('write_note', { text: 'milk' }), 'written')
  assert.match(await call('read_notes'), /milk/)
  assert.deepEqual(provider.asked, ['notes.read', 'notes.read notes.write'])
  await transport.close()
})

/** Two readers of JSON may differ: the one that judges a message must not judge another than the one that obeys it. */
test('no message is judged in one way and obeyed in another', async () => {
  const provider = new Provider(REFRESHING)
  const { transport, call } = await connect(provider)
  const write = (params, more = '') =>
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{${params},"arguments":{"text":"stolen"}}${more}}`
  const messages = [
    write('"name":"write_note"'),
    write('"name":"write_note","name":"whoami"'),
    write('"name":"whoami","name":"write_note"'),
    write('"name":"write_note"', ',"method":"tools/list"'),
    write('"name":"write_note"', ',"more":1e999'),
    write('"name":"\\u0077rite_note"'),
    `[${write('"name":"write_note"')}]`,
    `\ufeff${write('"name":"write_note"')}`,
  ]
  for (const body of messages) {
    const response = await fetch(example.url, {
      method: 'POST', body,
      headers: {
        'authorization': `Bearer ${provider.tokens().access_token}`, 'content-type': 'application/json',
        'accept': 'application/json, text/event-stream', 'mcp-session-id': transport.sessionId,
        'mcp-protocol-version': transport.protocolVersion,
      },
    })
    const text = await response.text()
    assert(!text.includes('written'), `${body}: ${response.status} ${text}`)
    if (response.status === 403) assert.match(response.headers.get('www-authenticate'), /error="insufficient_scope"/)
  }
  assert.doesNotMatch(await call('read_notes'), /stolen/)
  await transport.close()
})

test('a client in a browser may ask, and sees the challenge', async () => {
  const origin = 'https://inspector.example'
  const preflight = await fetch(example.url, {
    method: 'OPTIONS',
    headers: {
      origin, 'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
    },
  })
  assert.equal(preflight.status, 200)
  assert.match(preflight.headers.get('access-control-allow-headers'), /authorization/)
  const refused = await fetch(example.url, { method: 'POST', headers: { origin } })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('access-control-allow-origin'), '*')
  assert.match(refused.headers.get('access-control-expose-headers'), /www-authenticate/)
  // And a path that does not exist needs no token.
  assert.equal((await fetch(`${example.url}/nothing`)).status, 404)
})
