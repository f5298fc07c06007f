// openid-client 6, a client library that others wrote, against the reference host.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { approveByForm, decide, startHost } from './host.js'

const clients = [
  ['a public client', 'native', client.None()],
  ['a client with Basic', 'basic', client.ClientSecretBasic('3q2-7wAbnM0kRjZ5uX8yTfVhLd1sGc6E')],
  ['a client with its secret in the body', 'post', client.ClientSecretPost('w9KxPz4mQv7tYb2cNf6jRg8hDs3aLe5U')],
]
const redirect_uri = 'http://127.0.0.1:49152/callback' // nobody listens there, and nobody calls
let host

before(async () => (host = await startHost('memory')))
after(() => host?.stop())

for (const [who, client_id, authentication] of clients) {
  const discover = () => client.discovery(new URL(host.server.issuer), client_id, undefined, authentication,
    { algorithm: 'oauth2', execute: [client.allowInsecureRequests] })

  /** A request with PKCE, and the checks of its response. */
  const request = async (more) => {
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const parameters = {
      redirect_uri,
      scope: 'read write',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...more,
    }
    return { parameters, checks: { pkceCodeVerifier, expectedState } }
  }

  test(`${who} discovers, pushes its request, and gets tokens`, async () => {
    const config = await discover()
    assert(config.serverMetadata().pushed_authorization_request_endpoint)
    const { parameters, checks } = await request()
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters)
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
    const tokens = await client.authorizationCodeGrant(config, await decide(url, 'approve'), checks)
    assert.equal(tokens.scope, 'read write')
    await assert.rejects(decide(url, 'approve'), 'it was decided')
  })

  test(`${who} pushes a request that is answered by form post`, async () => {
    const config = await discover()
    assert(config.serverMetadata().response_modes_supported.includes('form_post'))
    const { parameters, checks } = await request({ response_mode: 'form_post' })
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters)
    const tokens = await client.authorizationCodeGrant(config, await approveByForm(url), checks)
    assert.equal(tokens.scope, 'read write')
  })

  test(`${who} is told what is wrong with a pushed request`, async () => {
    const config = await discover()
    for (const [wrong, error] of [
      [{ scope: 'admin' }, 'invalid_scope'],
      [{ response_mode: 'nonsense' }, 'invalid_request'],
      [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    ]) {
      const { parameters } = await request(wrong)
      await assert.rejects(client.buildAuthorizationUrlWithPAR(config, parameters), { error })
    }
  })
}
