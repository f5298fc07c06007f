// oauth4webapi, which checks strictly what the RFCs say, against the reference host.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { approveByForm, authorizationRequest, connect, decide, startHost } from './host.js'

const { ClientSecretBasic, ClientSecretPost, None } = oauth
const clients = [
  ['a public client', 'native', None()],
  ['a client with Basic', 'basic', ClientSecretBasic('3q2-7wAbnM0kRjZ5uX8yTfVhLd1sGc6E')],
  ['a client with reserved characters in Basic', 'basic & reserved',
    ClientSecretBasic('50%+50%=100% of a/long:enough&secret')],
  ['a client with its secret in the body', 'post', ClientSecretPost('w9KxPz4mQv7tYb2cNf6jRg8hDs3aLe5U')],
]
const devices = [
  ['a device', 'frame', None()],
  ['a device with a secret', 'kiosk', ClientSecretBasic('pX3nVd7qRw9zKc5mTy2bHf8jLg4sNa6E')],
]
const redirect_uri = 'http://127.0.0.1:49152/callback' // nobody listens there, and nobody calls
const options = { [oauth.allowInsecureRequests]: true }

for (const store of ['memory', 'sqlite']) {
  describe(`with ${store} for a store`, () => {
    let host
    before(async () => (host = await startHost(store)))
    after(() => host?.stop())

    for (const [who, client_id, authentication] of clients) {
      const client = { client_id }

      /** An approved authorization response, checked (`state`, and `iss` by RFC 9207), and a way to redeem its code. */
      const authorize = async (decision = 'approve') => {
        const request = await authorizationRequest(host.server, client_id, redirect_uri, 'read write')
        const response = await decide(request.url, decision)
        assert.equal(response.origin + response.pathname, redirect_uri)
        const params = oauth.validateAuthResponse(host.server, client, response, request.state)
        return async () => oauth.processAuthorizationCodeResponse(host.server, client,
          await oauth.authorizationCodeGrantRequest(
            host.server, client, authentication, params, redirect_uri, request.code_verifier, options))
      }
      const refresh = async (refresh_token) => oauth.processRefreshTokenResponse(host.server, client,
        await oauth.refreshTokenGrantRequest(host.server, client, authentication, refresh_token, options))
      const clientCredentials = async () => oauth.processClientCredentialsResponse(host.server, client,
        await oauth.clientCredentialsGrantRequest(host.server, client, authentication, { scope: 'read' }, options))

      test(`${who} gets tokens for a code`, async () => {
        const redeem = await authorize()
        const tokens = await redeem()
        assert.equal(tokens.token_type, 'bearer')
        assert.equal(tokens.scope, 'read write')
        assert.equal(tokens.access_token.length, 44)
        assert.equal(tokens.refresh_token.length, 44)
        assert(tokens.expires_in > 0)
      })

      test(`${who} refreshes, and the refresh token it used before is refused`, async () => {
        const redeem = await authorize()
        const first = await redeem()
        const second = await refresh(first.refresh_token)
        assert.notEqual(second.refresh_token, first.refresh_token)
        assert.notEqual(second.access_token, first.access_token)
        const third = await refresh(second.refresh_token)
        await assert.rejects(refresh(first.refresh_token), { error: 'invalid_grant' })
        // RFC 9700 §4.14.2: one of the two who used it is a thief, and nobody knows which.
        await assert.rejects(refresh(third.refresh_token), { error: 'invalid_grant' })
      })

      test(`${who} is told that the person denied`, async () => {
        await assert.rejects(authorize('deny'), { error: 'access_denied' })
      })

      test(`${who} cannot use a code twice, and its tokens are dead once it tries`, async () => {
        const redeem = await authorize()
        const tokens = await redeem()
        await assert.rejects(redeem, { error: 'invalid_grant' })
        await assert.rejects(refresh(tokens.refresh_token), { error: 'invalid_grant' })
      })

      test(`${who} pushes its request, and the browser brings a reference that is good once`, async () => {
        const { url, code_verifier, state } = await authorizationRequest(host.server, client_id, redirect_uri, 'read')
        const push = async (parameters) => oauth.processPushedAuthorizationResponse(host.server, client,
          await oauth.pushedAuthorizationRequest(host.server, client, authentication, parameters, options))
        const { request_uri, expires_in } = await push(url.searchParams)
        assert(expires_in > 0)
        const reference = new URL(host.server.authorization_endpoint)
        reference.search = new URLSearchParams({ client_id, request_uri })
        const params = oauth.validateAuthResponse(host.server, client, await decide(reference, 'approve'), state)
        const tokens = await oauth.processAuthorizationCodeResponse(host.server, client,
          await oauth.authorizationCodeGrantRequest(
            host.server, client, authentication, params, redirect_uri, code_verifier, options))
        assert.equal(tokens.scope, 'read')
        await assert.rejects(decide(reference, 'approve'), 'it was decided')
        url.searchParams.set('scope', 'admin')
        await assert.rejects(push(url.searchParams), { error: 'invalid_scope' })
      })

      test(`${who} gets its code by form post`, async () => {
        const { url, code_verifier, state } = await authorizationRequest(host.server, client_id, redirect_uri, 'read')
        url.searchParams.set('response_mode', 'form_post')
        const posted = await approveByForm(url)
        assert.equal(posted.url, redirect_uri)
        const body = new URLSearchParams(await posted.text())
        const params = oauth.validateAuthResponse(host.server, client, body, state)
        const tokens = await oauth.processAuthorizationCodeResponse(host.server, client,
          await oauth.authorizationCodeGrantRequest(
            host.server, client, authentication, params, redirect_uri, code_verifier, options))
        assert.equal(tokens.scope, 'read')
      })

      test(`${who} revokes its refresh token, and the access token with it`, async () => {
        const redeem = await authorize()
        const tokens = await redeem()
        const isActive = async () => {
          const api = { client_id: 'api' }
          const answer = await oauth.introspectionRequest(
            host.server, api, ClientSecretBasic('fJ6kTq2mXs8wVz4yBn7cRd9gHp3lKe5A'), tokens.access_token, options)
          return (await oauth.processIntrospectionResponse(host.server, api, answer)).active
        }
        assert.equal(await isActive(), true)
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(host.server, client, authentication, tokens.refresh_token, options))
        assert.equal(await isActive(), false)
        await assert.rejects(refresh(tokens.refresh_token), { error: 'invalid_grant' })
      })

      if (client_id === 'native') {
        test(`${who} cannot get a token for itself`, async () => {
          await assert.rejects(clientCredentials(), { error: 'unauthorized_client' })
        })
      } else {
        test(`${who} gets a token for itself`, async () => {
          const tokens = await clientCredentials()
          assert.equal(tokens.scope, 'read')
          assert.equal(tokens.refresh_token, undefined)
        })
      }
    }

    for (const [who, client_id, authentication] of devices) {
      const client = { client_id }
      const start = async (parameters) => oauth.processDeviceAuthorizationResponse(host.server, client,
        await oauth.deviceAuthorizationRequest(host.server, client, authentication, parameters, options))
      const poll = async ({ device_code }) => oauth.processDeviceCodeResponse(host.server, client,
        await oauth.deviceCodeGrantRequest(host.server, client, authentication, device_code, options))

      test(`${who} gets tokens once Alice has typed its code`, async () => {
        const device = await start({ scope: 'read' })
        assert.equal(device.verification_uri_complete, `${device.verification_uri}?user_code=${device.user_code}`)
        assert(device.expires_in > 0 && device.interval === 5)
        await assert.rejects(poll(device), { error: 'authorization_pending' })
        await assert.rejects(poll(device), { error: 'slow_down' })
        assert.equal(await connect(device.verification_uri, device.user_code, 'approve'), 'Your device is connected')
        const tokens = await poll(device)
        assert.equal(tokens.scope, 'read')
        const refreshed = await oauth.processRefreshTokenResponse(host.server, client,
          await oauth.refreshTokenGrantRequest(host.server, client, authentication, tokens.refresh_token, options))
        assert.notEqual(refreshed.access_token, tokens.access_token)
        await assert.rejects(poll(device), { error: 'invalid_grant' }, 'the code is good once')
      })

      test(`${who} is told that Alice denied, and what it may not ask for`, async () => {
        const device = await start({})
        const heading = await connect(device.verification_uri_complete, device.user_code, 'deny')
        assert.equal(heading, 'The device was denied')
        await assert.rejects(poll(device), { error: 'access_denied' })
        await assert.rejects(start({ scope: 'admin' }), { error: 'invalid_scope' })
      })
    }

    test('a client that is not registered for devices is refused', async () => {
      const native = { client_id: 'native' }
      const response = await oauth.deviceAuthorizationRequest(host.server, native, None(), {}, options)
      await assert.rejects(oauth.processDeviceAuthorizationResponse(host.server, native, response),
        { error: 'unauthorized_client' })
    })

    test('the metadata lets a client detect PKCE and the issuer in responses', () => {
      assert.deepEqual(host.server.code_challenge_methods_supported, ['S256'])
      assert.equal(host.server.authorization_response_iss_parameter_supported, true)
    })

    test('a client that presents a wrong secret in Basic is challenged', async () => {
      const request = await oauth.clientCredentialsGrantRequest(
        host.server, { client_id: 'basic' }, ClientSecretBasic('wrong'), {}, options)
      await assert.rejects(oauth.processClientCredentialsResponse(host.server, { client_id: 'basic' }, request),
        ({ status, cause }) => status === 401 && cause[0].scheme === 'basic')
    })
  })
}
