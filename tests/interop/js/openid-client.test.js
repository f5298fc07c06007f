// openid-client 6, a client library that others wrote, against the reference host.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as client from 'openid-client'
import { approveByForm, connect, decide, startHost } from './host.js'

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

for (const method of ['none', 'client_secret_basic', 'client_secret_post']) {
  const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }
  const authentication = {
    none: () => client.None(),
    client_secret_basic: () => client.ClientSecretBasic(),
    client_secret_post: () => client.ClientSecretPost(),
  }[method]
  const metadata = {
    client_name: 'Registered Photos',
    'client_name#de': 'Angemeldete Fotos',
    redirect_uris: [redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'read write',
    token_endpoint_auth_method: method,
    logo_uri: 'https://photos.example/logo.png',
    contacts: ['photos@example.org'],
  }
  const register = (more) => client.dynamicClientRegistration(
    new URL(host.server.issuer), { ...metadata, ...more }, authentication(), options)

  test(`a client registers itself for ${method}, gets tokens, changes its name and leaves`, async () => {
    const config = await register()
    const registered = config.clientMetadata()
    for (const [name, value] of Object.entries(metadata)) assert.deepEqual(registered[name], value, name)
    assert.equal(registered.client_secret === undefined, method === 'none')

    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri,
      scope: 'read',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const callback = await decide(url, 'approve')
    const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)

    // RFC 7592. The library has no function for it, but for a request with a bearer token.
    const { registration_client_uri: uri, registration_access_token: token } = registered
    const manage = (verb, body) => client.fetchProtectedResource(config, token, new URL(uri), verb,
      body && JSON.stringify(body), new Headers({ 'content-type': 'application/json' }))
    const read = await manage('GET')
    assert.equal((await read.json()).client_name, 'Registered Photos')
    const { client_id, client_secret } = registered
    const updated = await manage('PUT', { ...metadata, client_id, client_secret, client_name: 'Other Photos' })
    assert.equal((await updated.json()).client_name, 'Other Photos')
    const stolen = await manage('PUT', { ...metadata, client_id: 'native' })
    assert.deepEqual([stolen.status, (await stolen.json()).error], [400, 'invalid_client_metadata'])

    assert.equal((await manage('DELETE')).status, 204)
    await assert.rejects(manage('GET'), { status: 401 })
    const told = method === 'client_secret_basic' ? { status: 401 } : { error: 'invalid_client' }
    await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), told)
  })

  test(`a client is told why it is not registered for ${method}`, async () => {
    for (const [wrong, error] of [
      [{ redirect_uris: ['http://photos.example/callback'] }, 'invalid_redirect_uri'],
      [{ redirect_uris: ['https://photos.example/callback#fragment'] }, 'invalid_redirect_uri'],
      [{ scope: 'admin' }, 'invalid_client_metadata'],
      [{ response_types: ['token'] }, 'invalid_client_metadata'],
      [{ software_statement: 'e30.e30.' }, 'unapproved_software_statement'],
    ]) {
      await assert.rejects(register(wrong), { error })
    }
  })
}

for (const [who, client_id, authentication] of [
  ['a device', 'frame', client.None()],
  ['a device with a secret', 'kiosk', client.ClientSecretBasic('pX3nVd7qRw9zKc5mTy2bHf8jLg4sNa6E')],
]) {
  const start = async () => {
    const config = await client.discovery(new URL(host.server.issuer), client_id, undefined, authentication,
      { algorithm: 'oauth2', execute: [client.allowInsecureRequests] })
    return [config, await client.initiateDeviceAuthorization(config, { scope: 'read' })]
  }

  test(`${who} polls until Alice has approved`, async () => {
    const [config, device] = await start()
    const polling = client.pollDeviceAuthorizationGrant(config, device)
    assert.equal(await connect(device.verification_uri, device.user_code, 'approve'), 'Your device is connected')
    const tokens = await polling
    assert.equal(tokens.scope, 'read')
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
    assert.notEqual(refreshed.access_token, tokens.access_token)
  })

  test(`${who} stops when Alice has denied`, async () => {
    const [config, device] = await start()
    const polling = assert.rejects(client.pollDeviceAuthorizationGrant(config, device), { error: 'access_denied' })
    await connect(device.verification_uri, device.user_code, 'deny')
    await polling
  })
}
