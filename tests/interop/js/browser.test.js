// The pages of the reference host in Debian's chromium: what a person sees and does.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, beforeEach, afterEach, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { launch } from './browser.js'
import { alice, authorizationRequest, startHost } from './host.js'

const screenshots = new URL('../../../target/screenshots/', import.meta.url).pathname
const native = { client_id: 'native' }
let browser, host, client, callback

before(async () => {
  host = await startHost('memory')
  // The client's page: the browser must really arrive there.
  client = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>client</title>Back at the client')
  })
  await once(client.listen(0, '127.0.0.1'), 'listening')
  callback = `http://127.0.0.1:${client.address().port}/callback`
  browser = await launch()
})

after(async () => {
  await browser?.close()
  client?.close()
  await host?.stop()
})

const request = (client_id = 'native') =>
  authorizationRequest(host.server, client_id, callback, 'read write profile')

async function login(page, password = alice.password) {
  await page.fill('[name=username]', alice.username)
  await page.fill('[name=password]', password)
  await Promise.all([page.waitForEvent('load'), page.click('form button')])
}

const decide = (page, decision) => page.click(`[name=decision][value=${decision}]`)

/** Approves, and redeems the code as the client does. */
async function tokens(page, { code_verifier, state }) {
  await decide(page, 'approve')
  await page.waitForURL(`${callback}?**`)
  const params = oauth.validateAuthResponse(host.server, native, new URL(page.url()), state)
  const response = await oauth.authorizationCodeGrantRequest(host.server, native, oauth.None(), params, callback,
    code_verifier, { [oauth.allowInsecureRequests]: true })
  return oauth.processAuthorizationCodeResponse(host.server, native, response)
}

async function refresh({ refresh_token }) {
  const response = await oauth.refreshTokenGrantRequest(host.server, native, oauth.None(), refresh_token,
    { [oauth.allowInsecureRequests]: true })
  return oauth.processRefreshTokenResponse(host.server, native, response)
}

/** A device starts, and polls. */
const frame = { client_id: 'frame' }
const insecure = { [oauth.allowInsecureRequests]: true }
const startDevice = async () => oauth.processDeviceAuthorizationResponse(host.server, frame,
  await oauth.deviceAuthorizationRequest(host.server, frame, oauth.None(), {}, insecure))
const poll = async ({ device_code }) => oauth.processDeviceCodeResponse(host.server, frame,
  await oauth.deviceCodeGrantRequest(host.server, frame, oauth.None(), device_code, insecure))

for (const javaScriptEnabled of [true, false]) {
  describe(`in a browser ${javaScriptEnabled ? 'with' : 'without'} scripts`, () => {
    let page
    beforeEach(async () => {
      page = await browser.newPage({ javaScriptEnabled })
      page.setDefaultTimeout(30_000)
    })
    afterEach(() => page.close())

    test('a person mistypes a password, signs in, unticks a scope, and the client gets the rest', async () => {
      const asked = await request()
      await page.goto(asked.url.href)
      await login(page, 'wrong')
      assert(await page.isVisible('[name=password]'), 'a wrong password leads back to the login form')
      await login(page)
      const ticked = page.locator('[name=scope]:checked')
      assert.equal(await ticked.count(), 3)
      await page.uncheck('[name=scope][value=write]')
      const { scope } = await tokens(page, asked)
      assert.deepEqual(scope.split(' ').sort(), ['profile', 'read'])
    })

    test('a person revokes an application, and then logs out everywhere', async () => {
      const asked = await request()
      await page.goto(asked.url.href)
      await login(page)
      const refreshed = await refresh(await tokens(page, asked))
      await page.goto(`${host.server.issuer}/applications`)
      await page.click('text=Revoke')
      await page.waitForSelector('text=No application holds anything')
      await assert.rejects(refresh(refreshed), { error: 'invalid_grant' })
      await page.click('text=Log out everywhere')
      await page.click('text=Applications that you allowed')
      assert(await page.isVisible('[name=password]'), 'whoever is logged out logs in again')
    })

    test('a person denies, and the client is told', async () => {
      const { url, state } = await request()
      await page.goto(url.href)
      await login(page)
      await decide(page, 'deny')
      await page.waitForURL(`${callback}?**`)
      assert.throws(() => oauth.validateAuthResponse(host.server, native, new URL(page.url()), state),
        { error: 'access_denied' })
    })

    test('a person mistypes what a device shows, types it again, signs in, and takes back what the device got', async () => {
      const device = await startDevice()
      await page.goto(device.verification_uri)
      await page.fill('[name=user_code]', 'BCDF-GHJK')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[role=alert]')
      assert.equal(await page.inputValue('[name=user_code]'), 'BCDF-GHJK', 'what was typed is there to be mended')
      await page.fill('[name=user_code]', device.user_code.toLowerCase().replace('-', ' '))
      await page.keyboard.press('Enter')
      await page.waitForSelector('[name=password]')
      await login(page)
      assert.equal(await page.innerText('.shown'), device.user_code)
      assert.match(await page.innerText('main'), /Picture Frame[^]*a device[^]*in front of you[^]*127\.0\.0\.1/)
      await page.uncheck('[name=scope][value=write]')
      await decide(page, 'approve')
      await page.waitForSelector('text=Your device is connected')
      const { scope, refresh_token } = await poll(device)
      assert.deepEqual(scope.split(' ').sort(), ['profile', 'read'])
      await page.click('text=applications that you allowed')
      await page.click('[aria-label="Revoke Picture Frame"]')
      await page.waitForSelector('text=No application holds anything')
      const refused = oauth.processRefreshTokenResponse(host.server, frame,
        await oauth.refreshTokenGrantRequest(host.server, frame, oauth.None(), refresh_token, insecure))
      await assert.rejects(refused, { error: 'invalid_grant' })
    })

    test('a person whose device shows a link sees its code, goes on, and denies', async () => {
      const device = await startDevice()
      await page.goto(device.verification_uri_complete)
      assert.equal(await page.inputValue('[name=user_code]'), device.user_code)
      await assert.rejects(poll(device), { error: 'authorization_pending' }, 'a link alone does nothing')
      await page.click('form button')
      await page.waitForSelector('[name=password]')
      await login(page)
      await decide(page, 'deny')
      await page.waitForSelector('text=The device was denied')
      await assert.rejects(poll(device), { error: 'access_denied' })
    })

    test('a person who follows a link of an unknown client is told so, and goes nowhere', async () => {
      const { url } = await request('nobody')
      const response = await page.goto(url.href)
      assert.equal(response.status(), 400)
      assert.equal(page.url(), url.href)
      assert.match(await page.innerText('body'), /not known/)
    })
  })
}

for (const [size, viewport] of [['phone', { width: 390, height: 844 }], ['desktop', { width: 1280, height: 800 }]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the pages fit a ${size} in ${colorScheme} colours, and load nothing that they forbid`, async () => {
      const page = await browser.newPage({ viewport, colorScheme })
      page.setDefaultTimeout(30_000)
      const violations = []
      page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) violations.push(message.text())
      })
      const look = async (name) => {
        await page.screenshot({ path: `${screenshots}${name}-${size}-${colorScheme}.png`, fullPage: true })
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        assert(width <= viewport.width, `${name} is ${width} pixels wide`)
      }
      await page.goto((await request('nobody')).url.href)
      await look('error')
      const asked = await request()
      await page.goto(asked.url.href)
      await look('login')
      await login(page)
      await look('consent')
      await tokens(page, asked)
      await page.goto(`${host.server.issuer}/applications`)
      await look('applications')
      const device = await startDevice()
      await page.goto(device.verification_uri)
      await look('device')
      await page.goto(device.verification_uri_complete)
      await look('device-complete')
      await page.click('form button')
      await page.waitForSelector('[name=decision]')
      await look('device-consent')
      await decide(page, 'approve')
      await page.waitForSelector('text=Your device is connected')
      await look('device-connected')
      assert.deepEqual(violations, [], 'the pages keep their own Content-Security-Policy')
      await page.close()
    })
  }
}
