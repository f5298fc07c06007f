// The consent page in Debian's chromium: what a client asks for, explained, and what it has of it in the end.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { launch } from './browser.js'
import { alice, authorizationRequest, startHost } from './host.js'

const native = { client_id: 'native' }
const insecure = { [oauth.allowInsecureRequests]: true }
const [photos, mail] = ['https://api.example/photos', 'https://api.example/mail']
let browser, host, client, callback

before(async () => {
  host = await startHost('memory', 'apis.toml')
  client = createServer((_, response) => response.end('Back at the client'))
  await once(client.listen(0, '127.0.0.1'), 'listening')
  callback = `http://127.0.0.1:${client.address().port}/callback`
  browser = await launch()
})

after(async () => {
  await browser?.close()
  client?.close()
  await host?.stop()
})

/** Sends a person there, who logs in. */
async function logIn(page, url) {
  page.setDefaultTimeout(30_000)
  await page.goto(url.href)
  await page.fill('[name=username]', alice.username)
  await page.fill('[name=password]', alice.password)
  await Promise.all([page.waitForEvent('load'), page.click('form button')])
}

/** Approves, and redeems the code for a token with these further parameters. */
async function tokens(page, { code_verifier, state }, additionalParameters) {
  await page.click('[name=decision][value=approve]')
  await page.waitForURL(`${callback}?**`)
  const params = oauth.validateAuthResponse(host.server, native, new URL(page.url()), state)
  const response = await oauth.authorizationCodeGrantRequest(host.server, native, oauth.None(), params, callback,
    code_verifier, { additionalParameters, ...insecure })
  return oauth.processAuthorizationCodeResponse(host.server, native, response)
}

for (const [locale, sentences] of [
  ['en-GB', ['See your photos', 'Read your mail']],
  ['de-AT', ['Deine Fotos ansehen', 'Read your mail']],
]) {
  test(`scope values are explained to somebody who reads ${locale}, with the APIs that they belong to`, async () => {
    const context = await browser.newContext({ locale, viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    const asked = await authorizationRequest(host.server, 'native', callback, 'photos.read mail.read profile')
    for (const resource of [photos, mail]) asked.url.searchParams.append('resource', resource)
    await logIn(page, asked.url)
    const lines = await page.locator('label.choice').allInnerTexts()
    assert.equal(lines.length, 3)
    assert(lines[0].includes(sentences[0]) && lines[0].includes(photos), lines[0])
    assert(lines[1].includes(sentences[1]) && lines[1].includes(mail), lines[1])
    assert.equal(lines[2].trim(), 'profile')
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert(width <= 390, `the page is ${width} pixels wide`)
    const { scope, refresh_token } = await tokens(page, asked, { resource: mail })
    assert.deepEqual(scope.split(' ').sort(), ['mail.read', 'profile'])
    const refreshed = await oauth.refreshTokenGrantRequest(host.server, native, oauth.None(), refresh_token,
      { additionalParameters: { resource: photos }, ...insecure })
    const { scope: forPhotos } = await oauth.processRefreshTokenResponse(host.server, native, refreshed)
    assert.deepEqual(forPhotos.split(' ').sort(), ['photos.read', 'profile'])
    await context.close()
  })
}

const payment = (amount, creditorName) =>
  ({ type: 'payment_initiation', instructedAmount: { currency: 'EUR', amount }, creditorName })

for (const javaScriptEnabled of [true, false]) {
  test(`a person unticks one of two payments, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
    const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    const asked = await authorizationRequest(host.server, 'native', callback, 'profile')
    const details = [payment('12.50', 'Prints <b>& more'), payment('80', 'Frames')]
    asked.url.searchParams.set('authorization_details', JSON.stringify(details))
    await logIn(page, asked.url)
    const boxes = page.locator('[name=authorization_details]:checked')
    assert.equal(await boxes.count(), 2)
    const lines = await page.locator('label.choice').allInnerTexts()
    assert(lines[0].includes('Pay 12.50 EUR to Prints <b>& more'), lines[0])
    assert(lines[0].includes('"currency":"EUR"'), 'every member is shown')
    if (javaScriptEnabled) {
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      assert(width <= 390, `the page is ${width} pixels wide`)
    }
    await page.uncheck('[name=authorization_details][value="1"]')
    const { scope, authorization_details: granted, refresh_token } = await tokens(page, asked)
    assert.equal(scope, 'profile')
    assert.deepEqual(granted, [details[0]])
    // What was not granted is not gained later.
    const more = await oauth.refreshTokenGrantRequest(host.server, native, oauth.None(), refresh_token,
      { additionalParameters: { authorization_details: JSON.stringify(details) }, ...insecure })
    await assert.rejects(oauth.processRefreshTokenResponse(host.server, native, more),
      { error: 'invalid_authorization_details' })
    await context.close()
  })
}
